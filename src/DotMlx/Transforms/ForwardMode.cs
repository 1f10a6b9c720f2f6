namespace DotMlx;

/// <summary>
/// Computes tangents from cotangents. A vjp is linear in its cotangents, and the gradient of that linear function is the jvp, so two
/// backward passes replace one forward pass. MLX's own forward mode reads missing tangents in several operations (before 0.32) and lacks
/// rules for others.
/// </summary>
internal static class ForwardMode
{
    [ThreadStatic]
    private static int _depth;

    // The trace in which the function runs that forward mode differentiates.
    [ThreadStatic]
    private static Trace? _innermost;

    /// <summary>Whether traced vjps are differentiated with respect to their cotangents, in which they must then be linear.</summary>
    internal static bool IsActive => _depth > 0;

    /// <summary>
    /// Whether forward mode is the innermost transform, with no gradient or compiled function inside it.
    /// </summary>
    internal static bool IsInnermost => _innermost is not null && _innermost == Trace.Current;

    internal static (MlxArray[] Outputs, MlxArray[] Jvps) Jvp(Func<MlxArray[], MlxArray[]> fun, MlxArray[] primals, MlxArray[] tangents)
    {
        Check(primals, tangents);
        MlxArray[] outputs = [];
        MlxArray?[] found = [];

        // The outputs are weighted with zero probes and summed. The gradient of that sum is the vjp, and the cotangents of the probes are
        // the jvp.
        MlxArray[] Pullback(MlxArray[] seed)
        {
            MlxArray[] Weighted(MlxArray[] inputs)
            {
                outputs = Inside(fun, inputs);
                ArgumentNullException.ThrowIfNull(outputs, nameof(fun));
                found = new MlxArray?[outputs.Length];
                MlxArray sum = 0f;
                for (int i = 0; i < outputs.Length; i++)
                {
                    ArgumentNullException.ThrowIfNull(outputs[i], nameof(fun));
                    if (outputs[i].DType != DType.Bool)
                    {
                        int at = i;
                        MlxArray probe = Probe(seed[0], outputs[i], cotangent => found[at] = cotangent);
                        sum = Mx.Add(sum, Mx.Sum(Mx.Multiply(outputs[i], Mx.Conjugate(probe))));
                    }
                }

                return [sum, .. outputs];
            }

            (MlxArray[] values, MlxArray[] vjps) = Differentiation.Apply(Weighted, primals, AllOf(primals));
            values[0].Dispose();
            outputs = values[1..];
            return vjps;
        }

        _depth++;
        try
        {
            using MlxArray seed = MlxArray.Scalar(0f);
            (MlxArray[] vjps, MlxArray[] ofSeed) = Mx.Vjp(Pullback, [seed], tangents);
            NativeClosure.DisposeAll(vjps);
            NativeClosure.DisposeAll(ofSeed);
        }
        finally
        {
            _depth--;
        }

        MlxArray[] jvps = new MlxArray[outputs.Length];
        for (int i = 0; i < jvps.Length; i++)
        {
            jvps[i] = Tangent(outputs[i], found[i], tangents);
        }

        return (outputs, jvps);
    }

    /// <summary>Returns the tangent of an output in the dtype that MLX gives it.</summary>
    private static MlxArray Tangent(MlxArray output, MlxArray? found, MlxArray[] tangents)
    {
        if (output.DType == DType.Bool)
        {
            MlxArray? inexact = Array.Find(tangents, static tangent => tangent.DType.IsInexact());
            return Mx.Zeros(output.Shape, inexact?.DType ?? DType.Float32);
        }

        // The probe of an output that doesn't depend on the inputs never receives a cotangent.
        if (found is null)
        {
            return Mx.ZerosLike(output);
        }

        if (output.DType.IsInexact() || found.DType == output.DType)
        {
            return found;
        }

        using (found)
        {
            return found.AsType(output.DType);
        }
    }

    private static MlxArray[] Inside(Func<MlxArray[], MlxArray[]> fun, MlxArray[] inputs)
    {
        Trace? outer = _innermost;
        _innermost = Trace.Current;
        try
        {
            return fun(inputs);
        }
        finally
        {
            _innermost = outer;
        }
    }

    /// <summary>Uses a jvp rule backward, as the gradient with respect to its tangents, in which the rule is linear.</summary>
    internal static MlxArray[] Transposed(CustomJvp jvp, MlxArray[] primals, MlxArray[] cotangents)
    {
        MlxArray[] zeros = Array.ConvertAll(primals, primal => Mx.ZerosLike(primal));
        return Mx.Vjp(tangents => jvp(primals, tangents), zeros, cotangents).Vjps;
    }

    /// <summary>Creates zeros of an output's shape that depend on the seed, so that a gradient reaches them.</summary>
    private static MlxArray Probe(MlxArray seed, MlxArray output, Action<MlxArray> asked)
    {
        CustomFunction zeros = new(inputs => [Mx.ZerosLike(output)])
        {
            IsRuleLinear = true,
            Vjp = (inputs, cotangents, _) =>
            {
                asked(cotangents[0].Share());
                return [Mx.ZerosLike(inputs[0])];
            },
        };
        return zeros.Invoke(seed)[0];
    }

    private static int[] AllOf(MlxArray[] arrays) => [.. Enumerable.Range(0, arrays.Length)];

    private static void Check(MlxArray[] primals, MlxArray[] tangents)
    {
        if (primals.Length != tangents.Length)
        {
            throw new ArgumentException($"[jvp] There are {primals.Length} inputs but {tangents.Length} tangents.",
                nameof(tangents));
        }

        for (int i = 0; i < primals.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(primals[i], nameof(primals));
            ArgumentNullException.ThrowIfNull(tangents[i], nameof(tangents));
            if (!primals[i].Shape.SequenceEqual(tangents[i].Shape))
            {
                throw new ArgumentException(
                    $"[jvp] Input {i} has the shape {ShapeText.Of(primals[i])}, but its tangent has {ShapeText.Of(tangents[i])}.",
                    nameof(tangents));
            }

            if (!primals[i].DType.IsInexact() && tangents[i].DType.IsInexact())
            {
                throw new ArgumentException(
                    $"[jvp] Input {i} is {primals[i].DType.MlxName()}, but its "
                    + $"tangent is {tangents[i].DType.MlxName()} and would be truncated to integers. "
                    + "Pass an integer tangent, or convert the input with AsType(DType.Float32).", nameof(tangents));
            }
        }
    }
}
