using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Elements in ascending order along an axis.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis to sort along, negative from the end; null for the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The sorted array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>
    /// mlx.core.sort; C: mlx_sort_axis, mlx_sort. Before 0.32, MLX returns gradients in the wrong order, so the elements are taken at the
    /// positions of <see cref="ArgSort"/> under a transform.
    /// </remarks>
    public static MlxArray Sort(MlxArray a, int? axis = -1, MlxStream? stream = null)
    {
        if (NeedsOrder(a))
        {
            return Ordered(a, axis, (row, along) => ArgSort(row, along, stream), stream);
        }

        MlxArray mapped = Vectorization.Mapped(a, stream);
        return axis is int one
            ? NativeCall.WithInt(&Mlxc.mlx_sort_axis, "mlx_sort_axis", mapped, AxisCheck.Of(a, one, nameof(axis)), stream)
            : NativeCall.Unary(&Mlxc.mlx_sort, "mlx_sort", SizeLimits.Flat(mapped, "sort"), stream);
    }

    /// <summary>Positions that sort the elements along an axis.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis to sort along, negative from the end; null for the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A uint32 array of positions.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.argsort; C: mlx_argsort_axis, mlx_argsort.</remarks>
    public static MlxArray ArgSort(MlxArray a, int? axis = -1, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        int along = axis is int one ? AxisCheck.Of(a, one, nameof(axis)) : 0;

        MlxArray mapped = Vectorization.Mapped(a, stream);

        // MLX divides by the size of the axis.
        return a.Size == 0 ? Zeros(axis is null ? [0] : [.. a.Shape], DType.UInt32, stream)
            : axis is null ? NativeCall.Unary(&Mlxc.mlx_argsort, "mlx_argsort", SizeLimits.Flat(mapped, "argsort"), stream)
            : NativeCall.WithInt(&Mlxc.mlx_argsort_axis, "mlx_argsort_axis", mapped, along, stream);
    }

    /// <summary>
    /// Partially sorted elements: the element at <paramref name="kth"/> is in its sorted position, smaller ones are before it, and larger
    /// ones are after it.
    /// </summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="kth">The position of the dividing element, negative from the end.</param>
    /// <param name="axis">The axis to partition along, negative from the end; null for the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The partitioned array; the order inside the parts is undefined.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <exception cref="MlxException">The position is out of range.</exception>
    /// <remarks>
    /// mlx.core.partition; C: mlx_partition_axis, mlx_partition. With equal elements, MLX's gradient may reach other elements than those
    /// in the result, so the elements are taken at the positions of <see cref="ArgPartition"/> under a transform.
    /// </remarks>
    public static MlxArray Partition(MlxArray a, int kth, int? axis = -1, MlxStream? stream = null)
    {
        if (NeedsPositions(a))
        {
            return Ordered(a, axis, (row, along) => ArgPartition(row, kth, along, stream), stream);
        }

        MlxArray result = axis is int one
            ? NativeCall.WithTwoInts(&Mlxc.mlx_partition_axis, "mlx_partition_axis", a, kth, AxisCheck.Of(a, one, nameof(axis)), stream)
            : NativeCall.WithInt(&Mlxc.mlx_partition, "mlx_partition", SizeLimits.Flat(a, "partition"), kth, stream);
        return VectorizablePartition(result, static (x, along, s) => Sort(x, along, s), a, axis, stream);
    }

    /// <summary>Positions that partition the elements along an axis.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="kth">The position of the dividing element, negative from the end.</param>
    /// <param name="axis">The axis to partition along, negative from the end; null for the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A uint32 array of positions.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <exception cref="MlxException">The position is out of range.</exception>
    /// <remarks>mlx.core.argpartition; C: mlx_argpartition_axis, mlx_argpartition.</remarks>
    public static MlxArray ArgPartition(MlxArray a, int kth, int? axis = -1, MlxStream? stream = null)
    {
        MlxArray result = axis is int one
            ? NativeCall.WithTwoInts(&Mlxc.mlx_argpartition_axis, "mlx_argpartition_axis", a, kth,
                AxisCheck.Of(a, one, nameof(axis)), stream)
            : NativeCall.WithInt(&Mlxc.mlx_argpartition, "mlx_argpartition", SizeLimits.Flat(a, "argpartition"), kth, stream);
        return VectorizablePartition(result, static (x, along, s) => ArgSort(x, along, s), a, axis, stream);
    }

    /// <summary>The k largest elements along an axis, in no particular order.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="k">The number of elements to return.</param>
    /// <param name="axis">The axis to select along, negative from the end; null for the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array whose axis has size <paramref name="k"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <exception cref="MlxException">The axis is too short.</exception>
    /// <remarks>mlx.core.topk; C: mlx_topk_axis, mlx_topk. Under a transform, <see cref="Partition"/> selects the elements.</remarks>
    public static MlxArray TopK(MlxArray a, int k, int? axis = -1, MlxStream? stream = null)
    {
        MlxArray result = axis is int one
            ? NativeCall.WithTwoInts(&Mlxc.mlx_topk_axis, "mlx_topk_axis", a, k, AxisCheck.Of(a, one, nameof(axis)), stream)
            : NativeCall.WithInt(&Mlxc.mlx_topk, "mlx_topk", SizeLimits.Flat(a, "topk"), k, stream);
        int size = axis is int known ? a.Shape[AxisCheck.Of(a, known)] : (int)a.Size;
        if ((!DotMlx.Trace.IsVectorizing && !NeedsPositions(a)) || k == 0 || k == size)
        {
            return result;
        }

        // MLX's rules for partition are wrong (0.31.2).
        using (result)
        using (MlxArray parts = Partition(a, size - k, axis, stream))
        {
            int along = AxisCheck.Of(parts, axis ?? 0);
            int[] start = new int[parts.NDim], stop = [.. parts.Shape], step = [.. Enumerable.Repeat(1, parts.NDim)];
            start[along] = size - k;
            return StaticSlice(parts, start, stop, step, stream);
        }
    }

    /// <summary>Positions at which to insert values into a sorted vector so that it stays sorted.</summary>
    /// <param name="sortedSequence">An ascending array with one axis.</param>
    /// <param name="values">Values of any shape.</param>
    /// <param name="side">The position of a value among equal ones.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A uint32 array of the same shape as <paramref name="values"/>.</returns>
    /// <exception cref="ArgumentException">The side is unknown, or the sequence doesn't have exactly one axis.</exception>
    /// <remarks>mlx.core.searchsorted of MLX 0.32.1; C: mlx_searchsorted, or a comparison of all pairs on an older mlx-c.</remarks>
    public static MlxArray SearchSorted(
        MlxArray sortedSequence, MlxArray values, SearchSide side = SearchSide.Left, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(sortedSequence);
        ArgumentNullException.ThrowIfNull(values);
        if (!Enum.IsDefined(side))
        {
            throw new ArgumentOutOfRangeException(nameof(side), side, "Use SearchSide.Left or Right.");
        }

        if (sortedSequence.NDim != 1)
        {
            throw new ArgumentException(
                $"The sorted sequence must have one axis, but has the shape {ShapeText.Of(sortedSequence.Shape)}.", nameof(sortedSequence));
        }

        if (HasNewer)
        {
            using NativeText sideText = new(side == SearchSide.Left ? "left" : "right", nameof(side));
            mlx_array result = default;
            int status = Mlxc.mlx_searchsorted(
                &result, NativeCall.Handle(sortedSequence), NativeCall.Handle(values), sideText.Pointer, NativeCall.Stream(stream));
            GC.KeepAlive(sortedSequence);
            GC.KeepAlive(values);
            return NativeCall.Result(status, result, "mlx_searchsorted");
        }

        using MlxScope scope = MlxScope.Begin();
        MlxArray column = ExpandDims(values, -1, stream);
        MlxArray before = side == SearchSide.Left ? Less(sortedSequence, column, stream) : LessEqual(sortedSequence, column, stream);
        if (values.DType.IsInexact())
        {
            // NaN is sorted after all numbers.
            MlxArray behind = IsNaN(column, stream);
            before = LogicalOr(before, side == SearchSide.Left
                ? LogicalAnd(behind, LogicalNot(IsNaN(sortedSequence, stream), stream), stream)
                : behind, stream);
        }

        return scope.Keep(AsType(Sum(before, -1, stream: stream), DType.UInt32, stream));
    }

    // MLX's rules for partition and argpartition take the axis as the position to partition at (0.31.2). A sorted array is partitioned too.
    private static MlxArray VectorizablePartition(
        MlxArray result, Func<MlxArray, int?, MlxStream?, MlxArray> sort, MlxArray a, int? axis, MlxStream? stream)
    {
        if (!DotMlx.Trace.IsVectorizing)
        {
            return result;
        }

        using (result)
        {
            return sort(a, axis, stream);
        }
    }

    private static MlxArray Ordered(MlxArray a, int? axis, Func<MlxArray, int, MlxArray> positions, MlxStream? stream)
    {
        using MlxArray? row = axis is null ? Flatten(a, stream: stream) : null;
        using MlxArray order = positions(row ?? a, axis ?? 0);
        using MlxArray fixedOrder = StopGradient(order, stream);
        return TakeAlongAxis(row ?? a, fixedOrder, axis ?? 0, stream);
    }

    // MLX's rule reads the positions of argpartition, which orders equal elements differently (0.31.2).
    private static bool NeedsPositions(MlxArray a) => a is not null && DotMlx.Trace.Current is not null && a.DType.IsInexact();

    // Before MLX 0.32, the gradient of a sort has the order of the result. Later versions sort the tangents.
    private static bool NeedsOrder(MlxArray a) =>
        ForwardMode.IsActive
        || (a is not null && DotMlx.Trace.Current is not null && IsBefore032 && a.DType.IsInexact());
}
