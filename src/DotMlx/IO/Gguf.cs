using DotMlx.Bindings;

namespace DotMlx;

/// <summary>GGUF files, which mlx-c reads and writes by name only.</summary>
internal static unsafe class Gguf
{
    private const string AlignmentKey = "general.alignment";

    internal static GgufFile Load(string path)
    {
        GgufHeader header;
        using (ByteSource source = ByteSource.Open(path))
        {
            header = GgufHeader.Read(source);
        }

        using NativePath native = NativePath.Of(path, writable: true);
        return Load(path, native.Path, header);
    }

    internal static GgufFile Load(ByteSource source)
    {
        GgufHeader header = GgufHeader.Read(source);
        using NativePath native = NativePath.InTemporaryFolder(".gguf", name =>
        {
            using SourceStream stream = new(source);
            using FileStream file = File.Create(name);
            stream.CopyTo(file);
        });
        return Load(source.Name, native.Path, header);
    }

    internal static void Save(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, GgufValue>? metadata)
    {
        using AtomicFile file = new(path, ".gguf");
        if (file.TemporaryPath.Contains('%', StringComparison.Ordinal))
        {
            // mlx-c would take it for a format when it reports that the file cannot be written.
            using FileStream stream = new(file.TemporaryPath, FileMode.CreateNew);
            Save(stream, arrays, metadata);
        }
        else
        {
            Write(file.TemporaryPath, arrays, metadata);
        }

        file.Commit();
    }

    internal static void Save(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, GgufValue>? metadata)
    {
        using NativePath file = NativePath.InTemporaryFolder(".gguf", name => Write(name, arrays, metadata));
        using FileStream written = File.OpenRead(file.Path);
        written.CopyTo(stream);
    }

    private static GgufFile Load(string name, string nativePath, GgufHeader header)
    {
        OrderedDictionary<string, MlxArray> arrays = [];
        OrderedDictionary<string, GgufValue> metadata = [];
        mlx_io_gguf file = default;
        try
        {
            fixed (byte* path = NativeKey.Bytes(nativePath, nameof(nativePath)))
            {
                MlxError.ThrowIfFailed(Mlxc.mlx_load_gguf(&file, path, Loading.Stream), "mlx_load_gguf");
            }

            foreach (string key in header.Arrays)
            {
                fixed (byte* k = NativeKey.Bytes(key, nameof(key)))
                {
                    mlx_array array = default;
                    arrays.Add(key, Op.Result(Mlxc.mlx_io_gguf_get_array(&array, file, k), array, "mlx_io_gguf_get_array"));
                }
            }

            foreach ((string key, object? value) in header.Metadata)
            {
                metadata.Add(key, value switch
                {
                    string text => text,
                    string[] texts => texts,
                    _ => Numbers(file, key),
                });
            }

            return new GgufFile(name, arrays, metadata);
        }
        catch
        {
            NativeClosure.DisposeAll([.. arrays.Values, .. metadata.Values.Select(value => value.Array).OfType<MlxArray>()]);
            throw;
        }
        finally
        {
            if (file.ctx != null)
            {
                _ = Mlxc.mlx_io_gguf_free(file);
            }
        }
    }

    private static MlxArray Numbers(mlx_io_gguf file, string key)
    {
        fixed (byte* k = NativeKey.Bytes(key, nameof(key)))
        {
            mlx_array array = default;
            return Op.Result(Mlxc.mlx_io_gguf_get_metadata_array(&array, file, k), array, "mlx_io_gguf_get_metadata_array");
        }
    }

    private static void Write(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, GgufValue>? metadata)
    {
        mlx_io_gguf file = Mlxc.mlx_io_gguf_new();
        try
        {
            if (file.ctx == null)
            {
                throw MlxError.Fail("mlx_io_gguf_new");
            }

            int count = AddArrays(file, arrays);
            foreach ((string key, GgufValue value) in metadata ?? new Dictionary<string, GgufValue>())
            {
                AddMetadata(file, key, value);
            }

            fixed (byte* name = NativeKey.Bytes(path, nameof(path)))
            {
                byte* target = name;
                Evaluation.Run(() => MlxError.ThrowIfFailed(Mlxc.mlx_save_gguf(target, file), "mlx_save_gguf"));
            }

            // MLX does not notice when the disk is full.
            using ByteSource written = ByteSource.Open(path);
            GgufHeader header = GgufHeader.Read(written);
            if (header.Arrays.Count != count || header.Metadata.Count != (metadata?.Count ?? 0))
            {
                throw new IOException("The GGUF file could not be written completely; the disk may be full.");
            }
        }
        finally
        {
            if (file.ctx != null)
            {
                _ = Mlxc.mlx_io_gguf_free(file);
            }
        }
    }

    private static int AddArrays(mlx_io_gguf file, IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach ((string key, MlxArray array) in arrays)
        {
            Loading.CheckSavable(key, array, nameof(arrays));
            if (array.DType is not (DType.Float32 or DType.Float16 or DType.Int8 or DType.Int16 or DType.Int32))
            {
                throw new ArgumentException(
                    $"The array '{key}' is {array.DType.MlxName()}; MLX saves float32, float16, int8, int16 and int32 as GGUF. Convert it with AsType.", nameof(arrays));
            }

            if (key.Length == 0 || array.NDim > 8)
            {
                throw new ArgumentException($"The array '{key}' of shape {ShapeText.Of(array)} cannot be saved as GGUF: it needs a name, and at most 8 dimensions.", nameof(arrays));
            }

            if (!seen.Add(key))
            {
                throw new ArgumentException($"Two arrays are named '{key}'.", nameof(arrays));
            }

            fixed (byte* name = NativeKey.Bytes(key, nameof(arrays)))
            {
                MlxError.ThrowIfFailed(Mlxc.mlx_io_gguf_set_array(file, name, array.Handle), "mlx_io_gguf_set_array");
            }

            GC.KeepAlive(array);
        }

        return seen.Count;
    }

    private static void AddMetadata(mlx_io_gguf file, string key, GgufValue value)
    {
        ArgumentNullException.ThrowIfNull(value, nameof(value));
        if (key.Length == 0 || key == AlignmentKey)
        {
            throw new ArgumentException($"The metadata key '{key}' cannot be saved: MLX always aligns to 32 bytes, and a key needs a name.", nameof(key));
        }

        fixed (byte* name = NativeKey.Bytes(key, nameof(key)))
        {
            if (value.Text is { } text)
            {
                fixed (byte* t = NativeKey.Bytes(text, nameof(value)))
                {
                    MlxError.ThrowIfFailed(Mlxc.mlx_io_gguf_set_metadata_string(file, name, t), "mlx_io_gguf_set_metadata_string");
                }
            }
            else if (value.Texts is { } texts)
            {
                AddTexts(file, name, texts);
            }
            else
            {
                MlxArray array = value.Array!;
                Loading.CheckSavable(key, array, nameof(value));
                if (array.NDim > 1 || array.DType is DType.Float16 or DType.BFloat16 or DType.Float64 or DType.Complex64)
                {
                    throw new ArgumentException(
                        $"The metadata '{key}' is {array.DType.MlxName()} of shape {ShapeText.Of(array)}; MLX saves bool, integers and float32 of at most one dimension.", nameof(value));
                }

                MlxError.ThrowIfFailed(Mlxc.mlx_io_gguf_set_metadata_array(file, name, array.Handle), "mlx_io_gguf_set_metadata_array");
                GC.KeepAlive(array);
            }
        }
    }

    private static void AddTexts(mlx_io_gguf file, byte* key, IReadOnlyList<string> texts)
    {
        mlx_vector_string vector = Mlxc.mlx_vector_string_new();
        try
        {
            foreach (string text in texts)
            {
                fixed (byte* t = NativeKey.Bytes(text, nameof(texts)))
                {
                    MlxError.ThrowIfFailed(Mlxc.mlx_vector_string_append_value(vector, t), "mlx_vector_string_append_value");
                }
            }

            MlxError.ThrowIfFailed(Mlxc.mlx_io_gguf_set_metadata_vector_string(file, key, vector), "mlx_io_gguf_set_metadata_vector_string");
        }
        finally
        {
            if (vector.ctx != null)
            {
                _ = Mlxc.mlx_vector_string_free(vector);
            }
        }
    }
}
