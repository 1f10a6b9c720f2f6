namespace DotMlx.Tool.Inspect;

/// <summary>What the header of a file tells; metadata values are texts, numbers, truth values, or lists of these.</summary>
internal sealed record FileDescription(
    string Path, string Format, IReadOnlyList<ArrayDescription> Arrays, IReadOnlyList<KeyValuePair<string, object>> Metadata)
{
    /// <summary>Reads headers only, so the size of the data does not matter, and no native library is needed.</summary>
    /// <param name="path">A safetensors, npy, npz or GGUF file, the index of a sharded model, or a folder with such an index.</param>
    /// <exception cref="ToolException">It is a folder without an index.</exception>
    /// <exception cref="InvalidDataException">The file is broken; the message names it and its fault.</exception>
    public static FileDescription Read(string path)
    {
        if (Directory.Exists(path))
        {
            return ShardedModel.Read(ShardedModel.IndexIn(path));
        }

        if (ShardedModel.IsIndex(path))
        {
            return ShardedModel.Read(path);
        }

        if (!File.Exists(path))
        {
            throw new ToolException($"there is no file '{path}'.");
        }

        using ByteSource source = ByteSource.Open(path);
        return FormatOf(source, path) switch
        {
            Mx.FileFormat.Safetensors => OfSafetensors(path, source),
            Mx.FileFormat.Npy => OfNpy(path, source),
            Mx.FileFormat.Npz => NpzDirectory.Read(path, source),
            Mx.FileFormat.Gguf => OfGguf(path, source),
            _ => throw source.Broken("it is neither npy, npz, safetensors nor GGUF"),
        };
    }

    internal static ArrayDescription OfNpy(string name, NpyHeader header) =>
        new(name, header.DType?.MlxName() ?? header.Descr, header.Shape, header.DataLength, header.DType is not null);

    // The first bytes tell; the extension decides what a damaged file should have been, so that the message says what is wrong.
    private static Mx.FileFormat FormatOf(ByteSource source, string path)
    {
        Mx.FileFormat format = Mx.FormatOf(source);
        return format != Mx.FileFormat.Unknown ? format : System.IO.Path.GetExtension(path) switch
        {
            ".safetensors" => Mx.FileFormat.Safetensors,
            ".npy" => Mx.FileFormat.Npy,
            ".npz" => Mx.FileFormat.Npz,
            ".gguf" => Mx.FileFormat.Gguf,
            _ => Mx.FileFormat.Unknown,
        };
    }

    private static FileDescription OfSafetensors(string path, ByteSource source)
    {
        SafetensorsHeader header = SafetensorsHeader.Read(source, describe: true);
        return new FileDescription(
            path,
            "safetensors",
            [.. header.Entries.Select(entry => new ArrayDescription(entry.Name, TypeOf(entry), entry.Shape, entry.End - entry.Begin, entry.DType is not null))],
            [.. header.Metadata.Select(item => KeyValuePair.Create(item.Key, (object)item.Value))]);

        // MLX has no type for small floats and loads them as bytes.
        static string TypeOf(SafetensorsHeader.Entry entry) =>
            entry.DType is { } type && !entry.TypeName.StartsWith("F8", StringComparison.Ordinal) ? type.MlxName() : entry.TypeName;
    }

    private static FileDescription OfNpy(string path, ByteSource source) =>
        new(path, "npy", [OfNpy("", NpyHeader.Read(source, describe: true))], []);

    private static FileDescription OfGguf(string path, ByteSource source)
    {
        GgufHeader header = GgufHeader.Read(source, describe: true);
        return new FileDescription(
            path,
            "GGUF",
            [.. header.Entries.Select(Describe)],
            [.. header.Metadata.Select(item => KeyValuePair.Create(item.Key, item.Value!))]);

        static ArrayDescription Describe(GgufHeader.Entry entry)
        {
            (string type, bool loadable) = GgufType.Describe(entry.Type);
            string name = type switch
            {
                "F32" => "float32",
                "F16" => "float16",
                "BF16" => "bfloat16",
                "F64" => "float64",
                "I8" => "int8",
                "I16" => "int16",
                "I32" => "int32",
                "I64" => "int64",
                _ => type,
            };
            return new ArrayDescription(entry.Name, name, entry.Shape, (long)entry.Bytes, loadable);
        }
    }
}
