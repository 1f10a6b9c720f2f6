using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>Norms, the cross product, frequency shifts, and the only decomposition that random numbers need.</summary>
internal static unsafe class LinearAlgebraFunctions
{
    private static Tensor EuclideanNorm(Tensor a, int[] axes, bool keepdims) =>
        mlx_sqrt(mlx_sum_axes(mlx_square(a.DType == MLX_COMPLEX64 ? mlx_abs(a) : a), axes, keepdims));

    public static Tensor mlx_linalg_norm_l2(Tensor a, int[]? axis, bool keepdims)
    {
        if (axis is null) return mlx_linalg_norm_l2(Flat(a), [0], false) is var norm && keepdims ? mlx_reshape(norm, Ones(a.NDim)) : norm;
        if (axis.Length > 2) throw new MlxFailure("[linalg::norm] Received too many axes for norm.");
        return EuclideanNorm(a, axis, keepdims);
    }

    public static Tensor mlx_linalg_norm(Tensor a, double ord, int[]? axis, bool keepdims)
    {
        axis ??= Shapes.All(a.NDim);
        return axis.Length switch
        {
            1 => VectorNorm(a, ord, axis, keepdims),
            2 => MatrixNorm(a, ord, axis, keepdims),
            _ => throw new MlxFailure("[linalg::norm] Received too many axes for norm."),
        };
    }

    private static Tensor VectorNorm(Tensor a, double ord, int[] axes, bool keepdims)
    {
        var type = DTypes.AtLeastFloat(a.DType);
        return ord switch
        {
            0 => mlx_astype(mlx_sum_axes(mlx_not_equal(a, Scalar(0, a.DType)), axes, keepdims), type),
            1 => mlx_astype(mlx_sum_axes(mlx_abs(a), axes, keepdims), type),
            2 => EuclideanNorm(a, axes, keepdims),
            double.PositiveInfinity => mlx_astype(mlx_max_axes(mlx_abs(a), axes, keepdims), type),
            double.NegativeInfinity => mlx_astype(mlx_min_axes(mlx_abs(a), axes, keepdims), type),
            _ => mlx_power(mlx_sum_axes(mlx_power(mlx_abs(a), Scalar(ord, type)), axes, keepdims), Scalar(1 / ord, type)),
        };
    }

    private static Tensor MatrixNorm(Tensor a, double ord, int[] axes, bool keepdims)
    {
        if (ord is 2 or -2) throw new NotProvidedException("The matrix norm of order 2");
        if (Math.Abs(ord) != 1 && !double.IsInfinity(ord)) throw new MlxFailure($"[linalg::norm] Invalid ord {ord} for matrix norm.");
        var (row, column) = (Shapes.Axis(axes[0], a.NDim), Shapes.Axis(axes[1], a.NDim));
        var (summed, compared) = Math.Abs(ord) == 1 ? (row, column) : (column, row);
        var sums = mlx_sum_axis(mlx_abs(a), summed, true);
        var result = ord > 0 ? mlx_max_axis(sums, compared, true) : mlx_min_axis(sums, compared, true);
        result = mlx_astype(result, DTypes.AtLeastFloat(a.DType));
        return keepdims ? result : mlx_squeeze_axes(result, [row, column]);
    }

    public static Tensor mlx_linalg_norm_matrix(Tensor a, string? ord, int[]? axis, bool keepdims)
    {
        axis ??= Shapes.All(a.NDim);
        if (axis.Length != 2) throw new MlxFailure($"[linalg::norm] Norm '{ord}' only supported for "
            + $"matrices, but received {axis.Length} axis/axes.");
        return ord switch
        {
            "f" or "fro" => EuclideanNorm(a, axis, keepdims),
            "nuc" => throw new NotProvidedException("The nuclear norm"),
            _ => throw new MlxFailure($"[linalg::norm] Invalid ord value '{ord}' for matrix norm."),
        };
    }

    public static Tensor mlx_linalg_cross(Tensor a, Tensor b, int axis)
    {
        foreach (var x in (ReadOnlySpan<Tensor>)[a, b])
        {
            if (axis < -x.NDim || axis >= x.NDim)
                throw new MlxFailure($"[linalg::cross] axis {axis} invalid for array with {x.NDim} dimensions.");
            if (x.Dim(axis) is < 2 or > 3) throw new MlxFailure("[linalg::cross] The specified axis must have size 2 or 3.");
        }
        var type = DTypes.Promote(a.DType, b.DType);
        var (x1, x2) = (Components(a, axis, type), Components(b, axis, type));
        var z = x1[0] * x2[1] - x1[1] * x2[0];
        if (a.Dim(axis) == 2 && b.Dim(axis) == 2) return mlx_concatenate_axis([mlx_zeros_like(z), mlx_zeros_like(z), z], axis);
        return mlx_concatenate_axis([x1[1] * x2[2] - x1[2] * x2[1], x1[2] * x2[0] - x1[0] * x2[2], z], axis);
    }

    /// <summary>Returns the three components of a vector. The third component of a two-dimensional vector is zero.</summary>
    private static Tensor[] Components(Tensor a, int axis, mlx_dtype type)
    {
        var parts = mlx_split(mlx_astype(a, type), a.Dim(axis), axis);
        return parts.Length == 3 ? parts : [.. parts, mlx_zeros_like(parts[0])];
    }

    public static Tensor mlx_fft_fftshift(Tensor a, ReadOnlySpan<int> axes) => Shifted(a, axes, n => n / 2);

    public static Tensor mlx_fft_ifftshift(Tensor a, ReadOnlySpan<int> axes) => Shifted(a, axes, n => -(n / 2));

    private static Tensor Shifted(Tensor a, ReadOnlySpan<int> axes, Func<int, int> shift)
    {
        var at = Array.ConvertAll(axes.ToArray(), x => Shapes.Axis(x, a.NDim, "[fftshift] "));
        return mlx_roll_axes(a, Array.ConvertAll(at, i => shift(a.Shape[i])), at);
    }

    public static Tensor mlx_gather_mm(Tensor a, Tensor b, Tensor? lhs_indices, Tensor? rhs_indices, bool sorted_indices) =>
        mlx_matmul(Chosen(a, lhs_indices), Chosen(b, rhs_indices));

    private static Tensor Chosen(Tensor matrices, Tensor? indices)
    {
        if (matrices.NDim < 2) throw new MlxFailure("[gather_mm] Inputs must have at least two dimensions.");
        return indices is null ? matrices : mlx_take_axis(mlx_reshape(matrices, [-1, .. matrices.Shape[^2..]]), indices, 0);
    }

    // ---- multivariate normal ------------------------------------------------------------------------------------

    public static Tensor mlx_random_multivariate_normal(Tensor mean, Tensor cov, ReadOnlySpan<int> shape, mlx_dtype dtype, Tensor? key)
    {
        if (dtype != MLX_FLOAT32) throw new MlxFailure("[multivariate_normal] dtype must be float32.");
        if (mean.NDim < 1) throw new MlxFailure("[multivariate_normal] mean must have at least one dimension.");
        if (cov.NDim < 2) throw new MlxFailure("[multivariate_normal] cov must have at least two dimensions.");
        var n = mean.Shape[^1];
        if (cov.Shape[^1] != cov.Shape[^2]) throw new MlxFailure("[multivariate_normal] last two dimensions of cov must be equal.");
        if (n != cov.Shape[^1]) throw new MlxFailure("[multivariate_normal] mean and cov must have compatible shapes.");
        var lead = Shapes.Broadcast(Shapes.Broadcast(cov.Shape[..^2], mean.Shape[..^1]), shape.ToArray());
        // MLX uses the singular value decomposition, which gives the symmetric root of a covariance regardless of the signs of the vectors.
        var root = Recording.Apply(mlx_astype(cov, MLX_FLOAT32), SymmetricRoot, null);
        var samples = mlx_random_normal_broadcast([.. lead, n], dtype, null, null, key);
        return mean + mlx_squeeze_axis(mlx_matmul(mlx_expand_dims(samples, -2), root), -2);
    }

    /// <summary>Diagonalizes each symmetric matrix with Jacobi rotations, and takes the square roots of the eigenvalues.</summary>
    private static Tensor SymmetricRoot(Tensor matrices) => Lanes.Write<float>(MLX_FLOAT32, matrices.Shape, result =>
    {
        var values = matrices.Data<float>();
        var n = matrices.Shape[^1];
        var (a, v) = (new double[n, n], new double[n, n]);
        for (var from = 0; from < values.Length; from += n * n)
        {
            for (var i = 0; i < n; i++)
            {
                for (var j = 0; j < n; j++) (a[i, j], v[i, j]) = (values[from + i * n + j], i == j ? 1 : 0);
            }
            for (var sweep = 0; sweep < 60; sweep++)
            {
                for (var p = 0; p < n; p++)
                {
                    for (var q = p + 1; q < n; q++) Rotate(a, v, p, q);
                }
            }
            for (var i = 0; i < n; i++)
            {
                for (var j = 0; j < n; j++)
                {
                    double sum = 0;
                    for (var k = 0; k < n; k++) sum += v[i, k] * Math.Sqrt(Math.Abs(a[k, k])) * v[j, k];
                    result[from + i * n + j] = (float)sum;
                }
            }
        }
    });

    private static void Rotate(double[,] a, double[,] v, int p, int q)
    {
        if (a[p, q] == 0) return;
        var angle = 0.5 * Math.Atan2(2 * a[p, q], a[q, q] - a[p, p]);
        var (s, c) = Math.SinCos(angle);
        var n = a.GetLength(0);
        for (var k = 0; k < n; k++) (a[k, p], a[k, q]) = (c * a[k, p] - s * a[k, q], s * a[k, p] + c * a[k, q]);
        for (var k = 0; k < n; k++) (a[p, k], a[q, k]) = (c * a[p, k] - s * a[q, k], s * a[p, k] + c * a[q, k]);
        for (var k = 0; k < n; k++) (v[k, p], v[k, q]) = (c * v[k, p] - s * v[k, q], s * v[k, p] + c * v[k, q]);
    }
}
