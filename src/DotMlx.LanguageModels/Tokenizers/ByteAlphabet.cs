using System.Text;

namespace DotMlx.LanguageModels.Tokenizers;

/// <summary>The printable characters that represent the 256 bytes in byte-level tokenizers.</summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = MakeCharacters();
    private static readonly Dictionary<char, byte> Bytes = Characters.Select((c, b) => (c, b))
        .ToDictionary(pair => pair.c, pair => (byte)pair.b);

    /// <summary>Writes the UTF-8 bytes of <paramref name="text"/> as one character each.</summary>
    public static void Write(ReadOnlySpan<char> text, StringBuilder result)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            int length = rune.EncodeToUtf8(utf8);
            for (int i = 0; i < length; i++)
                result.Append(Characters[utf8[i]]);
        }
    }

    /// <summary>Adds the bytes that <paramref name="token"/> represents, or its own UTF-8 bytes if it contains other characters.</summary>
    public static void Read(string token, List<byte> bytes)
    {
        int start = bytes.Count;
        foreach (char c in token)
        {
            if (!Bytes.TryGetValue(c, out byte value))
            {
                bytes.RemoveRange(start, bytes.Count - start);
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
                return;
            }
            bytes.Add(value);
        }
    }

    private static char[] MakeCharacters()
    {
        var characters = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            characters[value] = (char)(printable ? value : next++);
        }
        return characters;
    }
}
