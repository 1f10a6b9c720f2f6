using System.Buffers.Binary;
using System.Text;

namespace DotMlx;

/// <summary>
/// The header of a GGUF file: the metadata and the positions of the arrays. An invalid header is refused before anything is created from
/// it.
/// </summary>
internal sealed class GgufHeader
{
    internal const uint Magic = 0x46554747;
    internal const string AlignmentKey = "general.alignment";
    internal const int MaxDimensions = 8;
    internal const uint StringType = 8;
    internal const uint ArrayType = 9;
    private const uint AlignmentType = 4;
    private const int BufferLength = 1 << 16;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly ByteSource _source;
    private readonly bool _describe;
    private readonly byte[] _buffer;
    private readonly HashSet<string> _arrayNames = new(StringComparer.Ordinal);
    private long _bufferStart;
    private int _bufferLength;
    private long _position;
    private ulong _alignment = 32;

    private GgufHeader(ByteSource source, bool describe)
    {
        _source = source;
        _describe = describe;
        _buffer = new byte[Math.Min(BufferLength, source.Length)];
    }

    /// <summary>
    /// The metadata in the order of the file: strings, numbers, and Booleans, and arrays of these (<c>string[]</c>, <c>int[]</c>, …).
    /// </summary>
    internal OrderedDictionary<string, object> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>The arrays as stored in the file, in order.</summary>
    internal List<Entry> Entries { get; } = [];

    /// <param name="source">The file.</param>
    /// <param name="describe">Whether only to describe the file; types that can't be loaded are then not an error.</param>
    internal static GgufHeader Read(ByteSource source, bool describe = false)
    {
        GgufHeader header = new(source, describe);
        header.Parse();
        return header;
    }

    private void Parse()
    {
        if (_source.Length < 24 || UInt32() != Magic)
        {
            throw _source.Broken("it does not begin with the 24 bytes of a GGUF header");
        }

        uint version = UInt32();
        if (version is not (2 or 3))
        {
            throw _source.Broken(BinaryPrimitives.ReverseEndianness(version) is 2 or 3
                ? "it is a GGUF file with the most significant byte first, made for big-endian machines; "
                + "load a file with the least significant byte first"
                : $"it has the GGUF version {version}; expected 2 or 3");
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

        ulong data = (ulong)_position + ((_alignment - ((ulong)_position % _alignment)) % _alignment);
        ulong available = (ulong)_source.Length < data ? 0 : (ulong)_source.Length - data;
        foreach (Entry entry in Entries)
        {
            if (entry.Offset > available || entry.Bytes > available - entry.Offset)
            {
                throw _source.Broken(
                    $"the data of array '{entry.Name}' should end at byte {(UInt128)data + entry.Offset + entry.Bytes}, but the file "
                    + $"has {_source.Length}; it may be incomplete");
            }

            entry.Place = (long)(data + entry.Offset);
        }

        CheckOverlaps();
    }

    // Arrays with shared data would take many times the memory of the file.
    private void CheckOverlaps()
    {
        Entry? last = null;
        foreach (Entry entry in Entries.OrderBy(entry => entry.Offset))
        {
            if (last is not null && entry.Offset < last.Offset + last.Bytes)
            {
                throw _source.Broken($"the data of the arrays '{last.Name}' and '{entry.Name}' overlap");
            }

            last = entry;
        }
    }

    private void ParseKey()
    {
        string key = Name("a metadata key");
        uint type = UInt32();
        object value = type switch
        {
            StringType => Text($"metadata '{key}'"),
            ArrayType => List(key),
            _ => Numbers(type, key, 1).GetValue(0)!,
        };
        if (key == AlignmentKey)
        {
            if (type != AlignmentType)
            {
                throw _source.Broken($"its {AlignmentKey} is of the type number {type} instead of {AlignmentType}, a uint32");
            }

            _alignment = (uint)value;
            if (!ulong.IsPow2(_alignment) || _alignment > 1 << 20)
            {
                throw _source.Broken($"its alignment is {_alignment}");
            }
        }

        if (!Metadata.TryAdd(key, value))
        {
            throw _source.Broken($"it has the metadata '{key}' twice");
        }
    }

    private Array List(string key)
    {
        uint type = UInt32();
        ulong count = UInt64();
        if (type == ArrayType)
        {
            throw _source.Broken($"metadata '{key}' is a list of lists, which MLX does not have");
        }

        // A string takes at least eight bytes, for its length.
        ulong size = type == StringType ? 8 : (ulong)SizeOf(type, key);
        if (count > (ulong)(_source.Length - _position) / size || count > int.MaxValue)
        {
            throw _source.Broken($"metadata '{key}' claims to be a list of {count} elements, more than the file holds");
        }

        if (type != StringType)
        {
            return Numbers(type, key, (int)count);
        }

        string[] texts = new string[count];
        for (int i = 0; i < texts.Length; i++)
        {
            texts[i] = Text($"metadata '{key}'");
        }

        return texts;
    }

    private Array Numbers(uint type, string key, int count) => type switch
    {
        0 => Values<byte>(count),
        1 => Values<sbyte>(count),
        2 => Values<ushort>(count),
        3 => Values<short>(count),
        4 => Values<uint>(count),
        5 => Values<int>(count),
        6 => Values<float>(count),
        7 => Array.ConvertAll(Values<byte>(count), value => value != 0),
        10 => Values<ulong>(count),
        11 => Values<long>(count),
        12 => Values<double>(count),
        _ => throw UnknownType(type, key),
    };

    private unsafe T[] Values<T>(int count)
        where T : unmanaged
    {
        long bytes = (long)count * sizeof(T);
        if (bytes > _source.Length - _position)
        {
            throw _source.Broken($"it ends at byte {_source.Length}, but {bytes} bytes from byte {_position} on are needed");
        }

        T[] values = new T[count];
        fixed (T* first = values)
        {
            byte* target = (byte*)first;
            for (long done = 0; done < bytes;)
            {
                int piece = (int)Math.Min(bytes - done, 1 << 30);
                _source.Read(_position, new Span<byte>(target + done, piece));
                _position += piece;
                done += piece;
            }
        }

        return values;
    }

    private Entry ParseArray()
    {
        string name = Name("an array's name");
        uint dimensions = UInt32();
        if (dimensions > MaxDimensions)
        {
            throw _source.Broken($"array '{name}' has {dimensions} dimensions, but the limit is {MaxDimensions}");
        }

        UInt128 count = 1;
        int[] shape = new int[dimensions];
        for (uint i = 0; i < dimensions; i++)
        {
            ulong size = UInt64();
            if (size is 0 or > int.MaxValue)
            {
                throw _source.Broken($"array '{name}' has a size of {size} in its shape; MLX's sizes here are from 1 to {int.MaxValue}");
            }

            // GGUF stores the last dimension first. The product exceeds the size of the file only if it is wrong.
            count = UInt128.Min(count * size, long.MaxValue);
            shape[^(int)(i + 1)] = (int)size;
        }

        uint number = UInt32();
        ulong offset = UInt64();
        if (GgufType.Of(number) is not { } type || (!type.IsLoadable && !_describe))
        {
            throw _source.Broken(
                $"array '{name}' has the type "
                + $"number {number}{(GgufType.Of(number) is { } known ? $", {known.Name}" : "")}; loaded are {GgufType.Names}");
        }

        if (type.PerBlock > 1 && (shape is [] || shape[^1] % type.PerBlock != 0))
        {
            throw _source.Broken(
                $"array '{name}' has a last dimension of {(shape is [] ? 1 : shape[^1])}, and its type "
                + $"packs {type.PerBlock} elements into a block");
        }

        Entry entry = new(name, type, shape, offset,
            (ulong)UInt128.Min(count / (ulong)type.PerBlock * (ulong)type.BlockLength, long.MaxValue));
        foreach (string loaded in entry.LoadedNames)
        {
            if (!_arrayNames.Add(loaded))
            {
                throw _source.Broken($"it holds two arrays '{loaded}'");
            }
        }

        return entry;
    }

    private int SizeOf(uint type, string key) => type switch
    {
        0 or 1 or 7 => 1,
        2 or 3 => 2,
        4 or 5 or 6 => 4,
        10 or 11 or 12 => 8,
        _ => throw UnknownType(type, key),
    };

    private InvalidDataException UnknownType(uint type, string key) =>
        _source.Broken($"metadata '{key}' has the type number {type}, which is unknown");

    private string Name(string what)
    {
        string name = Text(what);
        return name.Length == 0 || name.Contains('\0', StringComparison.Ordinal)
            ? throw _source.Broken($"{what} is empty or contains a null character")
            : name;
    }

    private string Text(string what)
    {
        ulong length = UInt64();
        if (length > (ulong)(_source.Length - _position) || length > int.MaxValue)
        {
            throw _source.Broken($"{what} claims to be {length} bytes long, but only {_source.Length - _position} follow");
        }

        try
        {
            if (length <= (ulong)_buffer.Length)
            {
                return Strict.GetString(Take((int)length));
            }

            byte[] bytes = new byte[length];
            _source.Read(_position, bytes);
            _position += (long)length;
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException exception)
        {
            throw _source.Broken($"{what} isn't valid UTF-8", exception);
        }
    }

    private uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    private ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    private ReadOnlySpan<byte> Take(int count)
    {
        if (_position < _bufferStart || _position + count > _bufferStart + _bufferLength)
        {
            _bufferStart = _position;
            _bufferLength = (int)Math.Min(_buffer.Length, _source.Length - _position);
            if (count > _bufferLength)
            {
                throw _source.Broken($"it ends at byte {_source.Length}, but {count} bytes from byte {_position} on are needed");
            }

            _source.Read(_position, _buffer.AsSpan(0, _bufferLength));
        }

        int at = (int)(_position - _bufferStart);
        _position += count;
        return _buffer.AsSpan(at, count);
    }

    /// <summary>An array as stored in the file; the last dimension of the shape is last, as in MLX.</summary>
    internal sealed record Entry(string Name, GgufType Type, int[] Shape, ulong Offset, ulong Bytes)
    {
        /// <summary>The position of the data in the file.</summary>
        internal long Place { get; set; }

        /// <summary>The names under which the array is loaded: packed weights have scales and biases.</summary>
        internal string[] LoadedNames
        {
            get
            {
                if (Type.Quantization is null)
                {
                    return [Name];
                }

                // MLX truncates names in the same way, regardless of their endings.
                const string Suffix = ".weight";
                string prefix = Name.Length >= Suffix.Length ? Name[..^Suffix.Length] : Name;
                return [Name, prefix + ".scales", prefix + ".biases"];
            }
        }

        /// <summary>The metadata that is loaded.</summary>
        internal IEnumerable<StoredArray> Stored()
        {
            if (Type.DType is { } type)
            {
                return [new StoredArray(Name, type, Shape, Place)];
            }

            if (Type.Float16 is { } coding)
            {
                return [new StoredArray(Name, DType.Float16, Shape, Place, coding)];
            }

            GgufQuantization quantization = Type.Quantization!;
            int[] packed = [.. Shape[..^1], Shape[^1] * quantization.Bits / 32];
            int[] groups = [.. Shape[..^1], Shape[^1] / Type.PerBlock];
            return
            [
                new StoredArray(LoadedNames[0], DType.UInt32, packed, Place, quantization.Weights),
                new StoredArray(LoadedNames[1], DType.Float16, groups, Place, quantization.Scales),
                new StoredArray(LoadedNames[2], DType.Float16, groups, Place, quantization.Biases),
            ];
        }
    }
}
