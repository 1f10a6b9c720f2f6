using System.Buffers.Binary;
using System.Text;

namespace DotMlx;

/// <summary>
/// The header of a GGUF file: metadata and the places of the arrays. The library that MLX reads it with checks nothing, so
/// whatever is not sound is refused here before MLX sees the file.
/// </summary>
internal sealed class GgufHeader
{
    private const int MaxDimensions = 8;
    private const uint StringType = 8;
    private const uint ArrayType = 9;
    private const uint DoubleType = 12;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly ByteSource source;
    private readonly bool describe;
    private readonly byte[] buffer = new byte[1 << 16];
    private readonly HashSet<string> arrayNames = new(StringComparer.Ordinal);
    private long bufferStart;
    private int bufferLength;
    private long position;
    private ulong alignment = 32;

    private GgufHeader(ByteSource source, bool describe)
    {
        this.source = source;
        this.describe = describe;
    }

    /// <summary>
    /// Metadata in the order of the file: texts, lists of texts, and for numbers and lists of numbers null, or what they are when
    /// the file is only told of.
    /// </summary>
    internal OrderedDictionary<string, object?> Metadata { get; } = [];

    /// <summary>The arrays as the file holds them, in its order.</summary>
    internal List<Entry> Entries { get; } = [];

    /// <summary>The names under which MLX gives the arrays, in the order of the file.</summary>
    internal List<string> Arrays { get; } = [];

    /// <param name="source">The file.</param>
    /// <param name="describe">Whether the file shall only be told of: types that MLX does not load are no fault then.</param>
    internal static GgufHeader Read(ByteSource source, bool describe = false)
    {
        GgufHeader header = new(source, describe);
        header.Parse();
        return header;
    }

    private void Parse()
    {
        if (source.Length < 24 || UInt32() != 0x46554747)
        {
            throw source.Broken("it does not begin with the 24 bytes of a GGUF header");
        }

        uint version = UInt32();
        if (version is not (2 or 3))
        {
            throw source.Broken($"it has the GGUF version {version}; known are 2 and 3");
        }

        ulong arrays = UInt64();
        ulong keys = UInt64();
        for (ulong i = 0; i < keys; i++)
        {
            ParseKey();
        }

        for (ulong i = 0; i < arrays; i++)
        {
            Entries.Add(ParseArray());
        }

        ulong data = (ulong)position + ((alignment - ((ulong)position % alignment)) % alignment);
        ulong available = (ulong)source.Length < data ? 0 : (ulong)source.Length - data;
        foreach ((string name, _, _, ulong offset, ulong bytes) in Entries)
        {
            if (offset > available || bytes > available - offset)
            {
                throw source.Broken($"the data of array '{name}' should end at byte {(UInt128)data + offset + bytes}, but the file has {source.Length}; it may be incomplete");
            }
        }
    }

    private void ParseKey()
    {
        string key = Text("a metadata key");
        if (key.Length == 0 || key.Contains('\0', StringComparison.Ordinal))
        {
            throw source.Broken("it has a metadata key that is empty or holds a zero character");
        }

        uint type = UInt32();
        object? value = null;
        switch (type)
        {
            case StringType:
                value = Text($"metadata '{key}'");
                break;
            case ArrayType:
                value = List(key);
                break;
            case DoubleType when !describe:
                throw source.Broken($"metadata '{key}' is float64, which MLX reads wrongly");
            default:
                int size = SizeOf(type, key);
                if (key == "general.alignment" && type == 4)
                {
                    alignment = UInt32();
                    if (alignment == 0 || !ulong.IsPow2(alignment) || alignment > 1 << 20)
                    {
                        throw source.Broken($"its alignment is {alignment}");
                    }
                }
                else
                {
                    value = describe ? Number(type, key) : Skip((ulong)size, $"metadata '{key}'");
                }

                break;
        }

        if (!Metadata.TryAdd(key, value))
        {
            throw source.Broken($"it has the metadata '{key}' twice");
        }
    }

    private object? List(string key)
    {
        uint type = UInt32();
        ulong count = UInt64();
        if (type == ArrayType || (type == DoubleType && !describe))
        {
            throw source.Broken($"metadata '{key}' is a list of {(type == ArrayType ? "lists" : "float64")}, which MLX does not read");
        }

        // Every element takes a byte at least, so this also keeps the list from being larger than the file.
        ulong size = type == StringType ? 8 : (ulong)SizeOf(type, key);
        if (count > (ulong)(source.Length - position) / size || count > int.MaxValue)
        {
            throw source.Broken($"metadata '{key}' claims to be a list of {count} elements, more than the file holds");
        }

        if (type != StringType)
        {
            return describe ? Numbers(type, key, (int)count) : Skip(count * size, $"metadata '{key}'");
        }

        List<string> texts = [];
        for (ulong i = 0; i < count; i++)
        {
            texts.Add(Text($"metadata '{key}'"));
        }

        return texts.ToArray();
    }

    private object[] Numbers(uint type, string key, int count)
    {
        object[] numbers = new object[count];
        for (int i = 0; i < count; i++)
        {
            numbers[i] = Number(type, key);
        }

        return numbers;
    }

    private object Number(uint type, string key)
    {
        ReadOnlySpan<byte> bytes = Take(SizeOf(type, key));
        return type switch
        {
            0 => bytes[0],
            1 => (sbyte)bytes[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            3 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            5 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            6 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
            7 => bytes[0] != 0,
            10 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            11 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        };
    }

    private Entry ParseArray()
    {
        string name = Text("an array's name");
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
        {
            throw source.Broken("it has an array whose name is empty or holds a zero character");
        }

        uint dimensions = UInt32();
        if (dimensions > MaxDimensions)
        {
            throw source.Broken($"array '{name}' has {dimensions} dimensions; {MaxDimensions} is the limit");
        }

        UInt128 count = 1;
        ulong last = 1;
        int[] shape = new int[dimensions];
        for (uint i = 0; i < dimensions; i++)
        {
            ulong size = UInt64();
            last = i == 0 ? size : last;
            if (size is 0 or > int.MaxValue)
            {
                throw source.Broken($"array '{name}' has a size of {size} in its shape; MLX's sizes here are from 1 to {int.MaxValue}");
            }

            // GGUF has the last dimension first. The product can pass the file's size only by being wrong.
            count = UInt128.Min(count * size, ulong.MaxValue);
            shape[^(int)(i + 1)] = (int)size;
        }

        uint type = UInt32();
        ulong offset = UInt64();
        if (!GgufType.TryGet(type, out int perBlock, out int blockBytes)
            && !(describe && GgufType.TryGetOther(type, out perBlock, out blockBytes)))
        {
            throw source.Broken($"array '{name}' has the type number {type}; MLX loads {GgufType.Names}");
        }

        if (perBlock > 1 && (dimensions == 0 || last % (ulong)perBlock != 0))
        {
            throw source.Broken($"array '{name}' has a last dimension of {last}, and its type packs {perBlock} elements into a block");
        }

        AddName(name);
        if (GgufType.IsQuantized(type))
        {
            const string Suffix = ".weight";
            string prefix = name.Length >= Suffix.Length ? name[..^Suffix.Length] : name;
            AddName(prefix + ".scales");
            AddName(prefix + ".biases");
        }

        return new Entry(name, type, shape, offset, (ulong)UInt128.Min(count / (ulong)perBlock * (ulong)blockBytes, ulong.MaxValue));
    }

    private void AddName(string name)
    {
        if (!arrayNames.Add(name))
        {
            throw source.Broken($"it holds two arrays '{name}'");
        }

        Arrays.Add(name);
    }

    private int SizeOf(uint type, string key) => type switch
    {
        0 or 1 or 7 => 1,
        2 or 3 => 2,
        4 or 5 or 6 => 4,
        10 or 11 or DoubleType => 8,
        _ => throw source.Broken($"metadata '{key}' has the type number {type}, which is not known"),
    };

    private string Text(string what)
    {
        ulong length = UInt64();
        if (length > (ulong)(source.Length - position) || length > int.MaxValue)
        {
            throw source.Broken($"{what} claims to be {length} bytes long, but only {source.Length - position} follow");
        }

        byte[] bytes = new byte[length];
        source.Read(position, bytes);
        position += (long)length;
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException exception)
        {
            throw source.Broken($"{what} is no valid UTF-8", exception);
        }
    }

    private object? Skip(ulong count, string what)
    {
        if (count > (ulong)(source.Length - position))
        {
            throw source.Broken($"{what} ends after the end of the file");
        }

        position += (long)count;
        return null;
    }

    private uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    private ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    private ReadOnlySpan<byte> Take(int count)
    {
        if (position < bufferStart || position + count > bufferStart + bufferLength)
        {
            bufferStart = position;
            bufferLength = (int)Math.Min(buffer.Length, source.Length - position);
            source.Read(position, buffer.AsSpan(0, Math.Max(bufferLength, count)));
        }

        int at = (int)(position - bufferStart);
        position += count;
        return buffer.AsSpan(at, count);
    }

    /// <summary>An array as the file holds it; the shape has the last dimension last, as MLX has it.</summary>
    internal sealed record Entry(string Name, uint Type, int[] Shape, ulong Offset, ulong Bytes);
}
