using System.Numerics;
using System.Numerics.Tensors;
using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

internal delegate T Fold<T>(ReadOnlySpan<T> row);

/// <summary>A reduction of many numbers to one, with an implementation per lane.</summary>
internal sealed record Reducer(
    string Name, Fold<long> Long, Fold<ulong> ULong, Fold<float> Float, Fold<double> Double, Fold<Complex>? Complex)
{
    /// <summary>Reduces the last dimension of rows of the given length.</summary>
    internal Tensor Run(Tensor x, int length, int[] shape) => Lanes.Of(x.DType) switch
    {
        Lane.Long => Run(Long, x, length, shape),
        Lane.ULong => Run(ULong, x, length, shape),
        Lane.Float => Run(Float, x, length, shape),
        Lane.Double => Run(Double, x, length, shape),
        _ => Run(Complex, x, length, shape),
    };

    private Tensor Run<T>(Fold<T>? fold, Tensor x, int length, int[] shape) where T : unmanaged => fold is null
        ? throw new MlxFailure($"[{Name}] Not supported for {DTypes.Name(x.DType)}.")
        : Lanes.Write<T>(x.DType, shape, r =>
        {
            var values = Lanes.Read<T>(x);
            for (var i = 0; i < r.Length; i++) r[i] = fold(values.Slice(i * length, length));
        });
}

/// <summary>Sums, products, extremes, and the functions built from them: means, variances, norms, and softmax.</summary>
internal static unsafe class ReductionFunctions
{
    internal static readonly Reducer
        SumReducer = new("sum", x => TensorPrimitives.Sum(x), x => TensorPrimitives.Sum(x), x => TensorPrimitives.Sum(x),
            x => TensorPrimitives.Sum(x), x => Folded(x, Complex.Zero, (a, b) => a + b)),
        ProdReducer = new("prod", x => Folded(x, 1L, (a, b) => a * b), x => Folded(x, 1ul, (a, b) => a * b),
            x => Folded(x, 1f, (a, b) => a * b),
            x => Folded(x, 1d, (a, b) => a * b), x => Folded(x, Complex.One, (a, b) => a * b)),
        MaxReducer = new("max", x => TensorPrimitives.Max(x), x => TensorPrimitives.Max(x), x => TensorPrimitives.Max(x),
            x => TensorPrimitives.Max(x), x => Folded(x[1..], x[0], (a, b) => Less(a, b) ? b : a)),
        MinReducer = new("min", x => TensorPrimitives.Min(x), x => TensorPrimitives.Min(x), x => TensorPrimitives.Min(x),
            x => TensorPrimitives.Min(x), x => Folded(x[1..], x[0], (a, b) => Less(b, a) ? b : a));

    private static T Folded<T>(ReadOnlySpan<T> row, T start, Func<T, T, T> fold)
    {
        foreach (var value in row) start = fold(start, value);
        return start;
    }

    private static int[] ReducedAxes(Tensor a, ReadOnlySpan<int> axes)
    {
        var result = new int[axes.Length];
        for (var i = 0; i < axes.Length; i++)
        {
            if (axes[i] < -a.NDim || axes[i] >= a.NDim) throw new MlxFailure($"Invalid axis {axes[i]} for array with {a.NDim} dimensions.");
            result[i] = axes[i] < 0 ? axes[i] + a.NDim : axes[i];
        }
        Array.Sort(result);
        return result.Distinct().Count() == result.Length ? result : throw new MlxFailure("Duplicate axes detected in reduction.");
    }

    /// <summary>Returns the tensor with the given axes moved last, and the number of elements in them.</summary>
    private static (Tensor Rows, int Length, int[] Kept) RowsOf(Tensor a, int[] axes)
    {
        var rest = Shapes.All(a.NDim).Except(axes).ToArray();
        var kept = (int[])a.Shape.Clone();
        foreach (var axis in axes) kept[axis] = 1;
        int[] order = [.. rest, .. axes];
        return (order.AsSpan().SequenceEqual(Shapes.All(a.NDim))
            ? a
            : Permuted(a, order), Shapes.Count(Array.ConvertAll(axes, i => a.Shape[i])), kept);
    }

    private static Tensor Reduce(Reducer reducer, Tensor a, ReadOnlySpan<int> axes, bool keepdims,
        Func<Tensor, Tensor, Tensor, int[], Tensor?> pullback)
    {
        var reduced = ReducedAxes(a, axes);
        var result = Recording.Apply(a, x =>
        {
            var (rows, length, kept) = RowsOf(x, reduced);
            return reducer.Run(rows, length, kept);
        }, (g, x, y) => pullback(g, x, y, reduced));
        return keepdims ? result : mlx_squeeze_axes(result, reduced);
    }

    private static mlx_dtype SumType(mlx_dtype dtype) => dtype switch
    {
        MLX_BOOL or MLX_INT8 or MLX_INT16 => MLX_INT32,
        MLX_UINT8 or MLX_UINT16 => MLX_UINT32,
        _ => dtype,
    };

    public static Tensor mlx_sum_axes(Tensor a, ReadOnlySpan<int> axes, bool keepdims) => axes.IsEmpty && a.NDim > 0
        ? a
        : Reduce(SumReducer, mlx_astype(a, SumType(a.DType)), axes, keepdims, (g, x, _, _) => mlx_broadcast_to(g, x.Shape));

    public static Tensor mlx_sum_axis(Tensor a, int axis, bool keepdims) => mlx_sum_axes(a, [axis], keepdims);

    public static Tensor mlx_sum(Tensor a, bool keepdims) => mlx_sum_axes(a, Shapes.All(a.NDim), keepdims);

    public static Tensor mlx_prod_axes(Tensor a, ReadOnlySpan<int> axes, bool keepdims) => axes.IsEmpty && a.NDim > 0
        ? a
        : Reduce(ProdReducer, mlx_astype(a, SumType(a.DType)), axes, keepdims, (g, x, _, reduced) =>
        {
            // The gradient is the product of all other elements. The products of preceding and following elements give it without a
            // division.
            int[] order = [.. Shapes.All(x.NDim).Except(reduced), .. reduced];
            var moved = mlx_transpose_axes(x, order);
            var rows = mlx_reshape(moved, [x.Size / Math.Max(reduced.Aggregate(1, (n, i) => n * x.Shape[i]), 1), -1]);
            var others = mlx_cumprod(rows, 1, false, false) * mlx_cumprod(rows, 1, true, false);
            var back = new int[order.Length];
            for (var i = 0; i < order.Length; i++) back[order[i]] = i;
            return mlx_transpose_axes(mlx_reshape(Conjugated(others), moved.Shape), back) * g;
        });

    public static Tensor mlx_prod_axis(Tensor a, int axis, bool keepdims) => mlx_prod_axes(a, [axis], keepdims);

    public static Tensor mlx_prod(Tensor a, bool keepdims) => mlx_prod_axes(a, Shapes.All(a.NDim), keepdims);

    public static Tensor mlx_max_axes(Tensor a, ReadOnlySpan<int> axes, bool keepdims) => Extreme(MaxReducer, a, axes, keepdims);

    public static Tensor mlx_max_axis(Tensor a, int axis, bool keepdims) => mlx_max_axes(a, [axis], keepdims);

    public static Tensor mlx_max(Tensor a, bool keepdims) => mlx_max_axes(a, Shapes.All(a.NDim), keepdims);

    public static Tensor mlx_min_axes(Tensor a, ReadOnlySpan<int> axes, bool keepdims) => Extreme(MinReducer, a, axes, keepdims);

    public static Tensor mlx_min_axis(Tensor a, int axis, bool keepdims) => mlx_min_axes(a, [axis], keepdims);

    public static Tensor mlx_min(Tensor a, bool keepdims) => mlx_min_axes(a, Shapes.All(a.NDim), keepdims);

    /// <summary>Equal extremes share the gradient.</summary>
    private static Tensor Extreme(Reducer reducer, Tensor a, ReadOnlySpan<int> axes, bool keepdims)
    {
        if (a.Size == 0) throw new MlxFailure($"[{reducer.Name}] Cannot {reducer.Name} reduce zero size array.");
        return axes.IsEmpty ? a : Reduce(reducer, a, axes, keepdims, (g, x, y, reduced) =>
        {
            var mask = mlx_equal(x, y);
            return g / mlx_sum_axes(mask, reduced, true) * mask;
        });
    }

    public static Tensor mlx_all_axes(Tensor a, ReadOnlySpan<int> axes, bool keepdims) =>
        Reduce(MinReducer1, mlx_astype(a, MLX_BOOL), axes, keepdims, (_, _, _, _) => null);

    public static Tensor mlx_all_axis(Tensor a, int axis, bool keepdims) => mlx_all_axes(a, [axis], keepdims);

    public static Tensor mlx_all(Tensor a, bool keepdims) => mlx_all_axes(a, Shapes.All(a.NDim), keepdims);

    public static Tensor mlx_any_axes(Tensor a, ReadOnlySpan<int> axes, bool keepdims) =>
        Reduce(MaxReducer0, mlx_astype(a, MLX_BOOL), axes, keepdims, (_, _, _, _) => null);

    public static Tensor mlx_any_axis(Tensor a, int axis, bool keepdims) => mlx_any_axes(a, [axis], keepdims);

    public static Tensor mlx_any(Tensor a, bool keepdims) => mlx_any_axes(a, Shapes.All(a.NDim), keepdims);

    // Over no elements, all is true and any is false.
    internal static readonly Reducer
        MinReducer1 = MinReducer with { Long = x => x.Contains(0) ? 0 : 1 },
        MaxReducer0 = MaxReducer with { Long = x => x.Contains(1) ? 1 : 0 };

    public static Tensor mlx_mean_axes(Tensor a, ReadOnlySpan<int> axes, bool keepdims)
    {
        foreach (var axis in axes)
        {
            if (axis < -a.NDim || axis >= a.NDim)
                throw new MlxFailure($"[mean] axis {axis} is out of bounds for array with {a.NDim} dimensions.");
        }
        return mlx_sum_axes(a, axes, keepdims) * mlx_number_of_elements(a, axes, true, DTypes.AtLeastFloat(a.DType));
    }

    public static Tensor mlx_mean_axis(Tensor a, int axis, bool keepdims) => mlx_mean_axes(a, [axis], keepdims);

    public static Tensor mlx_mean(Tensor a, bool keepdims) => mlx_mean_axes(a, Shapes.All(a.NDim), keepdims);

    public static Tensor mlx_var_axes(Tensor a, ReadOnlySpan<int> axes, bool keepdims, int ddof)
    {
        var dtype = DTypes.AtLeastFloat(a.DType);
        var total = mlx_sum_axes(mlx_square(a - mlx_mean_axes(a, axes, true)), axes, keepdims);
        return ddof == 0
            ? total * mlx_number_of_elements(a, axes, true, dtype)
            : total / mlx_maximum(mlx_number_of_elements(a, axes, false, dtype) - ddof, Scalar(0, dtype));
    }

    public static Tensor mlx_var_axis(Tensor a, int axis, bool keepdims, int ddof) => mlx_var_axes(a, [axis], keepdims, ddof);

    public static Tensor mlx_var(Tensor a, bool keepdims, int ddof) => mlx_var_axes(a, Shapes.All(a.NDim), keepdims, ddof);

    public static Tensor mlx_std_axes(Tensor a, ReadOnlySpan<int> axes, bool keepdims, int ddof) =>
        mlx_sqrt(mlx_var_axes(a, axes, keepdims, ddof));

    public static Tensor mlx_std_axis(Tensor a, int axis, bool keepdims, int ddof) => mlx_std_axes(a, [axis], keepdims, ddof);

    public static Tensor mlx_std(Tensor a, bool keepdims, int ddof) => mlx_std_axes(a, Shapes.All(a.NDim), keepdims, ddof);

    public static Tensor mlx_logsumexp_axes(Tensor a, ReadOnlySpan<int> axes, bool keepdims)
    {
        if (a.Size == 0) throw new MlxFailure("[logsumexp] Received empty array.");
        if (a.NDim == 0 && !axes.IsEmpty) throw new MlxFailure("[logsumexp] Received non-empty axes for array with 0 dimensions.");
        a = mlx_astype(a, DTypes.AtLeastFloat(a.DType));
        var largest = mlx_stop_gradient(mlx_max_axes(a, axes, true));
        // An infinite maximum is itself the result; infinity minus infinity would be NaN.
        largest = mlx_where(mlx_isinf(largest), Scalar(0, a.DType), largest);
        var result = mlx_log(mlx_sum_axes(mlx_exp(a - largest), axes, true)) + largest;
        return keepdims ? result : mlx_squeeze_axes(result, axes);
    }

    public static Tensor mlx_logsumexp_axis(Tensor a, int axis, bool keepdims) => mlx_logsumexp_axes(a, [axis], keepdims);

    public static Tensor mlx_logsumexp(Tensor a, bool keepdims) => mlx_logsumexp_axes(a, Shapes.All(a.NDim), keepdims);

    public static Tensor mlx_softmax_axes(Tensor a, ReadOnlySpan<int> axes, bool precise)
    {
        if (a.Size == 0) return a;
        if (a.NDim == 0 && !axes.IsEmpty) throw new MlxFailure("[softmax] Received non-empty axes for array with 0 dimensions.");
        var dtype = DTypes.AtLeastFloat(a.DType);
        // The half types are computed in float32, as in MLX's own kernel.
        var x = mlx_astype(a, precise || DTypes.IsHalf(dtype) ? DTypes.Promote(dtype, MLX_FLOAT32) : dtype);
        var e = mlx_exp(x - mlx_stop_gradient(mlx_max_axes(x, axes, true)));
        return mlx_astype(e / mlx_sum_axes(e, axes, true), dtype);
    }

    public static Tensor mlx_softmax_axis(Tensor a, int axis, bool precise) => mlx_softmax_axes(a, [axis], precise);

    public static Tensor mlx_softmax(Tensor a, bool precise) => mlx_softmax_axes(a, Shapes.All(a.NDim), precise);

    public static Tensor mlx_median(Tensor a, ReadOnlySpan<int> axes, bool keepdims)
    {
        var reduced = Shapes.Axes(axes, a.NDim, "median");
        int[] order = [.. Shapes.All(a.NDim).Except(reduced), .. reduced];
        var rest = a.NDim - reduced.Length;
        var flat = mlx_transpose_axes(a, order);
        flat = rest == a.NDim ? mlx_expand_dims(flat, -1) : mlx_flatten(flat, rest, -1);
        var n = flat.Shape[^1];
        if (n == 0) throw new MlxFailure("[median] Cannot take median along empty axis.");
        var sorted = mlx_sort_axis(flat, -1);
        var dtype = DTypes.AtLeastFloat(a.DType);
        var result = mlx_astype(Range(sorted, rest, n / 2, n / 2 + 1), dtype);
        if (n % 2 == 0) result = (result + mlx_astype(Range(sorted, rest, n / 2 - 1, n / 2), dtype)) * 0.5;
        result = mlx_squeeze_axis(result, -1);
        return keepdims ? mlx_expand_dims_axes(result, reduced) : result;
    }

    // ---- positions of extremes ----------------------------------------------------------------------------------

    public static Tensor mlx_argmax_axis(Tensor a, int axis, bool keepdims) => ArgReduce("argmax", a, axis, keepdims);

    public static Tensor mlx_argmin_axis(Tensor a, int axis, bool keepdims) => ArgReduce("argmin", a, axis, keepdims);

    public static Tensor mlx_argmax(Tensor a, bool keepdims) => FlatArgReduce("argmax", a, keepdims);

    public static Tensor mlx_argmin(Tensor a, bool keepdims) => FlatArgReduce("argmin", a, keepdims);

    private static Tensor FlatArgReduce(string name, Tensor a, bool keepdims) =>
        mlx_reshape(ArgReduce(name, Flat(a), 0, false), keepdims ? Ones(a.NDim) : []);

    private static Tensor ArgReduce(string name, Tensor a, int axis, bool keepdims)
    {
        if (a.Size == 0) throw new MlxFailure($"[{name}] Cannot {name} reduce zero size array.");
        var reduced = ReducedAxes(a, [axis]);
        var result = Recording.Apply(a, x =>
        {
            var (rows, length, kept) = RowsOf(x, reduced);
            return Lanes.Of(x.DType) switch
            {
                Lane.Long => ArgRows<long>(rows, length, kept, name == "argmin" ? (p, q) => p < q : (p, q) => p > q),
                Lane.ULong => ArgRows<ulong>(rows, length, kept, name == "argmin" ? (p, q) => p < q : (p, q) => p > q),
                Lane.Float => ArgRows<float>(rows, length, kept, name == "argmin" ? (p, q) => p < q : (p, q) => p > q),
                Lane.Double => ArgRows<double>(rows, length, kept, name == "argmin" ? (p, q) => p < q : (p, q) => p > q),
                _ => ArgRows<Complex>(rows, length, kept, name == "argmin" ? Less : (p, q) => Less(q, p)),
            };
        }, null);
        return keepdims ? result : mlx_squeeze_axes(result, reduced);
    }

    private static Tensor ArgRows<T>(Tensor rows, int length, int[] shape, Func<T, T, bool> better) where T : unmanaged
    {
        var result = new Tensor(MLX_UINT32, shape);
        var values = Lanes.Read<T>(rows);
        var target = result.Data<uint>();
        for (var i = 0; i < target.Length; i++)
        {
            var row = values.Slice(i * length, length);
            var best = 0;
            for (var j = 1; j < length; j++)
            {
                if (better(row[j], row[best])) best = j;
            }
            target[i] = (uint)best;
        }
        return result;
    }
}
