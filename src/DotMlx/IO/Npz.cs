using System.IO.Compression;

namespace DotMlx;

/// <summary>Npz files: zip archives of npy files.</summary>
internal static class Npz
{
    private const string Extension = ".npy";

    // Deflate can't exceed this ratio, so a larger claim is false.
    private const long MaxRatio = 1032;

    // The default limit of an archive's unpacked size: this many bytes or this many times the archive's size.
    private const long FreeLength = 1L << 28;
    private const long FreeRatio = 100;

    // Python's zipfile can't store earlier dates; a fixed date makes archives of equal arrays equal.
    private static readonly DateTimeOffset Date = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="source">The file.</param>
    /// <param name="maxUnpackedBytes">The maximum total unpacked size of all entries; null for the default limit.</param>
    /// <param name="transfer">Receives the progress in bytes.</param>
    internal static ArrayFile Load(ByteSource source, long? maxUnpackedBytes, Transfer transfer)
    {
        OrderedDictionary<string, MlxArray> arrays = new(StringComparer.Ordinal);
        try
        {
            using SourceStream stream = new(source);
            using ZipArchive archive = new(stream, ZipArchiveMode.Read);
            CheckSizes(archive, source, maxUnpackedBytes ?? Math.Max(FreeLength, FreeRatio * source.Length));
            ZipArchiveEntry[] entries = [.. archive.Entries.Where(entry => !IsFolder(entry))];
            CheckKeys(entries, source);

            // All headers are read first, so that a broken one is found before any entry is unpacked.
            transfer.Expect(entries.Select(entry => HeaderOf(entry, source).Stored("")));
            foreach (ZipArchiveEntry entry in entries)
            {
                arrays.Add(KeyOf(entry), Unpack(entry, source, transfer));
            }

            return new ArrayFile(source.Name, arrays);
        }
        catch (Exception exception)
        {
            NativeClosure.DisposeAll([.. arrays.Values]);
            if (Explain(exception, source) is { } explained)
            {
                throw explained;
            }

            throw;
        }
    }

    /// <summary>The headers of the entries; only this part of each entry is unpacked.</summary>
    internal static IReadOnlyList<(string Key, NpyHeader Header)> Describe(ByteSource source)
    {
        try
        {
            using SourceStream stream = new(source);
            using ZipArchive archive = new(stream, ZipArchiveMode.Read);
            return [.. archive.Entries.Where(entry => !IsFolder(entry))
                .Select(entry => (KeyOf(entry), HeaderOf(entry, source, describe: true)))];
        }
        catch (Exception exception) when (Explain(exception, source) is { } explained)
        {
            throw explained;
        }
    }

    internal static void Save(Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, bool compressed, Transfer transfer)
    {
        using ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach ((string key, MlxArray array) in Saving.Check(arrays, transfer))
        {
            ZipArchiveEntry entry = archive.CreateEntry(key + Extension, compressed
                ? CompressionLevel.Optimal
                : CompressionLevel.NoCompression);
            entry.LastWriteTime = Date;
            using Stream content = entry.Open();
            Npy.Save(content, array, transfer);
        }
    }

    private static string KeyOf(ZipArchiveEntry entry) =>
        entry.FullName.EndsWith(Extension, StringComparison.Ordinal) ? entry.FullName[..^Extension.Length] : entry.FullName;

    // Archivers add empty entries for folders.
    private static bool IsFolder(ZipArchiveEntry entry) => entry.FullName.EndsWith('/') && entry.Length == 0;

    private static void CheckSizes(ZipArchive archive, ByteSource source, long limit)
    {
        long packed = 0;
        long unpacked = 0;
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            // Entries with shared data would unpack to many times the size of the file.
            packed += Math.Min(entry.CompressedLength, (long.MaxValue / 2) - packed);
            if (packed > source.Length)
            {
                throw source.Broken($"its entries claim to have {packed} bytes together, but the file has {source.Length}");
            }

            if (entry.Length > (entry.CompressedLength * MaxRatio) + MaxRatio)
            {
                throw source.Broken($"'{entry.FullName}' claims to unpack "
                    + $"from {entry.CompressedLength} to {entry.Length} bytes, which is impossible");
            }

            unpacked += Math.Min(entry.Length, (long.MaxValue / 2) - unpacked);
        }

        if (unpacked > limit)
        {
            throw source.Broken(
                $"it unpacks from {source.Length} to {unpacked} bytes, but the limit is {limit}; if you "
                + $"trust the file, load it with a larger maxUnpackedBytes");
        }
    }

    private static void CheckKeys(ZipArchiveEntry[] entries, ByteSource source)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (string key in entries.Select(KeyOf))
        {
            if (!seen.Add(key))
            {
                throw source.Broken($"it holds two arrays '{key}'");
            }
        }
    }

    private static MlxArray Unpack(ZipArchiveEntry entry, ByteSource source, Transfer transfer)
    {
        using Stream packed = entry.Open();
        using ForwardSource content = new(packed, entry.Length, $"{source.Name}/{entry.FullName}");
        NpyHeader header = NpyHeader.Read(content);
        content.EndBeginning();
        MlxArray array = Loading.Load(content, [header.Stored("")], transfer)[""];
        try
        {
            content.Drain(transfer.Cancellation);
            return content.Checksum.GetCurrentHashAsUInt32() == entry.Crc32
                ? array
                : throw source.Broken($"the checksum of '{entry.FullName}' is wrong; the file is damaged");
        }
        catch
        {
            array.Dispose();
            throw;
        }
    }

    private static NpyHeader HeaderOf(ZipArchiveEntry entry, ByteSource source, bool describe = false)
    {
        using Stream packed = entry.Open();
        using ForwardSource content = new(packed, entry.Length, $"{source.Name}/{entry.FullName}");
        return NpyHeader.Read(content, describe);
    }

    /// <summary>
    /// The archive reader's error with the file's name; null for exceptions that contain it or aren't caused by the file.
    /// </summary>
    private static InvalidDataException? Explain(Exception exception, ByteSource source) =>
        exception is InvalidDataException or EndOfStreamException or NotSupportedException or ArgumentException
            or OverflowException or FormatException
            && !exception.Message.Contains("cannot be loaded", StringComparison.Ordinal)
            ? source.Broken($"it isn't a valid zip archive ({exception.Message.TrimEnd('.')})", exception)
            : null;
}
