using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>Functions that create arrays from numbers.</summary>
internal static unsafe class CreationFunctions
{
    public static Tensor mlx_full(ReadOnlySpan<int> shape, Tensor vals, mlx_dtype dtype)
    {
        foreach (var dim in shape)
        {
            if (dim < 0) throw new MlxFailure("[full] Negative dimensions not allowed.");
        }
        return mlx_broadcast_to(mlx_astype(vals, dtype), shape);
    }

    public static Tensor mlx_full_like(Tensor a, Tensor vals, mlx_dtype dtype) => mlx_full(a.Shape, vals, dtype);

    public static Tensor mlx_zeros(ReadOnlySpan<int> shape, mlx_dtype dtype) => mlx_full(shape, Scalar(0, dtype), dtype);

    public static Tensor mlx_ones(ReadOnlySpan<int> shape, mlx_dtype dtype) => mlx_full(shape, Scalar(1, dtype), dtype);

    public static Tensor mlx_zeros_like(Tensor a) => mlx_zeros(a.Shape, a.DType);

    public static Tensor mlx_ones_like(Tensor a) => mlx_ones(a.Shape, a.DType);

    public static Tensor mlx_arange(double start, double stop, double step, mlx_dtype dtype)
    {
        if (dtype == MLX_BOOL) throw new MlxFailure("bool not supported for arange.");
        if (double.IsNaN(start) || double.IsNaN(stop) || double.IsNaN(step) || double.IsInfinity(start) || double.IsInfinity(stop))
        {
            throw new MlxFailure("[arange] Cannot compute length.");
        }
        var size = double.IsInfinity(step) ? (step > 0 == start < stop && start != stop ? 1 : 0) : Math.Ceiling((stop - start) / step);
        if (size > int.MaxValue) throw new MlxFailure("[arange] Maximum size exceeded.");
        var count = double.IsNaN(size) ? 0 : Math.Max((int)size, 0);
        if (!DTypes.IsInexact(dtype))
        {
            var (from, by) = ((long)start, (long)(start + step) - (long)start);
            return Lanes.Cast(Lanes.Write<long>(MLX_INT64, [count], r =>
            {
                for (var i = 0; i < r.Length; i++) r[i] = from + i * by;
            }), dtype);
        }
        return Lanes.Cast(Lanes.Write<double>(MLX_FLOAT64, [count], r =>
        {
            for (var i = 0; i < r.Length; i++) r[i] = start + i * step;
        }), dtype);
    }

    public static Tensor mlx_linspace(double start, double stop, int num, mlx_dtype dtype)
    {
        if (num < 0) throw new MlxFailure($"[linspace] number of samples, {num}, must be non-negative.");
        if (num == 1) return Scalar(start, dtype).Alias([1]);
        var inner = dtype == MLX_FLOAT64 ? MLX_FLOAT64 : MLX_FLOAT32;
        var t = mlx_arange(0, num, 1, inner) / (num - 1);
        return mlx_astype((1 - t) * start + t * stop, dtype);
    }

    public static Tensor mlx_tri(int n, int m, int k, mlx_dtype type)
    {
        var rows = mlx_expand_dims(mlx_arange(0, n, 1, MLX_INT32), 1);
        return mlx_astype(mlx_greater_equal(rows, mlx_expand_dims(mlx_arange(-k, m - k, 1, MLX_INT32), 0)), type);
    }

    public static Tensor mlx_eye(int n, int m, int k, mlx_dtype dtype)
    {
        if (n <= 0 || m <= 0) throw new MlxFailure("[eye] N and M must be positive integers.");
        var rows = mlx_expand_dims(mlx_arange(k, n + k, 1, MLX_INT32), 1);
        return mlx_astype(mlx_equal(rows, mlx_expand_dims(mlx_arange(0, m, 1, MLX_INT32), 0)), dtype);
    }

    public static Tensor mlx_identity(int n, mlx_dtype dtype) => mlx_eye(n, n, 0, dtype);

    public static Tensor mlx_number_of_elements(Tensor a, ReadOnlySpan<int> axes, bool inverted, mlx_dtype dtype)
    {
        double count = 1;
        foreach (var axis in axes) count *= a.Shape[Shapes.Axis(axis, a.NDim, "[number_of_elements] ")];
        return Scalar(inverted ? 1 / count : count, dtype);
    }

    public static Tensor mlx_hanning(int M) => Window(M, x => 0.5 + 0.5 * Math.Cos(x));

    public static Tensor mlx_hamming(int M) => Window(M, x => 0.54 + 0.46 * Math.Cos(x));

    public static Tensor mlx_blackman(int M) => Window(M, x => 0.42 + 0.5 * Math.Cos(x) + 0.08 * Math.Cos(2 * x));

    public static Tensor mlx_bartlett(int M) => Window(M, x => 1 - Math.Abs(x / Math.PI));

    /// <summary>Creates a window over -π … π, centered at 0.</summary>
    private static Tensor Window(int size, Func<double, double> weight)
    {
        if (size < 1) return mlx_zeros([0], MLX_FLOAT32);
        if (size == 1) return mlx_ones([1], MLX_FLOAT32);
        return Lanes.Write<float>(MLX_FLOAT32, [size], r =>
        {
            for (var i = 0; i < r.Length; i++) r[i] = (float)weight(Math.PI * (2.0 * i - (size - 1)) / (size - 1));
        });
    }
}
