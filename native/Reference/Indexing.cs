using System.Numerics;
using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>How an update is combined with the existing element.</summary>
internal enum Scatter { Replace, Add, Multiply, Max, Min }

/// <summary>
/// Reads and writes at positions given by other arrays. All functions consist of the two operations Take and Put, which differ only in how
/// they find the source position of each element. Position -1 stands for no element.
/// </summary>
internal static unsafe class IndexingFunctions
{
    /// <summary>Converts index arrays to positions in an array of the given shape. It is called again for gradients and replays.</summary>
    internal delegate int[] Positions(Tensor[] indices, int[] shape);

    internal static Tensor Take(Tensor a, Tensor[] indices, int[] shape, Positions positions)
    {
        return Recording.Apply([a, .. indices], x => Taken(x[0], positions(x[1..], x[0].Shape), shape), (g, x, _, i) => i > 0
            ? null
            : Put(mlx_zeros(x[0].Shape, g.DType), x[1..], g, Scatter.Add, positions), true);
    }

    internal static Tensor Put(Tensor a, Tensor[] indices, Tensor updates, Scatter mode, Positions positions)
    {
        updates = mlx_astype(updates, a.DType);
        return Recording.Apply([a, updates, .. indices], x =>
            Scattered(x[0], positions(x[2..], x[0].Shape), x[1], mode), (g, x, y, i) => (i, mode) switch
        {
            ( > 1, _) => null,
            (_, Scatter.Multiply) => throw new MlxFailure("[scatter] VJP not implemented for scatter_prod"),
            (0, Scatter.Replace) => Put(g, x[2..], mlx_zeros(x[1].Shape, g.DType), mode, positions),
            (0, Scatter.Add) => g,
            (0, _) => mlx_where(mlx_equal(y, x[0]), g, Scalar(0, g.DType)),
            (_, Scatter.Replace or Scatter.Add) => Take(g, x[2..], x[1].Shape, positions),
            _ => Take(g, x[2..], x[1].Shape, positions) * mlx_equal(Take(y, x[2..], x[1].Shape, positions), x[1]),
        }, true);
    }

    internal static Tensor Taken(Tensor a, int[] map, int[] shape)
    {
        var result = new Tensor(a.DType, shape);
        var size = DTypes.SizeOf(a.DType);
        switch (size)
        {
            case 1: Taken<byte>(a, map, result); break;
            case 2: Taken<ushort>(a, map, result); break;
            case 4: Taken<uint>(a, map, result); break;
            default: Taken<ulong>(a, map, result); break;
        }
        return result;
    }

    internal static void Taken<T>(Tensor a, int[] map, Tensor result) where T : unmanaged
    {
        ReadOnlySpan<T> from = a.Data<T>();
        var to = result.Data<T>();
        for (var i = 0; i < to.Length; i++) to[i] = map[i] < 0 ? default : from[map[i]];
    }

    internal static Tensor Scattered(Tensor a, int[] map, Tensor updates, Scatter mode) => Lanes.Of(a.DType) switch
    {
        Lane.Long => Scattered<long>(a, map, updates, mode),
        Lane.ULong => Scattered<ulong>(a, map, updates, mode),
        Lane.Float => Scattered<float>(a, map, updates, mode),
        Lane.Double => Scattered<double>(a, map, updates, mode),
        _ => Scattered<Complex>(a, map, updates, mode),
    };

    internal static Tensor Scattered<T>(Tensor a, int[] map, Tensor updates, Scatter mode) where T : unmanaged, INumberBase<T> =>
        Lanes.Write<T>(a.DType, a.Shape, result =>
        {
            Lanes.Read<T>(a).CopyTo(result);
            var values = Lanes.Read<T>(updates);
            for (var i = 0; i < values.Length; i++)
            {
                if (map[i] < 0) continue;
                ref var slot = ref result[map[i]];
                slot = mode switch
                {
                    Scatter.Replace => values[i],
                    Scatter.Add => slot + values[i],
                    Scatter.Multiply => slot * values[i],
                    Scatter.Max => Larger(slot, values[i]) ? slot : values[i],
                    _ => Larger(slot, values[i]) ? values[i] : slot,
                };
            }
        });

    private static bool Larger<T>(T x, T y) where T : INumberBase<T> => (x, y) switch
    {
        (Complex p, Complex q) => Less(q, p),
        (float p, float q) => p > q || float.IsNaN(p),
        (double p, double q) => p > q || double.IsNaN(p),
        _ => Comparer<T>.Default.Compare(x, y) > 0,
    };

    internal static int Position(long index, int size, string name) => index < -size || index >= size
        ? throw new MlxFailure($"[{name}] Index {index} is out of bounds for axis with size {size}.")
        : (int)(index < 0 ? index + size : index);

    // ---- gather and scatter -------------------------------------------------------------------------------------

    public static Tensor mlx_gather(Tensor a, Tensor[] indices, ReadOnlySpan<int> axes, ReadOnlySpan<int> slice_sizes)
    {
        CheckIndices(a, indices, axes, "gather");
        if (slice_sizes.Length != a.NDim)
            throw new MlxFailure($"[gather] Got slice_sizes with size {slice_sizes.Length} for array with {a.NDim} dimensions.");
        for (var i = 0; i < a.NDim; i++)
        {
            if (slice_sizes[i] < 0 || slice_sizes[i] > a.Shape[i])
            {
                throw new MlxFailure($"[gather] Slice sizes must be in [0, a.shape(i)]. Got {Errors.Text(slice_sizes)} for array with "
                    + $"shape {Errors.Text(a.Shape)}.");
            }
        }
        var index = mlx_broadcast_arrays(indices);
        int[] lead = index.Length > 0 ? index[0].Shape : [];
        return Take(a, index, [.. lead, .. slice_sizes], SlicePositions(axes.ToArray(), slice_sizes.ToArray(), "gather"));
    }

    public static Tensor mlx_gather_single(Tensor a, Tensor indices, int axis, ReadOnlySpan<int> slice_sizes) =>
        mlx_gather(a, [indices], [axis], slice_sizes);

    private static void CheckIndices(Tensor a, Tensor[] indices, ReadOnlySpan<int> axes, string name)
    {
        if (indices.Length > a.NDim)
            throw new MlxFailure($"[{name}] Too many index arrays. Got {indices.Length} index arrays for input with {a.NDim} dimensions.");
        if (indices.Length != axes.Length) throw new MlxFailure($"[{name}] Number of index arrays does not match number of axes.");
        for (var i = 0; i < axes.Length; i++)
        {
            if (axes[i] < 0 || axes[i] >= a.NDim) throw new MlxFailure($"[{name}] Axes don't match array dimensions.");
            if (axes[..i].Contains(axes[i])) throw new MlxFailure($"[{name}] Repeat axes not allowed in {name}.");
            if (indices[i].DType == MLX_BOOL) throw new MlxFailure($"[{name}] Boolean indices not supported.");
            if (DTypes.IsInexact(indices[i].DType))
                throw new MlxFailure($"[{name}] Got indices with invalid dtype. Indices must be integral.");
        }
    }

    /// <summary>The positions of blocks of a given size, one block per index.</summary>
    private static Positions SlicePositions(int[] axes, int[] sizes, string name) => (indices, shape) =>
    {
        var strides = Shapes.Strides(shape);
        var inside = new View(sizes, strides, 0).Map();
        var count = indices.Length > 0 ? indices[0].Size : 1;
        var starts = new int[count];
        for (var k = 0; k < axes.Length; k++)
        {
            var axis = axes[k];
            var values = Lanes.Integers(indices[k]);
            for (var i = 0; i < count; i++)
            {
                var at = Position(values[i], shape[axis], name);
                if (at + sizes[axis] > shape[axis])
                    throw new MlxFailure($"[{name}] Index {at} with slice size {sizes[axis]} is out of "
                        + $"bounds for axis with size {shape[axis]}.");
                starts[i] += at * strides[axis];
            }
        }
        var map = new int[count * inside.Length];
        for (int i = 0, at = 0; i < count; i++)
        {
            foreach (var offset in inside) map[at++] = starts[i] + offset;
        }
        return map;
    };

    private static Tensor ScatterWith(Scatter mode, Tensor a, Tensor[] indices, Tensor updates, ReadOnlySpan<int> axes)
    {
        CheckIndices(a, indices, axes, "scatter");
        var index = mlx_broadcast_arrays(indices);
        int[] lead = index.Length > 0 ? index[0].Shape : [];
        if (updates.NDim != a.NDim + lead.Length)
        {
            throw new MlxFailure($"[scatter] Updates with {updates.NDim} dimensions does not match the sum of the array ({a.NDim}) and "
                + $"indices ({lead.Length}) dimensions.");
        }
        if (!updates.Shape.AsSpan(0, lead.Length).SequenceEqual(lead))
        {
            throw new MlxFailure($"[scatter] Update shape {Errors.Text(updates.Shape)} is not valid for "
                + $"broadcasted index shape {Errors.Text(lead)}.");
        }
        var sizes = updates.Shape[lead.Length..];
        for (var i = 0; i < a.NDim; i++)
        {
            if (sizes[i] > a.Shape[i])
            {
                throw new MlxFailure($"[scatter] Updates with shape {Errors.Text(updates.Shape)} are too "
                    + $"large for array with shape {Errors.Text(a.Shape)}.");
            }
        }
        return Put(a, index, updates, mode, SlicePositions(axes.ToArray(), sizes, "scatter"));
    }

    public static Tensor mlx_scatter(Tensor a, Tensor[] indices, Tensor updates, ReadOnlySpan<int> axes) =>
        ScatterWith(Scatter.Replace, a, indices, updates, axes);

    public static Tensor mlx_scatter_add(Tensor a, Tensor[] indices, Tensor updates, ReadOnlySpan<int> axes) =>
        ScatterWith(Scatter.Add, a, indices, updates, axes);

    public static Tensor mlx_scatter_prod(Tensor a, Tensor[] indices, Tensor updates, ReadOnlySpan<int> axes) =>
        ScatterWith(Scatter.Multiply, a, indices, updates, axes);

    public static Tensor mlx_scatter_max(Tensor a, Tensor[] indices, Tensor updates, ReadOnlySpan<int> axes) =>
        ScatterWith(Scatter.Max, a, indices, updates, axes);

    public static Tensor mlx_scatter_min(Tensor a, Tensor[] indices, Tensor updates, ReadOnlySpan<int> axes) =>
        ScatterWith(Scatter.Min, a, indices, updates, axes);

    public static Tensor mlx_scatter_single(Tensor a, Tensor indices, Tensor updates, int axis) =>
        mlx_scatter(a, [indices], updates, [axis]);

    public static Tensor mlx_scatter_add_single(Tensor a, Tensor indices, Tensor updates, int axis) =>
        mlx_scatter_add(a, [indices], updates, [axis]);

    public static Tensor mlx_scatter_prod_single(Tensor a, Tensor indices, Tensor updates, int axis) =>
        mlx_scatter_prod(a, [indices], updates, [axis]);

    public static Tensor mlx_scatter_max_single(Tensor a, Tensor indices, Tensor updates, int axis) =>
        mlx_scatter_max(a, [indices], updates, [axis]);

    public static Tensor mlx_scatter_min_single(Tensor a, Tensor indices, Tensor updates, int axis) =>
        mlx_scatter_min(a, [indices], updates, [axis]);

    // ---- take ---------------------------------------------------------------------------------------------------

    public static Tensor mlx_take_axis(Tensor a, Tensor indices, int axis)
    {
        if (axis < -a.NDim || axis >= a.NDim)
            throw new MlxFailure($"[take] Received invalid axis {axis} for array with {a.NDim} dimensions.");
        var at = axis < 0 ? axis + a.NDim : axis;
        if (a.Shape[at] == 0 && indices.Size != 0) throw new MlxFailure("[take] Cannot do a non-empty take from an empty axis.");
        CheckIndices(a, [indices], [at], "gather");
        int[] shape = [.. a.Shape[..at], .. indices.Shape, .. a.Shape[(at + 1)..]];
        return Take(a, [indices], shape, (index, source) =>
        {
            var values = Lanes.Integers(index[0]);
            var (size, inner) = (source[at], Shapes.Count(source.AsSpan(at + 1)));
            var map = new int[Shapes.Count(shape)];
            for (int outer = 0, to = 0; to < map.Length; outer++)
            {
                foreach (var value in values)
                {
                    var start = (outer * size + Position(value, size, "take")) * inner;
                    for (var i = 0; i < inner; i++) map[to++] = start + i;
                }
            }
            return map;
        });
    }

    public static Tensor mlx_take(Tensor a, Tensor indices) => mlx_take_axis(Flat(a), indices, 0);

    /// <summary>The positions along an axis, for an index array that has the source's shape in all other axes.</summary>
    private static Positions AlongAxis(int axis, string name) => (index, shape) =>
    {
        var values = Lanes.Integers(index[0]);
        var count = index[0].Shape[axis];
        var inner = Shapes.Count(shape.AsSpan(axis + 1));
        var map = new int[values.Length];
        for (var i = 0; i < map.Length; i++)
        {
            var outer = i / (inner * count);
            map[i] = (outer * shape[axis] + Position(values[i], shape[axis], name)) * inner + i % inner;
        }
        return map;
    };

    private static (int Axis, int[] Index) CheckAlongAxis(Tensor a, Tensor indices, int axis, string name)
    {
        if (axis < -a.NDim || axis >= a.NDim) throw new MlxFailure($"[{name}] Received invalid axis for array with {a.NDim} dimensions.");
        if (indices.NDim != a.NDim)
            throw new MlxFailure($"[{name}] Indices of dimension {indices.NDim} does not match array of dimension {a.NDim}.");
        if (DTypes.IsInexact(indices.DType)) throw new MlxFailure($"[{name}] Got indices with invalid dtype. Indices must be integral.");
        var at = axis < 0 ? axis + a.NDim : axis;
        return (at, Shapes.Broadcast(Shapes.With(a.Shape, at, 1), indices.Shape));
    }

    public static Tensor mlx_take_along_axis(Tensor a, Tensor indices, int axis)
    {
        var (at, shape) = CheckAlongAxis(a, indices, axis, "take_along_axis");
        return Take(mlx_broadcast_to(a, Shapes.With(shape, at, a.Shape[at])), [mlx_broadcast_to(indices, shape)], shape,
            AlongAxis(at, "take_along_axis"));
    }

    private static Tensor PutAlongAxis(Scatter mode, Tensor a, Tensor indices, Tensor values, int axis, string name)
    {
        var (at, shape) = CheckAlongAxis(a, indices, axis, name);
        shape = Shapes.Broadcast(shape, values.Shape);
        return Put(a, [mlx_broadcast_to(indices, shape)], mlx_broadcast_to(values, shape), mode, AlongAxis(at, name));
    }

    public static Tensor mlx_put_along_axis(Tensor a, Tensor indices, Tensor values, int axis) =>
        PutAlongAxis(Scatter.Replace, a, indices, values, axis, "put_along_axis");

    public static Tensor mlx_scatter_add_axis(Tensor a, Tensor indices, Tensor values, int axis) =>
        PutAlongAxis(Scatter.Add, a, indices, values, axis, "scatter_add_axis");

    public static Tensor mlx_masked_scatter(Tensor a, Tensor mask, Tensor src)
    {
        if (mask.DType != MLX_BOOL) throw new MlxFailure("[masked_scatter] The mask has to be boolean.");
        if (mask.NDim > a.NDim) throw new MlxFailure("[masked_scatter] The mask cannot have more dimensions than the target.");
        if (!a.Shape.AsSpan(0, mask.NDim).SequenceEqual(mask.Shape))
        {
            throw new MlxFailure("[masked_scatter] The boolean mask should have the same shape as the "
                + "beginning of the indexed array but the mask has shape "
                + $"{Errors.Text(mask.Shape)} and the array has shape {Errors.Text(a.Shape)}");
        }
        var rest = a.Shape[mask.NDim..];
        if (src.NDim > rest.Length + 1)
        {
            throw new MlxFailure($"[masked_scatter] Value array shape must be broadcastable with the "
                + $"last {rest.Length} dimensions of the input.");
        }
        var rows = src.NDim == rest.Length + 1 ? src.Shape[0] : mask.Size;
        var values = mlx_broadcast_to(src, [rows, .. rest]);
        return Put(a, [mask], values, Scatter.Replace, (index, _) =>
        {
            var selected = index[0].Data<byte>();
            var inner = Shapes.Count(rest);
            var map = new int[values.Size];
            Array.Fill(map, -1);
            for (int i = 0, row = 0; i < selected.Length; i++)
            {
                if (selected[i] == 0) continue;
                if (row == rows) throw new MlxFailure($"[masked_scatter] The mask selects more than the {rows} values given.");
                for (var j = 0; j < inner; j++) map[row * inner + j] = i * inner + j;
                row++;
            }
            return map;
        });
    }

    // ---- writing slices -----------------------------------------------------------------------------------------

    private static Tensor UpdateSlice(Scatter mode, Tensor src, Tensor update, ReadOnlySpan<int> start, ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides)
    {
        var view = SliceView(src.Shape, start, stop, strides, "slice_update");
        return Put(src, [], mlx_broadcast_to(mlx_astype(update, src.DType), view.Shape), mode, (_, _) => view.Map());
    }

    public static Tensor mlx_slice_update(Tensor src, Tensor update, ReadOnlySpan<int> start, ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides) =>
        UpdateSlice(Scatter.Replace, src, update, start, stop, strides);

    public static Tensor mlx_slice_update_add(Tensor src, Tensor update, ReadOnlySpan<int> start, ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides) =>
        UpdateSlice(Scatter.Add, src, update, start, stop, strides);

    public static Tensor mlx_slice_update_prod(Tensor src, Tensor update, ReadOnlySpan<int> start, ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides) =>
        UpdateSlice(Scatter.Multiply, src, update, start, stop, strides);

    public static Tensor mlx_slice_update_max(Tensor src, Tensor update, ReadOnlySpan<int> start, ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides) =>
        UpdateSlice(Scatter.Max, src, update, start, stop, strides);

    public static Tensor mlx_slice_update_min(Tensor src, Tensor update, ReadOnlySpan<int> start, ReadOnlySpan<int> stop,
        ReadOnlySpan<int> strides) =>
        UpdateSlice(Scatter.Min, src, update, start, stop, strides);

    /// <summary>
    /// The positions of a block whose start is an array. As in MLX, a block that would extend past the end is moved inward.
    /// </summary>
    private static Positions DynamicSlice(Tensor a, Tensor start, ReadOnlySpan<int> axes, int[] sizes, string name)
    {
        if (start.NDim > 1) throw new MlxFailure($"[{name}] array of starting indices must be zero or one "
            + $"dimensional but has dimension {start.NDim}.");
        if (start.Size != axes.Length)
            throw new MlxFailure($"[{name}] Number of starting indices {start.Size} does not match number of axes {axes.Length}.");
        if (!DTypes.IsInteger(start.DType))
            throw new MlxFailure($"[{name}] Start indices must be integers, got type {DTypes.Name(start.DType)}.");
        var at = Array.ConvertAll(axes.ToArray(), x => Shapes.Axis(x, a.NDim, $"[{name}] "));
        if (at.Distinct().Count() != at.Length) throw new MlxFailure($"[{name}] Repeat axes not allowed.");
        return (index, shape) =>
        {
            var values = Lanes.Integers(index[0]);
            var strides = Shapes.Strides(shape);
            var offset = 0;
            for (var i = 0; i < at.Length; i++)
            {
                var from = values[i] < 0 ? values[i] + shape[at[i]] : values[i];
                offset += (int)Math.Clamp(from, 0, shape[at[i]] - sizes[at[i]]) * strides[at[i]];
            }
            return new View(sizes, strides, offset).Map();
        };
    }

    public static Tensor mlx_slice_dynamic(Tensor a, Tensor start, ReadOnlySpan<int> axes, ReadOnlySpan<int> slice_size)
    {
        if (slice_size.Length != a.NDim) throw new MlxFailure($"[slice] Invalid slice size for array with {a.NDim} dimensions.");
        for (var i = 0; i < a.NDim; i++)
        {
            if (slice_size[i] < 0 || slice_size[i] > a.Shape[i])
                throw new MlxFailure($"[slice] Invalid slice size {Errors.Text(slice_size)} for array with shape {Errors.Text(a.Shape)}.");
        }
        var sizes = slice_size.ToArray();
        return Take(a, [start], sizes, DynamicSlice(a, start, axes, sizes, "slice"));
    }

    public static Tensor mlx_slice_update_dynamic(Tensor src, Tensor update, Tensor start, ReadOnlySpan<int> axes)
    {
        var sizes = (int[])src.Shape.Clone();
        var skip = src.NDim - update.NDim;
        if (skip < 0) throw new MlxFailure($"[slice_update] Update with {update.NDim} dimensions does not "
            + $"fit an array with {src.NDim} dimensions.");
        for (var i = 0; i < update.NDim; i++) sizes[i + skip] = update.Shape[i];
        foreach (var axis in axes)
        {
            var at = Shapes.Axis(axis, src.NDim, "[slice_update] ");
            if (at < skip) sizes[at] = 1;
        }
        for (var i = 0; i < src.NDim; i++)
        {
            if (sizes[i] > src.Shape[i])
                throw new MlxFailure($"[slice_update] Update of shape {Errors.Text(update.Shape)} does not "
                    + $"fit an array of shape {Errors.Text(src.Shape)}.");
        }
        return Put(src, [start], mlx_broadcast_to(mlx_astype(update, src.DType), sizes), Scatter.Replace,
            DynamicSlice(src, start, axes, sizes, "slice_update"));
    }
}
