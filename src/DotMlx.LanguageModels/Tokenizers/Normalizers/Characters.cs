using System.Globalization;
using System.Text;

namespace DotMlx.LanguageModels.Tokenizers.Normalizers;

/// <summary>Functions of characters that several normalizers use.</summary>
internal static class Characters
{
    /// <summary>Maps each code point; -1 removes it.</summary>
    public static string Map(string text, Func<int, int> map)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            int mapped = map(rune.Value);
            if (mapped >= 0)
                result.Append(new Rune(mapped).ToString());
        }
        return result.ToString();
    }

    /// <summary>Converts each character to lowercase separately. The dotted capital I becomes two characters.</summary>
    public static string Lowercase(string text) =>
        text.ToLowerInvariant().Replace("\u0130", "i\u0307", StringComparison.Ordinal);

    public static bool IsMark(int point) => CharUnicodeInfo.GetUnicodeCategory(point)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    public static int Nmt(int point) => point switch
    {
        >= 1 and <= 8 or 0xB or >= 0xE and <= 0x1F or 0x7F or 0x8F or 0x9F => -1,
        9 or 0xA or 0xC or 0xD or 0x1680 or >= 0x200B and <= 0x200F or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD => ' ',
        _ => point,
    };
}
