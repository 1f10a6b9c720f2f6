using System.IO.Compression;

namespace DotMlx;

/// <summary>Npz files: zip archives of npy files.</summary>
internal static class Npz
{
    private const string Extension = ".npy";

    // Deflate cannot do better than this, so a larger claim is a lie.
    private const long MaxRatio = 1032;

    // Python's zipfile cannot store earlier dates; a fixed one makes equal arrays give equal files.
    private static readonly DateTimeOffset Date = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    internal static ArrayFile Load(ByteSource source)
    {
        OrderedDictionary<string, MlxArray> arrays = [];
        try
        {
            using SourceStream stream = new(source);
            using ZipArchive archive = new(stream, ZipArchiveMode.Read);
            long packed = 0;
            foreach (ZipArchiveEntry entry in archive.Entries)
            {
                // Entries that share their data would unpack to many times the size of the file.
                packed += Math.Min(entry.CompressedLength, (long.MaxValue / 2) - packed);
                if (packed > source.Length)
                {
                    throw source.Broken($"its entries claim to have {packed} bytes together, but the file has {source.Length}");
                }

                string key = entry.FullName.EndsWith(Extension, StringComparison.Ordinal) ? entry.FullName[..^Extension.Length] : entry.FullName;
                using ByteSource content = ByteSource.Open(Unpack(entry, source), $"{source.Name}/{entry.FullName}");
                if (arrays.ContainsKey(key))
                {
                    throw source.Broken($"it holds two arrays '{key}'");
                }

                arrays.Add(key, Npy.Load(content));
            }

            return new ArrayFile(source.Name, arrays);
        }
        catch (Exception exception)
        {
            NativeClosure.DisposeAll([.. arrays.Values]);

            // What the archive's reader finds wrong does not name the file yet.
            if (exception is InvalidDataException or EndOfStreamException or NotSupportedException or ArgumentException or OverflowException or FormatException
                && !exception.Message.Contains("cannot be loaded", StringComparison.Ordinal))
            {
                throw source.Broken($"it is no sound zip archive ({exception.Message.TrimEnd('.')})", exception);
            }

            throw;
        }
    }

    internal static void Save(Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, bool compressed)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        using ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach ((string key, MlxArray array) in arrays)
        {
            Loading.CheckSavable(key, array, nameof(arrays));
            if (!seen.Add(key))
            {
                throw new ArgumentException($"Two arrays are named '{key}'.", nameof(arrays));
            }

            ZipArchiveEntry entry = archive.CreateEntry(key + Extension, compressed ? CompressionLevel.Optimal : CompressionLevel.NoCompression);
            entry.LastWriteTime = Date;
            using Stream content = entry.Open();
            Npy.Save(content, array, key);
        }
    }

    private static byte[] Unpack(ZipArchiveEntry entry, ByteSource source)
    {
        if (entry.CompressedLength > source.Length || entry.Length > (entry.CompressedLength * MaxRatio) + MaxRatio)
        {
            throw source.Broken($"'{entry.FullName}' claims to unpack from {entry.CompressedLength} to {entry.Length} bytes, which cannot be");
        }

        if (entry.Length > Array.MaxLength)
        {
            throw source.Broken($"'{entry.FullName}' has {entry.Length} bytes, and in an npz file {Array.MaxLength} is the limit here; use safetensors");
        }

        byte[] content = new byte[entry.Length];
        using Stream packed = entry.Open();
        packed.ReadExactly(content);
        if (Crc32.Of(content) != entry.Crc32)
        {
            throw source.Broken($"the checksum of '{entry.FullName}' is wrong; the file is damaged");
        }

        return content;
    }
}
