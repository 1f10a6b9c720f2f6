using System.Numerics;
using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>Functions that depend on the order of elements along an axis: sorting and cumulative operations.</summary>
internal static unsafe class SortingFunctions
{
    /// <summary>Applies a function of rows along an axis: moves the axis last, computes, and moves it back.</summary>
    private static Tensor AlongAxis(Tensor x, int axis, Func<Tensor, Tensor> rows)
    {
        if (axis == x.NDim - 1) return rows(x);
        int[] order = [.. Shapes.All(x.NDim).Where(i => i != axis), axis];
        var back = new int[order.Length];
        for (var i = 0; i < order.Length; i++) back[order[i]] = i;
        return Permuted(rows(Permuted(x, order)), back);
    }

    private static int SortAxis(Tensor a, int axis, string name) => axis < -a.NDim || axis >= a.NDim
        ? throw new MlxFailure($"[{name}] Received invalid axis {axis} for array with {a.NDim} dimensions.")
        : axis < 0 ? axis + a.NDim : axis;

    public static Tensor mlx_argsort_axis(Tensor a, int axis)
    {
        var at = SortAxis(a, axis, "argsort");
        return Recording.Apply(a, x => AlongAxis(x, at, Order), null);
    }

    public static Tensor mlx_argsort(Tensor a) => mlx_argsort_axis(mlx_reshape(a, [a.Size]), 0);

    public static Tensor mlx_sort_axis(Tensor a, int axis)
    {
        var at = SortAxis(a, axis, "sort");
        return Recording.Apply(a, x => AlongAxis(x, at, Sorted), (g, x, _) =>
        {
            var order = mlx_argsort_axis(x, at);
            // MLX's gradient gathers where the transpose would scatter. Gradients match MLX, and tangents are correct.
            return Recording.ForwardMode ? mlx_put_along_axis(mlx_zeros_like(g), order, g, at) : mlx_take_along_axis(g, order, at);
        });
    }

    public static Tensor mlx_sort(Tensor a) => mlx_sort_axis(mlx_reshape(a, [a.Size]), 0);

    private static int Kth(Tensor a, int kth, int axis, string name)
    {
        var at = SortAxis(a, axis, name);
        var k = kth < 0 ? kth + a.Shape[at] : kth;
        if (k < 0 || k >= a.Shape[at])
            throw new MlxFailure($"[{name}] Received invalid kth {kth} along axis {axis} for array with shape: {Errors.Text(a.Shape)}");
        return at;
    }

    /// <summary>Sorts the array, because a sorted array is partitioned at every position.</summary>
    public static Tensor mlx_partition_axis(Tensor a, int kth, int axis)
    {
        var at = Kth(a, kth, axis, "partition");
        return Recording.Apply(a, x => AlongAxis(x, at, Sorted), (g, x, _) =>
            mlx_put_along_axis(mlx_zeros_like(g), mlx_argsort_axis(x, at), g, at));
    }

    public static Tensor mlx_partition(Tensor a, int kth) => mlx_partition_axis(mlx_reshape(a, [a.Size]), kth, 0);

    public static Tensor mlx_argpartition_axis(Tensor a, int kth, int axis) => mlx_argsort_axis(a, Kth(a, kth, axis, "argpartition"));

    public static Tensor mlx_argpartition(Tensor a, int kth) => mlx_argpartition_axis(mlx_reshape(a, [a.Size]), kth, 0);

    public static Tensor mlx_topk_axis(Tensor a, int k, int axis)
    {
        var at = SortAxis(a, axis, "topk");
        var n = a.Shape[at];
        if (k < 0 || k > n) throw new MlxFailure($"[topk] Received invalid k={k} along axis {axis} for "
            + $"array with shape: {Errors.Text(a.Shape)}");
        if (k == n) return a;
        return Range(k == 0 ? a : mlx_partition_axis(a, -k, at), at, n - k, n);
    }

    public static Tensor mlx_topk(Tensor a, int k) => mlx_topk_axis(mlx_reshape(a, [a.Size]), k, 0);

    internal static Tensor Order(Tensor rows) =>
        ByLane(rows, OrderOf<long>, OrderOf<ulong>, OrderOf<float>, OrderOf<double>, OrderOf<Complex>);

    private static Tensor Sorted(Tensor rows)
    {
        var order = Order(rows);
        var length = Math.Max(rows.Shape[^1], 1);
        var map = new int[rows.Size];
        var index = order.Data<uint>();
        for (var i = 0; i < map.Length; i++) map[i] = i / length * length + (int)index[i];
        return Taken(rows, map, rows.Shape);
    }

    private static Tensor ByLane(Tensor x, Func<Tensor, Tensor> l, Func<Tensor, Tensor> u, Func<Tensor, Tensor> f, Func<Tensor, Tensor> d,
        Func<Tensor, Tensor> c) =>
        Lanes.Of(x.DType) switch { Lane.Long => l(x), Lane.ULong => u(x), Lane.Float => f(x), Lane.Double => d(x), _ => c(x) };

    /// <summary>Returns the stable order of the elements, with NaN last.</summary>
    private static Tensor OrderOf<T>(Tensor rows) where T : unmanaged, INumberBase<T>
    {
        if (rows.NDim == 0) return new Tensor(MLX_UINT32, []).Alias();
        var result = new Tensor(MLX_UINT32, rows.Shape);
        var values = Lanes.Read<T>(rows).ToArray();
        var target = result.Data<uint>();
        var length = rows.Shape[^1];
        var order = new int[length];
        for (var start = 0; start < values.Length; start += length)
        {
            for (var i = 0; i < length; i++) order[i] = start + i;
            Array.Sort(order, (p, q) => Compare(values[p], values[q]) is var c && c != 0 ? c : p.CompareTo(q));
            for (var i = 0; i < length; i++) target[start + i] = (uint)(order[i] - start);
        }
        return result;
    }

    private static int Compare<T>(T x, T y) where T : INumberBase<T>
    {
        if (T.IsNaN(x) || T.IsNaN(y)) return T.IsNaN(x).CompareTo(T.IsNaN(y));
        if (x is Complex p && y is Complex q) return Less(p, q) ? -1 : Less(q, p) ? 1 : 0;
        return Comparer<T>.Default.Compare(x, y);
    }

    // ---- cumulative operations ----------------------------------------------------------------------------------

    private static Tensor Scan(Kernel2 kernel, double start, Tensor a, int axis, bool reverse, bool inclusive, string name,
        Func<Tensor, Tensor, Tensor, int, Tensor> pullback)
    {
        if (axis < -a.NDim || axis >= a.NDim)
            throw new MlxFailure($"[{name}] Axis {axis} is out of bounds for array with {a.NDim} dimensions.");
        var at = axis < 0 ? axis + a.NDim : axis;
        return Recording.Apply(a, x => AlongAxis(x, at, rows => Lanes.Of(rows.DType) switch
        {
            Lane.Long => ScanRows(kernel.Long, start == double.NegativeInfinity ? Lowest(x) : start == double.PositiveInfinity
                ? Highest(x)
                : (long)start, rows, reverse, inclusive, name),
            Lane.ULong => ScanRows(kernel.ULong, start == double.PositiveInfinity
                ? ulong.MaxValue
                : (ulong)Math.Max(start, 0), rows, reverse, inclusive, name),
            Lane.Float => ScanRows(kernel.Float, (float)start, rows, reverse, inclusive, name),
            Lane.Double => ScanRows(kernel.Double, start, rows, reverse, inclusive, name),
            _ => ScanRows(kernel.Complex, (Complex)start, rows, reverse, inclusive, name),
        }), (g, x, y) => pullback(g, x, y, at));
    }

    private static long Lowest(Tensor x) => DTypes.IsSigned(x.DType) ? -1L << (8 * DTypes.SizeOf(x.DType) - 1) : 0;

    private static long Highest(Tensor x) => DTypes.IsSigned(x.DType) ? ~Lowest(x) : x.DType == MLX_BOOL
        ? 1
        : (1L << (8 * DTypes.SizeOf(x.DType))) - 1;

    private static Tensor ScanRows<T>(Map2<T, T>? combine, T start, Tensor rows, bool reverse, bool inclusive, string name)
        where T : unmanaged => combine is null
        ? throw new MlxFailure($"[{name}] Not supported for {DTypes.Name(rows.DType)}.")
        : Lanes.Write<T>(rows.DType, rows.Shape, r =>
        {
            var values = Lanes.Read<T>(rows);
            var length = rows.Shape[^1];
            Span<T> total = stackalloc T[1];
            for (var from = 0; from < r.Length; from += length)
            {
                total[0] = start;
                for (var k = 0; k < length; k++)
                {
                    var i = from + (reverse ? length - 1 - k : k);
                    if (!inclusive) r[i] = total[0];
                    combine(total, values.Slice(i, 1), total);
                    if (inclusive) r[i] = total[0];
                }
            }
        });

    public static Tensor mlx_cumsum(Tensor a, int axis, bool reverse, bool inclusive) =>
        Scan(AddKernel, 0, a.DType == MLX_BOOL ? mlx_astype(a, MLX_INT32) : a, axis, reverse, inclusive, "cumsum",
            (g, _, _, at) => mlx_cumsum(g, at, !reverse, inclusive));

    public static Tensor mlx_cumprod(Tensor a, int axis, bool reverse, bool inclusive) =>
        Scan(MultiplyKernel, 1, a, axis, reverse, inclusive, "cumprod", (g, x, y, at) =>
        {
            // The gradient has three cases: before the first zero, the total divided by x; at the zero, the total with 1 in its place;
            // after the zero, 0.
            var (zero, one) = (Scalar(0, x.DType), Scalar(1, x.DType));
            var other = mlx_cumprod(x, at, reverse, !inclusive);
            var (upTo, before) = inclusive ? (y, other) : (other, y);
            var ended = mlx_equal(upTo, zero);
            var first = mlx_logical_and(ended, mlx_not_equal(before, zero));
            Tensor Total(Tensor product) => mlx_cumsum(product * g, at, !reverse, inclusive);
            var replaced = Total(mlx_cumprod(mlx_where(first, one, x), at, reverse, inclusive));
            return mlx_where(first, replaced, mlx_where(ended, zero, Total(y) / x));
        });

    public static Tensor mlx_cummax(Tensor a, int axis, bool reverse, bool inclusive) =>
        Scan(MaximumKernel, double.NegativeInfinity, a, axis, reverse, inclusive, "cummax", NoExtremePullback);

    public static Tensor mlx_cummin(Tensor a, int axis, bool reverse, bool inclusive) =>
        Scan(MinimumKernel, double.PositiveInfinity, a, axis, reverse, inclusive, "cummin", NoExtremePullback);

    private static Tensor NoExtremePullback(Tensor g, Tensor x, Tensor y, int axis) =>
        throw new MlxFailure("VJP is not implemented for cumulative min/max");

    public static Tensor mlx_logcumsumexp(Tensor a, int axis, bool reverse, bool inclusive) =>
        Scan(LogAddExpKernel, double.NegativeInfinity, mlx_astype(a, DTypes.AtLeastFloat(a.DType)), axis, reverse, inclusive,
            "logcumsumexp", (g, x, y, at) =>
        {
            // The logarithms of positive and negative cotangents are summed separately to avoid overflow. A JVP requires a linear rule.
            if (Recording.ForwardMode) return mlx_exp(x) * mlx_cumsum(g * mlx_exp(-y), at, !reverse, inclusive);
            Tensor Half(Tensor part) => mlx_exp(mlx_logcumsumexp(mlx_log(part) - y, at, !reverse, inclusive) + x);
            var zero = Scalar(0, g.DType);
            return Half(mlx_maximum(g, zero)) - Half(mlx_maximum(-g, zero));
        });
}
