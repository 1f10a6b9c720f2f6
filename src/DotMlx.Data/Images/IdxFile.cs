using System.Buffers.Binary;
using System.IO.Compression;

namespace DotMlx.Data;

/// <summary>
/// Reads the IDX format of MNIST and related datasets: a header with the element type and the shape, then the elements in big-endian order.
/// </summary>
public static class IdxFile
{
    private const int MaxDimensions = 8;

    /// <summary>Reads an IDX file.</summary>
    /// <param name="path">The path of the file. A <c>.gz</c> file is decompressed.</param>
    /// <returns>An array with the shape of the file, of dtype uint8, int8, int16, int32, float32, or float64.</returns>
    /// <exception cref="InvalidDataException">The file isn't in IDX format or is truncated. The message names the file.</exception>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static MlxArray Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream file = File.OpenRead(path);
        using Stream data = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? new GZipStream(file, CompressionMode.Decompress)
            : file;
        try
        {
            return Read(data, path);
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException($"'{path}' ends before its last element.", e);
        }
    }

    private static MlxArray Read(Stream data, string path)
    {
        Span<byte> header = stackalloc byte[4];
        data.ReadExactly(header);
        (byte code, byte dimensions) = (header[2], header[3]);
        if (header[0] != 0 || header[1] != 0 || dimensions is 0 or > MaxDimensions
            || code is not (0x08 or 0x09 or 0x0B or 0x0C or 0x0D or 0x0E))
        {
            throw new InvalidDataException(
                $"'{path}' is not an IDX file: it begins with {Convert.ToHexString(header)}, expected 0000, "
                + $"a type from 08 to 0E, and the number of dimensions.");
        }

        int[] shape = new int[dimensions];
        for (int i = 0; i < shape.Length; i++)
        {
            data.ReadExactly(header);
            shape[i] = BinaryPrimitives.ReadInt32BigEndian(header);
        }

        long count = shape.Aggregate(1L, (product, size) => size < 0 ? -1 : checked(product * size));
        if (count is < 0 or > int.MaxValue)
        {
            throw new InvalidDataException($"'{path}' declares the shape ({string.Join(", ", shape)}), which isn't valid.");
        }

        byte[] bytes = new byte[checked((int)count * Size(code))];
        data.ReadExactly(bytes);
        return code switch
        {
            0x08 => MlxArray.Create<byte>(bytes, shape),
            0x09 => MlxArray.Create(Array.ConvertAll(bytes, b => unchecked((sbyte)b)), shape),
            0x0B => MlxArray.Create(Each(bytes, 2, BinaryPrimitives.ReadInt16BigEndian), shape),
            0x0C => MlxArray.Create(Each(bytes, 4, BinaryPrimitives.ReadInt32BigEndian), shape),
            0x0D => MlxArray.Create(Each(bytes, 4, BinaryPrimitives.ReadSingleBigEndian), shape),
            _ => MlxArray.Create(Each(bytes, 8, BinaryPrimitives.ReadDoubleBigEndian), shape),
        };
    }

    private delegate T Element<T>(ReadOnlySpan<byte> bytes);

    private static int Size(byte code) => code switch { 0x08 or 0x09 => 1, 0x0B => 2, 0x0C or 0x0D => 4, _ => 8 };

    private static T[] Each<T>(byte[] bytes, int size, Element<T> read)
    {
        T[] elements = new T[bytes.Length / size];
        for (int i = 0; i < elements.Length; i++)
        {
            elements[i] = read(bytes.AsSpan(i * size, size));
        }

        return elements;
    }
}
