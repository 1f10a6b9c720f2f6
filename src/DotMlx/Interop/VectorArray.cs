using System.Buffers;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>A native vector of arrays, owned until disposed.</summary>
internal unsafe ref struct VectorArray
{
    internal mlx_vector_array Handle;

    /// <summary>Takes ownership of a vector that MLX returned.</summary>
    internal VectorArray(mlx_vector_array handle) => Handle = handle;

    internal readonly int Count => (int)Mlxc.mlx_vector_array_size(Handle);

    /// <summary>A vector of the given arrays, in their order; the arrays stay the caller's.</summary>
    /// <exception cref="ArgumentNullException">An array is null.</exception>
    internal static VectorArray From(ReadOnlySpan<MlxArray> arrays)
    {
        const int OnStack = 64;
        mlx_array[]? rented = arrays.Length > OnStack ? ArrayPool<mlx_array>.Shared.Rent(arrays.Length) : null;
        Span<mlx_array> handles = rented ?? stackalloc mlx_array[OnStack];
        handles = handles[..arrays.Length];
        for (int i = 0; i < arrays.Length; i++)
        {
            handles[i] = Op.Handle(arrays[i], "arrays");
        }

        mlx_vector_array vector = FromHandles(handles);
        foreach (MlxArray array in arrays)
        {
            GC.KeepAlive(array);
        }

        if (rented is not null)
        {
            ArrayPool<mlx_array>.Shared.Return(rented);
        }

        return new VectorArray(vector);
    }

    /// <summary>Every element as an array of its own.</summary>
    internal readonly MlxArray[] ToArrays()
    {
        var arrays = new MlxArray[Count];
        for (int i = 0; i < arrays.Length; i++)
        {
            arrays[i] = Get(i);
        }

        return arrays;
    }

    internal readonly MlxArray Get(int index)
    {
        mlx_array element = default;
        int status = Mlxc.mlx_vector_array_get(&element, Handle, (nuint)index);
        return Op.Result(status, element, "mlx_vector_array_get");
    }

    public void Dispose()
    {
        mlx_vector_array handle = Handle;
        Handle = default;
        if (handle.ctx != null)
        {
            Mlxc.mlx_vector_array_free(handle);
        }
    }

    private static mlx_vector_array FromHandles(ReadOnlySpan<mlx_array> handles)
    {
        mlx_array nothing = default;
        fixed (mlx_array* first = handles)
        {
            mlx_vector_array vector = Mlxc.mlx_vector_array_new_data(first != null ? first : &nothing, (nuint)handles.Length);
            return vector.ctx != null ? vector : throw MlxError.Fail("mlx_vector_array_new_data");
        }
    }
}
