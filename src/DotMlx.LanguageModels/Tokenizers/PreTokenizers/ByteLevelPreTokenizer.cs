using System.Text;
using DotMlx.LanguageModels.Tokenizers.Patterns;

namespace DotMlx.LanguageModels.Tokenizers.PreTokenizers;

/// <summary>GPT-2's pre-tokenizer: splits words with their preceding spaces, and represents bytes as printable characters.</summary>
internal sealed class ByteLevelPreTokenizer(JsonField field) : PreTokenizer
{
    private static readonly Pattern Words =
        new(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+");

    private readonly bool _addsSpace = field.Get("add_prefix_space").Flag();
    private readonly bool _splits = field.Find("use_regex")?.Flag() ?? true;

    public override List<Piece> Split(List<Piece> pieces)
    {
        List<Piece> words = base.Split(pieces);
        // All words share one string, because a string per word would take most of the time.
        var bytes = new StringBuilder();
        var starts = new int[words.Count + 1];
        for (int i = 0; i < words.Count; i++)
        {
            if (words[i].Id < 0)
                ByteAlphabet.Write(words[i].Span, bytes);
            starts[i + 1] = bytes.Length;
        }
        string text = bytes.ToString();
        for (int i = 0; i < words.Count; i++)
        {
            if (words[i].Id < 0)
                words[i] = words[i] with { Text = text, Start = starts[i], Length = starts[i + 1] - starts[i] };
        }
        return words;
    }

    public override void Split(Piece piece, List<Piece> result)
    {
        if (_addsSpace && piece.Length > 0 && piece.Span[0] != ' ')
            piece = piece.With(string.Concat(" ", piece.Span));
        if (_splits)
            Splitting.Split(piece, Splitting.Matches(Words, piece), invert: false, SplitBehavior.Isolated, result);
        else
            result.Add(piece);
    }
}
