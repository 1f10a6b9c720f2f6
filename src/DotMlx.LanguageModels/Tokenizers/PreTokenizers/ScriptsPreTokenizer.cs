using DotMlx.LanguageModels.Tokenizers.Unicode;

namespace DotMlx.LanguageModels.Tokenizers.PreTokenizers;

/// <summary>
/// Splits text where its script changes. Japanese and Chinese are one script. Spaces and characters without a script belong to the
/// preceding part, and those at the beginning are dropped, as in Hugging Face's tokenizers.
/// </summary>
internal sealed class ScriptsPreTokenizer : PreTokenizer
{
    private const int LongVowelMark = 0x30FC;

    public override void Split(Piece piece, List<Piece> result)
    {
        string? last = null;
        string? script = null;
        int start = -1;
        bool Changes(int point) => (script = ScriptOf(point)) is not null && script != last;
        foreach ((int at, _) in Splitting.Characters(piece, Changes))
        {
            if (start >= 0)
                result.Add(piece.Part(start, at));
            (last, start) = (script, at);
        }
        if (start >= 0)
            result.Add(piece.Part(start, piece.Length));
    }

    private static string? ScriptOf(int point) => point switch
    {
        LongVowelMark => "Han",
        ' ' => null,
        _ => UnicodeScript.Of(point) is "Hiragana" or "Katakana" ? "Han" : UnicodeScript.Of(point),
    };
}
