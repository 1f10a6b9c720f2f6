namespace DotMlx;

// The array API's names of functions that have other names in MLX. They are aliases in Python since MLX 0.32.
public static unsafe partial class Mx
{
    /// <summary>Inverse cosine; the array API's name of <see cref="Arccos"/>.</summary>
    /// <param name="a">Any dtype; integers give float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.acos of MLX 0.32; C: mlx_arccos.</remarks>
    public static MlxArray Acos(MlxArray a, MlxStream? stream = null) => Arccos(a, stream);

    /// <summary>Inverse hyperbolic cosine; the array API's name of <see cref="Arccosh"/>.</summary>
    /// <param name="a">Any dtype; integers give float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.acosh of MLX 0.32; C: mlx_arccosh.</remarks>
    public static MlxArray Acosh(MlxArray a, MlxStream? stream = null) => Arccosh(a, stream);

    /// <summary>Inverse sine; the array API's name of <see cref="Arcsin"/>.</summary>
    /// <param name="a">Any dtype; integers give float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.asin of MLX 0.32; C: mlx_arcsin.</remarks>
    public static MlxArray Asin(MlxArray a, MlxStream? stream = null) => Arcsin(a, stream);

    /// <summary>Inverse hyperbolic sine; the array API's name of <see cref="Arcsinh"/>.</summary>
    /// <param name="a">Any dtype; integers give float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.asinh of MLX 0.32; C: mlx_arcsinh.</remarks>
    public static MlxArray Asinh(MlxArray a, MlxStream? stream = null) => Arcsinh(a, stream);

    /// <summary>Inverse tangent; the array API's name of <see cref="Arctan"/>.</summary>
    /// <param name="a">Any dtype; integers give float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.atan of MLX 0.32; C: mlx_arctan.</remarks>
    public static MlxArray Atan(MlxArray a, MlxStream? stream = null) => Arctan(a, stream);

    /// <summary>Inverse hyperbolic tangent; the array API's name of <see cref="Arctanh"/>.</summary>
    /// <param name="a">Any dtype; integers give float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.atanh of MLX 0.32; C: mlx_arctanh.</remarks>
    public static MlxArray Atanh(MlxArray a, MlxStream? stream = null) => Arctanh(a, stream);

    /// <summary>Angle of points given by two coordinates; the array API's name of <see cref="Arctan2"/>.</summary>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape.</returns>
    /// <remarks>mlx.core.atan2 of MLX 0.32; C: mlx_arctan2.</remarks>
    public static MlxArray Atan2(MlxArray a, MlxArray b, MlxStream? stream = null) => Arctan2(a, b, stream);

    /// <summary>Power; the array API's name of <see cref="Power"/>.</summary>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape.</returns>
    /// <remarks>mlx.core.pow of MLX 0.32; C: mlx_power.</remarks>
    public static MlxArray Pow(MlxArray a, MlxArray b, MlxStream? stream = null) => Power(a, b, stream);

    /// <summary>Bits shifted left; the array API's name of <see cref="LeftShift"/>.</summary>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape.</returns>
    /// <remarks>mlx.core.bitwise_left_shift of MLX 0.32; C: mlx_left_shift.</remarks>
    public static MlxArray BitwiseLeftShift(MlxArray a, MlxArray b, MlxStream? stream = null) => LeftShift(a, b, stream);

    /// <summary>Bits shifted right; the array API's name of <see cref="RightShift"/>.</summary>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape.</returns>
    /// <remarks>mlx.core.bitwise_right_shift of MLX 0.32; C: mlx_right_shift.</remarks>
    public static MlxArray BitwiseRightShift(MlxArray a, MlxArray b, MlxStream? stream = null) => RightShift(a, b, stream);

    /// <summary>Cumulative sum along an axis; the array API's name of <see cref="CumSum"/>.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis along which to accumulate, negative from the end; null for the flattened array.</param>
    /// <param name="reverse">Whether to accumulate from the end to the start.</param>
    /// <param name="inclusive">Whether each result includes its own element.</param>
    /// <param name="dtype">The dtype to compute in; null for the dtype of <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>, or with one axis if <paramref name="axis"/> is null.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.cumulative_sum of MLX 0.32; C: mlx_cumsum.</remarks>
    public static MlxArray CumulativeSum(
        MlxArray a, int? axis = null, bool reverse = false, bool inclusive = true, DType? dtype = null, MlxStream? stream = null)
        => CumSum(a, axis, reverse, inclusive, dtype, stream);

    /// <summary>Cumulative product along an axis; the array API's name of <see cref="CumProd"/>.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis along which to accumulate, negative from the end; null for the flattened array.</param>
    /// <param name="reverse">Whether to accumulate from the end to the start.</param>
    /// <param name="inclusive">Whether each result includes its own element.</param>
    /// <param name="dtype">The dtype to compute in; null for the dtype of <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>, or with one axis if <paramref name="axis"/> is null.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.cumulative_prod of MLX 0.32; C: mlx_cumprod.</remarks>
    public static MlxArray CumulativeProd(
        MlxArray a, int? axis = null, bool reverse = false, bool inclusive = true, DType? dtype = null, MlxStream? stream = null)
        => CumProd(a, axis, reverse, inclusive, dtype, stream);

    /// <summary>
    /// Creates an array to be filled, which MLX fills with zeros; the array API's name of <see cref="Zeros(ReadOnlySpan{int})"/>.
    /// </summary>
    /// <param name="shape">The shape of the result; an empty shape gives a scalar.</param>
    /// <returns>A float32 array of shape <paramref name="shape"/>.</returns>
    /// <exception cref="ArgumentException">A size is negative.</exception>
    /// <remarks>mlx.core.empty of MLX 0.32; C: mlx_zeros.</remarks>
    public static MlxArray Empty(params ReadOnlySpan<int> shape) => Zeros(shape);

    /// <inheritdoc cref="Empty(ReadOnlySpan{int})"/>
    /// <param name="shape">The shape of the result; an empty shape gives a scalar.</param>
    /// <param name="dtype">The dtype of the result.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray Empty(ReadOnlySpan<int> shape, DType dtype, MlxStream? stream = null) => Zeros(shape, dtype, stream);

    /// <summary>Creates an array to be filled, which MLX fills with zeros; the array API's name of <see cref="ZerosLike"/>.</summary>
    /// <param name="a">The array whose shape is used.</param>
    /// <param name="dtype">The dtype of the result; null for the dtype of <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.empty_like of MLX 0.32; C: mlx_zeros_like.</remarks>
    public static MlxArray EmptyLike(MlxArray a, DType? dtype = null, MlxStream? stream = null) => ZerosLike(a, dtype, stream);

    /// <summary>Reorders the axes, as in MLX; the array API's name of <see cref="Transpose(MlxArray, ReadOnlySpan{int})"/>.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axes">The axes of <paramref name="a"/> in their new order; none reverses all axes, not only the last two.</param>
    /// <returns>The array with its axes reordered.</returns>
    /// <exception cref="ArgumentException">The axes aren't a permutation of all axes.</exception>
    /// <remarks>mlx.core.matrix_transpose of MLX 0.32; C: mlx_transpose, mlx_transpose_axes.</remarks>
    public static MlxArray MatrixTranspose(MlxArray a, params ReadOnlySpan<int> axes) => Transpose(a, axes);
}
