using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace DotMlx;

/// <summary>The header of an npy file: magic, version, length, and a Python dictionary with type, order, and shape.</summary>
internal sealed class NpyHeader
{
    private const int MaxLength = 1 << 20;

    private static readonly (string Kind, DType DType)[] Kinds =
    [
        ("b1", DotMlx.DType.Bool), ("u1", DotMlx.DType.UInt8), ("i1", DotMlx.DType.Int8), ("u2", DotMlx.DType.UInt16),
        ("i2", DotMlx.DType.Int16),
        ("f2", DotMlx.DType.Float16), ("V2", DotMlx.DType.BFloat16), ("u4", DotMlx.DType.UInt32), ("i4", DotMlx.DType.Int32),
        ("f4", DotMlx.DType.Float32), ("u8", DotMlx.DType.UInt64), ("i8", DotMlx.DType.Int64), ("f8", DotMlx.DType.Float64),
        ("c8", DotMlx.DType.Complex64),
    ];

    private NpyHeader(string descr, DType? dtype, bool fortranOrder, int[] shape, long dataOffset, long dataLength)
    {
        Descr = descr;
        DType = dtype;
        FortranOrder = fortranOrder;
        Shape = shape;
        DataOffset = dataOffset;
        DataLength = dataLength;
    }

    internal string Descr { get; }

    /// <summary>The element type; null if MLX has none.</summary>
    internal DType? DType { get; }

    internal bool FortranOrder { get; }

    internal int[] Shape { get; }

    internal long DataOffset { get; }

    internal long DataLength { get; }

    internal static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <param name="source">The file.</param>
    /// <param name="describe">Whether only to describe the array; a type that MLX lacks is then not an error.</param>
    internal static NpyHeader Read(ByteSource source, bool describe = false)
    {
        Span<byte> start = stackalloc byte[12];
        start = start[..(int)Math.Min(12, source.Length)];
        source.Read(0, start);
        if (start.Length < 10 || !start.StartsWith(Magic))
        {
            throw source.Broken("it does not begin with the magic bytes of an npy file");
        }

        if (start[6] is < 1 or > 3 || (start[6] > 1 && start.Length < 12))
        {
            throw source.Broken($"it has the npy version {start[6]}.{start[7]}; expected 1.0, 2.0, or 3.0");
        }

        int prefix = start[6] == 1 ? 10 : 12;
        uint length = start[6] == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(start[8..])
            : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (length > MaxLength || length > source.Length - prefix)
        {
            throw source.Broken($"its header claims to be {length} bytes long, but {Math.Min(source.Length - prefix, MaxLength)} is the "
                + $"limit here; the file may be incomplete");
        }

        byte[] text = new byte[length];
        source.Read(prefix, text);
        (string descr, bool fortran, List<long> shape) = new NpyDictionary(Encoding.UTF8.GetString(text), source).Parse();
        DType? dtype = TypeOf(descr, source, describe);
        (int[] sizes, long bytes) = CheckShape(shape, dtype?.ItemSize() ?? SizeOf(descr), source);
        long dataOffset = prefix + length;
        if (bytes > source.Length - dataOffset)
        {
            throw source.Broken(
                $"an array of shape {ShapeText.Of(sizes)} and type {descr} has {bytes} bytes of data, but "
                + $"only {source.Length - dataOffset} follow the header; the file may be incomplete");
        }

        return new NpyHeader(descr, dtype, fortran, sizes, dataOffset, bytes);
    }

    /// <summary>The array as stored in the file.</summary>
    internal StoredArray Stored(string name)
    {
        DType type = DType ?? throw new InvalidOperationException("MLX has no type for the elements.");
        int number = type == DotMlx.DType.Complex64 ? 4 : type.ItemSize();
        bool swapped = Descr[0] == '>' && number > 1;
        return new StoredArray(name, type, Shape, DataOffset, swapped ? BlockCoding.BigEndian(number) : null, FortranOrder);
    }

    /// <summary>NumPy's name of an element type; for bfloat16, MLX's own name.</summary>
    internal static string DescrOf(DType dtype)
    {
        foreach ((string kind, DType type) in Kinds)
        {
            if (type == dtype)
            {
                return (type.ItemSize() == 1 ? '|' : '<') + kind;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "npy files have no name for this type.");
    }

    private static DType? TypeOf(string descr, ByteSource source, bool describe)
    {
        // NumPy gives a type without a byte order the machine's byte order.
        string kind = descr.Length == 3 && descr[0] is '<' or '>' or '|' or '=' ? descr[1..] : descr;
        foreach ((string known, DType type) in Kinds)
        {
            if (known == kind)
            {
                return type;
            }
        }

        return describe ? null : throw source.Broken(descr.StartsWith('[')
            ? "its elements are records, which MLX does not have"
            : $"its elements have NumPy's type '{descr}', which MLX does not have");
    }

    /// <summary>
    /// The number of bytes of an element of a type that MLX doesn't have: <c>&lt;U5</c> has 20, <c>&lt;c16</c> has 16; 0 if the name
    /// doesn't tell.
    /// </summary>
    private static int SizeOf(string descr)
    {
        if (descr.StartsWith('['))
        {
            return 0;
        }

        string digits = new([.. descr.SkipWhile(c => !char.IsAsciiDigit(c)).TakeWhile(char.IsAsciiDigit)]);
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size <= 1 << 20
            ? size * (descr.Contains('U', StringComparison.Ordinal) ? 4 : 1)
            : 0;
    }

    private static (int[] Shape, long Bytes) CheckShape(List<long> shape, int itemSize, ByteSource source)
    {
        int[] sizes = new int[shape.Count];
        Int128 bytes = itemSize;
        for (int i = 0; i < sizes.Length; i++)
        {
            if (shape[i] > int.MaxValue)
            {
                throw source.Broken($"its shape has a size of {shape[i]}; MLX's sizes are at most {int.MaxValue}");
            }

            sizes[i] = (int)shape[i];
            bytes = Int128.Min(bytes * sizes[i], long.MaxValue);
        }

        return (sizes, (long)bytes);
    }
}
