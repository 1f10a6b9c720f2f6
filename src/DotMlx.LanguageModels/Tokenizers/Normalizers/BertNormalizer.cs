using System.Globalization;
using System.Text;
using DotMlx.LanguageModels.Tokenizers.Unicode;

namespace DotMlx.LanguageModels.Tokenizers.Normalizers;

/// <summary>
/// BERT's normalization: removes control characters, surrounds Chinese characters with spaces, strips accents, and converts to lowercase.
/// </summary>
internal sealed class BertNormalizer(JsonField field) : Normalizer
{
    private readonly bool _cleans = field.Get("clean_text").Flag();
    private readonly bool _separatesChinese = field.Get("handle_chinese_chars").Flag();
    private readonly bool _lowercases = field.Get("lowercase").Flag();
    private readonly bool? _stripsAccents = field.Find("strip_accents")?.Flag();

    public override string Normalize(string text)
    {
        if (_cleans)
            text = Characters.Map(text, Clean);
        if (_separatesChinese)
            text = SeparateChinese(text);
        if (_stripsAccents ?? _lowercases)
            text = Characters.Map(UnicodeNormalizer.Decompose(text, compatibility: false), point => IsAccent(point) ? -1 : point);
        return _lowercases ? Characters.Lowercase(text) : text;
    }

    private static int Clean(int point)
    {
        if (point is '\t' or '\n' or '\r')
            return ' ';
        if (point == 0xFFFD || CharUnicodeInfo.GetUnicodeCategory(point) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.PrivateUse)
            return -1;
        return Rune.IsWhiteSpace(new Rune(point)) ? ' ' : point;
    }

    private static bool IsAccent(int point) => CharUnicodeInfo.GetUnicodeCategory(point) == UnicodeCategory.NonSpacingMark;

    private static string SeparateChinese(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsChinese(rune.Value))
                result.Append(' ').Append(rune.ToString()).Append(' ');
            else
                result.Append(rune.ToString());
        }
        return result.ToString();
    }

    private static bool IsChinese(int point) => point is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF
        or >= 0x2A700 and <= 0x2B73F or >= 0x2B740 and <= 0x2B81F or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF
            or >= 0x2F800 and <= 0x2FA1F;
}
