using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx.Reference;

/// <summary>Reference-counted native memory with usage statistics, shared by tensors that differ only in shape.</summary>
internal sealed unsafe class Storage
{
    private static long _active, _peak;

    private readonly delegate* unmanaged[Cdecl]<void*, void> _destructor;
    private readonly void* _payload;
    private int _owners = 1;

    internal Storage(long bytes)
    {
        Bytes = bytes;
        Pointer = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), 64);
        var now = Interlocked.Add(ref _active, bytes);
        for (var seen = Peak; now > seen; seen = Peak) Interlocked.CompareExchange(ref _peak, now, seen);
    }

    /// <summary>Wraps memory that belongs to the caller and is released with the caller's destructor.</summary>
    internal Storage(void* pointer, void* payload, delegate* unmanaged[Cdecl]<void*, void> destructor)
    {
        Pointer = pointer;
        _payload = payload;
        _destructor = destructor;
    }

    ~Storage() => Free();

    internal static long Active => Volatile.Read(ref _active);

    internal static long Peak => Volatile.Read(ref _peak);

    internal static void ResetPeak() => Volatile.Write(ref _peak, 0);

    internal void* Pointer { get; private set; }

    internal long Bytes { get; }

    internal Storage Share()
    {
        Interlocked.Increment(ref _owners);
        return this;
    }

    internal void Release()
    {
        if (Interlocked.Decrement(ref _owners) > 0) return;
        GC.SuppressFinalize(this);
        Free();
    }

    private void Free()
    {
        var pointer = Pointer;
        if (pointer == null) return;
        Pointer = null;
        if (_destructor != null)
        {
            _destructor(_payload);
            return;
        }
        Interlocked.Add(ref _active, -Bytes);
        NativeMemory.AlignedFree(pointer);
    }
}

/// <summary>
/// A dense row-major array. It counts its owners (handles, containers, recorded graphs, and the call that created it) and releases its
/// reference to the storage when the last owner releases the tensor.
/// </summary>
internal sealed unsafe class Tensor
{
    private readonly Storage _storage;
    private int _owners = 1;
    private void* _layout;

    private Tensor(mlx_dtype dtype, int[] shape, long size, Storage storage)
    {
        DType = dtype;
        Shape = shape;
        Size = (int)size;
        _storage = storage;
        Scope.Adopt(this);
    }

    internal Tensor(mlx_dtype dtype, params int[] shape)
        : this(dtype, shape, CheckedSize(shape, dtype), new Storage(CheckedSize(shape, dtype) * DTypes.SizeOf(dtype)))
    {
    }

    internal mlx_dtype DType { get; }

    internal int[] Shape { get; }

    internal int Size { get; }

    internal int NDim => Shape.Length;

    internal long NBytes => (long)Size * DTypes.SizeOf(DType);

    internal void* Pointer => _storage.Pointer != null ? _storage.Pointer : throw new MlxFailure("The array has been freed.");

    /// <summary>The recorded operation that created this tensor, while a transform traces.</summary>
    internal Node? Node { get; set; }

    internal static Tensor Wrap(void* data, int[] shape, mlx_dtype dtype, void* payload, delegate* unmanaged[Cdecl]<void*, void> dtor) =>
        new(dtype, shape, CheckedSize(shape, dtype), new Storage(data, payload, dtor));

    internal static Tensor From<T>(mlx_dtype dtype, int[] shape, ReadOnlySpan<T> values) where T : unmanaged
    {
        var result = new Tensor(dtype, shape);
        values.CopyTo(new Span<T>(result.Pointer, values.Length));
        return result;
    }

    /// <summary>Returns the same bytes with another shape (and possibly another dtype), without a copy.</summary>
    internal Tensor Alias(int[] shape, mlx_dtype? dtype = null) => new(dtype ?? DType, shape, Shapes.Count(shape), _storage.Share());

    internal Tensor Alias() => Alias(Shape);

    internal Span<T> Data<T>() where T : unmanaged => new(Pointer, (int)(NBytes / sizeof(T)));

    internal int Dim(int axis) => Shape[axis < 0 ? axis + NDim : axis];

    internal void Retain() => Interlocked.Increment(ref _owners);

    internal void Release()
    {
        if (Interlocked.Decrement(ref _owners) > 0) return;
        _storage.Release();
        NativeMemory.Free(_layout);
        _layout = null;
    }

    /// <summary>The shape in the form that mlx-c returns: native memory that lives as long as the tensor.</summary>
    internal int* NativeShape => (int*)((nuint*)NativeStrides + NDim);

    internal nuint* NativeStrides
    {
        get
        {
            lock (_storage)
            {
                if (_layout != null) return (nuint*)_layout;
                var block = (nuint*)NativeMemory.Alloc((nuint)(NDim + 1) * 12);
                nuint stride = 1;
                for (var i = NDim - 1; i >= 0; i--)
                {
                    block[i] = stride;
                    stride *= (nuint)Shape[i];
                    ((int*)(block + NDim))[i] = Shape[i];
                }
                _layout = block;
                return block;
            }
        }
    }

    private static long CheckedSize(int[] shape, mlx_dtype dtype)
    {
        long size = 1;
        foreach (var dim in shape)
        {
            if (dim < 0) throw new MlxFailure($"[array] Negative dimensions are not allowed: {Errors.Text(shape)}.");
            size *= dim;
            if (size * DTypes.SizeOf(dtype) > int.MaxValue)
            {
                throw new MlxFailure($"[malloc] Unable to allocate an array of shape {Errors.Text(shape)} and type "
                    + $"{DTypes.Name(dtype)}: the reference library holds at most 2 GB in one array.");
            }
        }
        return size;
    }

    public static Tensor operator +(Tensor a, Tensor b) => mlx_add(a, b);

    public static Tensor operator -(Tensor a, Tensor b) => mlx_subtract(a, b);

    public static Tensor operator *(Tensor a, Tensor b) => mlx_multiply(a, b);

    public static Tensor operator /(Tensor a, Tensor b) => mlx_divide(a, b);

    public static Tensor operator -(Tensor a) => mlx_negative(a);

    public static Tensor operator +(Tensor a, double b) => a + Scalar(b, a.DType);

    public static Tensor operator -(Tensor a, double b) => a - Scalar(b, a.DType);

    public static Tensor operator *(Tensor a, double b) => a * Scalar(b, a.DType);

    public static Tensor operator /(Tensor a, double b) => a / Scalar(b, a.DType);

    public static Tensor operator -(double a, Tensor b) => Scalar(a, b.DType) - b;

    public static Tensor operator /(double a, Tensor b) => Scalar(a, b.DType) / b;
}

/// <summary>The tensors that the current call has created. The call releases them when it ends; kept tensors have other owners.</summary>
internal static class Scope
{
    [ThreadStatic]
    private static List<Tensor>? _current;

    internal static void Adopt(Tensor tensor) => (_current ??= []).Add(tensor);

    internal static void Flush()
    {
        if (_current is not { Count: > 0 } list) return;
        foreach (var tensor in list) tensor.Release();
        list.Clear();
    }

    /// <summary>Runs a callback whose calls must not release the tensors of the current call.</summary>
    internal static T Nested<T>(Func<T> callback, Func<T, IEnumerable<Tensor>> kept)
    {
        var outer = _current;
        _current = null;
        try
        {
            var result = callback();
            foreach (var tensor in kept(result))
            {
                tensor.Retain();
                (outer ??= []).Add(tensor);
            }
            return result;
        }
        finally
        {
            Flush();
            _current = outer;
        }
    }
}
