namespace DotMlx.Tool.Inspect;

/// <summary>The contents of a file's header; metadata values are strings, numbers, Booleans, or lists of these.</summary>
internal sealed record FileDescription(
    string Path, string Format, IReadOnlyList<ArrayDescription> Arrays, IReadOnlyList<KeyValuePair<string, object>> Metadata)
{
    /// <summary>Reads only headers, so the size of the data doesn't matter, and no native library is needed.</summary>
    /// <param name="path">A safetensors, npy, npz, or GGUF file, the index of a sharded model, or a folder with such an index.</param>
    /// <exception cref="ToolException">The folder contains no index.</exception>
    /// <exception cref="InvalidDataException">The file is broken; the message names the file and the fault.</exception>
    public static FileDescription Read(string path)
    {
        if (Directory.Exists(path))
        {
            return ShardedModel.Read(ShardedModel.IndexIn(path));
        }

        if (!System.IO.Path.Exists(path))
        {
            throw new ToolException($"there is no file '{path}'.");
        }

        return SafetensorsIndex.IsIndex(path) ? ShardedModel.Read(path) : ReadFile(path);
    }

    /// <summary>Reads the header of one file that isn't an index.</summary>
    /// <exception cref="InvalidDataException">The file is broken; the message names the file and the fault.</exception>
    public static FileDescription ReadFile(string path)
    {
        using ByteSource source = ByteSource.Open(path);
        return FileFormats.Of(source, path) switch
        {
            FileFormat.Safetensors => OfSafetensors(path, source),
            FileFormat.Npy => OfNpy(path, source),
            FileFormat.Npz => new FileDescription(path, "npz",
                [.. Npz.Describe(source).Select(entry => OfNpy(entry.Key, entry.Header))], []),
            FileFormat.Gguf => OfGguf(path, source),
            _ => throw source.Broken("it is neither npy, npz, safetensors, nor GGUF"),
        };
    }

    private static ArrayDescription OfNpy(string name, NpyHeader header) =>
        new(name, header.DType?.MlxName() ?? header.Descr, header.Shape, header.DataLength, header.DType is not null);

    private static FileDescription OfSafetensors(string path, ByteSource source)
    {
        SafetensorsHeader header = SafetensorsHeader.Read(source, describe: true);
        return new FileDescription(
            path,
            "safetensors",
            [.. header.Entries.Select(entry =>
                new ArrayDescription(entry.Name, TypeOf(entry), entry.Shape, entry.End - entry.Begin, entry.DType is not null))],
            [.. header.Metadata.Select(item => KeyValuePair.Create(item.Key, (object)item.Value))]);

        // MLX has no 8-bit floating-point type and loads such numbers as bytes.
        static string TypeOf(SafetensorsHeader.Entry entry) =>
            entry.DType is { } type && !entry.IsFloat8 ? type.MlxName() : entry.TypeName;
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
            [.. header.Metadata]);

        // Packed types keep the format's name.
        static ArrayDescription Describe(GgufHeader.Entry entry) => new(
            entry.Name, entry.Type.DType?.MlxName() ?? entry.Type.Name, entry.Shape, (long)entry.Bytes, entry.Type.IsLoadable);
    }
}
