using System.Buffers.Binary;

namespace DotMlx.Tests.IO;

/// <summary>The values of GGUF's element types, packed here as the format's public description specifies.</summary>
[TestFixture]
public class GgufTypeTests
{
    [Test]
    public void BFloat16KeepsItsRange()
    {
        byte[] file = new GgufBytes().Head(1, 0).Text("w").U32(1).U64(2).U32(30).U64(0).Align().U8(0x15).U8(0x50).U8(0x80)
            .U8(0xBF).Pad(28).Bytes;
        using GgufFile loaded = Mx.LoadGguf(file);
        Assert.That(loaded["w"].DType, Is.EqualTo(DType.BFloat16));
        Assert.That(loaded["w"].ToArray<BFloat16>().Select(number => (float)number), Is.EqualTo(new[] { 1e10f, -1f }).Within(0.5).Percent);
    }

    [TestCase(2u, 4, TestName = "Q4_0")]
    [TestCase(3u, 4, TestName = "Q4_1")]
    [TestCase(8u, 8, TestName = "Q8_0")]
    public void PackedWeightsAreTheSameNumbers(uint type, int bits)
    {
        using var handles = HandleCount.NoneLeft();
        Random random = new(20261129);
        (byte[] First, float[] Numbers)[] blocks = [.. Enumerable.Range(0, 6).Select(_ => Block(type, random))];
        GgufBytes writer = new GgufBytes().Head(1, 0).Text("a.weight").U32(2).U64(64).U64(3).U32(type).U64(0).Align();
        foreach (byte value in blocks.SelectMany(block => block.First))
        {
            writer.U8(value);
        }

        using GgufFile loaded = Mx.LoadGguf(writer.Pad(64).Bytes);
        Assert.That(loaded["a.weight"].Shape.ToArray(), Is.EqualTo(new[] { 3, 64 * bits / 32 }));
        Assert.That(loaded["a.scales"].Shape.ToArray(), Is.EqualTo(new[] { 3, 2 }));
        uint[] packed = loaded["a.weight"].ToArray<uint>();
        Half[] scales = loaded["a.scales"].ToArray<Half>();
        Half[] biases = loaded["a.biases"].ToArray<Half>();
        float[] numbers = new float[6 * 32];
        for (int i = 0; i < numbers.Length; i++)
        {
            uint quant = (packed[i * bits / 32] >> (i * bits % 32)) & ((1u << bits) - 1);
            numbers[i] = ((float)scales[i / 32] * quant) + (float)biases[i / 32];
        }

        Assert.That(numbers, Is.EqualTo(blocks.SelectMany(block => block.Numbers)).Within(1e-4));
        if (!LibraryInUse.IsReference)
        {
            using MlxArray whole = Mx.Dequantize(loaded["a.weight"], loaded["a.scales"], loaded["a.biases"], groupSize: 32, bits: bits);
            using MlxArray wide = whole.AsType(DType.Float32);
            Assert.That(wide.ToArray<float>(), Is.EqualTo(numbers).Within(0.1));
        }
    }

    [TestCase(10u, TestName = "Q2_K")]
    [TestCase(12u, TestName = "Q4_K")]
    [TestCase(14u, TestName = "Q6_K")]
    public void SuperblocksBecomeFloat16(uint type)
    {
        Random random = new(20261129);
        (byte[] First, float[] Numbers)[] blocks = [.. Enumerable.Range(0, 3)
            .Select(_ => type == 10 ? Q2(random) : type == 12 ? Q4(random) : Q6(random))];
        GgufBytes writer = new GgufBytes().Head(1, 0).Text("k").U32(2).U64(256).U64(3).U32(type).U64(0).Align();
        foreach (byte value in blocks.SelectMany(block => block.First))
        {
            writer.U8(value);
        }

        using GgufFile loaded = Mx.LoadGguf(writer.Bytes);
        Assert.That(loaded["k"].Shape.ToArray(), Is.EqualTo(new[] { 3, 256 }));
        Assert.That(
            loaded["k"].ToArray<Half>().Select(number => (float)number),
            Is.EqualTo(blocks.SelectMany(block => block.Numbers).Select(number => (float)(Half)number)).Within(1e-3));
    }

    [Test]
    public void AScaleWithABiasOutsideFloat16IsRejected()
    {
        // The scale is 65504, the largest value.
        GgufBytes writer = new GgufBytes().Head(1, 0).Text("big.weight").U32(1).U64(32).U32(2).U64(0).Align().U8(0xFF).U8(0x7B).Pad(16);
        Assert.That(
            () => Mx.LoadGguf(writer.Bytes),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("big.biases").And.Message.Contains("too large for float16"));
    }

    private static (byte[] Block, float[] Numbers) Block(uint type, Random random)
    {
        Half scale = (Half)(random.NextSingle() + 0.1f);
        Half bias = (Half)(random.NextSingle() - 0.5f);
        byte[] quants = new byte[32];
        random.NextBytes(quants);
        if (type == 8)
        {
            return ([.. Bytes(scale), .. quants], [.. quants.Select(quant => (float)scale * (sbyte)quant)]);
        }

        byte[] nibbles = [.. quants.Select(quant => (byte)(quant & 15))];
        byte[] packed = [.. Enumerable.Range(0, 16).Select(i => (byte)(nibbles[i] | (nibbles[i + 16] << 4)))];
        return type == 2
            ? ([.. Bytes(scale), .. packed], [.. nibbles.Select(quant => (float)scale * (quant - 8))])
            : ([.. Bytes(scale), .. Bytes(bias), .. packed], [.. nibbles.Select(quant => ((float)scale * quant) + (float)bias)]);
    }

    private static (byte[] Block, float[] Numbers) Q2(Random random)
    {
        byte[] block = new byte[84];
        float[] numbers = new float[256];
        (Half scale, Half minimum) = ((Half)0.25, (Half)0.125);
        for (int group = 0; group < 16; group++)
        {
            (int groupScale, int groupMinimum) = (random.Next(16), random.Next(16));
            block[group] = (byte)(groupScale | (groupMinimum << 4));
            for (int i = 0; i < 16; i++)
            {
                // Element e of a half of 128 elements is in byte e % 32, with two bits for each 32.
                int element = (group * 16) + i;
                int quant = random.Next(4);
                block[16 + (element / 128 * 32) + (element % 32)] |= (byte)(quant << (element % 128 / 32 * 2));
                numbers[element] = ((float)scale * groupScale * quant) - ((float)minimum * groupMinimum);
            }
        }

        Bytes(scale).CopyTo(block, 80);
        Bytes(minimum).CopyTo(block, 82);
        return (block, numbers);
    }

    private static (byte[] Block, float[] Numbers) Q4(Random random)
    {
        byte[] block = new byte[144];
        float[] numbers = new float[256];
        (Half scale, Half minimum) = ((Half)0.03125, (Half)0.0625);
        for (int group = 0; group < 8; group++)
        {
            (int groupScale, int groupMinimum) = (random.Next(64), random.Next(64));
            if (group < 4)
            {
                block[4 + group] |= (byte)groupScale;
                block[8 + group] |= (byte)groupMinimum;
            }
            else
            {
                block[8 + group] |= (byte)((groupScale & 15) | ((groupMinimum & 15) << 4));
                block[group] |= (byte)(groupScale >> 4 << 6);
                block[4 + group] |= (byte)(groupMinimum >> 4 << 6);
            }

            for (int i = 0; i < 32; i++)
            {
                int quant = random.Next(16);
                block[16 + (group / 2 * 32) + i] |= (byte)(quant << (group % 2 * 4));
                numbers[(group * 32) + i] = ((float)scale * groupScale * quant) - ((float)minimum * groupMinimum);
            }
        }

        Bytes(scale).CopyTo(block, 0);
        Bytes(minimum).CopyTo(block, 2);
        return (block, numbers);
    }

    private static (byte[] Block, float[] Numbers) Q6(Random random)
    {
        byte[] block = new byte[210];
        float[] numbers = new float[256];
        Half scale = (Half)0.015625;
        for (int element = 0; element < 256; element++)
        {
            int group = element / 16;
            if (element % 16 == 0)
            {
                block[192 + group] = (byte)(sbyte)random.Next(-128, 128);
            }

            int quant = random.Next(64);
            int half = element / 128;
            int within = element % 128;

            // Elements 0 to 63 of a half are the low nibbles of its 64 bytes, and the others are the high nibbles.
            block[(half * 64) + (within % 64)] |= (byte)((quant & 15) << (within / 64 * 4));
            block[128 + (half * 32) + (within % 32)] |= (byte)(quant >> 4 << (within / 32 * 2));
            numbers[element] = (float)scale * (sbyte)block[192 + group] * (quant - 32);
        }

        Bytes(scale).CopyTo(block, 208);
        return (block, numbers);
    }

    private static byte[] Bytes(Half number)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteHalfLittleEndian(bytes, number);
        return bytes;
    }
}
