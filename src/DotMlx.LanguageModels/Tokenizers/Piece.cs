using DotMlx.LanguageModels.Tokenizers.Patterns;

namespace DotMlx.LanguageModels.Tokenizers;

/// <summary>
/// A section of text on its way to the model. <paramref name="Id"/> is the ID of an added token, or -1. <paramref name="IsFirst"/> is true
/// at the beginning of the text.
/// </summary>
internal readonly record struct Piece(string Text, int Start, int Length, bool IsFirst, int Id = -1)
{
    public ReadOnlySpan<char> Span => Text.AsSpan(Start, Length);

    public Piece Part(int start, int end) => this with { Start = Start + start, Length = end - start, IsFirst = IsFirst && start == 0 };

    public Piece With(string text) => this with { Text = text, Start = 0, Length = text.Length };
}

/// <summary>How the matches are handled when a piece is split.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// <summary>Splits pieces at matches.</summary>
internal static class Splitting
{
    public static SplitBehavior ReadBehavior(JsonField field) => field.Text() switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        var other => throw field.Unknown($"the behavior '{other}'"),
    };

    /// <summary>Adds the nonempty parts of <paramref name="piece"/> to <paramref name="result"/>.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="matches">The matches in order, relative to the piece.</param>
    /// <param name="invert">Whether the text between the matches counts as matching instead.</param>
    /// <param name="behavior">How the matches are handled.</param>
    /// <param name="result">The list that receives the parts.</param>
    public static void Split(
        Piece piece, IEnumerable<(int Start, int End)> matches, bool invert, SplitBehavior behavior, List<Piece> result)
    {
        int end = 0;
        var merging = new Merging(piece, behavior, result);
        foreach ((int start, int next) in matches)
        {
            if (start > end)
                merging.Add(end, start, invert);
            merging.Add(start, next, !invert);
            end = next;
        }
        if (end < piece.Length)
            merging.Add(end, piece.Length, invert);
        merging.Finish();
    }

    /// <summary>Returns the matches of <paramref name="pattern"/> in <paramref name="piece"/>, relative to it.</summary>
    public static IEnumerable<(int Start, int End)> Matches(Pattern pattern, Piece piece) =>
        pattern.Matches(piece.Text, piece.Start, piece.Length).Select(match => (match.Start - piece.Start, match.End - piece.Start));

    /// <summary>Returns each character of <paramref name="piece"/> for which <paramref name="test"/> holds.</summary>
    public static IEnumerable<(int Start, int End)> Characters(Piece piece, Func<int, bool> test)
    {
        for (int i = piece.Start; i < piece.Start + piece.Length;)
        {
            int width = char.IsHighSurrogate(piece.Text[i]) ? 2 : 1;
            if (test(width == 2 ? char.ConvertToUtf32(piece.Text[i], piece.Text[i + 1]) : piece.Text[i]))
                yield return (i - piece.Start, i - piece.Start + width);
            i += width;
        }
    }

    private struct Merging(Piece piece, SplitBehavior behavior, List<Piece> result)
    {
        private int _start = -1, _end;
        private bool _lastMatched;

        public void Add(int start, int end, bool matches)
        {
            switch (behavior)
            {
                case SplitBehavior.Removed when matches:
                    return;
                case SplitBehavior.Contiguous when _start >= 0 && matches == _lastMatched:
                case SplitBehavior.MergedWithPrevious when _start >= 0 && matches && !_lastMatched:
                case SplitBehavior.MergedWithNext when _start >= 0 && !matches && _lastMatched:
                    break;
                default:
                    Finish();
                    _start = start;
                    break;
            }
            _end = end;
            _lastMatched = matches;
        }

        public void Finish()
        {
            if (_start >= 0 && _end > _start)
                result.Add(piece.Part(_start, _end));
            _start = -1;
        }
    }
}
