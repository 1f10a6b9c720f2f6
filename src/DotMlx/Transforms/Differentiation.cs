using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Calls <c>mlx_value_and_grad</c> with flat lists of arrays.</summary>
internal static unsafe class Differentiation
{
    /// <summary>Evaluates a loss and its gradients with respect to some of the inputs.</summary>
    /// <param name="function">
    /// Returns the loss, which must be a scalar, and an auxiliary output, whose arrays are returned as values.
    /// </param>
    /// <param name="inputs">The arrays that are passed to the function.</param>
    /// <param name="argnums">Indices of the inputs with respect to which to differentiate.</param>
    internal static (MlxArray Value, TAux Auxiliary, MlxArray[] Gradients) ValueAndGrad<TAux>(
        Func<MlxArray[], (MlxArray Loss, TAux Auxiliary)> function, MlxArray[] inputs, ReadOnlySpan<int> argnums)
    {
        object? treeDef = null;
        inputs = Differentiable(inputs, argnums);
        HashSet<int> numbers = Numbers(inputs, argnums);
        MlxArray[] Flat(MlxArray[] arguments)
        {
            MlxArray[] given = numbers.Count == 0
                ? arguments
                : [.. arguments.Select((argument, i) => numbers.Contains(i) ? inputs[i] : argument)];
            (MlxArray loss, TAux auxiliary) = function(given);
            CheckLoss(loss);
            List<MlxArray> outputs = [loss];
            TreeDef.Flatten(auxiliary, outputs);
            treeDef = TreeDef.Of(auxiliary);
            return [.. outputs];
        }

        (MlxArray[] values, MlxArray[] gradients) = Apply(Flat, inputs, argnums);
        int next = 1;
        return (values[0], (TAux)TreeDef.Unflatten(treeDef, values, ref next)!, gradients);
    }

    /// <summary>Evaluates a loss and its gradients with respect to every array of a structure.</summary>
    internal static (MlxArray Value, TAux Auxiliary, T Gradients) ByStructure<T, TAux>(
        Func<T, (MlxArray Loss, TAux Auxiliary)> function, T structure)
    {
        if (structure is null)
        {
            throw new ArgumentNullException(nameof(structure), "The argument to differentiate with respect to is null.");
        }

        MlxArray[] inputs = TreeDef.Flatten(structure);
        int integers = structure is Tree ? Array.FindIndex(inputs, static leaf => !leaf.DType.IsInexact() && !leaf.IsWeakScalar) : -1;
        if (structure is Tree tree && integers >= 0)
        {
            throw new ArgumentException(
                $"[grad] '{tree.Flatten()[integers].Key}' is {inputs[integers].DType.MlxName()}, "
                + $"shape {ShapeText.Of(inputs[integers])}, but only "
                + "floating-point arrays have gradients. Freeze it or mark it [Buffer] if it belongs to a module, or leave it out.",
                nameof(structure));
        }

        (MlxArray value, TAux auxiliary, MlxArray[] gradients) = ValueAndGrad(
            arguments => function(TreeDef.Unflatten(structure, arguments)), inputs, [.. Enumerable.Range(0, inputs.Length)]);
        return (value, auxiliary, TreeDef.Unflatten(structure, gradients));
    }

    /// <summary>Checks names by the rules of Python's <c>argnames</c>: at least one name, and no duplicates.</summary>
    internal static string[] CheckArgnames(IReadOnlyList<string> argnames)
    {
        ArgumentNullException.ThrowIfNull(argnames);
        if (argnames.Count == 0)
        {
            throw new ArgumentException("There is no argument to differentiate with respect to: argnames is empty.", nameof(argnames));
        }

        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (string name in argnames)
        {
            ArgumentNullException.ThrowIfNull(name, nameof(argnames));
            if (!seen.Add(name))
            {
                throw new ArgumentException($"The argument name '{name}' occurs twice.", nameof(argnames));
            }
        }

        return [.. argnames];
    }

    /// <summary>
    /// Checks indices by the rules of Python's <c>argnums</c> and sorts them: at least one index, no duplicates, and none out of range.
    /// </summary>
    internal static int[] CheckArgnums(int[] argnums, int count)
    {
        ArgumentNullException.ThrowIfNull(argnums);
        if (argnums.Length == 0)
        {
            throw new ArgumentException("There is no argument to differentiate with respect to: argnums is empty.", nameof(argnums));
        }

        int[] sorted = [.. argnums];
        Array.Sort(sorted);
        if (sorted[0] < 0 || sorted[^1] >= count)
        {
            int wrong = sorted[0] < 0 ? sorted[0] : sorted[^1];
            throw new ArgumentOutOfRangeException(nameof(argnums), wrong,
                $"There is no argument {wrong} to differentiate with respect to: the function takes {count}.");
        }

        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1])
            {
                throw new ArgumentException($"The argument index {sorted[i]} occurs twice.", nameof(argnums));
            }
        }

        return sorted;
    }

    /// <summary>Converts .NET numbers with respect to which to differentiate to floating-point arrays.</summary>
    /// <exception cref="ArgumentException">
    /// An array with respect to which to differentiate has an integer type, so that its gradients would be truncated to integers.
    /// </exception>
    private static MlxArray[] Differentiable(MlxArray[] inputs, ReadOnlySpan<int> argnums)
    {
        MlxArray[] result = [.. inputs];
        foreach (int i in argnums)
        {
            ArgumentNullException.ThrowIfNull(inputs[i], nameof(inputs));
            if (!inputs[i].DType.IsInexact())
            {
                result[i] = inputs[i].IsWeakScalar ? inputs[i].AsType(DType.Float32) : throw new ArgumentException(
                    $"[grad] Argument {i} is {inputs[i].DType.MlxName()}, shape {ShapeText.Of(inputs[i])}, but only "
                    + "floating-point arrays have gradients. "
                    + "Convert it with AsType(DType.Float32), or leave it out.", nameof(inputs));
            }
        }

        return result;
    }

    // A .NET number that isn't differentiated stays weakly typed and adapts to the arrays next to it.
    private static HashSet<int> Numbers(MlxArray[] inputs, ReadOnlySpan<int> argnums)
    {
        HashSet<int> numbers = [];
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] is { IsWeakScalar: true } && !argnums.Contains(i))
            {
                numbers.Add(i);
            }
        }

        return numbers;
    }

    internal static (MlxArray[] Values, MlxArray[] Gradients) Apply(
        Func<MlxArray[], MlxArray[]> function, MlxArray[] inputs, ReadOnlySpan<int> argnums)
    {
        if (argnums.IsEmpty)
        {
            throw new ArgumentException("There is nothing to differentiate with respect to: the argument contains no arrays.");
        }

        using Trace trace = Trace.Begin(keepsValues: true);
        long before = ThreadState.Current.Unevaluated;
        using VectorArray arguments = VectorArray.From(inputs);
        using NativeClosure closure = NativeClosure.Create(function, inputs);
        mlx_closure_value_and_grad transformed = default;
        mlx_vector_array values = default;
        mlx_vector_array gradients = default;
        try
        {
            fixed (int* first = argnums)
            {
                CallbackErrors.ThrowIfFailed(
                    Mlxc.mlx_value_and_grad(&transformed, closure.Handle, first, (nuint)argnums.Length), "mlx_value_and_grad");
            }

            GraphTraversal.Begin();
            CallbackErrors.ThrowIfFailed(
                Mlxc.mlx_closure_value_and_grad_apply(&values, &gradients, transformed, arguments.Handle),
                "mlx_closure_value_and_grad_apply");
            GraphDepth.AddGradient(before);
            return (new VectorArray(values).ToArrays(), Distinct(new VectorArray(gradients).ToArrays(), trace));
        }
        finally
        {
            new VectorArray(values).Dispose();
            new VectorArray(gradients).Dispose();
            if (transformed.ctx != null)
            {
                _ = Mlxc.mlx_closure_value_and_grad_free(transformed);
            }
        }
    }

    /// <summary>
    /// Gives each gradient a node of its own. The gradients of both operands of a sum, for example, are one node, and MLX drops all but one
    /// of the cotangents of outputs that are one node (still in 0.32).
    /// </summary>
    internal static MlxArray[] Distinct(MlxArray[] gradients, Trace trace)
    {
        if (trace.IsDifferentiatedAgain)
        {
            for (int i = 0; i < gradients.Length; i++)
            {
                using MlxArray gradient = gradients[i];
                gradients[i] = Mx.Contiguous(gradient);
            }
        }

        return gradients;
    }

    private static void CheckLoss(MlxArray loss)
    {
        if (loss is null)
        {
            throw new InvalidOperationException("The function to differentiate returned null instead of a scalar array.");
        }

        if (loss.NDim != 0)
        {
            throw new InvalidOperationException(
                $"The function to differentiate must return a scalar, but returned an array of shape {ShapeText.Of(loss)}. Reduce it, "
                + $"for example with Sum or Mean.");
        }
    }
}
