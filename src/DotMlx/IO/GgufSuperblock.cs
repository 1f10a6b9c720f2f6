using System.Buffers.Binary;

namespace DotMlx;

/// <summary>
/// The K types of GGUF: blocks of 256 numbers in groups with quantized scales. MLX has no counterpart, so they are loaded as float16.
/// </summary>
internal static class GgufSuperblock
{
    private const int Count = 256;
    private const int DecodedLength = Count * 2;

    /// <summary>Two bits, with sixteen groups that have a four-bit scale and a four-bit minimum.</summary>
    internal static BlockCoding Q2 { get; } = Coding(84, 16, static (block, group, numbers) =>
    {
        // Four numbers share a byte: 32 bytes hold 128 numbers, and each run of 32 numbers is two bits higher.
        float scale = Number(block, 80) * (block[group] & 0x0F);
        float minimum = Number(block, 82) * (block[group] >> 4);
        ReadOnlySpan<byte> quants = block.Slice(16 + (group / 8 * 32) + (group % 2 * 16), 16);
        int shift = group % 8 / 2 * 2;
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = (scale * ((quants[i] >> shift) & 3)) - minimum;
        }
    });

    /// <summary>Four bits, with eight groups that have a six-bit scale and a six-bit minimum.</summary>
    internal static BlockCoding Q4 { get; } = Coding(144, 32, static (block, group, numbers) =>
    {
        // The first four pairs use the low six bits of eight bytes; the other pairs store their high bits in the remaining bits.
        ReadOnlySpan<byte> packed = block.Slice(4, 12);
        int groupScale = group < 4 ? packed[group] & 63 : (packed[group + 4] & 0x0F) | (packed[group - 4] >> 6 << 4);
        int groupMinimum = group < 4 ? packed[group + 4] & 63 : (packed[group + 4] >> 4) | (packed[group] >> 6 << 4);
        float scale = Number(block, 0) * groupScale;
        float minimum = Number(block, 2) * groupMinimum;
        ReadOnlySpan<byte> quants = block.Slice(16 + (group / 2 * 32), 32);
        int shift = group % 2 * 4;
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = (scale * ((quants[i] >> shift) & 0x0F)) - minimum;
        }
    });

    /// <summary>Six bits with the zero point 32, with sixteen groups that have a signed eight-bit scale.</summary>
    internal static BlockCoding Q6 { get; } = Coding(210, 16, static (block, group, numbers) =>
    {
        // Each half of the numbers has eight groups: 64 bytes with the low four bits and 32 bytes with the high two.
        int half = group / 8;
        int run = group % 8 / 2;
        int at = group % 2 * 16;
        float scale = Number(block, 208) * (sbyte)block[192 + group];
        ReadOnlySpan<byte> lows = block.Slice((half * 64) + (run % 2 * 32) + at, 16);
        ReadOnlySpan<byte> highs = block.Slice(128 + (half * 32) + at, 16);
        for (int i = 0; i < numbers.Length; i++)
        {
            int low = (lows[i] >> (run / 2 * 4)) & 0x0F;
            int high = (highs[i] >> (run * 2)) & 3;
            numbers[i] = scale * ((low | (high << 4)) - 32);
        }
    });

    /// <summary>A number as float16.</summary>
    /// <param name="value">The number.</param>
    /// <param name="finite">Whether it was computed from finite numbers.</param>
    /// <exception cref="OverflowException">It was computed from finite numbers and is too large.</exception>
    internal static Half Narrow(float value, bool finite)
    {
        Half narrow = (Half)value;
        return Half.IsFinite(narrow) || !finite
            ? narrow
            : throw new OverflowException($"a number of {value}, which is too large for float16");
    }

    private static float Number(ReadOnlySpan<byte> block, int at) => (float)BinaryPrimitives.ReadHalfLittleEndian(block[at..]);

    private static BlockCoding Coding(int blockLength, int groupSize, GroupDecoder decode) =>
        new(blockLength, DecodedLength, (stored, decoded) =>
    {
        Span<float> numbers = stackalloc float[groupSize];
        for (int block = 0; block * blockLength < stored.Length; block++)
        {
            Span<byte> halves = decoded.Slice(block * DecodedLength, DecodedLength);
            for (int group = 0; group * groupSize < Count; group++)
            {
                decode(stored.Slice(block * blockLength, blockLength), group, numbers);
                for (int i = 0; i < groupSize; i++)
                {
                    BinaryPrimitives.WriteHalfLittleEndian(
                        halves[(((group * groupSize) + i) * 2)..], Narrow(numbers[i], float.IsFinite(numbers[i])));
                }
            }
        }
    });

    private delegate void GroupDecoder(ReadOnlySpan<byte> block, int group, Span<float> numbers);
}
