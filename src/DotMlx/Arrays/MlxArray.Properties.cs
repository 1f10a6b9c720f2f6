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
    public int NDim => ShapeArray.Length;

    /// <summary>The number of elements (<c>array.size</c>).</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public long Size
    {
        get
        {
            long size = (long)Mlxc.mlx_array_size(Handle);
            GC.KeepAlive(this);
            return size;
        }
    }

    /// <summary>The size of the elements in bytes, <see cref="Size"/> times <see cref="ItemSize"/> (<c>array.nbytes</c>).</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public long NBytes => Size * ItemSize;

    /// <summary>The size of one element in bytes (<c>array.itemsize</c>).</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public int ItemSize => DType.ItemSize();

    /// <summary>The element type (<c>array.dtype</c>). A number converted to an array tells the type it takes alone.</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public DType DType
    {
        get
        {
            if (Weak is { } weak)
            {
                return weak.DefaultDType;
            }

            if (native == 0 && StandsIn is { } standIn)
            {
                return standIn.DType;
            }

            var dtype = (DType)Mlxc.mlx_array_dtype(Handle);
            GC.KeepAlive(this);
            return dtype;
        }
    }

    /// <summary>The size of dimension <paramref name="axis"/>, counted from the end when negative.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such dimension.</exception>
    internal int Dim(int axis)
    {
        int[] shape = ShapeArray;
        int index = axis < 0 ? axis + shape.Length : axis;
        return (uint)index < (uint)shape.Length
            ? shape[index]
            : throw new ArgumentOutOfRangeException(nameof(axis), axis, $"Axis {axis} is out of bounds for an array with {shape.Length} dimensions, shape {ShapeText.Of(shape)}.");
    }

    /// <summary>The shape as the library's own array, shared by all callers: never to be written to.</summary>
    internal int[] ShapeArray => extra is int[] known && native != 0 ? known : LoadShape();

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private string DebuggerDisplay => IsDisposed ? "disposed" : Weak is { } weak
        ? $"{weak} (number)"
        : $"{DType.MlxName()} {ShapeText.Of(Shape)}";

    private int[] LoadShape()
    {
        if (Weak is not null)
        {
            return [];
        }

        if (native == 0 && StandsIn is { } standIn)
        {
            return standIn.Shape;
        }

        mlx_array handle = Handle;
        int dimensions = (int)Mlxc.mlx_array_ndim(handle);
        int[] shape = dimensions == 0 ? [] : new ReadOnlySpan<int>(Mlxc.mlx_array_shape(handle), dimensions).ToArray();
        GC.KeepAlive(this);
        Interlocked.CompareExchange(ref extra, shape, null);
        return shape;
    }
}
