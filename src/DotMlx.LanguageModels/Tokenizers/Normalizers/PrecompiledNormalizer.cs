using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace DotMlx.LanguageModels.Tokenizers.Normalizers;

/// <summary>
/// SentencePiece's compiled character map: a double-array trie over UTF-8 that maps to offsets in a block of zero-terminated replacements.
/// </summary>
internal sealed class PrecompiledNormalizer : Normalizer
{
    private readonly uint[] _trie;
    private readonly byte[] _replacements;

    public PrecompiledNormalizer(JsonField field)
    {
        byte[] map;
        try
        {
            map = Convert.FromBase64String(field.Text());
        }
        catch (FormatException error)
        {
            throw new InvalidDataException($"{field.Path} is not base64", error);
        }
        uint size = map.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(map) : 0;
        if (size == 0 || size % 4 != 0 || size > map.Length - 4)
            throw new InvalidDataException($"{field.Path} has a trie of {size} bytes in a map of {map.Length}");
        _trie = new uint[size / 4];
        for (int i = 0; i < _trie.Length; i++)
            _trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(map.AsSpan(4 + 4 * i));
        _replacements = map[(4 + (int)size)..];
    }

    public override string Normalize(string text)
    {
        var result = new StringBuilder(text.Length);
        for (int start = 0; start < text.Length;)
        {
            int length = StringInfo.GetNextTextElementLength(text.AsSpan(start));
            ReadOnlySpan<char> grapheme = text.AsSpan(start, length);
            start += length;
            if (Encoding.UTF8.GetByteCount(grapheme) < 6 && Find(grapheme) is { } whole)
            {
                result.Append(whole);
                continue;
            }
            foreach (Rune rune in grapheme.EnumerateRunes())
            {
                string character = rune.ToString();
                result.Append(Find(character) ?? character);
            }
        }
        return result.ToString();
    }

    /// <summary>Returns the replacement of the shortest prefix in the map, or null.</summary>
    private string? Find(ReadOnlySpan<char> text)
    {
        Span<byte> utf8 = stackalloc byte[8];
        utf8 = utf8[..Encoding.UTF8.GetBytes(text, utf8)];
        uint position = Offset(_trie[0]);
        foreach (byte value in utf8)
        {
            if (value == 0)
                return null;
            position ^= value;
            if (position >= _trie.Length || (_trie[position] & 0x800000FF) != value)
                return null;
            bool hasValue = (_trie[position] >> 8 & 1) != 0;
            position ^= Offset(_trie[position]);
            if (!hasValue)
                continue;
            if (position >= _trie.Length)
                return null;
            return Replacement((int)(_trie[position] & 0x7FFFFFFF));
        }
        return null;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 1 << 9) >> 6);

    private string? Replacement(int start)
    {
        if (start > _replacements.Length)
            return null;
        ReadOnlySpan<byte> rest = _replacements.AsSpan(start);
        int end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
