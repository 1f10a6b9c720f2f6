using System.Diagnostics;
using DotMlx.Bindings;

namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <summary>The sizes of the dimensions, outermost first; empty for a scalar (<c>array.shape</c>).</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public ReadOnlySpan<int> Shape => ShapeArray;

    /// <summary>The number of dimensions (<c>array.ndim</c>).</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public int NDim
    {
        get
        {
            if (_extra is int[] known && _native != 0)
            {
                return known.Length;
            }

            if (Weak is not null)
            {
                return 0;
            }

            ThreadState thread = ThreadState.Current;
            int dimensions = (int)Mlxc.mlx_array_ndim(Protect(thread, ref thread.Property));
            Volatile.Write(ref thread.Property, 0);
            GC.KeepAlive(this);
            return dimensions;
        }
    }

    /// <summary>The number of elements (<c>array.size</c>).</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public long Size
    {
        get
        {
            ThreadState thread = ThreadState.Current;
            long size = (long)Mlxc.mlx_array_size(Protect(thread, ref thread.Property));
            Volatile.Write(ref thread.Property, 0);
            GC.KeepAlive(this);
            return size;
        }
    }

    /// <summary>The size of the elements in bytes: <see cref="Size"/> times <see cref="ItemSize"/> (<c>array.nbytes</c>).</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public long NBytes => Size * ItemSize;

    /// <summary>The size of one element in bytes (<c>array.itemsize</c>).</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public int ItemSize => DType.ItemSize();

    /// <summary>The element type (<c>array.dtype</c>). For a weakly typed number, it is the type that the number has by itself.</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public DType DType
    {
        get
        {
            if (Weak is { } weak)
            {
                return weak.DefaultDType;
            }

            if (Kind is { } kind)
            {
                return kind.DType;
            }

            if (_native == 0 && Proxy is { } proxy)
            {
                return proxy.DType;
            }

            ThreadState thread = ThreadState.Current;
            var dtype = (DType)Mlxc.mlx_array_dtype(Protect(thread, ref thread.Property));
            Volatile.Write(ref thread.Property, 0);
            GC.KeepAlive(this);
            return dtype;
        }
    }

    /// <summary>The size of dimension <paramref name="axis"/>; a negative axis counts from the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The dimension doesn't exist.</exception>
    internal int Dim(int axis) => ShapeArray[AxisCheck.Of(this, axis)];

    /// <summary>The shape as the library's own array, which all callers share and must not change.</summary>
    internal int[] ShapeArray => _extra is int[] known && _native != 0 ? known : LoadShape();

    /// <summary>The flat array of which this array is known to be a part; cleared when the array is changed in place.</summary>
    internal FlatPart? Part
    {
        get => _extra as FlatPart;
        set => _extra = value;
    }

    /// <summary>The range of the elements, if it was recorded since the array was last changed in place.</summary>
    internal KnownRange? Range => _extra is KnownRange range && range.Native == (_native & ~UsedByOthers) ? range : null;

    /// <summary>Records the range of the elements.</summary>
    /// <param name="native">The native array that was read, which the calling thread still protects.</param>
    /// <param name="least">The smallest element.</param>
    /// <param name="greatest">The largest element.</param>
    internal void SetRange(nint native, long least, long greatest)
    {
        object? before = _extra;
        if (before is null or int[] or ArrayKind && native == (_native & ~UsedByOthers))
        {
            Interlocked.CompareExchange(ref _extra, new KnownRange(native, ShapeArray, least, greatest), before);
        }
    }

    /// <summary>The shape and dtype, if known.</summary>
    internal ArrayKind? Kind => _native != 0 ? _extra as ArrayKind : null;

    /// <summary>The shape and dtype, which are recorded if they weren't known.</summary>
    internal ArrayKind KnownKind => Kind ?? LoadKind();

    /// <summary>The mark of a scalar that many parameters share, or null; see <see cref="SharedScalars"/>.</summary>
    internal SharedScalar? Shared => _extra as SharedScalar;

    /// <summary>Marks this array as a scalar that many parameters share.</summary>
    internal void MarkShared(DType dtype) => _extra = new SharedScalar(dtype);

    /// <summary>Records the shape and dtype, if known.</summary>
    internal void SetKind(ArrayKind? kind)
    {
        if (kind is not null && _extra is null or int[])
        {
            _extra = kind;
        }
    }

    /// <summary>Whether the array has the given shape.</summary>
    internal bool HasShape(int[] shape)
    {
        if (_extra is ArrayKind kind && _native != 0)
        {
            return ReferenceEquals(kind.Shape, shape) || kind.Shape.AsSpan().SequenceEqual(shape);
        }

        ThreadState thread = ThreadState.Current;
        mlx_array handle = Protect(thread, ref thread.Property);
        int dimensions = (int)Mlxc.mlx_array_ndim(handle);
        bool same = dimensions == shape.Length
            && (dimensions == 0 || new ReadOnlySpan<int>(Mlxc.mlx_array_shape(handle), dimensions).SequenceEqual(shape));
        Volatile.Write(ref thread.Property, 0);
        GC.KeepAlive(this);
        return same;
    }

    /// <summary>
    /// Records the kind of an arithmetic result: the kind of both operands, or of the operand next to a scalar.
    /// </summary>
    internal void InheritKind(MlxArray a, MlxArray b)
    {
        object? left = a._extra;
        object? right = b._extra;
        ArrayKind? kind = left as ArrayKind ?? right as ArrayKind;
        if (kind is not null && kind.DType.IsFloating() && KeepsKind(left, kind) && KeepsKind(right, kind))
        {
            _extra = kind;
        }

        static bool KeepsKind(object? operand, ArrayKind kind) =>
            ReferenceEquals(operand, kind) || operand is WeakScalar { IsReal: true }
                || (operand is SharedScalar shared && shared.DType == kind.DType);
    }

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private string DebuggerDisplay => IsDisposed ? "disposed" : Weak is { } weak
        ? $"{weak} (number)"
        : $"{DType.MlxName()} {ShapeText.Of(Shape)}";

    private ArrayKind LoadKind()
    {
        if (_native == 0 && Proxy is { } proxy)
        {
            return ArrayKind.Of(proxy.Shape, proxy.DType);
        }

        ThreadState thread = ThreadState.Current;
        mlx_array handle = Protect(thread, ref thread.Property);
        int dimensions = (int)Mlxc.mlx_array_ndim(handle);
        ReadOnlySpan<int> shape = dimensions == 0 ? [] : new(Mlxc.mlx_array_shape(handle), dimensions);
        ArrayKind kind = ArrayKind.Of(shape, (DType)Mlxc.mlx_array_dtype(handle));
        Volatile.Write(ref thread.Property, 0);
        GC.KeepAlive(this);
        SetKind(kind);
        return kind;
    }

    private int[] LoadShape()
    {
        if (Weak is not null)
        {
            return [];
        }

        if (Kind is { } kind)
        {
            return kind.Shape;
        }

        if (Part is { } part)
        {
            return part.Shape;
        }

        if (Range is { } range)
        {
            return range.Shape;
        }

        if (_native == 0 && Proxy is { } proxy)
        {
            return proxy.Shape;
        }

        ThreadState thread = ThreadState.Current;
        mlx_array handle = Protect(thread, ref thread.Property);
        int dimensions = (int)Mlxc.mlx_array_ndim(handle);
        int[] shape = dimensions == 0 ? [] : new ReadOnlySpan<int>(Mlxc.mlx_array_shape(handle), dimensions).ToArray();
        Volatile.Write(ref thread.Property, 0);
        GC.KeepAlive(this);
        Interlocked.CompareExchange(ref _extra, shape, null);
        return shape;
    }
}
