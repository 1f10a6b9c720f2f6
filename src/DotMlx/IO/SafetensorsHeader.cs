using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace DotMlx;

/// <summary>
/// The header of a safetensors file: eight bytes with the length of a JSON object, and then the object, which contains the type, shape, and
/// position of every array. It is read token by token, so the time and memory it takes are proportional to its length.
/// </summary>
internal sealed class SafetensorsHeader
{
    internal const string MetadataKey = "__metadata__";

    // The limit of the format's own implementation.
    internal const long MaxLength = 100_000_000;

    private static readonly (string Name, DType DType)[] Types =
    [
        ("BOOL", DType.Bool), ("U8", DType.UInt8), ("I8", DType.Int8), ("U16", DType.UInt16), ("I16", DType.Int16),
        ("F16", DType.Float16), ("BF16", DType.BFloat16), ("U32", DType.UInt32), ("I32", DType.Int32), ("F32", DType.Float32),
        ("U64", DType.UInt64), ("I64", DType.Int64), ("C64", DType.Complex64),
        ("F8_E4M3", DType.UInt8),
    ];

    // The format's types that MLX doesn't load, with their sizes in bytes.
    private static readonly Dictionary<string, int> OtherTypes = new() { ["F64"] = 8, ["F8_E5M2"] = 1, ["F8_E8M0"] = 1 };

    private readonly ByteSource _source;
    private readonly bool _describe;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    private SafetensorsHeader(ByteSource source, bool describe)
    {
        _source = source;
        _describe = describe;
    }

    internal List<Entry> Entries { get; } = [];

    internal OrderedDictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    internal long DataOffset { get; private set; }

    /// <param name="source">The file.</param>
    /// <param name="describe">Whether only to describe the arrays; types that MLX lacks are then not an error.</param>
    internal static SafetensorsHeader Read(ByteSource source, bool describe = false)
    {
        SafetensorsHeader header = new(source, describe);
        header.Parse(header.ReadText());
        header.CheckOverlaps();
        return header;
    }

    /// <summary>The format's name of a type; null for a type that the format or MLX doesn't save.</summary>
    internal static string? NameOf(DType dtype) => Types.FirstOrDefault(type => type.DType == dtype).Name;

    private byte[] ReadText()
    {
        if (_source.Length < 8)
        {
            throw _source.Broken($"it has only {_source.Length} bytes, and a safetensors file begins with "
                + $"the 8 bytes of its header's length");
        }

        Span<byte> prefix = stackalloc byte[8];
        _source.Read(0, prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaxLength)
        {
            throw _source.Broken($"its header claims to be {length} bytes long, but the "
                + $"limit is {MaxLength}; this may not be a safetensors file");
        }

        if ((long)length > _source.Length - 8)
        {
            throw _source.Broken($"its header claims to be {length} bytes long, but "
                + $"only {_source.Length - 8} bytes follow; the file may be incomplete");
        }

        byte[] text = new byte[length];
        _source.Read(8, text);
        DataOffset = 8 + (long)length;
        return text;
    }

    private void Parse(byte[] text)
    {
        try
        {
            Utf8JsonReader json = new(text, new JsonReaderOptions { MaxDepth = 8 });
            json.Read();
            if (json.TokenType != JsonTokenType.StartObject)
            {
                throw _source.Broken("its header isn't a JSON object");
            }

            while (Next(ref json) == JsonTokenType.PropertyName)
            {
                string name = json.GetString()!;
                if (!_names.Add(name))
                {
                    throw _source.Broken($"its header isn't valid JSON: '{name}' occurs twice");
                }

                Next(ref json);
                if (name == MetadataKey)
                {
                    ParseMetadata(ref json);
                }
                else
                {
                    Entries.Add(ParseEntry(name, ref json));
                }
            }

            // Only spaces may follow.
            json.Read();
        }
        catch (JsonException exception)
        {
            throw _source.Broken($"its header isn't valid JSON ({exception.Message.TrimEnd('.')})", exception);
        }
        catch (InvalidOperationException exception)
        {
            throw _source.Broken("its header isn't valid JSON: it contains text that isn't valid Unicode", exception);
        }
    }

    private static JsonTokenType Next(ref Utf8JsonReader json)
    {
        json.Read();
        return json.TokenType;
    }

    private void ParseMetadata(ref Utf8JsonReader json)
    {
        // MLX writes null if there is no metadata.
        if (json.TokenType == JsonTokenType.Null)
        {
            return;
        }

        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw _source.Broken($"its {MetadataKey} isn't a JSON object");
        }

        while (Next(ref json) == JsonTokenType.PropertyName)
        {
            string key = json.GetString()!;
            if (Next(ref json) != JsonTokenType.String)
            {
                throw _source.Broken($"its metadata '{key}' isn't a string");
            }

            if (!Metadata.TryAdd(key, json.GetString()!))
            {
                throw _source.Broken($"its header isn't valid JSON: the metadata '{key}' occurs twice");
            }
        }
    }

    private Entry ParseEntry(string name, ref Utf8JsonReader json)
    {
        string? typeName = null;
        int[]? shape = null;
        (long Begin, long End)? place = null;
        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw Incomplete(name);
        }

        while (Next(ref json) == JsonTokenType.PropertyName)
        {
            string property = json.GetString()!;
            Next(ref json);
            switch (property)
            {
                case "dtype" when typeName is null:
                    typeName = json.TokenType == JsonTokenType.String ? json.GetString()! : throw Incomplete(name);
                    break;
                case "shape" when shape is null:
                    shape = ParseShape(name, ref json);
                    break;
                case "data_offsets" when place is null:
                    place = ParsePlace(name, ref json);
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw _source.Broken($"its header isn't valid JSON: array '{name}' has its {property} twice");
                default:
                    json.Skip();
                    break;
            }
        }

        return typeName is not null && shape is not null && place is { } range
            ? Check(name, typeName, shape, range.Begin, range.End)
            : throw Incomplete(name);
    }

    private int[] ParseShape(string name, ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray)
        {
            throw Incomplete(name);
        }

        List<int> sizes = [];
        while (Next(ref json) != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.Number || !json.TryGetInt32(out int size) || size < 0)
            {
                throw _source.Broken($"array '{name}' has a size of {Shown(ref json)} in its shape; MLX's "
                    + $"sizes are from 0 to {int.MaxValue}");
            }

            if (sizes.Count == Loading.MaxDimensions)
            {
                throw _source.Broken($"array '{name}' has more than {Loading.MaxDimensions} dimensions, which is the limit");
            }

            sizes.Add(size);
        }

        return [.. sizes];
    }

    private (long Begin, long End) ParsePlace(string name, ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray)
        {
            throw Incomplete(name);
        }

        Span<long> offsets = stackalloc long[2];
        for (int i = 0; i < 2; i++)
        {
            if (Next(ref json) != JsonTokenType.Number || !json.TryGetInt64(out offsets[i]) || offsets[i] < 0)
            {
                throw _source.Broken($"array '{name}' has {Shown(ref json)} in its data_offsets; expected two nonnegative numbers");
            }
        }

        if (Next(ref json) != JsonTokenType.EndArray || offsets[1] < offsets[0])
        {
            throw _source.Broken($"array '{name}' has data_offsets that aren't a range: "
                + $"[{offsets[0]}, {offsets[1]}{(json.TokenType == JsonTokenType.EndArray ? "" : ", …")}]");
        }

        return (offsets[0], offsets[1]);
    }

    private Entry Check(string name, string typeName, int[] shape, long begin, long end)
    {
        DType? dtype = null;
        foreach ((string known, DType candidate) in Types)
        {
            dtype = known == typeName ? candidate : dtype;
        }

        if (dtype is null && !_describe)
        {
            throw _source.Broken($"array '{name}' has the type '{typeName}'; MLX "
                + $"loads {string.Join(", ", Types.Select(item => item.Name))}");
        }

        int itemSize = dtype?.ItemSize() ?? OtherTypes.GetValueOrDefault(typeName);
        Int128 bytes = itemSize;
        foreach (int size in shape)
        {
            bytes = Int128.Min(bytes * size, long.MaxValue);
        }

        if (itemSize != 0 && end - begin != bytes)
        {
            throw _source.Broken($"array '{name}' of shape {ShapeText.Of(shape)} and "
                + $"type {typeName} has {end - begin} bytes of data instead of {bytes}");
        }

        if (end > _source.Length - DataOffset)
        {
            throw _source.Broken(
                $"the data of array '{name}' should end at byte {end} after the header, but only {_source.Length - DataOffset} bytes "
                + $"follow it; the file may be incomplete");
        }

        return new Entry(name, typeName, dtype, shape, begin, end);
    }

    private InvalidDataException Incomplete(string name) =>
        _source.Broken($"the header of array '{name}' lacks its dtype, shape, or data_offsets");

    // A misplaced value can be as long as the file.
    private static string Shown(ref Utf8JsonReader json) => json.TokenType switch
    {
        JsonTokenType.StartArray => "a list",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.EndArray => "nothing",
        _ => Encoding.UTF8.GetString(json.ValueSpan[..Math.Min(json.ValueSpan.Length, 40)]),
    };

    private void CheckOverlaps()
    {
        Entry? last = null;
        foreach (Entry entry in Entries.Where(entry => entry.End > entry.Begin).OrderBy(entry => entry.Begin))
        {
            if (last is not null && entry.Begin < last.End)
            {
                throw _source.Broken($"the data of the arrays '{last.Name}' and '{entry.Name}' overlap");
            }

            last = entry;
        }
    }

    /// <summary>An array; the element type is null if MLX has none.</summary>
    internal sealed record Entry(string Name, string TypeName, DType? DType, int[] Shape, long Begin, long End)
    {
        /// <summary>Whether the elements are 8-bit numbers, for which MLX has no type, so that they are loaded as bytes.</summary>
        internal bool IsFloat8 => TypeName.StartsWith("F8_", StringComparison.Ordinal);
    }
}
