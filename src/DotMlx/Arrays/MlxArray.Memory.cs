using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <summary>
    /// Evaluates the array and passes its elements in row-major order to a function. The elements aren't copied if MLX stores them in that
    /// order.
    /// </summary>
    /// <typeparam name="T">The exact .NET type of the element type; nothing is converted.</typeparam>
    /// <typeparam name="TResult">The type of the function's result.</typeparam>
    /// <param name="read">Called once with the elements, which are valid only until it returns.</param>
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
    /// Creates an array over the program's memory. If MLX can share the memory (Metal, page-aligned memory), it isn't copied; otherwise, it
    /// is copied immediately. The memory stays pinned until MLX releases it, and it must not be changed until then. Memory of a <see
    /// cref="MemoryManager{T}"/> is unpinned slightly later, on a thread-pool thread.
    /// </summary>
    /// <param name="memory">The elements in row-major order.</param>
    /// <param name="shape">The shape; if empty, the array has one dimension.</param>
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

        // A MemoryManager has its own Unpin method, which may run arbitrary code.
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

        // MLX or the library may hold locks here, so foreign code, which may take locks of its own, runs on another thread.
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
