using DotMlx.Bindings;

namespace DotMlx;

/// <summary>How a write combines the value with the existing elements.</summary>
internal enum UpdateKind
{
    Set,
    Add,
    Subtract,
    Multiply,
    Divide,
    Maximum,
    Minimum,
}

/// <summary>Creates the array for <c>a[…] = value</c> and <c>a.At[…].Add(value)</c>; the old array doesn't change.</summary>
internal static unsafe class IndexWriter
{
    internal static MlxArray Write(MlxArray array, ReadOnlySpan<MlxIndex> index, MlxArray value, UpdateKind kind)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (index.Length == 1 && IndexMask.IsMask(index[0]))
        {
            return kind == UpdateKind.Set
                ? IndexMask.Write(array, index[0], value)
                : throw new NotSupportedException("At doesn't support boolean masks; use Mx.Where or an array of positions.");
        }

        using var plan = new IndexPlan(array, index);
        using var update = new Chain(value);
        if (value.IsWeakScalar)
        {
            update.Become(NativeCall.AsOperand(value, array.DType));
        }

        if (kind == UpdateKind.Subtract)
        {
            update.Become(Mx.Negative(update.Value));
        }
        else if (kind == UpdateKind.Divide)
        {
            update.Become(Mx.Reciprocal(update.Value));
        }

        var dimensions = plan.Dimensions();
        int[] shape = [.. dimensions.Select(static dimension => dimension.Size)];
        DropLeadingOnes(update, shape.Length);
        if (!Broadcasting.Fits(update.Value.ShapeArray, shape))
        {
            throw new ArgumentException($"A value of shape {ShapeText.Of(value)} cannot be broadcast to the indexed "
                + $"shape {ShapeText.Of(shape)} of an array of shape {ShapeText.Of(array)}.", nameof(value));
        }

        if (shape.Contains(0))
        {
            return array.Share();
        }

        return plan.HasArrays ? Scatter(plan, update, dimensions, kind) : UpdateSlice(plan, update, kind);
    }

    /// <summary>Removes leading dimensions of size 1 if the value has more dimensions than the destination.</summary>
    internal static void DropLeadingOnes(Chain update, int rank)
    {
        int[] shape = update.Value.ShapeArray;
        int excess = shape.Length - rank;
        if (excess > 0 && shape.AsSpan(0, excess).IndexOfAnyExcept(1) < 0)
        {
            update.Become(Mx.Reshape(update.Value, shape.AsSpan(excess)));
        }
    }

    private static MlxArray UpdateSlice(IndexPlan plan, Chain update, UpdateKind kind)
    {
        MlxArray array = plan.Array;
        int rank = array.NDim;
        Span<int> start = stackalloc int[rank];
        Span<int> stop = stackalloc int[rank];
        Span<int> step = stackalloc int[rank];

        // The value's sizes aligned with the array's axes: 1 for a position, nothing for a new axis, its own size (which broadcasts) for a
        // slice.
        int[] given = update.Value.ShapeArray;
        int missing = plan.Dimensions().Count - given.Length;
        Span<int> beside = stackalloc int[rank];
        int dimension = 0;
        foreach (IndexEntry entry in plan.Entries)
        {
            if (entry.Kind == IndexEntry.Kinds.NewAxis)
            {
                dimension++;
                continue;
            }

            start[entry.Axis] = entry.Start;
            stop[entry.Axis] = entry.NativeStop(plan.SizeOf(entry));
            step[entry.Axis] = entry.Step;
            beside[entry.Axis] = 1;
            if (entry.Kind == IndexEntry.Kinds.Slice)
            {
                beside[entry.Axis] = dimension >= missing ? given[dimension - missing] : 1;
                dimension++;
            }
        }

        if (!beside.SequenceEqual(given))
        {
            update.Become(Mx.Reshape(update.Value, beside));
        }

        if (kind != UpdateKind.Set && LoadedApi.Version == MlxcVersions.V0_6_0)
        {
            // This version of mlx-c only sets slices. The positions of a slice are distinct, so the new elements can be computed
            // beforehand.
            update.Become(Combine(array, update.Value, start, stop, step, kind));
            kind = UpdateKind.Set;
        }

        return Trace.IsVectorizing
            ? VectorizableUpdate(array, update.Value, start, stop, step, kind)
            : UpdateSlice(array, update.Value, start, stop, step, kind);
    }

    // MLX's rule is wrong if only the array is mapped, and so is its gradient (0.31.2). Both parts of the choice are slices of arrays that
    // aren't mapped.
    private static MlxArray VectorizableUpdate(
        MlxArray array, MlxArray value, ReadOnlySpan<int> start, ReadOnlySpan<int> stop, ReadOnlySpan<int> step, UpdateKind kind)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray chosen = UpdateSlice(Mx.Zeros(array.Shape, DType.Bool), MlxArray.Scalar(true), start, stop, step, UpdateKind.Set);
        MlxArray placed = UpdateSlice(Mx.Ones(array.Shape, array.DType), value, start, stop, step, UpdateKind.Set);
        return scope.Keep(Mx.Where(chosen, Combine(array, placed, kind), array));
    }

    private static MlxArray UpdateSlice(
        MlxArray array, MlxArray value, ReadOnlySpan<int> start, ReadOnlySpan<int> stop, ReadOnlySpan<int> step, UpdateKind kind)
    {
        mlx_array result = default;
        mlx_stream stream = NativeCall.Stream(null);
        nuint n = (nuint)start.Length;
        int status;
        fixed (int* starts = start, stops = stop, steps = step)
        {
            mlx_array a = array.Handle;
            mlx_array v = value.Handle;
            status = kind switch
            {
                UpdateKind.Set => Mlxc.mlx_slice_update(&result, a, v, starts, n, stops, n, steps, n, stream),
                UpdateKind.Add or UpdateKind.Subtract => Mlxc.mlx_slice_update_add(&result, a, v, starts, n, stops, n, steps, n, stream),
                UpdateKind.Multiply or UpdateKind.Divide =>
                    Mlxc.mlx_slice_update_prod(&result, a, v, starts, n, stops, n, steps, n, stream),
                UpdateKind.Maximum => Mlxc.mlx_slice_update_max(&result, a, v, starts, n, stops, n, steps, n, stream),
                _ => Mlxc.mlx_slice_update_min(&result, a, v, starts, n, stops, n, steps, n, stream),
            };
            GC.KeepAlive(array);
            GC.KeepAlive(value);
        }

        return NativeCall.Result(status, result, "mlx_slice_update");
    }

    private static MlxArray Combine(
        MlxArray array, MlxArray value, ReadOnlySpan<int> start, ReadOnlySpan<int> stop, ReadOnlySpan<int> step, UpdateKind kind)
    {
        mlx_array result = default;
        nuint n = (nuint)start.Length;
        fixed (int* starts = start, stops = stop, steps = step)
        {
            int status = Mlxc.mlx_slice(&result, array.Handle, starts, n, stops, n, steps, n, NativeCall.Stream(null));
            GC.KeepAlive(array);
            using MlxArray before = NativeCall.Result(status, result, "mlx_slice");
            return Combine(before, value, kind);
        }
    }

    private static MlxArray Combine(MlxArray before, MlxArray value, UpdateKind kind) => kind switch
    {
        UpdateKind.Set => value,
        UpdateKind.Add or UpdateKind.Subtract => Mx.Add(before, value),
        UpdateKind.Multiply or UpdateKind.Divide => Mx.Multiply(before, value),
        UpdateKind.Maximum => Mx.Maximum(before, value),
        _ => Mx.Minimum(before, value),
    };

    private static MlxArray Scatter(IndexPlan plan, Chain update, List<IndexPlan.Dimension> dimensions, UpdateKind kind)
    {
        MlxArray array = plan.Array;

        // MLX scatters only through index arrays, so a part of an axis becomes an index array.
        List<int> parts = [.. plan.Entries
            .Where(entry => entry.Kind == IndexEntry.Kinds.Slice && !entry.IsWhole(plan.SizeOf(entry)))
            .Select(static entry => entry.Axis)];
        ArrangeUpdate(plan, update, dimensions, parts);

        List<MlxArray> indices = [];
        try
        {
            List<int> axes = [];
            foreach (IndexEntry entry in plan.Entries)
            {
                MlxArray? positions = entry.Kind switch
                {
                    IndexEntry.Kinds.Array => AppendOnes(entry.Array!, parts.Count),
                    IndexEntry.Kinds.Position => MlxArray.Scalar(entry.Start),
                    IndexEntry.Kinds.Slice when parts.IndexOf(entry.Axis) is var part and >= 0 => Positions(entry, parts.Count - part - 1),
                    _ => null,
                };
                if (positions is not null)
                {
                    indices.Add(positions);
                    axes.Add(entry.Axis);
                }
            }

            return Scatter(array, [.. indices], update.Value, [.. axes], kind);
        }
        finally
        {
            indices.ForEach(static positions => positions.Dispose());
        }
    }

    private static MlxArray Scatter(MlxArray array, MlxArray[] indices, MlxArray update, int[] axes, UpdateKind kind)
    {
        if (Trace.IsVectorizing)
        {
            // MLX's rule is wrong if the array isn't mapped over its first axis (0.31.2).
            array = Vectorization.Mapped(array, null);
            indices = Array.ConvertAll(indices, static positions => Vectorization.Mapped(positions, null));
            update = Vectorization.Mapped(update, null);
        }

        using var vector = VectorArray.From(indices);
        mlx_array result = default;
        mlx_stream stream = NativeCall.Stream(WideScatter.StreamFor(array.DType, null));
        int status;
        fixed (int* axis = axes)
        {
            nuint n = (nuint)axes.Length;
            mlx_array a = array.Handle;
            mlx_array v = update.Handle;
            status = kind switch
            {
                UpdateKind.Set => Mlxc.mlx_scatter(&result, a, vector.Handle, v, axis, n, stream),
                UpdateKind.Add or UpdateKind.Subtract => Mlxc.mlx_scatter_add(&result, a, vector.Handle, v, axis, n, stream),
                UpdateKind.Multiply or UpdateKind.Divide => Mlxc.mlx_scatter_prod(&result, a, vector.Handle, v, axis, n, stream),
                UpdateKind.Maximum => Mlxc.mlx_scatter_max(&result, a, vector.Handle, v, axis, n, stream),
                _ => Mlxc.mlx_scatter_min(&result, a, vector.Handle, v, axis, n, stream),
            };
            GC.KeepAlive(array);
            GC.KeepAlive(update);
        }

        return NativeCall.Result(status, result, "mlx_scatter");
    }

    /// <summary>
    /// Reorders the value's dimensions for scatter: first the dimensions of the index arrays, then those of the slices, and then one per
    /// axis of the array.
    /// </summary>
    private static void ArrangeUpdate(IndexPlan plan, Chain update, List<IndexPlan.Dimension> dimensions, List<int> parts)
    {
        int[] shape = [.. dimensions.Select(static dimension => dimension.Size)];
        if (!update.Value.Shape.SequenceEqual(shape))
        {
            update.Become(Mx.BroadcastTo(update.Value, shape));
        }

        var kept = dimensions.Index().Where(static d => !d.Item.IsNew).ToArray();
        int[] order = [.. kept.OrderBy(d => d.Item.Gathered >= 0
            ? d.Item.Gathered
            : 1000 + (parts.Contains(d.Item.Axis) ? 0 : 1000) + d.Item.Axis).Select(static d => d.Index)];
        int[] news = [.. dimensions.Index().Where(static d => d.Item.IsNew).Select(static d => d.Index)];
        order = [.. order, .. news];
        if (!order.AsSpan().SequenceEqual([.. Enumerable.Range(0, order.Length)]))
        {
            update.Become(Mx.Transpose(update.Value, order));
        }

        int[] array = plan.Array.ShapeArray;
        List<int> full = [.. plan.Gathered];
        full.AddRange(parts.Select(axis => plan.Entries.First(entry => entry.Axis == axis).Length));
        full.AddRange(Enumerable.Range(0, array.Length).Select(axis =>
            plan.Entries.First(entry => entry.Axis == axis) is var entry && entry.Kind == IndexEntry.Kinds.Slice && !parts.Contains(axis)
                ? array[axis]
                : 1));
        update.Become(Mx.Reshape(update.Value, [.. full]));
    }

    private static MlxArray AppendOnes(MlxArray positions, int count) => count == 0
        ? positions.Share()
        : Mx.Reshape(positions, [.. positions.Shape, .. Enumerable.Repeat(1, count)]);

    private static MlxArray Positions(IndexEntry entry, int onesAfter)
    {
        int[] positions = [.. Enumerable.Range(0, entry.Length).Select(i => entry.Start + (i * entry.Step))];
        return MlxArray.Create(positions, [entry.Length, .. Enumerable.Repeat(1, onesAfter)]);
    }
}
