using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <summary>Evaluates an array with one element and returns its value (<c>array.item</c>).</summary>
    /// <typeparam name="T">The exact .NET type of the element type; nothing is converted.</typeparam>
    /// <exception cref="InvalidOperationException">The array doesn't have exactly one element, or it has another element type.</exception>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public T Item<T>()
        where T : unmanaged
    {
        ThreadState thread = ThreadState.Current;
        int position = thread.RingPosition;
        mlx_array handle = Handle;
        CheckType<T>("Item", (DType)Mlxc.mlx_array_dtype(handle));
        long size = (long)Mlxc.mlx_array_size(handle);
        if (size != 1)
        {
            throw new InvalidOperationException($"Item reads an array with one element, but this one has {size}, "
                + $"shape {ShapeText.Of(this)}. Use ToArray, or index it first.");
        }

        if (typeof(T) == typeof(Complex))
        {
            Complex wide = Item<Complex64>();
            return Unsafe.As<Complex, T>(ref wide);
        }

        T value = Unsafe.ReadUnaligned<T>(HeldArray.DataOf(handle));
        thread.Rewind(position);
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>
    /// Evaluates the array and returns its elements in row-major order, regardless of the strides (<c>array.tolist</c>, flattened).
    /// </summary>
    /// <inheritdoc cref="CopyTo{T}(Span{T})"/>
    public T[] ToArray<T>()
        where T : unmanaged
    {
        CheckType<T>("ToArray");
        long size = Size;
        if (size > Array.MaxLength)
        {
            throw new InvalidOperationException($"{size} elements are more than a .NET array can hold; read slices of the array.");
        }

        if (size == 0)
        {
            return [];
        }

        var elements = GC.AllocateUninitializedArray<T>((int)size);
        CopyTo<T>(elements);
        return elements;
    }

    /// <summary>Evaluates the array and copies its elements in row-major order, regardless of the strides.</summary>
    /// <typeparam name="T">The exact .NET type of the element type; nothing is converted.</typeparam>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    /// <exception cref="InvalidOperationException">The array has another element type.</exception>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public void CopyTo<T>(Span<T> destination)
        where T : unmanaged
    {
        // Uses one native array throughout, because another thread may change the array in place.
        ThreadState thread = ThreadState.Current;
        int position = thread.RingPosition;
        mlx_array handle = Handle;
        CheckType<T>("CopyTo", (DType)Mlxc.mlx_array_dtype(handle));
        long size = (long)Mlxc.mlx_array_size(handle);
        if (destination.Length < size)
        {
            throw new ArgumentException($"The destination holds {destination.Length} elements, but the array, of "
                + $"shape {ShapeText.Of(this)}, has {size}.", nameof(destination));
        }

        if (size == 0)
        {
            return;
        }

        if (typeof(T) == typeof(Complex))
        {
            var narrow = ToArray<Complex64>();
            var wide = MemoryMarshal.Cast<T, Complex>(destination);
            for (int i = 0; i < narrow.Length; i++)
            {
                wide[i] = narrow[i];
            }

            return;
        }

        byte* data = HeldArray.DataOf(handle);
        var shape = new ReadOnlySpan<int>(Mlxc.mlx_array_shape(handle), (int)Mlxc.mlx_array_ndim(handle));
        var strides = new ReadOnlySpan<long>(Mlxc.mlx_array_strides(handle), shape.Length);
        StridedCopy.ToRowMajor((T*)data, shape, strides, destination);
        thread.Rewind(position);
        GC.KeepAlive(this);
    }

    /// <summary>Evaluates the array and returns its elements as a .NET array of the same rank: <c>float[,]</c> for a matrix.</summary>
    /// <inheritdoc cref="CopyTo{T}(Span{T})"/>
    public Array ToMultidimensionalArray<T>()
        where T : unmanaged
    {
        CheckType<T>("ToMultidimensionalArray");
        var shape = ShapeArray;
        if (shape.Length == 0)
        {
            throw new InvalidOperationException("A scalar has no dimensions; use Item.");
        }

        // The rank is known only at run time, so each supported rank has its own expression.
        Array result = shape.Length switch
        {
            1 => new T[shape[0]],
            2 => new T[shape[0], shape[1]],
            3 => new T[shape[0], shape[1], shape[2]],
            4 => new T[shape[0], shape[1], shape[2], shape[3]],
            5 => new T[shape[0], shape[1], shape[2], shape[3], shape[4]],
            6 => new T[shape[0], shape[1], shape[2], shape[3], shape[4], shape[5]],
            _ => throw new NotSupportedException($"Arrays of {shape.Length} dimensions become .NET arrays only through ToArray; up to 6 "
                + $"dimensions are supported here."),
        };
        CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(result)), result.Length));
        return result;
    }

    /// <summary>Checks that a method with the given name may read the elements as <typeparamref name="T"/>.</summary>
    internal void CheckType<T>(string method) => CheckType<T>(method, DType);

    private void CheckType<T>(string method, DType actual)
    {
        if (DTypeExtensions.Of<T>() != actual)
        {
            DType wanted = DTypeExtensions.Of<T>();
            throw new InvalidOperationException(
                $"{method}<{wanted.ClrName()}> on an array of {actual.MlxName()}, "
                + $"shape {ShapeText.Of(this)}: use {method}<{actual.ClrName()}>, "
                + $"or convert it with AsType(DType.{wanted}) first.");
        }
    }
}
