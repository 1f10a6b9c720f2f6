using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <summary>Reads an array's storage where it lies; the span is valid only inside the call.</summary>
    /// <typeparam name="T">The .NET type of the elements.</typeparam>
    /// <typeparam name="TResult">What reading gives.</typeparam>
    public delegate TResult Reader<T, out TResult>(ReadOnlyTensorSpan<T> elements);

    /// <summary>Copies a tensor; its lengths become the shape.</summary>
    /// <typeparam name="T">As in <see cref="Create{T}(ReadOnlySpan{T}, ReadOnlySpan{int})"/>.</typeparam>
    /// <exception cref="OverflowException">A length does not fit 32 bits.</exception>
    public static MlxArray Create<T>(in ReadOnlyTensorSpan<T> tensor)
        where T : unmanaged
    {
        var shape = new int[tensor.Rank];
        for (int i = 0; i < shape.Length; i++)
        {
            shape[i] = checked((int)tensor.Lengths[i]);
        }

        var elements = new T[checked((int)tensor.FlattenedLength)];
        tensor.FlattenTo(elements);
        return FromSpan<T>(elements, shape);
    }

    /// <inheritdoc cref="Create{T}(in ReadOnlyTensorSpan{T})"/>
    public static MlxArray Create<T>(Tensor<T> tensor)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return Create(tensor.AsReadOnlyTensorSpan());
    }

    /// <summary>The elements as a tensor of the same shape, evaluated first and copied.</summary>
    /// <inheritdoc cref="CopyTo{T}(Span{T})"/>
    public Tensor<T> ToTensor<T>()
        where T : unmanaged
    {
        T[] elements = ToArray<T>();
        var lengths = new nint[NDim];
        for (int i = 0; i < lengths.Length; i++)
        {
            lengths[i] = ShapeArray[i];
        }

        return Tensor.Create(elements, lengths);
    }

    /// <summary>Reads the elements where MLX keeps them, evaluated first, without a copy if they lie in row-major order.</summary>
    /// <param name="read">Called once with the elements; they must not be used after it returns.</param>
    /// <inheritdoc cref="CopyTo{T}(Span{T})"/>
    public TResult Read<T, TResult>(Reader<T, TResult> read)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(read);
        CheckType<T>("Read");
        var lengths = new nint[NDim];
        for (int i = 0; i < lengths.Length; i++)
        {
            lengths[i] = ShapeArray[i];
        }

        // Complex is twice as wide as MLX's elements.
        if (typeof(T) == typeof(System.Numerics.Complex) || Size == 0 || !IsRowMajor())
        {
            return read(new ReadOnlyTensorSpan<T>(ToArray<T>(), lengths));
        }

        TResult result = read(new ReadOnlyTensorSpan<T>((T*)Data(), checked((nint)Size), lengths, []));
        GC.KeepAlive(this);
        return result;
    }

    /// <summary>
    /// An array over memory of the program's own: where MLX can share it (Metal, page-aligned memory) it is not copied, else it is copied at once.
    /// The memory stays pinned until MLX lets go of it and must not be changed meanwhile.
    /// </summary>
    /// <param name="memory">The elements in row-major order.</param>
    /// <param name="shape">The shape; none means one dimension.</param>
    /// <exception cref="ArgumentException">The shape does not hold exactly the elements given.</exception>
    public static MlxArray FromMemory<T>(Memory<T> memory, params ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        DType dtype = DTypeExtensions.Of<T>();
        if (shape.IsEmpty || typeof(T) == typeof(System.Numerics.Complex) || memory.IsEmpty)
        {
            return shape.IsEmpty ? FromMemory(memory, memory.Length) : Create((ReadOnlySpan<T>)memory.Span, shape);
        }

        long count = ShapeText.Count(shape, nameof(shape));
        if (count != memory.Length)
        {
            throw new ArgumentException($"The shape {ShapeText.Of(shape)} holds {count} elements, but {memory.Length} were given.", nameof(shape));
        }

        MemoryHandle pin = memory.Pin();
        GCHandle payload = GCHandle.Alloc(pin);
        fixed (int* sizes = shape)
        {
            mlx_array array = Mlxc.mlx_array_new_data_managed_payload(
                pin.Pointer, sizes, shape.Length, (mlx_dtype)dtype, (void*)GCHandle.ToIntPtr(payload), &Unpin);
            return array.ctx != null ? new MlxArray(array) : throw MlxError.Fail("mlx_array_new_data_managed_payload");
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Unpin(void* payload)
    {
        GCHandle handle = GCHandle.FromIntPtr((nint)payload);
        ((MemoryHandle)handle.Target!).Dispose();
        handle.Free();
    }

    private bool IsRowMajor()
    {
        Data();
        var strides = new ReadOnlySpan<long>(Mlxc.mlx_array_strides(Handle), NDim);
        long run = 1;
        for (int i = NDim - 1; i >= 0; i--)
        {
            if (ShapeArray[i] != 1 && strides[i] != run)
            {
                return false;
            }

            run *= ShapeArray[i];
        }

        return true;
    }
}
