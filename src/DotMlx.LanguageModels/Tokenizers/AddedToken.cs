using System.Buffers;
using DotMlx.LanguageModels.Tokenizers.Models;
using DotMlx.LanguageModels.Tokenizers.Normalizers;
using DotMlx.LanguageModels.Tokenizers.Unicode;

namespace DotMlx.LanguageModels.Tokenizers;

/// <summary>An added token, which is found in the text before the model splits it.</summary>
internal sealed record AddedToken(
    string Content, bool Special, bool SingleWord = false, bool StripsLeft = false, bool StripsRight = false, bool Normalized = false)
{
    public static AddedToken Read(JsonField field)
    {
        bool special = field.Find("special")?.Flag() ?? false;
        return new AddedToken(
            field.Get("content").Text(), special, field.Find("single_word")?.Flag() ?? false, field.Find("lstrip")?.Flag() ?? false,
            field.Find("rstrip")?.Flag() ?? false, field.Find("normalized")?.Flag() ?? !special);
    }
}

/// <summary>The tokens that were added to a model's vocabulary.</summary>
internal sealed class AddedTokens(Model model, Normalizer? normalizer)
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<int, AddedToken> _tokens = [];
    private readonly Dictionary<int, string> _normalized = [];
    private readonly HashSet<string> _special = new(StringComparer.Ordinal);
    private TokenTrie _verbatim = new(), _afterNormalization = new();

    public int NewCount => _ids.Keys.Count(content => model.IdOf(content) is null);

    public int? IdOf(string content) => _ids.TryGetValue(content, out int id) ? id : null;

    public AddedToken? Find(int id) => _tokens.GetValueOrDefault(id);

    /// <summary>Returns the text of a token for the decoder, normalized if the token is.</summary>
    public string? TextOf(int id) => _normalized.TryGetValue(id, out string? text) ? text : Find(id)?.Content;

    public bool IsSpecial(string text) => _special.Contains(text);

    /// <summary>Adds tokens. Tokens in the vocabulary keep their IDs. New tokens get the next ID, regardless of the file.</summary>
    public void Add(IEnumerable<AddedToken> tokens)
    {
        int next = Math.Max(model.Count, _tokens.Count > 0 ? _tokens.Keys.Max() + 1 : 0);
        foreach (AddedToken token in tokens)
        {
            if (token.Content.Length == 0 || _ids.TryGetValue(token.Content, out int known) && _tokens[known] == token)
                continue;
            int id = IdOf(token.Content) ?? model.IdOf(token.Content) ?? next++;
            if (token.Normalized && normalizer is not null && normalizer.Normalize(token.Content) is { } normalized
                && normalized != token.Content)
                _normalized[id] = normalized;
            _ids[token.Content] = id;
            _tokens[id] = token;
            if (token.Special)
                _special.Add(token.Content);
        }
        (_verbatim, _afterNormalization) = (new TokenTrie(), new TokenTrie());
        foreach ((int id, AddedToken token) in _tokens)
        {
            if (token.Normalized)
                _afterNormalization.Add(TextOf(id)!, id);
            else
                _verbatim.Add(token.Content, id);
        }
    }

    /// <summary>Finds the added tokens in <paramref name="text"/> and normalizes the text between them.</summary>
    public List<Piece> Split(string text)
    {
        var verbatim = new List<Piece>();
        Split(new Piece(text, 0, text.Length, IsFirst: true), _verbatim, verbatim);
        var pieces = new List<Piece>(verbatim.Count);
        foreach (Piece piece in verbatim)
        {
            if (piece.Id >= 0)
                pieces.Add(piece);
            else
                Split(normalizer is null ? piece : Normalized(piece, normalizer), _afterNormalization, pieces);
        }
        return pieces;
    }

    private static Piece Normalized(Piece piece, Normalizer normalizer)
    {
        string text = piece.Span.ToString();
        return piece.With(normalizer.Normalize(text)) with { IsFirst = piece.IsFirst && !normalizer.DropsStartOf(text) };
    }

    private void Split(Piece piece, TokenTrie trie, List<Piece> result)
    {
        int done = 0, next = 0;
        ReadOnlySpan<char> text = piece.Span;
        while (trie.Find(text, next) is var (start, end, id))
        {
            next = end;
            AddedToken token = _tokens[id];
            if (token.SingleWord && (EndsWithWord(text[..start]) || StartsWithWord(text[end..])))
                continue;
            if (token.StripsLeft)
                start = Math.Max(text[..start].TrimEnd().Length, done);
            if (token.StripsRight)
                end = text.Length - text[end..].TrimStart().Length;
            if (done < start)
                result.Add(piece.Part(done, start));
            result.Add(piece.Part(start, end) with { Id = id });
            done = end;
        }
        if (done < text.Length)
            result.Add(piece.Part(done, text.Length));
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        System.Text.Rune.DecodeLastFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune.Value);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        System.Text.Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune.Value);

    private static bool IsWord(int point) => CharacterSets.RustWord.Contains(point) || point is 0x200C or 0x200D;
}
