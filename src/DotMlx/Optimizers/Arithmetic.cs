using System.Diagnostics.CodeAnalysis;
using DotMlx.Bindings;

namespace DotMlx.Optimizers;

/// <summary>
/// Builds graphs on raw handles and frees every intermediate result. An update makes a dozen arrays per parameter of which
/// two or three live on: only these become <see cref="MlxArray"/> objects.
/// </summary>
internal sealed unsafe class Arithmetic : IDisposable
{
    private mlx_array[] _temporaries = new mlx_array[32];
    private int _count;

    public Arithmetic() => Begin();

    /// <summary>The stream that operations go to.</summary>
    public mlx_stream Stream { get; private set; }

    /// <summary>The scalars in the shape of the parameter at hand; null where they stay scalars.</summary>
    public SpreadScalars? Scalars { get; set; }

    /// <summary>Takes note of the default stream, which may change between calls.</summary>
    public void Begin() => Stream = Op.Stream(null);

    /// <summary>Borrows an array, which the caller keeps alive.</summary>
    public Value Use(MlxArray array) => new(array.Handle, this);

    /// <summary>A result of its own that stands for the same array, for arrays that nothing else keeps alive.</summary>
    public Value Copy(MlxArray array)
    {
        using MlxArray shared = array.Share();
        mlx_array copy = default;
        int status = Mlxc.mlx_array_set(&copy, shared.Handle);
        return Result(status, copy, "mlx_array_set");
    }

    /// <summary>Zeros of the shape and dtype of <paramref name="like"/>.</summary>
    public Value ZerosLike(MlxArray like)
    {
        mlx_array result = default;
        int status = Mlxc.mlx_zeros_like(&result, like.Handle, Stream);
        GC.KeepAlive(like);
        return Result(status, result, "mlx_zeros_like");
    }

    /// <summary>Zeros of the given shape.</summary>
    public Value Zeros(ReadOnlySpan<int> shape, DType dtype)
    {
        mlx_array result = default;
        int none = 0;
        fixed (int* sizes = shape)
        {
            int* pointer = sizes == null ? &none : sizes;
            return Result(Mlxc.mlx_zeros(&result, pointer, (nuint)shape.Length, (mlx_dtype)dtype, Stream), result, "mlx_zeros");
        }
    }

    /// <summary>All elements of several arrays, one after the other.</summary>
    public Value Concatenate(IEnumerable<MlxArray> arrays)
    {
        MlxArray[] parts = [.. arrays];
        using VectorArray vector = VectorArray.From(parts);
        mlx_array result = default;
        int status = Mlxc.mlx_concatenate(&result, vector.Handle, Stream);
        GC.KeepAlive(parts);
        return Result(status, result, "mlx_concatenate");
    }

    /// <summary>A part of a flat array, seen in another shape.</summary>
    public Value View(MlxArray flat, ReadOnlySpan<int> shape, long offset)
    {
        Span<long> strides = stackalloc long[shape.Length];
        long stride = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= shape[i];
        }

        mlx_array result = default;
        fixed (int* sizes = shape)
        fixed (long* steps = strides)
        {
            int status = Mlxc.mlx_as_strided(
                &result, flat.Handle, sizes, (nuint)shape.Length, steps, (nuint)strides.Length, (nuint)offset, Stream);
            GC.KeepAlive(flat);
            return Result(status, result, "mlx_as_strided");
        }
    }

    /// <summary>Takes note of a result, to be freed.</summary>
    public Value Result(int status, mlx_array result, string function)
    {
        if (status != 0)
        {
            Fail(status, result, function);
        }

        TakeOver(result);
        return new Value(result, this);
    }

    /// <summary>Takes a handle over, to be freed with the results.</summary>
    public void TakeOver(mlx_array handle)
    {
        if (_count == _temporaries.Length)
        {
            Array.Resize(ref _temporaries, 2 * _count);
        }

        _temporaries[_count++] = handle;
    }

    /// <summary>Takes a result out of this object's hands: the caller owns the handle.</summary>
    public mlx_array Take(Value value)
    {
        for (int i = _count - 1; i >= 0; i--)
        {
            if (_temporaries[i].ctx == value.Handle.ctx)
            {
                _temporaries[i] = default;
                return value.Handle;
            }
        }

        // Borrowed, not made here: a second handle for the same array.
        mlx_array copy = default;
        MlxError.ThrowIfFailed(Mlxc.mlx_array_set(&copy, value.Handle), "mlx_array_set");
        return copy;
    }

    /// <summary>A second handle for a result, which stays usable here.</summary>
    public static MlxArray Share(Value value)
    {
        mlx_array copy = default;
        MlxError.ThrowIfFailed(Mlxc.mlx_array_set(&copy, value.Handle), "mlx_array_set");
        return new MlxArray(copy);
    }

    /// <summary>Makes a result an array of its own, for the caller.</summary>
    public MlxArray Keep(Value value) => new(Take(value));

    /// <summary>How many results there are, to <see cref="Release"/> later ones.</summary>
    public int Mark => _count;

    /// <summary>Frees the results made since <paramref name="mark"/> that were not taken.</summary>
    public void Release(int mark)
    {
        if (_count > mark)
        {
            Span<mlx_array> released = _temporaries.AsSpan(mark.._count);
            _count = mark;
            NativeFree.Free(released);
        }
    }

    /// <summary>Frees every result that was not taken.</summary>
    public void Dispose() => Release(0);

    [DoesNotReturn]
    private static void Fail(int status, mlx_array result, string function)
    {
        NativeFree.Free(result.ctx);
        MlxError.ThrowIfFailed(status, function);
        throw MlxError.Fail(function);
    }
}
