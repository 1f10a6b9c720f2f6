using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>A native map of named arrays, owned until disposed.</summary>
internal readonly unsafe struct NativeMap : IDisposable
{
    private NativeMap(mlx_map_string_to_array handle) => Handle = handle;

    internal mlx_map_string_to_array Handle { get; }

    /// <param name="arrays">The arrays, which the caller still owns; null for an empty map.</param>
    /// <exception cref="ArgumentException">A name contains '%', which would break MLX's messages.</exception>
    internal static NativeMap From(IReadOnlyDictionary<string, MlxArray>? arrays)
    {
        NativeMap map = new(Mlxc.mlx_map_string_to_array_new());
        try
        {
            if (map.Handle.ctx == null)
            {
                throw MlxError.Fail("mlx_map_string_to_array_new");
            }

            ThreadState thread = ThreadState.Current;
            int position = thread.RingPosition;
            foreach ((string key, MlxArray array) in arrays ?? new Dictionary<string, MlxArray>())
            {
                if (key.Contains('%', StringComparison.Ordinal))
                {
                    throw new ArgumentException($"The name '{key}' must not contain '%'.", nameof(arrays));
                }

                fixed (byte* name = NativeKey.Bytes(key, nameof(arrays)))
                {
                    MlxError.ThrowIfFailed(Mlxc.mlx_map_string_to_array_insert(map.Handle, name, NativeCall.Handle(array)),
                        "mlx_map_string_to_array_insert");
                }

                thread.Rewind(position);
                GC.KeepAlive(array);
            }

            return map;
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    internal static void CopyTo(mlx_map_string_to_array map, Dictionary<string, MlxArray> arrays)
    {
        // An iterator over an empty handle would end the process.
        if (map.ctx == null)
        {
            return;
        }

        mlx_map_string_to_array_iterator iterator = Mlxc.mlx_map_string_to_array_iterator_new(map);
        try
        {
            while (true)
            {
                byte* key = null;
                mlx_array array = default;
                int status = Mlxc.mlx_map_string_to_array_iterator_next(&key, &array, iterator);
                if (status == 2)
                {
                    return;
                }

                arrays.Add(Marshal.PtrToStringUTF8((nint)key)!, NativeCall.Result(status, array, "mlx_map_string_to_array_iterator_next"));
            }
        }
        finally
        {
            _ = Mlxc.mlx_map_string_to_array_iterator_free(iterator);
        }
    }

    public void Dispose()
    {
        if (Handle.ctx != null)
        {
            NativeFree.Free(Handle);
        }
    }
}
