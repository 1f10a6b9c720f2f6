using System.Globalization;
using System.Text;
using DotMlx.LanguageModels.Tokenizers.Patterns;
using DotMlx.LanguageModels.Tokenizers.Unicode;

namespace DotMlx.LanguageModels.Tokenizers.PreTokenizers;

/// <summary>Splits text into words, which the model processes separately.</summary>
internal abstract class PreTokenizer
{
    /// <summary>Adds the parts of <paramref name="piece"/> to <paramref name="result"/>.</summary>
    public abstract void Split(Piece piece, List<Piece> result);

    /// <summary>Splits every piece that isn't an added token.</summary>
    public virtual List<Piece> Split(List<Piece> pieces)
    {
        var result = new List<Piece>(pieces.Count);
        foreach (Piece piece in pieces)
        {
            if (piece.Id >= 0)
                result.Add(piece);
            else
                Split(piece, result);
        }
        return result;
    }

    public static PreTokenizer Read(JsonField field) => field.Type switch
    {
        "Sequence" => new SequencePreTokenizer([.. field.Get("pretokenizers").Items().Select(Read)]),
        "ByteLevel" => new ByteLevelPreTokenizer(field),
        "Metaspace" => new MetaspacePreTokenizer(field),
        "Split" => SplitAt(field),
        "Whitespace" => new PatternPreTokenizer(new Pattern(@"[\p{Rust_Word}\u200C\u200D]+|[^\p{Rust_Word}\u200C\u200D\s]+"), invert: true,
            SplitBehavior.Removed),
        "WhitespaceSplit" => new CharacterPreTokenizer(CharacterSets.Space.Contains, SplitBehavior.Removed),
        "BertPreTokenizer" => new SequencePreTokenizer([
            new CharacterPreTokenizer(CharacterSets.Space.Contains, SplitBehavior.Removed),
            new CharacterPreTokenizer(IsPunctuation, SplitBehavior.Isolated)]),
        "Punctuation" => new CharacterPreTokenizer(
            IsPunctuation, field.Find("behavior") is { } behavior ? Splitting.ReadBehavior(behavior) : SplitBehavior.Isolated),
        "Digits" => new CharacterPreTokenizer(
            IsNumeric, field.Get("individual_digits").Flag() ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
        "CharDelimiterSplit" or "Delimiter" => Delimiter(field.Get("delimiter").Character()),
        "UnicodeScripts" => new ScriptsPreTokenizer(),
        "FixedLength" => new FixedLengthPreTokenizer(field.Find("length")),
        var other => throw field.Unknown($"the pre-tokenizer '{other}'"),
    };

    private static CharacterPreTokenizer Delimiter(string delimiter)
    {
        int point = char.ConvertToUtf32(delimiter, 0);
        return new CharacterPreTokenizer(other => other == point, SplitBehavior.Removed);
    }

    private static PatternPreTokenizer SplitAt(JsonField field)
    {
        JsonField pattern = field.Get("pattern");
        string source = pattern.Find("Regex") is { } regex ? regex.Text() : Escaped(pattern.Get("String").Text());
        return new PatternPreTokenizer(new Pattern(source), field.Get("invert").Flag(), Splitting.ReadBehavior(field.Get("behavior")));
    }

    private static string Escaped(string literal)
    {
        var result = new StringBuilder();
        foreach (char c in literal)
            result.Append(@"\.+*?()|[]{}^$#&-~".Contains(c, StringComparison.Ordinal) ? "\\" : "").Append(c);
        return result.ToString();
    }

    private static bool IsPunctuation(int point) => point < 128
        ? char.IsAscii((char)point) && (char.IsPunctuation((char)point) || char.IsSymbol((char)point))
        : CharUnicodeInfo.GetUnicodeCategory(point) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;

    private static bool IsNumeric(int point) => CharUnicodeInfo.GetUnicodeCategory(point)
        is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
}

internal sealed class SequencePreTokenizer(PreTokenizer[] steps) : PreTokenizer
{
    public override List<Piece> Split(List<Piece> pieces)
    {
        foreach (PreTokenizer step in steps)
            pieces = step.Split(pieces);
        return pieces;
    }

    public override void Split(Piece piece, List<Piece> result) => result.AddRange(Split([piece]));
}

internal sealed class PatternPreTokenizer(Pattern pattern, bool invert, SplitBehavior behavior) : PreTokenizer
{
    public override void Split(Piece piece, List<Piece> result) =>
        Splitting.Split(piece, Splitting.Matches(pattern, piece), invert, behavior, result);
}

internal sealed class CharacterPreTokenizer(Func<int, bool> test, SplitBehavior behavior) : PreTokenizer
{
    public override void Split(Piece piece, List<Piece> result) =>
        Splitting.Split(piece, Splitting.Characters(piece, test), invert: false, behavior, result);
}

internal sealed class FixedLengthPreTokenizer : PreTokenizer
{
    private readonly int _length;

    public FixedLengthPreTokenizer(JsonField? length)
    {
        _length = length?.Number() ?? 5;
        if (_length == 0)
            throw length!.Value.Expected("a length from 1");
    }

    public override void Split(Piece piece, List<Piece> result)
    {
        int start = 0, count = 0;
        foreach ((_, int end) in Splitting.Characters(piece, _ => true))
        {
            if (++count % _length != 0 && end < piece.Length)
                continue;
            result.Add(piece.Part(start, end));
            start = end;
        }
    }
}
