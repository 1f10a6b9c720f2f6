using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Safetensors files through MLX's reader and writer.</summary>
internal static unsafe class Safetensors
{
    internal static SafetensorsFile Load(ByteSource source)
    {
        SafetensorsHeader header = SafetensorsHeader.Read(source);
        OrderedDictionary<string, MlxArray> arrays = new(header.Entries.Count);
        using NativeReader reader = new(header.ForMlx(), source, header.DataOffset);
        mlx_map_string_to_array loaded = default;
        mlx_map_string_to_string metadata = default;
        try
        {
            int status = Mlxc.mlx_load_safetensors_reader(&loaded, &metadata, reader.Handle, Loading.Stream);
            reader.ThrowIfFailed();
            MlxError.ThrowIfFailed(status, "mlx_load_safetensors_reader");
            for (int i = 0; i < header.Entries.Count; i++)
            {
                arrays.Add(header.Entries[i].Name, Get(loaded, SafetensorsHeader.KeyOf(i)));
            }

            Loading.Finish(reader, [.. arrays.Values]);
            return new SafetensorsFile(source.Name, arrays, header.Metadata);
        }
        catch
        {
            NativeClosure.DisposeAll([.. arrays.Values]);
            throw;
        }
        finally
        {
            Free(loaded);
            Free(metadata);
        }
    }

    internal static void Save(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, string>? metadata)
    {
        using NativeWriter writer = new(stream);
        mlx_map_string_to_array native = Mlxc.mlx_map_string_to_array_new();
        mlx_map_string_to_string texts = Mlxc.mlx_map_string_to_string_new();
        try
        {
            if (native.ctx == null || texts.ctx == null)
            {
                throw MlxError.Fail("mlx_map_string_to_array_new");
            }

            Insert(native, arrays);
            foreach ((string key, string value) in metadata ?? new Dictionary<string, string>())
            {
                fixed (byte* k = NativeKey.Bytes(key, nameof(metadata)))
                fixed (byte* v = NativeKey.Bytes(value, nameof(metadata)))
                {
                    MlxError.ThrowIfFailed(Mlxc.mlx_map_string_to_string_insert(texts, k, v), "mlx_map_string_to_string_insert");
                }
            }

            writer.Run(handle => Mlxc.mlx_save_safetensors_writer(handle, native, texts), "mlx_save_safetensors_writer");
        }
        finally
        {
            Free(native);
            Free(texts);
        }
    }

    private static void Insert(mlx_map_string_to_array map, IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach ((string key, MlxArray array) in arrays)
        {
            Loading.CheckSavable(key, array, nameof(arrays));
            if (array.DType == DType.Float64)
            {
                throw new ArgumentException($"The array '{key}' is float64, which MLX does not save as safetensors; convert it with AsType.", nameof(arrays));
            }

            if (key == SafetensorsHeader.MetadataKey)
            {
                throw new ArgumentException($"An array cannot be named '{key}': the format keeps its metadata there.", nameof(arrays));
            }

            if (!seen.Add(key))
            {
                throw new ArgumentException($"Two arrays are named '{key}'.", nameof(arrays));
            }

            fixed (byte* name = NativeKey.Bytes(key, nameof(arrays)))
            {
                MlxError.ThrowIfFailed(Mlxc.mlx_map_string_to_array_insert(map, name, array.Handle), "mlx_map_string_to_array_insert");
            }

            GC.KeepAlive(array);
        }
    }

    private static MlxArray Get(mlx_map_string_to_array map, string key)
    {
        fixed (byte* name = NativeKey.Bytes(key, nameof(key)))
        {
            mlx_array value = default;
            return Op.Result(Mlxc.mlx_map_string_to_array_get(&value, map, name), value, "mlx_map_string_to_array_get");
        }
    }

    private static void Free(mlx_map_string_to_array map)
    {
        if (map.ctx != null)
        {
            _ = Mlxc.mlx_map_string_to_array_free(map);
        }
    }

    private static void Free(mlx_map_string_to_string map)
    {
        if (map.ctx != null)
        {
            _ = Mlxc.mlx_map_string_to_string_free(map);
        }
    }
}
