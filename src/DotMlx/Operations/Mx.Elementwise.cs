using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Absolute value of each element.</summary>
    /// <param name="a">Any dtype; complex64 gives float32 magnitudes.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.abs; C: mlx_abs.</remarks>
    public static MlxArray Abs(MlxArray a, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (TraceLock.IsHeldByCurrentThread && a.DType.IsUnsignedInteger())
        {
            // Before 0.32, MLX can't compile it.
            return a.Share();
        }

        MlxArray magnitude = NativeCall.Elementwise(&Mlxc.mlx_abs, "mlx_abs", a, stream);
        if (!ComplexModulus.IsNeeded(a))
        {
            return magnitude;
        }

        using (magnitude)
        {
            return ComplexModulus.Magnitude(a, magnitude, stream);
        }
    }

    /// <summary>Sign of each element: -1, 0, or 1.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.sign; C: mlx_sign.</remarks>
    public static MlxArray Sign(MlxArray a, MlxStream? stream = null)
        => ComplexModulus.IsNeeded(a)
            ? ComplexModulus.Direction(a, stream)
            : NativeCall.Elementwise(&Mlxc.mlx_sign, "mlx_sign", a, stream);

    /// <summary>Each element negated.</summary>
    /// <param name="a">Any dtype except bool.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.negative; C: mlx_negative.</remarks>
    public static MlxArray Negative(MlxArray a, MlxStream? stream = null)
        => NativeCall.Elementwise(&Mlxc.mlx_negative, "mlx_negative", a, stream);

    /// <summary>Each element squared.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.square; C: mlx_square.</remarks>
    public static MlxArray Square(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_square, "mlx_square", a, static (z, s) => z * 2, stream)
            : NativeCall.Elementwise(&Mlxc.mlx_square, "mlx_square", a, stream);

    /// <summary>Square root of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.sqrt; C: mlx_sqrt.</remarks>
    public static MlxArray Sqrt(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_sqrt, "mlx_sqrt", a, static (z, s) => Rsqrt(z, s) * 0.5, stream)
            : NativeCall.Elementwise(&Mlxc.mlx_sqrt, "mlx_sqrt", a, stream);

    /// <summary>Reciprocal of the square root of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.rsqrt; C: mlx_rsqrt.</remarks>
    public static MlxArray Rsqrt(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_rsqrt, "mlx_rsqrt", a, static (z, s) => Rsqrt(z, s) / z * -0.5, stream)
            : NativeCall.Elementwise(&Mlxc.mlx_rsqrt, "mlx_rsqrt", a, stream);

    /// <summary>Reciprocal of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.reciprocal; C: mlx_reciprocal.</remarks>
    public static MlxArray Reciprocal(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_reciprocal, "mlx_reciprocal", a, stream);

    /// <summary>e to the power of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.exp; C: mlx_exp.</remarks>
    public static MlxArray Exp(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_exp, "mlx_exp", a, static (z, s) => Exp(z, s), stream)
            : NativeCall.Unary(&Mlxc.mlx_exp, "mlx_exp", a, stream);

    /// <summary>Exp(a) - 1, accurate near zero.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.expm1; C: mlx_expm1.</remarks>
    public static MlxArray Expm1(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_expm1, "mlx_expm1", RequireReal(a, "expm1"), stream);

    /// <summary>Natural logarithm of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.log; C: mlx_log.</remarks>
    public static MlxArray Log(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_log, "mlx_log", a, static (z, s) => Reciprocal(z, s), stream)
            : NativeCall.Unary(&Mlxc.mlx_log, "mlx_log", a, stream);

    /// <summary>Base-2 logarithm of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.log2; C: mlx_log2.</remarks>
    public static MlxArray Log2(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_log2, "mlx_log2", a, static (z, s) => Reciprocal(z, s) * (1 / Math.Log(2)), stream)
            : NativeCall.Unary(&Mlxc.mlx_log2, "mlx_log2", a, stream);

    /// <summary>Base-10 logarithm of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.log10; C: mlx_log10.</remarks>
    public static MlxArray Log10(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_log10, "mlx_log10", a, static (z, s) => Reciprocal(z, s) * (1 / Math.Log(10)), stream)
            : NativeCall.Unary(&Mlxc.mlx_log10, "mlx_log10", a, stream);

    /// <summary>Log(1 + a), accurate near zero.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.log1p; C: mlx_log1p.</remarks>
    public static MlxArray Log1p(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_log1p, "mlx_log1p", a, static (z, s) => Reciprocal(z + 1, s), stream)
            : NativeCall.Unary(&Mlxc.mlx_log1p, "mlx_log1p", a, stream);

    /// <summary>Error function of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="MlxException">The elements are complex.</exception>
    /// <remarks>mlx.core.erf; C: mlx_erf.</remarks>
    public static MlxArray Erf(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_erf, "mlx_erf", RequireReal(a, "erf"), stream);

    /// <summary>Inverse of the error function; elements in (-1, 1).</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="MlxException">The elements are complex.</exception>
    /// <remarks>mlx.core.erfinv; C: mlx_erfinv.</remarks>
    public static MlxArray ErfInv(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_erfinv, "mlx_erfinv", RequireReal(a, "erfinv"), stream);

    /// <summary>Logistic function 1 / (1 + Exp(-a)) of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.sigmoid; C: mlx_sigmoid.</remarks>
    public static MlxArray Sigmoid(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_sigmoid, "mlx_sigmoid", RequireReal(a, "sigmoid"), stream);

    /// <summary>The largest integer that isn't greater than the element.</summary>
    /// <param name="a">Any real dtype; integers don't change.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.floor; C: mlx_floor.</remarks>
    public static MlxArray Floor(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_floor, "mlx_floor", a, stream);

    /// <summary>The smallest integer that isn't less than the element.</summary>
    /// <param name="a">Any real dtype; integers don't change.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.ceil; C: mlx_ceil.</remarks>
    public static MlxArray Ceil(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_ceil, "mlx_ceil", a, stream);

    /// <summary>Complex conjugate of each element; real arrays don't change.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.conjugate; C: mlx_conjugate.</remarks>
    public static MlxArray Conjugate(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_conjugate, "mlx_conjugate", a, stream);

    /// <summary>Complex conjugate of each element; the short name of <see cref="Conjugate"/>.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.conj; C: mlx_conjugate.</remarks>
    public static MlxArray Conj(MlxArray a, MlxStream? stream = null) => Conjugate(a, stream);

    /// <summary>Real part of each element.</summary>
    /// <param name="a">Any dtype; complex64 gives float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.real; C: mlx_real.</remarks>
    public static MlxArray Real(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_real, "mlx_real", a, stream);

    /// <summary>Imaginary part of each element.</summary>
    /// <param name="a">Any dtype; complex64 gives float32, real dtypes zeros.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.imag; C: mlx_imag.</remarks>
    public static MlxArray Imag(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_imag, "mlx_imag", a, stream);

    /// <summary>Each bit inverted; for bool, the logical negation.</summary>
    /// <param name="a">An integer or bool dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.bitwise_invert; C: mlx_bitwise_invert.</remarks>
    public static MlxArray BitwiseInvert(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_bitwise_invert, "mlx_bitwise_invert", a, stream);

    /// <summary>The same values, without gradients flowing through them.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.stop_gradient; C: mlx_stop_gradient.</remarks>
    public static MlxArray StopGradient(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_stop_gradient, "mlx_stop_gradient", a, stream);

    /// <summary>Each element rounded to a number of decimal places. Halves are rounded to even.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="decimals">The number of decimal places to keep. A negative number rounds to tens, hundreds, and so on.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>
    /// mlx.core.round; C: mlx_round. MLX multiplies by a power of ten. Where the product or the power isn't finite, the number is returned
    /// unchanged for places after the decimal point, and as 0 for places before it.
    /// </remarks>
    public static MlxArray Round(MlxArray a, int decimals = 0, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (decimals == 0 || !a.DType.IsInexact() || a.DType == DType.Complex64)
        {
            return NativeCall.WithInt(&Mlxc.mlx_round, "mlx_round", a, decimals, stream);
        }

        using MlxScope scope = MlxScope.Begin();
        MlxArray rounded = NativeCall.WithInt(&Mlxc.mlx_round, "mlx_round", a, decimals, stream);
        MlxArray otherwise = StopGradient(a, stream);
        if (decimals < 0)
        {
            otherwise = Where(IsFinite(otherwise, stream), ZerosLike(a, stream: stream), otherwise, stream);
        }

        // MLX's gradient is the product of 0 and the power of ten, which is NaN for an infinite power.
        rounded = StopGradient(rounded, stream);
        return scope.Keep(Where(IsFinite(rounded, stream), rounded, otherwise, stream));
    }

    /// <summary>NaN and infinities replaced by finite numbers.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="nan">The replacement for NaN.</param>
    /// <param name="posinf">The replacement for positive infinity; null for the largest number of the dtype.</param>
    /// <param name="neginf">The replacement for negative infinity; null for the smallest number of the dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>
    /// mlx.core.nan_to_num; C: mlx_nan_to_num. MLX refuses float64 and replaces infinities of half precision by 0 (0.31.2). DotMlx passes
    /// the largest number to MLX, and composes the function for float64.
    /// </remarks>
    public static MlxArray NanToNum(
        MlxArray a, double nan = 0, double? posinf = null, double? neginf = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (a.DType.IsInexact() && a.DType != DType.Complex64)
        {
            double largest = FInfo(a.DType).Max;
            posinf ??= largest;
            neginf ??= -largest;
        }

        if (a.DType == DType.Float64)
        {
            using MlxScope scope = MlxScope.Begin();
            MlxArray finite = Where(IsNaN(a, stream), nan, a, stream);
            finite = Where(IsPosInf(a, stream), posinf!.Value, finite, stream);
            return scope.Keep(Where(IsNegInf(a, stream), neginf!.Value, finite, stream));
        }

        mlx_array result = default;
        int status = Mlxc.mlx_nan_to_num(
            &result, NativeCall.Handle(a), (float)nan, NativeCall.Optional((float?)posinf), NativeCall.Optional((float?)neginf),
            NativeCall.Stream(stream));
        GC.KeepAlive(a);
        return NativeCall.Result(status, result, "mlx_nan_to_num");
    }

    /// <summary>Each element rounded toward zero.</summary>
    /// <param name="a">Any real dtype; integers don't change.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentException">The array is complex.</exception>
    /// <remarks>mlx.core.trunc of MLX 0.32; C: mlx_trunc, or mlx_floor, mlx_ceil, and mlx_where on an older mlx-c.</remarks>
    public static MlxArray Trunc(MlxArray a, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (a.DType == DType.Complex64)
        {
            throw new ArgumentException("Complex numbers cannot be rounded toward zero.", nameof(a));
        }

        if (HasNewer)
        {
            return NativeCall.Unary(&Mlxc.mlx_trunc, "mlx_trunc", a, stream);
        }

        using MlxArray negative = Less(a, 0, stream);
        using MlxArray up = Ceil(a, stream);
        using MlxArray down = Floor(a, stream);
        return Where(negative, up, down, stream);
    }

    // MLX would report complex numbers only during evaluation, as an error that can't be caught.
    private static MlxArray RequireReal(MlxArray a, string function)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.DType != DType.Complex64 ? a : throw new MlxException($"[{function}] Not supported for complex64.", $"mlx_{function}");
    }
}
