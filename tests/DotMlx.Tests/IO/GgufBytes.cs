using System.Text;

namespace DotMlx.Tests.IO;

/// <summary>Writes a valid or invalid GGUF file, as the format's public description specifies.</summary>
internal sealed class GgufBytes
{
    private readonly List<byte> _bytes = [];

    internal byte[] Bytes => [.. _bytes];

    internal GgufBytes Head(ulong arrays, ulong keys, uint version = 3)
    {
        _bytes.AddRange("GGUF"u8);
        return U32(version).U64(arrays).U64(keys);
    }

    internal GgufBytes U8(byte value)
    {
        _bytes.Add(value);
        return this;
    }

    internal GgufBytes U32(uint value)
    {
        _bytes.AddRange(BitConverter.GetBytes(value));
        return this;
    }

    internal GgufBytes U64(ulong value)
    {
        _bytes.AddRange(BitConverter.GetBytes(value));
        return this;
    }

    internal GgufBytes F32(float value)
    {
        _bytes.AddRange(BitConverter.GetBytes(value));
        return this;
    }

    internal GgufBytes Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        U64((ulong)utf8.Length);
        _bytes.AddRange(utf8);
        return this;
    }

    internal GgufBytes Align() => Pad((int)((32 - (_bytes.Count % 32)) % 32));

    internal GgufBytes Pad(int count)
    {
        _bytes.AddRange(new byte[count]);
        return this;
    }
}
