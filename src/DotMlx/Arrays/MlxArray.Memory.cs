using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <summary>
    /// Reads the elements in row-major order from MLX's memory, evaluated first, without a copy if they are stored in that order.
    /// </summary>
    /// <typeparam name="T">The exact .NET type of the element type; nothing is converted.</typeparam>
    /// <typeparam name="TResult">The type of the result of reading.</typeparam>
    /// <param name="read">Called once with the elements, which are valid until it returns.</param>
    /// <exception cref="InvalidOperationException">The array has another element type, or more elements than a span can hold.</exception>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public TResult Read<T, TResult>(Func<ReadOnlySpan<T>, TResult> read)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(read);
        using var held = new HeldArray(this);
        CheckType<T>("Read", held.DType);
        long size = held.Size;
        if (size > int.MaxValue)
        {
            throw new InvalidOperationException(
                $"{size} elements are more than a span can hold, shape {ShapeText.Of(this)}: read slices of it, or use ReadTensor of the "
                + $"package DotMlx.Tensors.");
        }

        // Complex is twice as wide as MLX's elements.
        if (typeof(T) == typeof(System.Numerics.Complex) || size == 0)
        {
            return read(ToArray<T>());
        }

        byte* data = held.Data();
        return held.IsRowMajor ? read(new ReadOnlySpan<T>(data, (int)size)) : read(ToArray<T>());
    }

    /// <summary>
    /// An array over memory of the program. If MLX can share the memory (Metal, page-aligned memory), it isn't copied; otherwise, it is
    /// copied at once. The memory stays pinned until MLX releases it, and it must not be changed until then. Memory of a <see
    /// cref="MemoryManager{T}"/> is unpinned slightly later, on a thread of the pool.
    /// </summary>
    /// <param name="memory">The elements in row-major order.</param>
    /// <param name="shape">The shape; none means one dimension.</param>
    /// <exception cref="ArgumentException">The shape doesn't match the number of elements.</exception>
    public static MlxArray FromMemory<T>(Memory<T> memory, params ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        DType dtype = DTypeExtensions.Of<T>();
        if (shape.IsEmpty || typeof(T) == typeof(System.Numerics.Complex) || memory.IsEmpty)
        {
            return shape.IsEmpty ? FromMemory(memory, memory.Length) : Create((ReadOnlySpan<T>)memory.Span, shape);
        }

        long count = SizeLimits.Count(shape, nameof(shape));
        if (count != memory.Length)
        {
            throw new ArgumentException($"The shape {ShapeText.Of(shape)} holds {count} elements, but {memory.Length} were given.",
                nameof(shape));
        }

        // Memory of a MemoryManager has an Unpin of its own, which may do anything.
        var pinned = new PinnedMemory(memory.Pin(), RunsForeignCode: !MemoryMarshal.TryGetArray<T>(memory, out _));
        GCHandle payload = GCHandle.Alloc(pinned);
        fixed (int* sizes = shape)
        {
            mlx_array array = Mlxc.mlx_array_new_data_managed_payload(
                pinned.Handle.Pointer, sizes, shape.Length, (mlx_dtype)dtype, (void*)GCHandle.ToIntPtr(payload), &Unpin);
            return array.ctx != null ? new MlxArray(array) : throw MlxError.Fail("mlx_array_new_data_managed_payload");
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Unpin(void* payload)
    {
        GCHandle handle = GCHandle.FromIntPtr((nint)payload);
        var pinned = (PinnedMemory)handle.Target!;
        handle.Free();

        // Locks that MLX or the library hold here must not meet those of the program.
        if (pinned.RunsForeignCode)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static memory => memory.Handle.Dispose(), pinned, preferLocal: false);
        }
        else
        {
            pinned.Handle.Dispose();
        }
    }

    private sealed record PinnedMemory(MemoryHandle Handle, bool RunsForeignCode);
}
