using System.Buffers.Binary;
using System.Text.Json;

namespace DotMlx;

/// <summary>
/// The header of a safetensors file: eight bytes with the length of a JSON object, then the object, which gives type, shape and
/// place of every array. Everything is checked here, because MLX would allocate what a broken header asks for.
/// </summary>
internal sealed class SafetensorsHeader
{
    internal const string MetadataKey = "__metadata__";

    // The limit of the format's own implementation.
    private const long MaxLength = 100_000_000;

    private static readonly (string Name, DType DType)[] Types =
    [
        ("BOOL", DType.Bool), ("U8", DType.UInt8), ("I8", DType.Int8), ("U16", DType.UInt16), ("I16", DType.Int16),
        ("F16", DType.Float16), ("BF16", DType.BFloat16), ("U32", DType.UInt32), ("I32", DType.Int32), ("F32", DType.Float32),
        ("U64", DType.UInt64), ("I64", DType.Int64), ("C64", DType.Complex64),
        ("F8_E4M3", DType.UInt8),
    ];

    // Types of the format that MLX does not load, with their sizes in bytes.
    private static readonly Dictionary<string, int> OtherTypes = new() { ["F64"] = 8, ["F8_E5M2"] = 1, ["F8_E8M0"] = 1 };

    private readonly ByteSource source;
    private readonly bool describe;

    private SafetensorsHeader(ByteSource source, bool describe)
    {
        this.source = source;
        this.describe = describe;
    }

    internal List<Entry> Entries { get; } = [];

    internal OrderedDictionary<string, string> Metadata { get; } = [];

    internal long DataOffset { get; private set; }

    /// <param name="source">The file.</param>
    /// <param name="describe">Whether the arrays shall only be told of: types that MLX does not have are no fault then.</param>
    internal static SafetensorsHeader Read(ByteSource source, bool describe = false)
    {
        SafetensorsHeader header = new(source, describe);
        header.Parse(header.ReadText());
        header.CheckOverlaps();
        return header;
    }

    /// <summary>The header as MLX shall see it: the arrays are named by their numbers, so no name of the file reaches it.</summary>
    internal byte[] ForMlx()
    {
        using MemoryStream text = new();
        text.Write(new byte[8]);
        using (Utf8JsonWriter json = new(text))
        {
            json.WriteStartObject();
            for (int i = 0; i < Entries.Count; i++)
            {
                Entry entry = Entries[i];
                json.WriteStartObject(KeyOf(i));
                json.WriteString("dtype", entry.TypeName);
                json.WriteStartArray("shape");
                foreach (int size in entry.Shape)
                {
                    json.WriteNumberValue(size);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(entry.Begin);
                json.WriteNumberValue(entry.End);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        byte[] bytes = text.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)bytes.Length - 8);
        return bytes;
    }

    internal static string KeyOf(int index) => index.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private byte[] ReadText()
    {
        if (source.Length < 8)
        {
            throw source.Broken($"it has only {source.Length} bytes, and a safetensors file begins with the 8 bytes of its header's length");
        }

        Span<byte> prefix = stackalloc byte[8];
        source.Read(0, prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaxLength)
        {
            throw source.Broken($"its header claims to be {length} bytes long, and {MaxLength} is the limit; this may be no safetensors file");
        }

        if ((long)length > source.Length - 8)
        {
            throw source.Broken($"its header claims to be {length} bytes long, but only {source.Length - 8} bytes follow; the file may be incomplete");
        }

        byte[] text = new byte[length];
        source.Read(8, text);
        DataOffset = 8 + (long)length;
        return text;
    }

    private void Parse(byte[] text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw source.Broken("its header is no JSON object");
            }

            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.Name == MetadataKey)
                {
                    ParseMetadata(property.Value);
                }
                else
                {
                    Entries.Add(ParseEntry(property.Name, property.Value));
                }
            }
        }
        catch (JsonException exception)
        {
            throw source.Broken($"its header is no valid JSON ({exception.Message.TrimEnd('.')})", exception);
        }
        catch (Exception exception) when (exception is InvalidOperationException or FormatException)
        {
            throw source.Broken("its header holds text that is no valid UTF-8, or numbers and texts in wrong places", exception);
        }
    }

    private void ParseMetadata(JsonElement metadata)
    {
        // MLX writes null when there is none.
        if (metadata.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (metadata.ValueKind != JsonValueKind.Object)
        {
            throw source.Broken($"its {MetadataKey} is no JSON object");
        }

        foreach (JsonProperty item in metadata.EnumerateObject())
        {
            if (item.Value.ValueKind != JsonValueKind.String)
            {
                throw source.Broken($"its metadata '{item.Name}' is no text");
            }

            Metadata.Add(item.Name, item.Value.GetString()!);
        }
    }

    private Entry ParseEntry(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object
            || !value.TryGetProperty("dtype", out JsonElement type) || type.ValueKind != JsonValueKind.String
            || !value.TryGetProperty("shape", out JsonElement shape) || shape.ValueKind != JsonValueKind.Array
            || !value.TryGetProperty("data_offsets", out JsonElement offsets) || offsets.ValueKind != JsonValueKind.Array || offsets.GetArrayLength() != 2)
        {
            throw source.Broken($"the header of array '{name}' lacks its dtype, shape or data_offsets");
        }

        string typeName = type.GetString()!;
        DType? dtype = null;
        foreach ((string known, DType candidate) in Types)
        {
            dtype = known == typeName ? candidate : dtype;
        }

        if (dtype is null && !describe)
        {
            throw source.Broken(
                $"array '{name}' has the type '{typeName}'; MLX loads {string.Join(", ", Types.Select(item => item.Name))}");
        }

        int[] sizes = new int[shape.GetArrayLength()];
        int itemSize = dtype?.ItemSize() ?? OtherTypes.GetValueOrDefault(typeName);
        Int128 bytes = itemSize;
        for (int i = 0; i < sizes.Length; i++)
        {
            if (shape[i].ValueKind != JsonValueKind.Number || !shape[i].TryGetInt32(out sizes[i]) || sizes[i] < 0)
            {
                throw source.Broken($"array '{name}' has a size of {shape[i].GetRawText()} in its shape; MLX's sizes are from 0 to {int.MaxValue}");
            }

            bytes = Int128.Min(bytes * sizes[i], long.MaxValue);
        }

        if (!TryOffset(offsets[0], out long begin) || !TryOffset(offsets[1], out long end) || end < begin)
        {
            throw source.Broken($"array '{name}' has the data offsets {offsets.GetRawText()}, which are no range");
        }

        if (itemSize != 0 && end - begin != bytes)
        {
            throw source.Broken($"array '{name}' of shape {ShapeText.Of(sizes)} and type {typeName} has {end - begin} bytes of data instead of {bytes}");
        }

        if (end > source.Length - DataOffset)
        {
            throw source.Broken(
                $"the data of array '{name}' should end at byte {end} after the header, but only {source.Length - DataOffset} bytes follow it; the file may be incomplete");
        }

        return new Entry(name, typeName, dtype, sizes, begin, end);
    }

    private static bool TryOffset(JsonElement element, out long offset)
    {
        offset = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out offset) && offset >= 0;
    }

    private void CheckOverlaps()
    {
        Entry? last = null;
        foreach (Entry entry in Entries.Where(entry => entry.End > entry.Begin).OrderBy(entry => entry.Begin))
        {
            if (last is not null && entry.Begin < last.End)
            {
                throw source.Broken($"the data of the arrays '{last.Name}' and '{entry.Name}' overlap");
            }

            last = entry;
        }
    }

    /// <summary>An array; the element type is null where MLX has none.</summary>
    internal sealed record Entry(string Name, string TypeName, DType? DType, int[] Shape, long Begin, long End);
}
