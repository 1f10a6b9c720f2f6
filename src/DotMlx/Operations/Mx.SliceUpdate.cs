using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Replaces a block whose start is given by an array.</summary>
    /// <param name="a">An array of any shape, which doesn't change.</param>
    /// <param name="update">The new block, which broadcasts to the axes of <paramref name="a"/>.</param>
    /// <param name="startIndices">An integer array of shape [k]: the start in each of the given axes.</param>
    /// <param name="axes">The k axes of the starts. The block begins at 0 in the other axes.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape and dtype as <paramref name="a"/>.</returns>
    /// <exception cref="MlxException">The axes or the block don't fit the array.</exception>
    /// <remarks>mlx.core.slice_update; C: mlx_slice_update_dynamic.</remarks>
    public static MlxArray SliceUpdate(
        MlxArray a, MlxArray update, MlxArray startIndices, ReadOnlySpan<int> axes, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(update);
        AxisCheck.Check(a, axes);
        _ = IndexBounds.Start(startIndices, a, axes, update.Shape);
        if (!DotMlx.Trace.IsVectorizing)
        {
            return UncheckedUpdate(a, update, startIndices, axes, stream);
        }

        // MLX's rule is wrong if only the array is mapped, and so is its gradient (0.31.2).
        using MlxScope scope = MlxScope.Begin();
        MlxArray ones = Ones(update.Shape, DType.Bool, stream), none = Zeros(a.Shape, DType.Bool, stream);
        MlxArray chosen = UncheckedUpdate(none, ones, startIndices, axes, stream);
        MlxArray placed = UncheckedUpdate(Zeros(a.Shape, a.DType, stream), update, startIndices, axes, stream);
        return scope.Keep(Where(chosen, placed, a, stream));
    }

    private static MlxArray UncheckedUpdate(
        MlxArray a, MlxArray update, MlxArray startIndices, ReadOnlySpan<int> axes, MlxStream? stream)
    {
        mlx_array result = default;
        fixed (int* axis = axes)
        {
            int status = Mlxc.mlx_slice_update_dynamic(
                &result, NativeCall.Handle(a), OperandPair.HandleWith(update, a), NativeCall.Handle(startIndices), axis, (nuint)axes.Length,
                NativeCall.Stream(stream));
            GC.KeepAlive(a);
            GC.KeepAlive(update);
            GC.KeepAlive(startIndices);
            return NativeCall.Result(status, result, "mlx_slice_update_dynamic");
        }
    }
}
