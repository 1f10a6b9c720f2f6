namespace DotMlx;

/// <summary>How the elements of an array are encoded in a file, if they aren't stored as in memory: in blocks of a fixed length.</summary>
/// <param name="StoredLength">The number of bytes of a block in the file.</param>
/// <param name="DecodedLength">The number of bytes of its elements, a power of two.</param>
/// <param name="Decode">Decodes any number of whole blocks.</param>
internal sealed record BlockCoding(int StoredLength, int DecodedLength, BlockDecoder Decode)
{
    /// <summary>Bytes, of which any except zero is true.</summary>
    internal static BlockCoding Boolean { get; } = new(1, 1, static (stored, decoded) =>
    {
        for (int i = 0; i < stored.Length; i++)
        {
            decoded[i] = stored[i] == 0 ? (byte)0 : (byte)1;
        }
    });

    /// <summary>Big-endian numbers.</summary>
    /// <param name="length">The number of bytes of a number.</param>
    internal static BlockCoding BigEndian(int length) => new(length, length, (stored, decoded) =>
    {
        stored.CopyTo(decoded);
        for (int i = 0; i < decoded.Length; i += length)
        {
            decoded.Slice(i, length).Reverse();
        }
    });
}

/// <summary>Decodes whole blocks; both spans contain the same number of blocks.</summary>
internal delegate void BlockDecoder(ReadOnlySpan<byte> stored, Span<byte> decoded);

/// <summary>The elements of an array that is stored in blocks, decoded when they are read.</summary>
internal sealed class DecodedSource(ByteSource file, StoredArray array, BlockCoding coding) : ByteSource(file.Name)
{
    private const int PieceLength = 1 << 16;

    internal override long Length => array.NBytes;

    // The code that opened the file owns it.
    public override void Dispose()
    {
    }

    private protected override void Fill(long from, Span<byte> destination)
    {
        if (from % coding.DecodedLength != 0 || destination.Length % coding.DecodedLength != 0)
        {
            throw new InvalidOperationException($"Blocks of {coding.DecodedLength} bytes must be read whole, "
                + $"but {destination.Length} bytes from byte {from} were requested.");
        }

        int perPiece = Math.Max(1, PieceLength / coding.StoredLength);
        byte[] piece = new byte[perPiece * coding.StoredLength];
        long block = from / coding.DecodedLength;
        while (!destination.IsEmpty)
        {
            int count = Math.Min(perPiece, destination.Length / coding.DecodedLength);
            Span<byte> stored = piece.AsSpan(0, count * coding.StoredLength);
            file.Read(array.Offset + (block * coding.StoredLength), stored);
            Decode(stored, destination[..(count * coding.DecodedLength)]);
            destination = destination[(count * coding.DecodedLength)..];
            block += count;
        }
    }

    private void Decode(ReadOnlySpan<byte> stored, Span<byte> decoded)
    {
        try
        {
            coding.Decode(stored, decoded);
        }
        catch (OverflowException exception)
        {
            throw Broken($"array '{array.Name}' holds {exception.Message}", exception);
        }
    }
}
