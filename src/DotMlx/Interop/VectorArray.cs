using DotMlx.Bindings;

namespace DotMlx;

/// <summary>A native vector of arrays, owned until disposed.</summary>
internal unsafe ref struct VectorArray
{
    internal mlx_vector_array Handle;

    /// <summary>Takes ownership of a vector that MLX returned.</summary>
    internal VectorArray(mlx_vector_array handle) => Handle = handle;

    internal readonly int Count => (int)Mlxc.mlx_vector_array_size(Handle);

    /// <summary>Makes a vector of the given arrays, in order; the caller keeps the arrays.</summary>
    /// <exception cref="ArgumentNullException">An array is null.</exception>
    internal static VectorArray From(ReadOnlySpan<MlxArray> arrays)
    {
        // A handle stays protected until RingLength more have been taken, so the arrays are appended in smaller batches.
        const int AtOnce = ThreadState.RingLength / 2;
        Span<mlx_array> handles = stackalloc mlx_array[AtOnce];
        VectorArray vector = default;
        ThreadState thread = ThreadState.Current;
        int position = thread.RingPosition;
        try
        {
            do
            {
                ReadOnlySpan<MlxArray> some = arrays[..Math.Min(AtOnce, arrays.Length)];
                arrays = arrays[some.Length..];
                for (int i = 0; i < some.Length; i++)
                {
                    handles[i] = NativeCall.Handle(some[i], "arrays");
                }

                vector.Append(handles[..some.Length]);
                thread.Rewind(position);
                foreach (MlxArray array in some)
                {
                    GC.KeepAlive(array);
                }
            }
            while (!arrays.IsEmpty);
            return vector;
        }
        catch
        {
            vector.Dispose();
            throw;
        }
    }

    /// <summary>Returns every element as a separate array.</summary>
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
        return NativeCall.Result(status, element, "mlx_vector_array_get");
    }

    public void Dispose()
    {
        mlx_vector_array handle = Handle;
        Handle = default;
        if (handle.ctx != null)
        {
            NativeFree.Free(handle);
        }
    }

    private void Append(scoped ReadOnlySpan<mlx_array> handles)
    {
        mlx_array nothing = default;
        fixed (mlx_array* some = handles)
        {
            mlx_array* first = some != null ? some : &nothing;
            if (Handle.ctx != null)
            {
                MlxError.ThrowIfFailed(Mlxc.mlx_vector_array_append_data(Handle, first, (nuint)handles.Length),
                    "mlx_vector_array_append_data");
                return;
            }

            Handle = Mlxc.mlx_vector_array_new_data(first, (nuint)handles.Length);
            if (Handle.ctx == null)
            {
                throw MlxError.Fail("mlx_vector_array_new_data");
            }
        }
    }
}
