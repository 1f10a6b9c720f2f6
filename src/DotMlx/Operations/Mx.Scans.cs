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
    {
        ArgumentNullException.ThrowIfNull(a);
        int along = axis is int one ? AxisCheck.Of(a, one, nameof(axis)) : 0;
        if (a.Size > 0 && (axis is null ? a.Size : a.Shape[along]) > 1)
        {
            return Scan(&MlxcPortable.mlx_cumprod, "mlx_cumprod", a, axis, reverse, inclusive, dtype, stream);
        }

        // MLX's gradient of at most one factor divides by zero.
        using MlxArray? row = axis is null ? Reshape(a, [-1], stream) : null;
        using MlxArray factors = AsType(row ?? a, dtype ?? a.DType, stream);
        return inclusive ? factors.Share() : OnesLike(factors, stream: stream);
    }

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
        => Extremes(&MlxcPortable.mlx_cummax, "mlx_cummax", a, axis, reverse, inclusive, stream);

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
        => Extremes(&MlxcPortable.mlx_cummin, "mlx_cummin", a, axis, reverse, inclusive, stream);

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

    /// <summary>Differences of neighbors along an axis, taken n times.</summary>
    /// <param name="a">An array with at least one axis.</param>
    /// <param name="n">The number of times to take differences.</param>
    /// <param name="axis">The axis of the differences, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array whose axis is shorter by <paramref name="n"/>. For bool, the result is whether neighbors differ.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range, or the count is negative.</exception>
    /// <remarks>mlx.core.diff of MLX 0.32; C: mlx_diff, or mlx_slice and mlx_subtract on an older mlx-c.</remarks>
    public static MlxArray Diff(MlxArray a, int n = 1, int axis = -1, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        int size = a.Dim(axis);
        if (HasNewer)
        {
            return NativeCall.WithTwoInts(&Mlxc.mlx_diff, "mlx_diff", a, n, axis, stream);
        }

        int index = axis < 0 ? axis + a.NDim : axis;
        MlxArray result = a.Share();
        for (int i = 0; i < n; i++)
        {
            using MlxArray previous = result;
            int left = Math.Max(size - i, 1);
            using MlxArray upper = Cut(previous, index, Math.Min(1, left), left, stream);
            using MlxArray lower = Cut(previous, index, 0, left - 1, stream);
            result = a.DType == DType.Bool ? NotEqual(upper, lower, stream) : Subtract(upper, lower, stream);
        }

        return result;
    }

    // Before 0.32, MLX forgets a NaN at the next number.
    private static MlxArray Extremes(
        delegate*<mlx_array*, mlx_array, int, byte, byte, mlx_stream, int> f, string function,
        MlxArray a, int? axis, bool reverse, bool inclusive, MlxStream? stream)
    {
        MlxArray extremes = Scan(f, function, a, axis, reverse, inclusive, null, stream);
        if (!IsBefore032 || !a.DType.IsFloating() || a.Size == 0)
        {
            return extremes;
        }

        using MlxScope scope = MlxScope.Begin();
        MlxArray unordered = AsType(IsNaN(a, stream), DType.Int32, stream);
        MlxArray seen = Greater(CumSum(unordered, axis, reverse, inclusive, stream: stream), 0, stream);
        MlxArray result = Where(seen, double.NaN, extremes, stream);
        extremes.Dispose();
        return scope.Keep(result);
    }

    // MLX's gradient takes the logarithms of the cotangents, so it isn't linear in them.
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
            &result, NativeCall.Handle(converted ?? row ?? a), along, NativeCall.Byte(reverse), NativeCall.Byte(inclusive),
            NativeCall.Stream(stream));
        GC.KeepAlive(a);
        return NativeCall.Result(status, result, function);
    }

    private static MlxArray Cut(MlxArray a, int axis, int from, int to, MlxStream? stream)
    {
        int[] start = new int[a.NDim];
        int[] stop = a.Shape.ToArray();
        int[] step = new int[a.NDim];
        Array.Fill(step, 1);
        (start[axis], stop[axis]) = (from, to);
        return StaticSlice(a, start, stop, step, stream);
    }
}
