using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Whether a function runs under <see cref="Mx.Jvp(Func{MlxArray[], MlxArray[]}, MlxArray[], MlxArray[])"/>, and what is done
/// differently there: MLX's own rule for where reads tangents that it was not given, unless all three arguments have one.
/// </summary>
internal static class ForwardMode
{
    [ThreadStatic]
    private static int depth;

    /// <summary>Whether choosing must go round MLX's rule.</summary>
    internal static bool AvoidsWhere => depth > 0 && MlxLibrary.Kind == MlxLibraryKind.Mlx;

    internal static Func<MlxArray[], MlxArray[]> Under(Func<MlxArray[], MlxArray[]> fun) => inputs =>
    {
        depth++;
        try
        {
            return fun(inputs);
        }
        finally
        {
            depth--;
        }
    };

    /// <summary>
    /// Chooses without MLX's where: both values are stacked, and the condition is the position in the stack. (A rule of our own around
    /// where would not help: jvp also follows what such a function has computed.)
    /// </summary>
    internal static MlxArray Where(MlxArray condition, MlxArray x, MlxArray y, MlxStream? stream)
    {
        using MlxArray test = Op.AsOperand(condition, condition.DType);
        using MlxArray left = Op.AsOperand(x, y.IsWeakScalar ? x.DType : y.DType);
        using MlxArray right = Op.AsOperand(y, x.IsWeakScalar ? y.DType : x.DType);
        MlxArray[] alike = Mx.BroadcastArrays([test, left, right], stream);
        using MlxArray both = Mx.Stack([alike[2], alike[1]], 0, stream);
        using MlxArray truth = alike[0].AsType(DType.Bool, stream);
        using MlxArray number = truth.AsType(DType.UInt32, stream);
        using MlxArray constant = Mx.StopGradient(number, stream);
        using MlxArray position = Mx.ExpandDims(constant, 0, stream);
        using MlxArray chosen = Mx.TakeAlongAxis(both, position, 0, stream);
        Array.ForEach(alike, array => array.Dispose());
        return Mx.Squeeze(chosen, 0, stream);
    }
}
