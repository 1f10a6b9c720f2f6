using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Cumulative sum of the elements along an axis.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis along which to accumulate, negative from the end; null for the flattened array.</param>
    /// <param name="reverse">Whether to accumulate from the end to the start.</param>
    /// <param name="inclusive">Whether each result includes its own element.</param>
    /// <param name="dtype">The dtype to convert to first; null for MLX's choice.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>, or with one axis if <paramref name="axis"/> is null.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.cumsum; C: mlx_cumsum.</remarks>
    public static MlxArray CumSum(
        MlxArray a, int? axis = null, bool reverse = false, bool inclusive = true, DType? dtype = null, MlxStream? stream = null)
        => Scan(&MlxcPortable.mlx_cumsum, "mlx_cumsum", a, axis, reverse, inclusive, dtype, stream);

    /// <summary>Cumulative product of the elements along an axis.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis along which to accumulate, negative from the end; null for the flattened array.</param>
    /// <param name="reverse">Whether to accumulate from the end to the start.</param>
    /// <param name="inclusive">Whether each result includes its own element.</param>
    /// <param name="dtype">The dtype to convert to first; null for MLX's choice.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>, or with one axis if <paramref name="axis"/> is null.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.cumprod; C: mlx_cumprod.</remarks>
    public static MlxArray CumProd(
        MlxArray a, int? axis = null, bool reverse = false, bool inclusive = true, DType? dtype = null, MlxStream? stream = null)
        => Scan(&MlxcPortable.mlx_cumprod, "mlx_cumprod", a, axis, reverse, inclusive, dtype, stream);

    /// <summary>Cumulative maximum of the elements along an axis.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis along which to accumulate, negative from the end; null for the flattened array.</param>
    /// <param name="reverse">Whether to accumulate from the end to the start.</param>
    /// <param name="inclusive">Whether each result includes its own element.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>, or with one axis if <paramref name="axis"/> is null.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.cummax; C: mlx_cummax.</remarks>
    public static MlxArray CumMax(
        MlxArray a, int? axis = null, bool reverse = false, bool inclusive = true, MlxStream? stream = null)
        => Scan(&MlxcPortable.mlx_cummax, "mlx_cummax", a, axis, reverse, inclusive, null, stream);

    /// <summary>Cumulative minimum of the elements along an axis.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis along which to accumulate, negative from the end; null for the flattened array.</param>
    /// <param name="reverse">Whether to accumulate from the end to the start.</param>
    /// <param name="inclusive">Whether each result includes its own element.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>, or with one axis if <paramref name="axis"/> is null.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.cummin; C: mlx_cummin.</remarks>
    public static MlxArray CumMin(
        MlxArray a, int? axis = null, bool reverse = false, bool inclusive = true, MlxStream? stream = null)
        => Scan(&MlxcPortable.mlx_cummin, "mlx_cummin", a, axis, reverse, inclusive, null, stream);

    /// <summary>Cumulative logarithm of the sum of exponentials of the elements along an axis.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis along which to accumulate, negative from the end; null for the flattened array.</param>
    /// <param name="reverse">Whether to accumulate from the end to the start.</param>
    /// <param name="inclusive">Whether each result includes its own element.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>, or with one axis if <paramref name="axis"/> is null.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.logcumsumexp; C: mlx_logcumsumexp.</remarks>
    public static MlxArray LogCumSumExp(
        MlxArray a, int? axis = null, bool reverse = false, bool inclusive = true, MlxStream? stream = null)
        => ForwardMode.IsActive
            ? LogOfSums(a, axis, reverse, inclusive, stream)
            : Scan(&MlxcPortable.mlx_logcumsumexp, "mlx_logcumsumexp", a, axis, reverse, inclusive, null, stream);

    // MLX's gradient takes logarithms of the cotangents, in which it is not linear.
    private static MlxArray LogOfSums(MlxArray a, int? axis, bool reverse, bool inclusive, MlxStream? stream)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray x = axis is null ? Reshape(a, [-1], stream) : a;
        MlxArray largest = StopGradient(Max(x, axis ?? 0, keepdims: true, stream), stream);
        MlxArray sums = CumSum(Exp(x - largest, stream), axis ?? 0, reverse, inclusive, stream: stream);
        return scope.Keep(Log(sums, stream) + largest);
    }

    private static MlxArray Scan(
        delegate*<mlx_array*, mlx_array, int, byte, byte, mlx_stream, int> f, string function,
        MlxArray a, int? axis, bool reverse, bool inclusive, DType? dtype, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        int along = axis is int one ? AxisCheck.Of(a, one, nameof(axis)) : 0;
        using MlxArray? row = axis is null ? Reshape(a, [-1], stream) : null;
        using MlxArray? converted = dtype is DType wanted ? AsType(row ?? a, wanted, stream) : null;
        mlx_array result = default;
        int status = f(
            &result, Op.Handle(converted ?? row ?? a), along, Native.Byte(reverse), Native.Byte(inclusive), Op.Stream(stream));
        GC.KeepAlive(a);
        return Op.Result(status, result, function);
    }
}
