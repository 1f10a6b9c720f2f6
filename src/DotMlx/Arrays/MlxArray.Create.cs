using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    // For arrays with at least this many elements, copying costs far more than checking the memory figures.
    private const int LargeData = 1 << 14;

    /// <summary>Copies <paramref name="data"/> into a new array (<c>mlx_array_new_data</c>).</summary>
    /// <typeparam name="T">
    /// bool, an integer of 8 to 64 bits, Half, BFloat16, float, double, Complex64, or Complex. It determines the element type.
    /// </typeparam>
    /// <param name="data">The elements in row-major order.</param>
    /// <param name="shape">
    /// The shape; if empty, the array has one dimension with the length of the data. To create a scalar, use <see cref="Scalar{T}"/>.
    /// </param>
    /// <exception cref="ArgumentException">The shape doesn't match the number of elements.</exception>
    /// <exception cref="NotSupportedException">MLX has no element type for <typeparamref name="T"/>.</exception>
    public static MlxArray Create<T>(ReadOnlySpan<T> data, params ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        if (shape.IsEmpty)
        {
            return FromSpan(data, [data.Length]);
        }

        long count = SizeLimits.Count(shape, nameof(shape));
        return count == data.Length
            ? FromSpan(data, shape)
            : throw new ArgumentException($"The shape {ShapeText.Of(shape)} holds {count} elements, but {data.Length} were given.",
                nameof(shape));
    }

    /// <inheritdoc cref="Create{T}(ReadOnlySpan{T}, ReadOnlySpan{int})"/>
    public static MlxArray Create<T>(T[] data, params ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(data);
        return Create((ReadOnlySpan<T>)data, shape);
    }

    /// <summary>
    /// Creates a 0-dimensional array with the element type of <typeparamref name="T"/>; a number that is converted implicitly is weakly
    /// typed instead.
    /// </summary>
    /// <exception cref="NotSupportedException">MLX has no element type for <typeparamref name="T"/>.</exception>
    public static MlxArray Scalar<T>(T value)
        where T : unmanaged
    {
        MlxArray array = FromSpan(new ReadOnlySpan<T>(in value), []);
        if (!WeakScalar.IsCritical(Number(value)) || ((MlxArray)Number(value)).Weak is not { } weak || !weak.MustCompute(array.DType))
        {
            return array;
        }

        using (array)
        {
            return weak.New(array.DType);
        }
    }

    /// <summary>Creates a 0-dimensional array of the given element type (<c>mx.array(value, dtype)</c>).</summary>
    /// <param name="value">A number or a 0-dimensional array, which is converted.</param>
    /// <param name="dtype">The element type.</param>
    /// <exception cref="OverflowException">An integer doesn't fit in the type.</exception>
    public static MlxArray Scalar(MlxArray value, DType dtype)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.Weak is { } weak ? weak.New(dtype) : value.AsType(dtype);
    }

    /// <summary>Copies a .NET array of any rank; the result has the same dimensions.</summary>
    /// <typeparam name="T">See <see cref="Create{T}(ReadOnlySpan{T}, ReadOnlySpan{int})"/>.</typeparam>
    /// <param name="data">A rectangular array, such as <c>float[,]</c>.</param>
    /// <exception cref="ArgumentException">The elements of <paramref name="data"/> aren't of type <typeparamref name="T"/>.</exception>
    public static MlxArray FromArray<T>(Array data)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(data);
        if (data.GetType().GetElementType() != typeof(T))
        {
            throw new ArgumentException($"Expected an array of {typeof(T)}, got {data.GetType()}.", nameof(data));
        }

        Span<int> shape = stackalloc int[data.Rank];
        for (int i = 0; i < shape.Length; i++)
        {
            shape[i] = data.GetLength(i);
        }

        var elements = MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(data)), data.Length);
        return FromSpan<T>(elements, shape);
    }

    /// <summary>Copies a two-dimensional .NET array.</summary>
    /// <inheritdoc cref="FromArray{T}(Array)"/>
    public static MlxArray Create<T>(T[,] data)
        where T : unmanaged => FromArray<T>(data);

    /// <summary>Copies a three-dimensional .NET array.</summary>
    /// <inheritdoc cref="FromArray{T}(Array)"/>
    public static MlxArray Create<T>(T[,,] data)
        where T : unmanaged => FromArray<T>(data);

    /// <summary>Copies a four-dimensional .NET array.</summary>
    /// <inheritdoc cref="FromArray{T}(Array)"/>
    public static MlxArray Create<T>(T[,,,] data)
        where T : unmanaged => FromArray<T>(data);

    /// <summary>Creates a second object for the same array, with a new handle and shared storage (<c>copy.copy</c>).</summary>
    /// <remarks>Disposing one object doesn't affect the other, and neither does changing one in place.</remarks>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public MlxArray Share() => Weak is { } weak ? weak.New(weak.DefaultDType) : new MlxArray(NewHandle());

    private static MlxArray FromSpan<T>(ReadOnlySpan<T> data, ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        if (typeof(T) == typeof(Complex))
        {
            var narrow = new Complex64[data.Length];
            var wide = MemoryMarshal.Cast<T, Complex>(data);
            for (int i = 0; i < narrow.Length; i++)
            {
                narrow[i] = wide[i];
            }

            return FromSpan<Complex64>(narrow, shape);
        }

        fixed (T* elements = data)
        {
            return FromPointer(elements, data.Length, shape);
        }
    }

    /// <summary>Copies elements in row-major order, even more of them than a span can hold.</summary>
    internal static MlxArray FromPointer<T>(T* elements, long count, ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        if (count >= LargeData)
        {
            MemoryPressure.Check();
        }

        // The pointer of an empty span is null, and MLX would dereference it.
        ulong nothing = 0;
        int noShape = 0;
        DType dtype = DTypeExtensions.Of<T>();
        fixed (int* sizes = shape)
        {
            mlx_array array = Mlxc.mlx_array_new_data(
                elements != null ? elements : (void*)&nothing, sizes != null ? sizes : &noShape, shape.Length, (mlx_dtype)dtype);
            return array.ctx != null ? new MlxArray(array) : throw MlxError.Fail("mlx_array_new_data");
        }
    }

    private static double Number<T>(T value) => value switch
    {
        float single => single,
        double number => number,
        Half half => (double)half,
        BFloat16 brain => (float)brain,
        _ => 0,
    };
}
