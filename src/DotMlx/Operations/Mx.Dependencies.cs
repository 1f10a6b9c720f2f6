using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>An array that is computed only after other arrays.</summary>
    /// <param name="input">The array.</param>
    /// <param name="dependencies">The arrays to compute first.</param>
    /// <returns>The array, with the dependencies.</returns>
    /// <remarks>mlx.core.depends; C: mlx_depends.</remarks>
    public static MlxArray Depends(MlxArray input, params ReadOnlySpan<MlxArray> dependencies)
        => Depends([input], dependencies)[0];

    /// <summary>Arrays that are computed only after other arrays.</summary>
    /// <param name="inputs">The arrays.</param>
    /// <param name="dependencies">The arrays to compute first.</param>
    /// <returns>The arrays, with the dependencies.</returns>
    /// <remarks>mlx.core.depends; C: mlx_depends.</remarks>
    public static MlxArray[] Depends(ReadOnlySpan<MlxArray> inputs, ReadOnlySpan<MlxArray> dependencies)
    {
        if (inputs.IsEmpty)
        {
            return [];
        }

        if (DotMlx.Trace.IsVectorizing)
        {
            // MLX has no rule for vmap (0.31.2), and arrays without values need no order.
            return [.. inputs.ToArray().Select(static input => input.Share())];
        }

        using VectorArray values = VectorArray.From(inputs);
        using VectorArray first = VectorArray.From(dependencies);
        mlx_vector_array results = default;
        return NativeCall.Arrays(Mlxc.mlx_depends(&results, values.Handle, first.Handle), results, "mlx_depends");
    }
}
