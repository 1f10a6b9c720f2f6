namespace DotMlx.LanguageModels.Tokenizers.PreTokenizers;

/// <summary>SentencePiece's pre-tokenizer: replaces spaces with a visible character and splits before it.</summary>
internal sealed class MetaspacePreTokenizer : PreTokenizer
{
    private readonly string _replacement;
    private readonly PrependScheme _prepends;
    private readonly bool _splits;

    public MetaspacePreTokenizer(JsonField field)
    {
        _replacement = field.Get("replacement").Character();
        _prepends = ReadScheme(field);
        _splits = field.Find("split")?.Flag() ?? true;
    }

    public enum PrependScheme
    {
        Always,
        First,
        Never,
    }

    public static PrependScheme ReadScheme(JsonField field)
    {
        PrependScheme scheme = field.Find("prepend_scheme") is { } name ? name.Text() switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            var other => throw name.Unknown($"the scheme '{other}'"),
        }
        : PrependScheme.Always;
        if (field.Find("add_prefix_space")?.Flag() != false || scheme == PrependScheme.Never)
            return scheme;
        // Older files have only the flag and no scheme.
        return field.Find("prepend_scheme") is null ? PrependScheme.Never
            : throw new InvalidDataException($"{field.Path} has a prepend_scheme that its add_prefix_space contradicts");
    }

    public override void Split(Piece piece, List<Piece> result)
    {
        string text = piece.Span.ToString().Replace(" ", _replacement, StringComparison.Ordinal);
        bool prepends = _prepends == PrependScheme.Always || _prepends == PrependScheme.First && piece.IsFirst;
        if (prepends && !text.StartsWith(_replacement, StringComparison.Ordinal))
            text = _replacement + text;
        piece = piece.With(text);
        if (_splits)
            Splitting.Split(piece, Occurrences(text), invert: false, SplitBehavior.MergedWithNext, result);
        else
            result.Add(piece);
    }

    private IEnumerable<(int Start, int End)> Occurrences(string text)
    {
        for (int at = text.IndexOf(_replacement, StringComparison.Ordinal); at >= 0;
            at = text.IndexOf(_replacement, at + _replacement.Length, StringComparison.Ordinal))
            yield return (at, at + _replacement.Length);
    }
}
