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

    /// <summary>Chooses by <paramref name="choose"/>, with a rule that takes a missing tangent for zero.</summary>
    internal static MlxArray Where(MlxArray condition, MlxArray x, MlxArray y, Func<MlxArray, MlxArray, MlxArray, MlxArray> choose)
    {
        using MlxArray test = Op.AsOperand(condition, condition.DType);
        using MlxArray left = Op.AsOperand(x, y.IsWeakScalar ? x.DType : y.DType);
        using MlxArray right = Op.AsOperand(y, x.IsWeakScalar ? y.DType : x.DType);
        CustomFunction function = new(arguments => [choose(arguments[0], arguments[1], arguments[2])])
        {
            Jvp = static (primals, tangents) =>
            {
                using MlxArray? none = tangents[1] is null ? Mx.ZerosLike(primals[1]) : null;
                using MlxArray? nothing = tangents[2] is null ? Mx.ZerosLike(primals[2]) : null;
                return [Mx.Where(primals[0], tangents[1] ?? none!, tangents[2] ?? nothing!)];
            },
        };
        return function.Invoke(test, left, right)[0];
    }
}
