using System.Buffers.Binary;
using System.Text;

namespace DotMlx;

/// <summary>
/// The header of an npy file: magic, version, length, and a Python dictionary with type, order and shape. MLX looks at fixed
/// places of it, so it is parsed here and given to MLX in the form that it writes itself.
/// </summary>
internal sealed class NpyHeader
{
    private const int MaxLength = 1 << 20;

    private NpyHeader(string descr, DType dtype, bool fortranOrder, int[] shape, long dataOffset, long dataLength)
    {
        Descr = descr;
        DType = dtype;
        FortranOrder = fortranOrder;
        Shape = shape;
        DataOffset = dataOffset;
        DataLength = dataLength;
    }

    internal string Descr { get; }

    internal DType DType { get; }

    internal bool FortranOrder { get; }

    internal int[] Shape { get; }

    internal long DataOffset { get; }

    internal long DataLength { get; }

    internal static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    internal static NpyHeader Read(ByteSource source)
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
            throw source.Broken($"it has the npy version {start[6]}.{start[7]}; known are 1.0, 2.0 and 3.0");
        }

        int prefix = start[6] == 1 ? 10 : 12;
        uint length = start[6] == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(start[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (length > MaxLength || length > source.Length - prefix)
        {
            throw source.Broken($"its header claims to be {length} bytes long, but {Math.Min(source.Length - prefix, MaxLength)} is the limit here; the file may be incomplete");
        }

        byte[] text = new byte[length];
        source.Read(prefix, text);
        (string descr, bool fortran, List<long> shape) = new NpyDictionary(Encoding.UTF8.GetString(text), source).Parse();
        DType dtype = TypeOf(descr, source);
        (int[] sizes, long bytes) = CheckShape(shape, dtype, source);
        long dataOffset = prefix + length;
        if (bytes > source.Length - dataOffset)
        {
            throw source.Broken(
                $"an array of shape {ShapeText.Of(sizes)} and type {descr} has {bytes} bytes of data, but only {source.Length - dataOffset} follow the header; the file may be incomplete");
        }

        return new NpyHeader(descr, dtype, fortran, sizes, dataOffset, bytes);
    }

    /// <summary>The header as MLX shall see it, of version 1.</summary>
    internal byte[] ForMlx()
    {
        string text = $"{{'descr': '{Descr}', 'fortran_order': {(FortranOrder ? "True" : "False")}, 'shape': ({string.Join(", ", Shape)}), }}\n";
        byte[] bytes = [.. Magic, 1, 0, 0, 0, .. Encoding.ASCII.GetBytes(text)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)text.Length);
        return bytes;
    }

    private static DType TypeOf(string descr, ByteSource source)
    {
        string kind = descr.Length == 3 && descr[0] is '<' or '>' or '|' or '=' ? descr[1..] : "";
        DType? dtype = kind switch
        {
            "b1" => DType.Bool,
            "u1" => DType.UInt8,
            "i1" => DType.Int8,
            "u2" => DType.UInt16,
            "i2" => DType.Int16,
            "f2" => DType.Float16,
            "V2" => DType.BFloat16,
            "u4" => DType.UInt32,
            "i4" => DType.Int32,
            "f4" => DType.Float32,
            "u8" => DType.UInt64,
            "i8" => DType.Int64,
            "f8" => DType.Float64,
            "c8" => DType.Complex64,
            _ => null,
        };
        if (dtype is null)
        {
            throw source.Broken($"its elements have NumPy's type '{descr}', which MLX does not have");
        }

        // MLX would swap real and imaginary part as well.
        return descr[0] == '>' && dtype == DType.Complex64
            ? throw source.Broken("its complex numbers have the most significant byte first, which MLX does not read")
            : dtype.Value;
    }

    private static (int[] Shape, long Bytes) CheckShape(List<long> shape, DType dtype, ByteSource source)
    {
        int[] sizes = new int[shape.Count];
        Int128 bytes = dtype.ItemSize();
        for (int i = 0; i < sizes.Length; i++)
        {
            if (shape[i] > int.MaxValue)
            {
                throw source.Broken($"its shape has a size of {shape[i]}; MLX's sizes go to {int.MaxValue}");
            }

            sizes[i] = (int)shape[i];
            bytes = Int128.Min(bytes * sizes[i], long.MaxValue);
        }

        return (sizes, (long)bytes);
    }
}
