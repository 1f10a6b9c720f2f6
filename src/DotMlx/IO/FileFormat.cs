namespace DotMlx;

/// <summary>The formats of files of arrays.</summary>
internal enum FileFormat
{
    Unknown,
    Npy,
    Npz,
    Safetensors,
    Gguf,
}

/// <summary>Recognizes file formats.</summary>
internal static class FileFormats
{
    /// <summary>The format recognized by the first bytes, or else by the extension, whose reader then reports the error.</summary>
    internal static FileFormat Of(ByteSource source, string? path = null)
    {
        Span<byte> start = stackalloc byte[9];
        start = start[..(int)Math.Min(start.Length, source.Length)];
        source.Read(0, start);
        return start.StartsWith(NpyHeader.Magic) ? FileFormat.Npy
            : start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith("PK\u0005\u0006"u8) ? FileFormat.Npz
            : start.StartsWith("GGUF"u8) ? FileFormat.Gguf
            : start.Length == 9 && start[8] == '{' ? FileFormat.Safetensors
            : OfExtension(path);
    }

    /// <summary>Loads a file of any format.</summary>
    /// <param name="source">The file.</param>
    /// <param name="path">Its path, if it has one.</param>
    /// <param name="maxUnpackedBytes">The maximum unpacked size of an npz file; null for the limit in the guide.</param>
    /// <param name="transfer">Receives the progress in bytes.</param>
    internal static ArrayFile Load(ByteSource source, string? path, long? maxUnpackedBytes, Transfer transfer) => Of(source, path) switch
    {
        FileFormat.Npy => Npy.LoadFile(source, transfer),
        FileFormat.Npz => Npz.Load(source, maxUnpackedBytes, transfer),
        FileFormat.Safetensors => Safetensors.Load(source, transfer),
        FileFormat.Gguf => Gguf.Load(source, transfer),
        _ => throw source.Broken("it is neither npy, npz, safetensors, nor GGUF"),
    };

    private static FileFormat OfExtension(string? path) => Path.GetExtension(path)?.ToLowerInvariant() switch
    {
        ".npy" => FileFormat.Npy,
        ".npz" => FileFormat.Npz,
        ".safetensors" => FileFormat.Safetensors,
        ".gguf" => FileFormat.Gguf,
        _ => FileFormat.Unknown,
    };
}
