namespace DotMlx.LanguageModels.Tokenizers.Models;

/// <summary>Converts a word to token IDs.</summary>
internal abstract class Model(Vocabulary vocabulary)
{
    public int Count => Vocabulary.Count;

    protected Vocabulary Vocabulary { get; } = vocabulary;

    public int? IdOf(ReadOnlySpan<char> token) => Vocabulary.IdOf(token);

    public string? TokenOf(int id) => Vocabulary.TokenOf(id);

    /// <summary>Adds the token IDs of <paramref name="word"/> to <paramref name="ids"/>.</summary>
    public abstract void Encode(ReadOnlySpan<char> word, List<int> ids);

    public static Model Read(JsonField field) => (field.Find("type")?.Text() ?? Guess(field)) switch
    {
        "BPE" => new BpeModel(field),
        "WordPiece" => new WordPieceModel(field),
        "WordLevel" => new WordLevelModel(field),
        "Unigram" => new UnigramModel(field),
        var other => throw field.Unknown($"the model '{other}'"),
    };

    /// <summary>Infers the type of the model, which older files don't specify.</summary>
    private static string Guess(JsonField field) =>
        field.Find("merges") is not null ? "BPE"
        : field.Find("max_input_chars_per_word") is not null ? "WordPiece"
        : field.Get("vocab").Value.ValueKind == System.Text.Json.JsonValueKind.Array ? "Unigram"
        : "WordLevel";
}

/// <summary>A model that maps whole words to tokens and other words to the unknown token.</summary>
internal sealed class WordLevelModel(JsonField field) : Model(Vocabulary.Read(field.Get("vocab")))
{
    private readonly string _unknown = field.Get("unk_token").Text();

    public override void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if ((IdOf(word) ?? IdOf(_unknown)) is { } id)
            ids.Add(id);
        else
            throw new InvalidDataException($"the word '{word}' is unknown, and so is the unknown token '{_unknown}'");
    }
}
