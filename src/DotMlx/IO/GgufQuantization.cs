using System.Buffers.Binary;

namespace DotMlx;

/// <summary>
/// Converts blocks of 32 numbers with one scale to MLX's affine quantization with a group size of 32: the same integers in another order,
/// the same scales, and biases. Nothing is rounded.
/// </summary>
/// <param name="Bits">The number of bits of a number.</param>
/// <param name="Weights">The packed integers.</param>
/// <param name="Scales">One float16 per block.</param>
/// <param name="Biases">One float16 per block.</param>
internal sealed record GgufQuantization(int Bits, BlockCoding Weights, BlockCoding Scales, BlockCoding Biases)
{
    private const int GroupSize = 32;
    private const int Q40Length = 18;
    private const int Q41Length = 20;
    private const int Q80Length = 34;

    /// <summary>A scale and 32 four-bit numbers with the zero point 8.</summary>
    internal static GgufQuantization Q4_0 { get; } = new(
        4, Nibbles(Q40Length, 2), HalfAt(Q40Length, 0),
        new BlockCoding(Q40Length, 2, (stored, decoded) => Shift(stored, decoded, Q40Length, -8)));

    /// <summary>A scale, a bias, and 32 four-bit numbers.</summary>
    internal static GgufQuantization Q4_1 { get; } = new(4, Nibbles(Q41Length, 4), HalfAt(Q41Length, 0), HalfAt(Q41Length, 2));

    /// <summary>A scale and 32 signed bytes.</summary>
    internal static GgufQuantization Q8_0 { get; } = new(
        8,
        new BlockCoding(Q80Length, GroupSize, static (stored, decoded) =>
        {
            for (int i = 0; i < decoded.Length; i++)
            {
                // MLX's numbers are unsigned, so each is 128 larger, and the bias subtracts 128 scales.
                decoded[i] = (byte)(stored[(i / GroupSize * Q80Length) + 2 + (i % GroupSize)] ^ 0x80);
            }
        }),
        HalfAt(Q80Length, 0),
        new BlockCoding(Q80Length, 2, (stored, decoded) => Shift(stored, decoded, Q80Length, -128)));

    // The low nibbles are the first 16 numbers, and the high nibbles are the rest; in MLX, neighbors share a byte.
    private static BlockCoding Nibbles(int blockLength, int start) => new(blockLength, GroupSize / 2, (stored, decoded) =>
    {
        const int Half = GroupSize / 2;
        for (int block = 0; block * blockLength < stored.Length; block++)
        {
            ReadOnlySpan<byte> packed = stored.Slice((block * blockLength) + start, Half);
            Span<byte> pairs = decoded.Slice(block * Half, Half);
            for (int i = 0; i < Half / 2; i++)
            {
                pairs[i] = (byte)((packed[2 * i] & 0x0F) | (packed[(2 * i) + 1] << 4));
                pairs[(Half / 2) + i] = (byte)((packed[2 * i] >> 4) | (packed[(2 * i) + 1] & 0xF0));
            }
        }
    });

    private static BlockCoding HalfAt(int blockLength, int start) => new(blockLength, 2, (stored, decoded) =>
    {
        for (int block = 0; block * blockLength < stored.Length; block++)
        {
            stored.Slice((block * blockLength) + start, 2).CopyTo(decoded[(block * 2)..]);
        }
    });

    // A product with a power of two is exact unless it overflows.
    private static void Shift(ReadOnlySpan<byte> stored, Span<byte> decoded, int blockLength, float zero)
    {
        for (int block = 0; block * blockLength < stored.Length; block++)
        {
            Half scale = BinaryPrimitives.ReadHalfLittleEndian(stored[(block * blockLength)..]);
            BinaryPrimitives.WriteHalfLittleEndian(decoded[(block * 2)..],
                GgufSuperblock.Narrow(zero * (float)scale, Half.IsFinite(scale)));
        }
    }
}
