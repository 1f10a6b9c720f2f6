namespace DotMlx;

/// <summary>
/// Reads and writes GGUF files. MLX's own functions accept only paths, map the file without checks, and read some types incorrectly.
/// </summary>
internal static class Gguf
{
    private const uint Version = 3;
    private const int Alignment = 32;

    internal static GgufFile Load(ByteSource source, Transfer transfer)
    {
        GgufHeader header = GgufHeader.Read(source);
        StoredArray[] stored = [.. header.Entries.SelectMany(entry => entry.Stored())];
        transfer.Expect(stored);
        OrderedDictionary<string, MlxArray> arrays = Loading.Load(source, stored, transfer);
        OrderedDictionary<string, GgufValue> metadata = new(StringComparer.Ordinal);
        try
        {
            foreach ((string key, object value) in header.Metadata)
            {
                metadata.Add(key, GgufValue.From(value));
            }

            return new GgufFile(source.Name, arrays, metadata);
        }
        catch
        {
            NativeClosure.DisposeAll([.. arrays.Values, .. metadata.Values.Select(value => value.Array).OfType<MlxArray>()]);
            throw;
        }
    }

    internal static void Save(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays,
        IReadOnlyDictionary<string, GgufValue>? metadata, Transfer transfer)
    {
        List<KeyValuePair<string, MlxArray>> items = Saving.Check(arrays, transfer);
        byte[] header = Header(items, metadata);
        stream.Write(header);
        stream.Write(new byte[Padding(header.Length)]);
        foreach ((_, MlxArray array) in items)
        {
            Saving.WriteElements(stream, array, transfer);
            stream.Write(new byte[Padding(array.NBytes)]);
        }
    }

    private static byte[] Header(List<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, GgufValue>? metadata)
    {
        using MemoryStream bytes = new();
        using BinaryWriter writer = new(bytes);
        writer.Write(GgufHeader.Magic);
        writer.Write(Version);
        writer.Write((ulong)arrays.Count);
        writer.Write((ulong)(metadata?.Count ?? 0));
        foreach ((string key, GgufValue value) in metadata ?? new Dictionary<string, GgufValue>())
        {
            if (string.IsNullOrEmpty(key) || key == GgufHeader.AlignmentKey)
            {
                throw new ArgumentException($"The metadata key '{key}' cannot be saved: a key must not be empty, and "
                    + $"the alignment is always {Alignment} bytes.", nameof(metadata));
            }

            ArgumentNullException.ThrowIfNull(value, nameof(metadata));
            WriteText(writer, key, nameof(metadata));
            value.Write(writer, key);
        }

        long offset = 0;
        foreach ((string key, MlxArray array) in arrays)
        {
            if (key.Length == 0 || array.NDim > GgufHeader.MaxDimensions)
            {
                throw new ArgumentException(
                    $"The array '{key}' of shape {ShapeText.Of(array)} cannot be saved as GGUF: it needs a name and can have "
                    + $"at most {GgufHeader.MaxDimensions} dimensions.", nameof(arrays));
            }

            uint type = GgufType.NumberOf(array.DType) ?? throw new ArgumentException(
                $"The array '{key}' is {array.DType.MlxName()}; MLX saves float32, float16, int8, int16, and int32 as GGUF. Convert it "
                + $"with AsType.", nameof(arrays));
            WriteText(writer, key, nameof(arrays));
            writer.Write(array.NDim);
            foreach (int size in array.Shape.ToArray().Reverse())
            {
                writer.Write((ulong)size);
            }

            writer.Write(type);
            writer.Write((ulong)offset);
            offset += array.NBytes + Padding(array.NBytes);
        }

        writer.Flush();
        return bytes.ToArray();
    }

    internal static void WriteText(BinaryWriter writer, string text, string parameter)
    {
        byte[] utf8 = Saving.CheckText(text, parameter);
        writer.Write((ulong)utf8.Length);
        writer.Write(utf8);
    }

    private static int Padding(long length) => (int)((Alignment - (length % Alignment)) % Alignment);
}
