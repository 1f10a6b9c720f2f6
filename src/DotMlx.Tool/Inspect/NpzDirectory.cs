using System.IO.Compression;

namespace DotMlx.Tool.Inspect;

/// <summary>The headers of the npy files in an npz archive; no more of each is unpacked.</summary>
internal static class NpzDirectory
{
    private const string Extension = ".npy";

    public static FileDescription Read(string path, ByteSource source)
    {
        try
        {
            using SourceStream stream = new(source);
            using ZipArchive archive = new(stream, ZipArchiveMode.Read);
            return new FileDescription(path, "npz", [.. archive.Entries.Select(entry => Describe(entry, source))], []);
        }
        // What the archive's reader finds wrong does not name the file yet.
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or NotSupportedException or ArgumentException or OverflowException or FormatException
            && !exception.Message.Contains("cannot be loaded", StringComparison.Ordinal))
        {
            throw source.Broken($"it is no sound zip archive ({exception.Message.TrimEnd('.')})", exception);
        }
    }

    private static ArrayDescription Describe(ZipArchiveEntry entry, ByteSource source)
    {
        using Stream content = entry.Open();
        using ByteSource beginning = ByteSource.OpenBeginning(content, entry.Length, $"{source.Name}/{entry.FullName}");
        string name = entry.FullName.EndsWith(Extension, StringComparison.Ordinal) ? entry.FullName[..^Extension.Length] : entry.FullName;
        return FileDescription.OfNpy(name, NpyHeader.Read(beginning, describe: true));
    }
}
