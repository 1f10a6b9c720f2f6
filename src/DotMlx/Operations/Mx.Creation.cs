using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Integers from a start up to, but not including, a stop.</summary>
    /// <param name="start">The first number.</param>
    /// <param name="stop">The exclusive upper bound.</param>
    /// <param name="step">The difference between two numbers; a negative step counts down.</param>
    /// <param name="dtype">The dtype of the result; null for int32, or for int64 if a bound requires it.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array with one axis.</returns>
    /// <exception cref="MlxException">The range contains too many numbers.</exception>
    /// <remarks>mlx.core.arange; C: mlx_arange.</remarks>
    public static MlxArray Arange(long start, long stop, long step = 1, DType? dtype = null, MlxStream? stream = null)
        => IntegerRange(start, stop, step, dtype, stream);

    /// <summary>Integers from 0 up to, but not including, a stop.</summary>
    /// <param name="stop">The exclusive upper bound.</param>
    /// <param name="dtype">The dtype of the result; null for int32, or for int64 if a bound requires it.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array with one axis.</returns>
    /// <exception cref="MlxException">The range contains too many numbers.</exception>
    /// <remarks>mlx.core.arange; C: mlx_arange.</remarks>
    public static MlxArray Arange(long stop, DType? dtype = null, MlxStream? stream = null)
        => IntegerRange(0, stop, 1, dtype, stream);

    /// <summary>Floating-point numbers from a start up to, but not including, a stop.</summary>
    /// <param name="start">The first number.</param>
    /// <param name="stop">The exclusive upper bound.</param>
    /// <param name="step">The difference between two numbers; a negative step counts down.</param>
    /// <param name="dtype">The dtype of the result; null for float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array with one axis.</returns>
    /// <exception cref="MlxException">The range contains too many numbers, or a bound is NaN or infinite.</exception>
    /// <remarks>mlx.core.arange; C: mlx_arange.</remarks>
    public static MlxArray Arange(double start, double stop, double step = 1, DType? dtype = null, MlxStream? stream = null)
        => Range(start, stop, step, dtype ?? DType.Float32, stream);

    /// <summary>Floating-point numbers from 0 up to, but not including, a stop.</summary>
    /// <param name="stop">The exclusive upper bound.</param>
    /// <param name="dtype">The dtype of the result; null for float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array with one axis.</returns>
    /// <exception cref="MlxException">The range contains too many numbers, or the bound is NaN or infinite.</exception>
    /// <remarks>mlx.core.arange; C: mlx_arange.</remarks>
    public static MlxArray Arange(double stop, DType? dtype = null, MlxStream? stream = null)
        => Range(0, stop, 1, dtype ?? DType.Float32, stream);

    /// <summary>Evenly spaced numbers over an interval.</summary>
    /// <param name="start">The first number.</param>
    /// <param name="stop">The last number, or the exclusive bound if <paramref name="endpoint"/> is false.</param>
    /// <param name="num">The number of elements.</param>
    /// <param name="endpoint">Whether <paramref name="stop"/> is the last number.</param>
    /// <param name="dtype">The dtype of the result; null for float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [num].</returns>
    /// <exception cref="MlxException">The count is negative.</exception>
    /// <remarks>mlx.core.linspace; C: mlx_linspace, and mlx_linspace_endpoint in mlx-c v0.7.0.</remarks>
    public static MlxArray Linspace(
        double start, double stop, int num = 50, bool endpoint = true, DType? dtype = null, MlxStream? stream = null)
    {
        mlx_array result = default;
        mlx_dtype type = NativeCall.DType(dtype ?? DType.Float32);
        if (!endpoint && HasNewer)
        {
            return NativeCall.Result(
                Mlxc.mlx_linspace_endpoint(&result, start, stop, num, 0, type, NativeCall.Stream(stream)), result, "mlx_linspace_endpoint");
        }

        // Without the endpoint, the interval is one step shorter, so that the spacing doesn't change.
        double last = endpoint || num < 1 ? stop : stop - ((stop - start) / num);
        return NativeCall.Result(Mlxc.mlx_linspace(&result, start, last, num, type, NativeCall.Stream(stream)), result, "mlx_linspace");
    }

    /// <summary>An array of float32 zeros.</summary>
    /// <param name="shape">The shape of the array; an empty shape gives a scalar.</param>
    /// <returns>A float32 array of shape <paramref name="shape"/>.</returns>
    /// <exception cref="MlxException">A size is negative.</exception>
    /// <remarks>mlx.core.zeros; C: mlx_zeros.</remarks>
    public static MlxArray Zeros(params ReadOnlySpan<int> shape) => Zeros(shape, DType.Float32);

    /// <summary>An array of zeros.</summary>
    /// <param name="shape">The shape of the array; an empty shape gives a scalar.</param>
    /// <param name="dtype">The dtype of the result.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape <paramref name="shape"/>.</returns>
    /// <exception cref="MlxException">A size is negative.</exception>
    /// <remarks>mlx.core.zeros; C: mlx_zeros.</remarks>
    public static MlxArray Zeros(ReadOnlySpan<int> shape, DType dtype, MlxStream? stream = null)
        => Constant(&Mlxc.mlx_zeros, "mlx_zeros", shape, dtype, stream);

    /// <summary>An array of float32 ones.</summary>
    /// <param name="shape">The shape of the array; an empty shape gives a scalar.</param>
    /// <returns>A float32 array of shape <paramref name="shape"/>.</returns>
    /// <exception cref="MlxException">A size is negative.</exception>
    /// <remarks>mlx.core.ones; C: mlx_ones.</remarks>
    public static MlxArray Ones(params ReadOnlySpan<int> shape) => Ones(shape, DType.Float32);

    /// <summary>An array of ones.</summary>
    /// <param name="shape">The shape of the array; an empty shape gives a scalar.</param>
    /// <param name="dtype">The dtype of the result.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape <paramref name="shape"/>.</returns>
    /// <exception cref="MlxException">A size is negative.</exception>
    /// <remarks>mlx.core.ones; C: mlx_ones.</remarks>
    public static MlxArray Ones(ReadOnlySpan<int> shape, DType dtype, MlxStream? stream = null)
        => Constant(&Mlxc.mlx_ones, "mlx_ones", shape, dtype, stream);

    /// <summary>An array of zeros with the shape of another array.</summary>
    /// <param name="a">The array whose shape (and dtype) is used.</param>
    /// <param name="dtype">The dtype of the result; null for the dtype of <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.zeros_like; C: mlx_zeros_like.</remarks>
    public static MlxArray ZerosLike(MlxArray a, DType? dtype = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        return dtype is DType other && other != a.DType
            ? Zeros(a.Shape, other, stream)
            : NativeCall.Elementwise(&Mlxc.mlx_zeros_like, "mlx_zeros_like", a, stream);
    }

    /// <summary>An array of ones with the shape of another array.</summary>
    /// <param name="a">The array whose shape (and dtype) is used.</param>
    /// <param name="dtype">The dtype of the result; null for the dtype of <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.ones_like; C: mlx_ones_like.</remarks>
    public static MlxArray OnesLike(MlxArray a, DType? dtype = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        return dtype is DType other && other != a.DType
            ? Ones(a.Shape, other, stream)
            : NativeCall.Elementwise(&Mlxc.mlx_ones_like, "mlx_ones_like", a, stream);
    }

    /// <summary>An array filled with one value, or with an array that broadcasts.</summary>
    /// <param name="shape">The shape of the array; an empty shape gives a scalar.</param>
    /// <param name="vals">A scalar, or an array that can be broadcast to <paramref name="shape"/>.</param>
    /// <param name="dtype">The dtype of the result; null for the dtype of <paramref name="vals"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape <paramref name="shape"/>.</returns>
    /// <exception cref="MlxException">A size is negative, or the shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.full; C: mlx_full.</remarks>
    public static MlxArray Full(ReadOnlySpan<int> shape, MlxArray vals, DType? dtype = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(vals);
        _ = SizeLimits.Count(shape, nameof(shape));
        if (IsDifferentiable(vals))
        {
            return Filled(shape, vals, dtype ?? vals.DType, stream);
        }

        mlx_array result = default;
        fixed (int* first = shape)
        {
            int status = Mlxc.mlx_full(
                &result, first, (nuint)shape.Length, OperandPair.As(vals, dtype ?? vals.DType), NativeCall.DType(dtype ?? vals.DType),
                NativeCall.Stream(stream));
            GC.KeepAlive(vals);
            return NativeCall.Result(status, result, "mlx_full");
        }
    }

    /// <summary>An array with the shape of another array, filled with one value or with an array that broadcasts.</summary>
    /// <param name="a">The array whose shape (and dtype) is used.</param>
    /// <param name="vals">A scalar, or an array that can be broadcast to the shape.</param>
    /// <param name="dtype">The dtype of the result; null for the dtype of <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.full_like of MLX 0.32; C: mlx_full_like.</remarks>
    public static MlxArray FullLike(MlxArray a, MlxArray vals, DType? dtype = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(vals);
        if (IsDifferentiable(vals))
        {
            return Filled(a.Shape, vals, dtype ?? a.DType, stream);
        }

        mlx_array result = default;
        int status = Mlxc.mlx_full_like(
            &result, NativeCall.Handle(a), OperandPair.As(vals, dtype ?? a.DType), NativeCall.DType(dtype ?? a.DType),
            NativeCall.Stream(stream));
        GC.KeepAlive(a);
        GC.KeepAlive(vals);
        return NativeCall.Result(status, result, "mlx_full_like");
    }

    // MLX multiplies the gradient of the values by the values (0.31.2).
    private static bool IsDifferentiable(MlxArray vals) => vals.Weak is null && vals.DType.IsInexact() && DotMlx.Trace.IsDifferentiating;

    private static MlxArray Filled(ReadOnlySpan<int> shape, MlxArray vals, DType dtype, MlxStream? stream)
    {
        using MlxArray converted = AsType(vals, dtype, stream);
        return BroadcastTo(converted, shape, stream);
    }

    /// <summary>A matrix of zeros with ones on a diagonal.</summary>
    /// <param name="n">The number of rows.</param>
    /// <param name="m">The number of columns; null for a square matrix.</param>
    /// <param name="k">The diagonal: 0 for the main diagonal, positive above it, negative below it.</param>
    /// <param name="dtype">The dtype of the result; null for float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [n, m].</returns>
    /// <exception cref="MlxException">A size isn't positive.</exception>
    /// <remarks>mlx.core.eye; C: mlx_eye.</remarks>
    public static MlxArray Eye(int n, int? m = null, int k = 0, DType? dtype = null, MlxStream? stream = null)
    {
        DType type = dtype ?? DType.Float32;
        mlx_stream target = NativeCall.Stream(WideScatter.StreamFor(type, stream));
        mlx_array result = default;
        return NativeCall.Result(
            Mlxc.mlx_eye(&result, n, m ?? n, WithinMatrix(k, n, m ?? n), NativeCall.DType(type), target), result, "mlx_eye");
    }

    /// <summary>The identity matrix.</summary>
    /// <param name="n">The number of rows and columns.</param>
    /// <param name="dtype">The dtype of the result; null for float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [n, n].</returns>
    /// <exception cref="MlxException">The size isn't positive.</exception>
    /// <remarks>mlx.core.identity; C: mlx_identity.</remarks>
    public static MlxArray Identity(int n, DType? dtype = null, MlxStream? stream = null)
    {
        DType type = dtype ?? DType.Float32;
        mlx_array result = default;
        return NativeCall.Result(
            Mlxc.mlx_identity(&result, n, NativeCall.DType(type), NativeCall.Stream(WideScatter.StreamFor(type, stream))),
            result, "mlx_identity");
    }

    /// <summary>A matrix of ones on and below a diagonal and zeros above.</summary>
    /// <param name="n">The number of rows.</param>
    /// <param name="m">The number of columns; null for a square matrix.</param>
    /// <param name="k">The last diagonal with ones.</param>
    /// <param name="dtype">The dtype of the result; null for float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [n, m].</returns>
    /// <exception cref="MlxException">A size isn't positive.</exception>
    /// <remarks>mlx.core.tri; C: mlx_tri.</remarks>
    public static MlxArray Tri(int n, int? m = null, int k = 0, DType? dtype = null, MlxStream? stream = null)
    {
        mlx_array result = default;
        return NativeCall.Result(
            Mlxc.mlx_tri(&result, n, m ?? n, WithinMatrix(k, n, m ?? n), NativeCall.DType(dtype ?? DType.Float32),
                NativeCall.Stream(stream)), result, "mlx_tri");
    }

    /// <summary>The value as an array, converted if a dtype is given.</summary>
    /// <param name="a">An array, or a number, which converts implicitly.</param>
    /// <param name="dtype">The dtype of the result. With null, an array keeps its dtype, and a number gets its default dtype.</param>
    /// <param name="copy">Whether to copy: true for always, false for never, null for only if the dtype changes.</param>
    /// <returns>A new array object. It shares the memory if nothing is converted or copied.</returns>
    /// <exception cref="ArgumentException"><paramref name="copy"/> is false, but a number or another dtype requires a copy.</exception>
    /// <remarks>
    /// mlx.core.asarray; .NET arrays and spans: <see cref="MlxArray.Create{T}(ReadOnlySpan{T}, ReadOnlySpan{int})"/>. C: mlx_array_set,
    /// mlx_astype.
    /// </remarks>
    public static MlxArray AsArray(MlxArray a, DType? dtype = null, bool? copy = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        bool converts = a.IsWeakScalar || (dtype is DType other && other != a.DType);
        if (copy is false && converts)
        {
            throw new ArgumentException(
                a.IsWeakScalar
                    ? "A number can become an array only by a copy."
                    : $"An array of {a.DType.MlxName()} can become {dtype!.Value.MlxName()} only by a copy.", nameof(copy));
        }

        if (copy is true && !converts)
        {
            return NativeCall.Unary(&Mlxc.mlx_copy, "mlx_copy", a, null);
        }

        return a.IsWeakScalar ? MlxArray.Scalar(a, dtype ?? a.DType)
            : dtype is DType wanted ? AsType(a, wanted)
            : a.Share();
    }

    /// <summary>The elements converted to another dtype.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="dtype">The dtype of the result.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.array.astype; C: mlx_astype.</remarks>
    public static MlxArray AsType(MlxArray a, DType dtype, MlxStream? stream = null)
        => Convert(&Mlxc.mlx_astype, "mlx_astype", a, dtype, stream);

    /// <summary>The same bytes read as another dtype.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="dtype">The dtype to read as. The size of the last axis changes with the size of an element.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array over the same bytes.</returns>
    /// <exception cref="MlxException">The bytes of the last axis aren't a whole number of elements.</exception>
    /// <remarks>mlx.core.view; C: mlx_view.</remarks>
    public static MlxArray View(MlxArray a, DType dtype, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (a.NDim > 0)
        {
            _ = SizeLimits.Axis((long)a.Shape[^1] * a.ItemSize / dtype.ItemSize(), "view", a);
        }

        return Convert(&Mlxc.mlx_view, "mlx_view", a, dtype, stream);
    }

    /// <summary>The array itself if it is row-major, or a row-major copy.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="allowColMajor">Whether a column-major layout is also acceptable.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same elements, contiguous in memory.</returns>
    /// <remarks>mlx.core.contiguous; C: mlx_contiguous.</remarks>
    public static MlxArray Contiguous(MlxArray a, bool allowColMajor = false, MlxStream? stream = null)
        => NativeCall.WithFlag(&Mlxc.mlx_contiguous, "mlx_contiguous", a, allowColMajor, stream);

    private static MlxArray IntegerRange(long start, long stop, long step, DType? dtype, MlxStream? stream)
    {
        bool isWide = start is < int.MinValue or > int.MaxValue || stop is < int.MinValue or > int.MaxValue
            || step is < int.MinValue or > int.MaxValue;
        DType type = dtype ?? (isWide ? DType.Int64 : DType.Int32);
        const long Exact = 1L << 53;
        if (type is not (DType.Int64 or DType.UInt64)
            || (start is >= -Exact and <= Exact && stop is >= -Exact and <= Exact && step is >= -Exact and <= Exact))
        {
            return Range(start, stop, step, type, stream);
        }

        // MLX counts in float64, which can't represent such large integers exactly.
        ArgumentOutOfRangeException.ThrowIfZero(step);
        Int128 span = (Int128)stop - start;
        Int128 count = Int128.Max((span + step - Int128.Sign(step)) / step, 0);
        if (count > int.MaxValue)
        {
            throw new ArgumentException($"[arange] The range from {start} to {stop} with step {step} has "
                + $"{count} numbers, but an axis can have at most {int.MaxValue}.");
        }

        using MlxArray index = Range(0, (double)count, 1, type, stream);
        using MlxArray distance = MlxArray.Scalar(step).AsType(type, stream);
        using MlxArray first = MlxArray.Scalar(start).AsType(type, stream);
        using MlxArray places = Multiply(index, distance, stream);
        return Add(places, first, stream);
    }

    private static MlxArray Range(double start, double stop, double step, DType dtype, MlxStream? stream)
    {
        mlx_array result = default;
        return NativeCall.Result(
            Mlxc.mlx_arange(&result, start, stop, step, NativeCall.DType(dtype), NativeCall.Stream(stream)), result, "mlx_arange");
    }

    private static MlxArray Convert(
        delegate*<mlx_array*, mlx_array, mlx_dtype, mlx_stream, int> f, string function, MlxArray a, DType dtype, MlxStream? stream)
    {
        mlx_array result = default;
        int status = f(&result, NativeCall.Handle(a), NativeCall.DType(dtype), NativeCall.Stream(stream));
        GC.KeepAlive(a);
        return NativeCall.Result(status, result, function);
    }

    // All diagonals outside the matrix give the same result, and an extreme offset would overflow in MLX.
    private static int WithinMatrix(int k, int rows, int columns) => Math.Clamp(k, -Math.Max(rows, 0), Math.Max(columns, 0));

    private static MlxArray Constant(
        delegate*<mlx_array*, int*, nuint, mlx_dtype, mlx_stream, int> f, string function, ReadOnlySpan<int> shape, DType dtype,
        MlxStream? stream)
    {
        _ = SizeLimits.Count(shape, nameof(shape));
        mlx_array result = default;
        fixed (int* first = shape)
        {
            int status = f(&result, first, (nuint)shape.Length, NativeCall.DType(dtype), NativeCall.Stream(stream));
            return NativeCall.Result(status, result, function);
        }
    }
}
