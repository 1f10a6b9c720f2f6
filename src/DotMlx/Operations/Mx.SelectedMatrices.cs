using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Matrix product in which masks exclude whole blocks.</summary>
    /// <param name="a">An array of shape [..., m, k].</param>
    /// <param name="b">An array of shape [..., k, n].</param>
    /// <param name="blockSize">The size of the square blocks: 32 or 64.</param>
    /// <param name="maskOut">A mask of the result's blocks, of shape [..., ceil(m / block), ceil(n / block)]; null for none.</param>
    /// <param name="maskLhs">A mask of the blocks of <paramref name="a"/>; null for none.</param>
    /// <param name="maskRhs">A mask of the blocks of <paramref name="b"/>; null for none.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [..., m, n]; excluded blocks are zero.</returns>
    /// <exception cref="MlxException">The shapes don't match, or the block size isn't supported.</exception>
    /// <remarks>mlx.core.block_masked_mm; C: mlx_block_masked_mm.</remarks>
    public static MlxArray BlockMaskedMM(
        MlxArray a, MlxArray b, int blockSize = 64, MlxArray? maskOut = null, MlxArray? maskLhs = null,
        MlxArray? maskRhs = null, MlxStream? stream = null)
    {
        mlx_array result = default;
        int status = Mlxc.mlx_block_masked_mm(
            &result, NativeCall.Handle(a), NativeCall.Handle(b), blockSize, NativeCall.HandleOrNull(maskOut),
            NativeCall.HandleOrNull(maskLhs),
            NativeCall.HandleOrNull(maskRhs), NativeCall.Stream(stream));
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        GC.KeepAlive(maskOut);
        GC.KeepAlive(maskLhs);
        GC.KeepAlive(maskRhs);
        return NativeCall.Result(status, result, "mlx_block_masked_mm");
    }

    /// <summary>Matrix products of matrices that are selected by index from both batches.</summary>
    /// <param name="a">An array of shape [..., m, k].</param>
    /// <param name="b">An array of shape [..., k, n].</param>
    /// <param name="lhsIndices">Integer positions in the flattened batch of <paramref name="a"/>; null for all matrices in order.</param>
    /// <param name="rhsIndices">Integer positions in the flattened batch of <paramref name="b"/>; null for all matrices in order.</param>
    /// <param name="sortedIndices">Whether the indices are known to be sorted, which allows a faster kernel.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array whose shape is the broadcast shape of the indices, followed by [m, n].</returns>
    /// <exception cref="MlxException">The shapes don't match.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An index is negative or out of range. Only indices that are already computed are checked; MLX doesn't check them.
    /// </exception>
    /// <remarks>mlx.core.gather_mm; C: mlx_gather_mm.</remarks>
    public static MlxArray GatherMM(
        MlxArray a, MlxArray b, MlxArray? lhsIndices = null, MlxArray? rhsIndices = null,
        bool sortedIndices = false, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        SizeLimits.Joined(a, 0, a.NDim - 3, "gather_mm");
        SizeLimits.Joined(b, 0, b.NDim - 3, "gather_mm");
        IndexBounds.Matrices(lhsIndices, a);
        IndexBounds.Matrices(rhsIndices, b);
        if (ForwardMode.IsActive || DotMlx.Trace.IsVectorizing || DotMlx.Trace.Current is { IsDifferentiatedAgain: true })
        {
            // MLX can't vectorize gather_mm, and its second derivative is wrong (0.31.2).
            using MlxArray left = Gathered(a, lhsIndices, stream);
            using MlxArray right = Gathered(b, rhsIndices, stream);
            return MatMul(left, right, stream);
        }

        mlx_array result = default;
        int status = Mlxc.mlx_gather_mm(
            &result, NativeCall.Handle(a), NativeCall.Handle(b), NativeCall.HandleOrNull(lhsIndices), NativeCall.HandleOrNull(rhsIndices),
            NativeCall.Byte(sortedIndices), NativeCall.Stream(stream));
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        GC.KeepAlive(lhsIndices);
        GC.KeepAlive(rhsIndices);
        return NativeCall.Result(status, result, "mlx_gather_mm");
    }

    private static MlxArray Gathered(MlxArray a, MlxArray? indices, MlxStream? stream)
    {
        if (indices is null)
        {
            return a.Share();
        }

        using MlxArray batch = a.NDim == 2 ? ExpandDims(a, 0, stream) : Flatten(a, 0, a.NDim - 3, stream);
        return Take(batch, indices, 0, stream);
    }

    /// <summary>Matrix products over segments of the inner axis.</summary>
    /// <param name="a">An array of shape [m, k].</param>
    /// <param name="b">An array of shape [k, n].</param>
    /// <param name="segments">An integer array of shape [..., 2]: the start and the end of each segment.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [..., m, n].</returns>
    /// <exception cref="MlxException">The shapes don't match.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A segment reaches outside the inner axis. Only segments that are already computed are checked; MLX doesn't check them.
    /// </exception>
    /// <remarks>mlx.core.segmented_mm; C: mlx_segmented_mm.</remarks>
    public static MlxArray SegmentedMM(MlxArray a, MlxArray b, MlxArray segments, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(segments);
        IndexBounds.Segments(segments, a);
        if (a.NDim == 2 && segments.NDim > 0 && (DotMlx.Trace.IsDifferentiating || DotMlx.Trace.IsVectorizing))
        {
            // MLX has neither a gradient nor a rule for vmap (0.31.2). Each product takes the columns of its segment and zeros elsewhere.
            using MlxScope scope = MlxScope.Begin();
            MlxArray positions = Arange(a.Shape[1]);
            MlxArray start = ExpandDims(Take(segments, 0, -1, stream), -1, stream);
            MlxArray end = ExpandDims(Take(segments, 1, -1, stream), -1, stream);
            MlxArray inside = LogicalAnd(GreaterEqual(positions, start, stream), Less(positions, end, stream), stream);
            return scope.Keep(MatMul(Where(ExpandDims(inside, -2, stream), a, ZerosLike(a, stream: stream), stream), b, stream));
        }

        mlx_array result = default;
        int status = Mlxc.mlx_segmented_mm(
            &result, NativeCall.Handle(a), NativeCall.Handle(b), NativeCall.Handle(segments), NativeCall.Stream(stream));
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        GC.KeepAlive(segments);
        return NativeCall.Result(status, result, "mlx_segmented_mm");
    }
}
