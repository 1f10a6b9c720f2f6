namespace DotMlx.LanguageModels.Tokenizers.Models;

/// <summary>Tokens and their IDs.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly Dictionary<int, string> _tokens;

    public Vocabulary(int capacity)
    {
        _ids = new Dictionary<string, int>(capacity, StringComparer.Ordinal);
        _lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _tokens = new Dictionary<int, string>(capacity);
    }

    public int Count => _ids.Count;

    /// <summary>The length of the longest token in UTF-16 code units.</summary>
    public int Longest { get; private set; }

    public static Vocabulary Read(JsonField field)
    {
        if (field.Value.ValueKind != System.Text.Json.JsonValueKind.Object)
            throw field.Expected("an object of tokens and ids");
        var vocabulary = new Vocabulary(field.Value.GetPropertyCount());
        foreach ((string token, JsonField id) in field.Members())
            vocabulary.Add(token, id.Number());
        return vocabulary;
    }

    public void Add(string token, int id)
    {
        _ids[token] = id;
        _tokens[id] = token;
        Longest = Math.Max(Longest, token.Length);
    }

    public int? IdOf(ReadOnlySpan<char> token) => _lookup.TryGetValue(token, out int id) ? id : null;

    public string? TokenOf(int id) => _tokens.GetValueOrDefault(id);

    /// <summary>Returns the IDs of the 256 byte tokens, such as <c>&lt;0x0A&gt;</c>; -1 for a missing token.</summary>
    public int[] Bytes() => [.. Enumerable.Range(0, 256).Select(value => IdOf($"<0x{value:X2}>") ?? -1)];
}
