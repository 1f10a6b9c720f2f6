using System.Numerics;
using DotMlx.Bindings;

namespace DotMlx.Reference;

/// <summary>A view of a dense array with an offset and one stride per dimension.</summary>
internal readonly record struct View(int[] Shape, int[] Strides, int Offset)
{
    internal static View Of(int[] shape) => new(shape, Shapes.Strides(shape), 0);

    /// <summary>Calls back for every row of the last dimension with its start in the dense order and its start in the source.</summary>
    internal void Rows(Action<int, int> row)
    {
        var size = Shapes.Count(Shape);
        if (size == 0) return;
        var outer = Shape.Length - 1;
        var length = outer < 0 ? 1 : Shape[outer];
        Span<int> index = stackalloc int[Math.Max(outer, 0)];
        index.Clear();
        var source = Offset;
        for (var at = 0; at < size; at += length)
        {
            row(at, source);
            for (var axis = outer - 1; axis >= 0; axis--)
            {
                source += Strides[axis];
                if (++index[axis] < Shape[axis]) break;
                source -= Strides[axis] * Shape[axis];
                index[axis] = 0;
            }
        }
    }

    internal (int Length, int Stride) Row => Shape.Length == 0 ? (1, 0) : (Shape[^1], Strides[^1]);

    /// <summary>Returns the source position of every element in the dense order.</summary>
    internal int[] Map()
    {
        var map = new int[Shapes.Count(Shape)];
        var (length, stride) = Row;
        Rows((at, source) =>
        {
            for (var i = 0; i < length; i++) map[at + i] = source + i * stride;
        });
        return map;
    }

    /// <summary>Throws if the view reaches outside the source.</summary>
    internal View Checked(int size, string name)
    {
        long low = Offset, high = Offset;
        if (Shapes.Count(Shape) == 0) return this;
        for (var i = 0; i < Shape.Length; i++)
        {
            var reach = (long)Strides[i] * (Shape[i] - 1);
            if (reach < 0) low += reach;
            else high += reach;
        }
        return low < 0 || high >= size
            ? throw new MlxFailure($"[{name}] The view reaches from element {low} to {high} of an array with {size} elements.")
            : this;
    }
}

/// <summary>Arithmetic on shapes, and the two copies (through a view and back) that all reordering consists of.</summary>
internal static class Shapes
{
    internal static int Count(ReadOnlySpan<int> shape)
    {
        long size = 1;
        foreach (var dim in shape) size = checked(size * dim);
        return checked((int)size);
    }

    internal static int[] Strides(ReadOnlySpan<int> shape)
    {
        var strides = new int[shape.Length];
        for (int i = shape.Length - 1, stride = 1; i >= 0; stride *= Math.Max(shape[i], 1), i--) strides[i] = stride;
        return strides;
    }

    internal static int Axis(int axis, int ndim, string prefix = "") => axis < -ndim || axis >= ndim
        ? throw new MlxFailure($"{prefix}Axis {axis} is out of bounds for array with {ndim} dimensions.")
        : axis < 0 ? axis + ndim : axis;

    /// <summary>Returns nonnegative, sorted axes. A repeated axis is rejected.</summary>
    internal static int[] Axes(ReadOnlySpan<int> axes, int ndim, string name)
    {
        var result = new int[axes.Length];
        for (var i = 0; i < result.Length; i++) result[i] = Axis(axes[i], ndim, $"[{name}] ");
        Array.Sort(result);
        for (var i = 1; i < result.Length; i++)
        {
            if (result[i] == result[i - 1]) throw new MlxFailure($"[{name}] Received duplicate axes.");
        }
        return result;
    }

    internal static int[] All(int ndim)
    {
        var axes = new int[ndim];
        for (var i = 0; i < ndim; i++) axes[i] = i;
        return axes;
    }

    internal static int[] With(int[] shape, int axis, int value)
    {
        var result = (int[])shape.Clone();
        result[axis] = value;
        return result;
    }

    internal static int[] Broadcast(int[] a, int[] b)
    {
        var (big, small) = a.Length > b.Length ? (a, b) : (b, a);
        var skip = big.Length - small.Length;
        var result = (int[])big.Clone();
        for (var i = skip; i < result.Length; i++)
        {
            var (x, y) = (big[i], small[i - skip]);
            if (x == y) continue;
            if (x != 1 && y != 1)
                throw new MlxFailure($"[broadcast_shapes] Shapes {Errors.Text(a)} and {Errors.Text(b)} cannot be broadcast.");
            result[i] = x * y;
        }
        return result;
    }

    internal static View BroadcastView(int[] from, int[] to)
    {
        var strides = new int[to.Length];
        var own = Strides(from);
        var skip = to.Length - from.Length;
        for (var i = skip; i < to.Length; i++) strides[i] = from[i - skip] == 1 ? 0 : own[i - skip];
        return new View(to, strides, 0);
    }

    /// <summary>Repeats the data to a larger shape. Returns the tensor itself if nothing is repeated.</summary>
    internal static Tensor Expand(Tensor a, int[] shape)
    {
        if (a.Shape.AsSpan().SequenceEqual(shape)) return a;
        return a.Size == Count(shape) ? a.Alias(shape) : Pick(a, BroadcastView(a.Shape, shape));
    }

    internal static Tensor Pick(Tensor a, View view)
    {
        var result = new Tensor(a.DType, view.Shape);
        switch (DTypes.SizeOf(a.DType))
        {
            case 1: Copy<byte>(a, result, view); break;
            case 2: Copy<ushort>(a, result, view); break;
            case 4: Copy<uint>(a, result, view); break;
            default: Copy<ulong>(a, result, view); break;
        }
        return result;
    }

    private static void Copy<T>(Tensor a, Tensor result, View view) where T : unmanaged
    {
        var (length, stride) = view.Row;
        view.Rows((at, source) =>
        {
            var from = a.Data<T>();
            var to = result.Data<T>().Slice(at, length);
            if (stride == 1) from.Slice(source, length).CopyTo(to);
            else if (stride == 0) to.Fill(from[source]);
            else for (var i = 0; i < to.Length; i++, source += stride) to[i] = from[source];
        });
    }

    /// <summary>
    /// The transpose of a view's copy: adds each element of <paramref name="a"/> to zeros at the element's source position.
    /// </summary>
    internal static Tensor AddBack(Tensor a, int[] shape, View view) => Lanes.Of(a.DType) switch
    {
        Lane.Long => AddBack<long>(a, shape, view),
        Lane.ULong => AddBack<ulong>(a, shape, view),
        Lane.Float => AddBack<float>(a, shape, view),
        Lane.Double => AddBack<double>(a, shape, view),
        _ => AddBack<Complex>(a, shape, view),
    };

    private static unsafe Tensor AddBack<T>(Tensor a, int[] shape, View view) where T : unmanaged, INumberBase<T> =>
        Lanes.Write<T>(a.DType, shape, result =>
        {
            result.Clear();
            fixed (T* to = result)
            fixed (T* from = Lanes.Read<T>(a))
            {
                var (target, values) = ((nint)to, (nint)from);
                var (length, stride) = view.Row;
                view.Rows((at, source) =>
                {
                    for (var i = 0; i < length; i++, source += stride) ((T*)target)[source] += ((T*)values)[at + i];
                });
            }
        });
}
