using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>Functions that rearrange elements: shapes, views, joining, splitting, padding, and diagonals.</summary>
internal static unsafe class ReshapingFunctions
{
    /// <summary>Selects elements with a view of the input's shape. The gradient adds them back.</summary>
    internal static Tensor Select(Tensor a, Func<int[], View> view, bool shapeBound = false) =>
        Recording.Apply(a, x => Shapes.Pick(x, view(x.Shape)), (g, x, _) => Unselect(g, x.Shape, view(x.Shape)), shapeBound);

    internal static Tensor Unselect(Tensor a, int[] shape, View view) =>
        Recording.Apply(a, x => Shapes.AddBack(x, shape, view), (g, _, _) => Select(g, _ => view, true), true);

    private static Tensor Reshaped(Tensor a, Func<int[], int[]> shape, bool shapeBound = false) =>
        shape(a.Shape).AsSpan().SequenceEqual(a.Shape)
            ? a
            : Recording.Apply(a, x => x.Alias(shape(x.Shape)), (g, x, _) => mlx_reshape(g, x.Shape), shapeBound);

    public static Tensor mlx_reshape(Tensor a, ReadOnlySpan<int> shape)
    {
        var wanted = shape.ToArray();
        var inferred = Array.IndexOf(wanted, -1);
        long size = 1;
        for (var i = 0; i < wanted.Length; i++)
        {
            if (i == inferred) continue;
            if (wanted[i] < 0) throw new MlxFailure(wanted[i] == -1
                ? "[reshape] Can only infer one dimension."
                : "[reshape] Negative dimensions are not allowed.");
            size *= wanted[i];
        }
        if (inferred >= 0 && size > 0)
        {
            wanted[inferred] = (int)(a.Size / size);
            size *= wanted[inferred];
        }
        else if (inferred >= 0)
        {
            throw new MlxFailure("[reshape] Cannot infer the shape of an empty array");
        }
        if (size != a.Size) throw new MlxFailure($"[reshape] Cannot reshape array of size {a.Size} into shape {Errors.Text(shape)}.");
        return Reshaped(a, _ => wanted, true);
    }

    public static Tensor mlx_flatten(Tensor a, int start_axis, int end_axis)
    {
        if (a.NDim == 0) return mlx_reshape(a, [1]);
        var start = Math.Max(0, start_axis < 0 ? start_axis + a.NDim : start_axis);
        var end = Math.Min(a.NDim - 1, end_axis < 0 ? end_axis + a.NDim : end_axis);
        if (end < start) throw new MlxFailure("[flatten] start_axis must be less than or equal to end_axis");
        return Reshaped(a, s => [.. s[..start], Shapes.Count(s.AsSpan(start, end - start + 1)), .. s[(end + 1)..]]);
    }

    internal static Tensor Flat(Tensor a) => mlx_flatten(a, 0, -1);

    public static Tensor mlx_unflatten(Tensor a, int axis, ReadOnlySpan<int> shape)
    {
        if (shape.IsEmpty) throw new MlxFailure("[unflatten] Shape to unflatten to cannot be empty.");
        if (axis < -a.NDim || axis >= a.NDim) throw new MlxFailure($"[unflatten] Invalid axes {axis} for array with {a.NDim} dimensions.");
        var at = axis < 0 ? axis + a.NDim : axis;
        var parts = shape.ToArray();
        var inferred = Array.IndexOf(parts, -1);
        if (inferred != Array.LastIndexOf(parts, -1)) throw new MlxFailure("[Unflatten] Can only infer one dimension.");
        if (inferred >= 0)
        {
            parts[inferred] = 1;
            parts[inferred] = a.Shape[at] / Math.Max(Shapes.Count(parts), 1);
        }
        if (Shapes.Count(parts) != a.Shape[at])
        {
            throw new MlxFailure($"[Unflatten] Cannot unflatten axis {axis} with size {a.Shape[at]} into shape {Errors.Text(shape)}.");
        }
        return mlx_reshape(a, [.. a.Shape[..at], .. parts, .. a.Shape[(at + 1)..]]);
    }

    public static Tensor mlx_squeeze_axes(Tensor a, ReadOnlySpan<int> axes)
    {
        var removed = Shapes.Axes(axes, a.NDim, "squeeze");
        foreach (var axis in removed)
        {
            if (a.Shape[axis] != 1)
            {
                throw new MlxFailure($"[squeeze] Cannot squeeze axis {axis} with size {a.Shape[axis]} which is not equal to 1.");
            }
        }
        return Reshaped(a, s => [.. s.Where((_, i) => Array.IndexOf(removed, i) < 0)]);
    }

    public static Tensor mlx_squeeze_axis(Tensor a, int axis) => mlx_squeeze_axes(a, [axis]);

    public static Tensor mlx_squeeze(Tensor a) => mlx_squeeze_axes(a, [.. Shapes.All(a.NDim).Where(i => a.Shape[i] == 1)]);

    public static Tensor mlx_expand_dims_axes(Tensor a, ReadOnlySpan<int> axes)
    {
        var added = Shapes.Axes(axes, a.NDim + axes.Length, "expand_dims");
        return Reshaped(a, s =>
        {
            var result = s.ToList();
            foreach (var axis in added) result.Insert(axis, 1);
            return [.. result];
        });
    }

    public static Tensor mlx_expand_dims(Tensor a, int axis) => mlx_expand_dims_axes(a, [axis]);

    public static Tensor mlx_atleast_1d(Tensor a) => a.NDim >= 1 ? a : mlx_reshape(a, [1]);

    public static Tensor mlx_atleast_2d(Tensor a) => a.NDim >= 2 ? a : mlx_reshape(a, [1, a.Size]);

    public static Tensor mlx_atleast_3d(Tensor a) => a.NDim switch
    {
        < 2 => mlx_reshape(a, [1, a.Size, 1]),
        2 => mlx_reshape(a, [.. a.Shape, 1]),
        _ => a,
    };

    public static Tensor mlx_transpose_axes(Tensor a, ReadOnlySpan<int> axes)
    {
        if (axes.Length != a.NDim) throw new MlxFailure($"[transpose] Recived {axes.Length} axes for array with {a.NDim} dimensions.");
        var order = axes.ToArray();
        for (var i = 0; i < order.Length; i++)
        {
            var axis = order[i];
            order[i] = axis < 0 ? axis + a.NDim : axis;
            if (order[i] < 0 || order[i] >= a.NDim)
                throw new MlxFailure($"[transpose] Invalid axis ({axis}) for array with {a.NDim} dimensions.");
            if (Array.IndexOf(order, order[i], 0, i) >= 0) throw new MlxFailure("[transpose] Repeat axes not allowed.");
        }
        return Recording.Apply(a, x => Permuted(x, order), (g, _, _) =>
        {
            var back = new int[order.Length];
            for (var i = 0; i < order.Length; i++) back[order[i]] = i;
            return mlx_transpose_axes(g, back);
        });
    }

    internal static Tensor Permuted(Tensor a, int[] order)
    {
        var strides = Shapes.Strides(a.Shape);
        return Shapes.Pick(a, new View(Array.ConvertAll(order, i => a.Shape[i]), Array.ConvertAll(order, i => strides[i]), 0));
    }

    public static Tensor mlx_transpose(Tensor a) => mlx_transpose_axes(a, [.. Shapes.All(a.NDim).Reverse()]);

    public static Tensor mlx_swapaxes(Tensor a, int axis1, int axis2)
    {
        var order = Shapes.All(a.NDim);
        var (i, j) = (Shapes.Axis(axis1, a.NDim, "[swapaxes] "), Shapes.Axis(axis2, a.NDim, "[swapaxes] "));
        (order[i], order[j]) = (order[j], order[i]);
        return mlx_transpose_axes(a, order);
    }

    public static Tensor mlx_moveaxis(Tensor a, int source, int destination)
    {
        var order = Shapes.All(a.NDim).ToList();
        var (from, to) = (Shapes.Axis(source, a.NDim, "[moveaxis] "), Shapes.Axis(destination, a.NDim, "[moveaxis] "));
        order.RemoveAt(from);
        order.Insert(to, from);
        return mlx_transpose_axes(a, [.. order]);
    }

    public static Tensor mlx_broadcast_to(Tensor a, ReadOnlySpan<int> shape)
    {
        var target = shape.ToArray();
        if (a.Shape.AsSpan().SequenceEqual(shape)) return a;
        if (!Shapes.Broadcast(a.Shape, target).AsSpan().SequenceEqual(shape))
        {
            throw new MlxFailure($"Cannot broadcast array of shape {Errors.Text(a.Shape)} into shape {Errors.Text(shape)}.");
        }
        return Recording.Apply(a, x => Shapes.Pick(x, Shapes.BroadcastView(x.Shape, target)), (g, x, _) => SumTo(g, x.Shape), true);
    }

    public static Tensor[] mlx_broadcast_arrays(Tensor[] inputs)
    {
        var shape = inputs.Aggregate(Array.Empty<int>(), (s, x) => Shapes.Broadcast(s, x.Shape));
        return Array.ConvertAll(inputs, x => mlx_broadcast_to(x, shape));
    }

    public static Tensor mlx_as_strided(Tensor a, ReadOnlySpan<int> shape, ReadOnlySpan<long> strides, nuint offset)
    {
        if (strides.Length != shape.Length) throw new MlxFailure("[as_strided] The number of strides must be the number of dimensions.");
        var view = new View(shape.ToArray(), Array.ConvertAll(strides.ToArray(), x => checked((int)x)), checked((int)offset))
            .Checked(a.Size, "as_strided");
        return Select(a, _ => view, true);
    }

    public static Tensor mlx_view(Tensor a, mlx_dtype dtype)
    {
        if (a.DType == dtype) return Copy(a);
        var (from, to) = (DTypes.SizeOf(a.DType), DTypes.SizeOf(dtype));
        if (a.NDim == 0 && from != to)
        {
            throw new MlxFailure("[view] Changing the type of a scalar is only allowed for types with the same size.");
        }
        var shape = (int[])a.Shape.Clone();
        if (from < to && shape[^1] % (to / from) != 0)
        {
            throw new MlxFailure("[view] When viewing as a larger dtype, the size in bytes of the last axis "
                + "must be a multiple of the requested type size.");
        }
        if (from != to) shape[^1] = from < to ? shape[^1] / (to / from) : shape[^1] * (from / to);
        return Recording.Apply(a, x => x.Alias(shape, dtype), (_, _, _) => throw new MlxFailure("[View::vjp] Not implemented."), true);
    }

    // ---- slicing and joining ------------------------------------------------------------------------------------

    /// <summary>Creates a view by Python's rules for start, stop, and step, including negative ones.</summary>
    internal static View SliceView(int[] shape, ReadOnlySpan<int> start, ReadOnlySpan<int> stop, ReadOnlySpan<int> strides,
        string name = "slice")
    {
        if (start.Length != shape.Length || stop.Length != shape.Length || strides.Length != shape.Length)
        {
            throw new MlxFailure($"[{name}] Invalid number of indices or strides for array with dimension {shape.Length}.");
        }
        var own = Shapes.Strides(shape);
        var (sizes, steps, offset) = (new int[shape.Length], new int[shape.Length], 0);
        for (var i = 0; i < shape.Length; i++)
        {
            var (n, step) = (shape[i], strides[i]);
            if (step == 0) throw new MlxFailure($"[{name}] The stride of axis {i} is zero.");
            var from = start[i] < 0 ? start[i] + n : start[i];
            var to = stop[i] < 0 ? stop[i] + n : stop[i];
            if (step < 0)
            {
                from = Math.Clamp(from, -1, n - 1);
                to = Math.Min(Math.Max(to, -1), from);
                sizes[i] = (from - to - step - 1) / -step;
            }
            else
            {
                from = Math.Clamp(from, 0, n);
                to = Math.Max(Math.Clamp(to, 0, n), from);
                sizes[i] = (to - from + step - 1) / step;
            }
            steps[i] = own[i] * step;
            if (sizes[i] > 0) offset += own[i] * from;
        }
        return new View(sizes, steps, offset);
    }

    public static Tensor mlx_slice(Tensor a, ReadOnlySpan<int> start, ReadOnlySpan<int> stop, ReadOnlySpan<int> strides)
    {
        var view = SliceView(a.Shape, start, stop, strides);
        return Select(a, _ => view, true);
    }

    internal static Tensor Range(Tensor a, int axis, int start, int stop)
    {
        if (start == 0 && stop == a.Shape[axis]) return a;
        return mlx_slice(a, Shapes.With(new int[a.NDim], axis, start), Shapes.With(a.Shape, axis, stop), Ones(a.NDim));
    }

    internal static int[] Ones(int count)
    {
        var ones = new int[count];
        Array.Fill(ones, 1);
        return ones;
    }

    public static Tensor[] mlx_split_sections(Tensor a, ReadOnlySpan<int> indices, int axis)
    {
        if (axis < -a.NDim || axis >= a.NDim)
            throw new MlxFailure($"Invalid axis ({axis}) passed to split for array with shape {Errors.Text(a.Shape)}.");
        var at = axis < 0 ? axis + a.NDim : axis;
        var parts = new Tensor[indices.Length + 1];
        for (int i = 0, start = 0; i < parts.Length; i++)
        {
            var stop = i < indices.Length ? indices[i] : a.Shape[at];
            parts[i] = Range(a, at, start, stop);
            start = stop;
        }
        return parts;
    }

    public static Tensor[] mlx_split(Tensor a, int num_splits, int axis)
    {
        if (axis < -a.NDim || axis >= a.NDim)
            throw new MlxFailure($"Invalid axis {axis} passed to split for array with shape {Errors.Text(a.Shape)}.");
        if (num_splits <= 0) throw new MlxFailure($"[split] num_splits must be positive but got {num_splits}.");
        var size = a.Dim(axis);
        if (size % num_splits != 0)
        {
            throw new MlxFailure($"Array split does not result in sub arrays with equal size: attempting {num_splits} splits along axis "
                + $"{axis} for shape {Errors.Text(a.Shape)}.");
        }
        return mlx_split_sections(a, [.. Enumerable.Range(1, num_splits - 1).Select(i => i * (size / num_splits))], axis);
    }

    public static Tensor mlx_concatenate_axis(Tensor[] arrays, int axis)
    {
        if (arrays.Length == 0) throw new MlxFailure("[concatenate] No arrays provided for concatenation");
        if (arrays.Length == 1) return arrays[0];
        var at = Shapes.Axis(axis, arrays[0].NDim, "[concatenate] ");
        foreach (var a in arrays)
        {
            if (a.NDim != arrays[0].NDim)
            {
                throw new MlxFailure("[concatenate] All the input arrays must have the same number of dimensions. However, got arrays with "
                    + $"dimensions {arrays[0].NDim} and {a.NDim}.");
            }
            if (!Shapes.With(a.Shape, at, 0).AsSpan().SequenceEqual(Shapes.With(arrays[0].Shape, at, 0)))
            {
                throw new MlxFailure("[concatenate] All the input array dimensions must match exactly except for the concatenation axis. "
                    + $"However, the provided shapes "
                    + $"are {string.Concat(arrays.Select(x => Errors.Text(x.Shape) + ", "))}and the concatenation "
                    + $"axis is {axis}.");
            }
        }
        var type = DTypes.Promote(arrays);
        return Recording.Apply(Array.ConvertAll(arrays, a => mlx_astype(a, type)), x => Joined(x, at), (g, x, _, i) =>
        {
            var start = x.Take(i).Sum(t => t.Shape[at]);
            return Range(g, at, start, start + x[i].Shape[at]);
        });
    }

    private static Tensor Joined(Tensor[] parts, int axis)
    {
        var result = new Tensor(parts[0].DType, Shapes.With(parts[0].Shape, axis, parts.Sum(t => t.Shape[axis])));
        var inner = Shapes.Count(result.Shape.AsSpan(axis + 1)) * DTypes.SizeOf(result.DType);
        var stride = inner * result.Shape[axis];
        var target = result.Data<byte>();
        var offset = 0;
        foreach (var part in parts)
        {
            var length = inner * part.Shape[axis];
            if (length == 0) continue;
            ReadOnlySpan<byte> source = part.Data<byte>();
            for (int from = 0, to = offset; from < source.Length; from += length, to += stride)
                source.Slice(from, length).CopyTo(target[to..]);
            offset += length;
        }
        return result;
    }

    public static Tensor mlx_concatenate(Tensor[] arrays) => mlx_concatenate_axis(Array.ConvertAll(arrays, Flat), 0);

    public static Tensor mlx_stack_axis(Tensor[] arrays, int axis)
    {
        if (arrays.Length == 0) throw new MlxFailure("[stack] No arrays provided for stacking");
        if (!arrays.All(a => a.Shape.AsSpan().SequenceEqual(arrays[0].Shape)))
            throw new MlxFailure("[stack] All arrays must have the same shape");
        var at = Shapes.Axis(axis, arrays[0].NDim + 1, "[stack] ");
        return mlx_concatenate_axis(Array.ConvertAll(arrays, a => mlx_expand_dims(a, at)), at);
    }

    public static Tensor mlx_stack(Tensor[] arrays) => mlx_stack_axis(arrays, 0);

    public static Tensor mlx_repeat_axis(Tensor arr, int repeats, int axis)
    {
        if (repeats < 0) throw new MlxFailure("[repeat] Number of repeats cannot be negative");
        var at = Shapes.Axis(axis, arr.NDim, "[repeat] ");
        if (repeats == 0) return mlx_zeros([0], arr.DType);
        var spread = mlx_expand_dims(arr, at + 1);
        return mlx_flatten(mlx_broadcast_to(spread, Shapes.With(spread.Shape, at + 1, repeats)), at, at + 1);
    }

    public static Tensor mlx_repeat(Tensor arr, int repeats) => mlx_repeat_axis(Flat(arr), repeats, 0);

    public static Tensor mlx_tile(Tensor arr, ReadOnlySpan<int> reps)
    {
        var rank = Math.Max(arr.NDim, reps.Length);
        var (spread, target, result) = (new int[2 * rank], new int[2 * rank], new int[rank]);
        for (var i = 0; i < rank; i++)
        {
            var size = i < rank - arr.NDim ? 1 : arr.Shape[i - (rank - arr.NDim)];
            var times = i < rank - reps.Length ? 1 : reps[i - (rank - reps.Length)];
            (spread[2 * i], spread[2 * i + 1]) = (1, size);
            (target[2 * i], target[2 * i + 1]) = (times, size);
            result[i] = size * times;
        }
        return mlx_reshape(mlx_broadcast_to(mlx_reshape(arr, spread), target), result);
    }

    public static Tensor mlx_roll_axes(Tensor a, ReadOnlySpan<int> shift, ReadOnlySpan<int> axes)
    {
        if (shift.Length < axes.Length)
        {
            throw new MlxFailure($"[roll] At least one shift value per axis is required, {shift.Length} provided for {axes.Length} axes.");
        }
        for (var i = 0; i < axes.Length; i++)
        {
            if (axes[i] < -a.NDim || axes[i] >= a.NDim)
                throw new MlxFailure($"[roll] Invalid axis {axes[i]} for array with {a.NDim} dimensions.");
            var size = a.Dim(axes[i]);
            if (size == 0) continue;
            var cut = shift[i] < 0 ? -shift[i] % size : size - shift[i] % size;
            var parts = mlx_split_sections(a, [cut], axes[i]);
            a = mlx_concatenate_axis([parts[1], parts[0]], axes[i]);
        }
        return a;
    }

    public static Tensor mlx_roll_axis(Tensor a, ReadOnlySpan<int> shift, int axis) => mlx_roll_axes(a, [Total(shift)], [axis]);

    public static Tensor mlx_roll(Tensor a, ReadOnlySpan<int> shift) => mlx_reshape(mlx_roll_axes(Flat(a), [Total(shift)], [0]), a.Shape);

    internal static int Total(ReadOnlySpan<int> values)
    {
        var total = 0;
        foreach (var value in values) total += value;
        return total;
    }

    public static Tensor mlx_pad(Tensor a, ReadOnlySpan<int> axes, ReadOnlySpan<int> low_pad_size, ReadOnlySpan<int> high_pad_size,
        Tensor pad_value, string? mode)
    {
        if (axes.Length != low_pad_size.Length || axes.Length != high_pad_size.Length)
        {
            throw new MlxFailure($"Invalid number of padding sizes passed to pad with axes of size {axes.Length}");
        }
        var (low, shape) = (new int[a.NDim], (int[])a.Shape.Clone());
        for (var i = 0; i < axes.Length; i++)
        {
            if (low_pad_size[i] < 0) throw BadPadding("low", low_pad_size[i], i);
            if (high_pad_size[i] < 0) throw BadPadding("high", high_pad_size[i], i);
            var axis = Shapes.Axis(axes[i], a.NDim, "[pad] ");
            low[axis] += low_pad_size[i];
            shape[axis] += low_pad_size[i] + high_pad_size[i];
        }
        var strides = Shapes.Strides(shape);
        var inside = new View(a.Shape, strides, low.Zip(strides, (l, s) => l * s).Sum());
        if (mode == "edge")
        {
            for (var axis = 0; axis < a.NDim; axis++) a = Edges(a, axis, low[axis], shape[axis]);
            return a;
        }
        if (mode is not (null or "constant")) throw new MlxFailure($"Invalid padding mode ({mode}) passed to pad");
        var border = mlx_broadcast_to(mlx_astype(pad_value, a.DType), shape);
        return Recording.Apply([border, a], x => Scattered(x[0], inside.Map(), x[1], Scatter.Replace), (g, x, _, i) => i == 1
            ? Select(g, _ => inside, true)
            : Recording.Apply(g, t => Scattered(t, inside.Map(), mlx_zeros(inside.Shape, t.DType), Scatter.Replace), (h, _, _) => h), true);
    }

    private static MlxFailure BadPadding(string side, int size, int axis) =>
        new($"Invalid {side} padding size ({size}) passed to pad for axis {axis}. Padding sizes must be non-negative");

    /// <summary>Extends an axis with copies of its first and last elements.</summary>
    private static Tensor Edges(Tensor a, int axis, int low, int size)
    {
        var index = Enumerable.Range(0, size).Select(i => Math.Clamp(i - low, 0, a.Shape[axis] - 1)).ToArray();
        return size == a.Shape[axis] ? a : mlx_take_axis(a, Tensor.From<int>(MLX_INT32, [size], index), axis);
    }

    public static Tensor mlx_pad_symmetric(Tensor a, int pad_width, Tensor pad_value, string? mode)
    {
        var width = new int[a.NDim];
        Array.Fill(width, pad_width);
        return mlx_pad(a, Shapes.All(a.NDim), width, width, pad_value, mode);
    }

    public static Tensor[] mlx_meshgrid(Tensor[] arrays, bool sparse, string? indexing)
    {
        if (indexing is not ("xy" or "ij")) throw new MlxFailure("[meshgrid] Invalid indexing value. Valid values are 'xy' and 'ij'.");
        var result = new Tensor[arrays.Length];
        for (var i = 0; i < arrays.Length; i++)
        {
            var axis = indexing == "xy" && arrays.Length > 1 && i < 2 ? 1 - i : i;
            result[i] = mlx_reshape(arrays[i], Shapes.With(Ones(arrays.Length), axis, arrays[i].Size));
        }
        return sparse ? result : mlx_broadcast_arrays(result);
    }

    // ---- diagonals ----------------------------------------------------------------------------------------------

    public static Tensor mlx_diagonal(Tensor a, int offset, int axis1, int axis2)
    {
        var (i, j) = DiagonalAxes(a, axis1, axis2, "diagonal");
        var (down, right) = (Math.Max(-offset, 0), Math.Max(offset, 0));
        return Select(a, shape =>
        {
            var strides = Shapes.Strides(shape);
            var rest = Shapes.All(shape.Length).Where(x => x != i && x != j).ToArray();
            var length = Math.Max(0, Math.Min(shape[i] - down, shape[j] - right));
            return new View([.. rest.Select(x => shape[x]), length], [.. rest.Select(x => strides[x]), strides[i] + strides[j]],
                length == 0 ? 0 : down * strides[i] + right * strides[j]);
        });
    }

    private static (int, int) DiagonalAxes(Tensor a, int axis1, int axis2, string name)
    {
        if (a.NDim < 2) throw new MlxFailure($"[{name}] Array must have at least two dimensions, but got {a.NDim} dimensions.");
        if (axis1 < -a.NDim || axis1 >= a.NDim) throw new MlxFailure($"[{name}] Invalid axis1 {axis1} for array with {a.NDim} dimensions.");
        if (axis2 < -a.NDim || axis2 >= a.NDim) throw new MlxFailure($"[{name}] Invalid axis2 {axis2} for array with {a.NDim} dimensions.");
        var (i, j) = ((axis1 + a.NDim) % a.NDim, (axis2 + a.NDim) % a.NDim);
        return i == j ? throw new MlxFailure($"[{name}] axis1 and axis2 cannot be the same axis") : (i, j);
    }

    public static Tensor mlx_diag(Tensor a, int k)
    {
        if (a.NDim == 2) return mlx_diagonal(a, k, 0, 1);
        if (a.NDim != 1) throw new MlxFailure($"[diag] array must be 1-D or 2-D, got array with {a.NDim} dimensions.");
        var n = a.Size + Math.Abs(k);
        return Unselect(a, [n, n], new View(a.Shape, [n + 1], Math.Max(-k, 0) * n + Math.Max(k, 0)));
    }

    public static Tensor mlx_trace(Tensor a, int offset, int axis1, int axis2, mlx_dtype dtype)
    {
        DiagonalAxes(a, axis1, axis2, "trace");
        return mlx_sum_axis(mlx_astype(mlx_diagonal(a, offset, axis1, axis2), dtype), -1, false);
    }

    public static Tensor mlx_tril(Tensor x, int k) => Triangle(x, k, true, "tril");

    public static Tensor mlx_triu(Tensor x, int k) => Triangle(x, k - 1, false, "triu");

    private static Tensor Triangle(Tensor x, int k, bool lower, string name)
    {
        if (x.NDim < 2) throw new MlxFailure($"[{name}] array must be at least 2-D");
        var (mask, zero) = (mlx_tri(x.Shape[^2], x.Shape[^1], k, MLX_BOOL), Scalar(0, x.DType));
        return lower ? mlx_where(mask, x, zero) : mlx_where(mask, zero, x);
    }
}
