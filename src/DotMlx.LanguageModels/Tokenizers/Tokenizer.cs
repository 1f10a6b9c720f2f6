using System.Text;
using DotMlx.LanguageModels.Tokenizers;
using DotMlx.LanguageModels.Tokenizers.Decoders;
using DotMlx.LanguageModels.Tokenizers.PostProcessors;

namespace DotMlx.LanguageModels;

/// <summary>
/// Turns text into the token ids of a model and back, as the model's <c>tokenizer.json</c> says, with the ids that Hugging Face's
/// tokenizers give. Safe for use by several threads at once.
/// </summary>
/// <remarks>
/// The models BPE (byte-level or with byte fallback), WordPiece, WordLevel and Unigram are read. Truncation and padding are not
/// applied, as in transformers: whoever makes a batch cuts and fills it.
/// </remarks>
public sealed class Tokenizer
{
    private readonly string _path;
    private readonly TokenizerFile _file;
    private readonly TokenizerConfig _config;
    private readonly PostProcessor? _postProcessor;

    private Tokenizer(string path, TokenizerFile file, TokenizerConfig config)
    {
        (_path, _file, _config) = (path, file, config);
        config.AddTo(file.Added);
        _postProcessor = config.RebuildPostProcessor(TokenToId) ?? file.PostProcessor;
    }

    /// <summary>
    /// The tokens with a role, by its name in <c>tokenizer_config.json</c>: <c>bos_token</c>, <c>eos_token</c>, <c>pad_token</c>, …
    /// </summary>
    public IReadOnlyDictionary<string, string> SpecialTokens => _config.SpecialTokens;

    /// <summary>How many tokens there are, added ones included. A model's embedding often has more rows.</summary>
    public int VocabularySize => _file.Model.Count + _file.Added.NewCount;

    /// <summary>The id of the token that begins a text, or null.</summary>
    public int? BosId => IdOf("bos_token");

    /// <summary>The id of the token that ends a text, or null. <c>generation_config.json</c> may name more.</summary>
    public int? EosId => IdOf("eos_token");

    /// <summary>The id of the token that fills a batch, or null.</summary>
    public int? PadId => IdOf("pad_token");

    /// <summary>The id of the token for what is unknown, or null.</summary>
    public int? UnknownId => IdOf("unk_token");

    /// <summary>Reads <c>tokenizer.json</c>, and what <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> add to it.</summary>
    /// <param name="folder">The folder of a model in Hugging Face's layout.</param>
    /// <exception cref="FileNotFoundException">The folder has no <c>tokenizer.json</c>.</exception>
    /// <exception cref="InvalidDataException">A file is broken; the message names the file, the place and the fault.</exception>
    /// <exception cref="NotSupportedException">A file asks for something that this library does not have; the message names it.</exception>
    public static Tokenizer Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string path = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(path))
            throw new FileNotFoundException(
                $"{folder} has no tokenizer.json. Tokenizers in other formats are not read; transformers can convert them.", path);
        TokenizerFile file = TokenizerFile.Load(path, TokenizerFile.Read);
        string configPath = Path.Combine(folder, "tokenizer_config.json"), mapPath = Path.Combine(folder, "special_tokens_map.json");
        TokenizerConfig config = File.Exists(configPath) ? TokenizerFile.Load(configPath, TokenizerConfig.Read) : TokenizerConfig.None;
        if (config.SpecialTokens.Count == 0 && File.Exists(mapPath))
        {
            TokenizerConfig map = TokenizerFile.Load(mapPath, TokenizerConfig.Read);
            config = config with { SpecialTokens = map.SpecialTokens, Special = [.. config.Special, .. map.Special] };
        }
        return new Tokenizer(path, file, config);
    }

    /// <summary>The ids of <paramref name="text"/>.</summary>
    /// <param name="text">The text. Surrogates without a partner count as U+FFFD.</param>
    /// <param name="addSpecialTokens">
    /// Whether to put the special tokens around it that the file asks for, such as a token that begins a text.
    /// </param>
    /// <exception cref="InvalidDataException">The vocabulary lacks its own unknown token, or a pattern takes too many steps.</exception>
    public int[] Encode(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        try
        {
            List<Piece> pieces = _file.Added.Split(WellFormed(text));
            if (_file.PreTokenizer is not null)
                pieces = _file.PreTokenizer.Split(pieces);
            foreach (Piece piece in pieces)
            {
                if (piece.Id >= 0)
                    ids.Add(piece.Id);
                else
                    _file.Model.Encode(piece.Span, ids);
            }
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{_path}: {error.Message}", error);
        }
        if (addSpecialTokens)
            _postProcessor?.Process(ids);
        return [.. ids];
    }

    /// <summary>The text of <paramref name="ids"/>. Ids that no token has are left out.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="skipSpecialTokens">Whether to leave special tokens out.</param>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        string text = DecodeTokens([.. ids.Select(id => TokenToDecode(id, skipSpecialTokens)).OfType<string>()]);
        return _config.CleansUp ? CleanUp.Text(text) : text;
    }

    /// <summary>Starts decoding of ids that come one by one.</summary>
    /// <param name="skipSpecialTokens">Whether to leave special tokens out.</param>
    public StreamingDecoder StartDecoding(bool skipSpecialTokens = true) => new(this, skipSpecialTokens);

    /// <summary>The id of <paramref name="token"/>, written as in the vocabulary, or null.</summary>
    public int? TokenToId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _file.Added.IdOf(token) ?? _file.Model.IdOf(token);
    }

    /// <summary>The token with <paramref name="id"/>, written as in the vocabulary, or null.</summary>
    public string? IdToToken(int id) => _file.Added.Find(id)?.Content ?? _file.Model.TokenOf(id);

    /// <summary>
    /// The UTF-8 bytes that the token with <paramref name="id"/> stands for within a text. They need not be whole characters. Empty if no
    /// token has this ID.
    /// </summary>
    /// <param name="id">The id.</param>
    public byte[] IdToBytes(int id)
    {
        List<byte> bytes = [];
        if (TokenToDecode(id, skipSpecialTokens: false) is not { } token)
            return [];
        if (TryReadBytes(token, bytes))
            return [.. bytes];

        // Decoders treat the first token of a text in their own way.
        string first = DecodeTokens([token]), both = DecodeTokens([token, token]);
        return Encoding.UTF8.GetBytes(both.StartsWith(first, StringComparison.Ordinal) ? both[first.Length..] : first);
    }

    /// <summary>Whether the token with <paramref name="id"/> is special: no part of what is said.</summary>
    public bool IsSpecial(int id) => _file.Added.Find(id) is { Special: true };

    internal bool CleansUp => _config.CleansUp;

    internal string? TokenToDecode(int id, bool skipSpecialTokens)
    {
        string? token = _file.Added.TextOf(id) ?? _file.Model.TokenOf(id);
        return token is not null && skipSpecialTokens && _file.Added.IsSpecial(token) ? null : token;
    }

    internal string DecodeTokens(List<string> tokens) =>
        _file.Decoder is { } decoder ? string.Concat(decoder.Decode(tokens)) : string.Join(' ', tokens);

    internal bool TryReadBytes(string token, List<byte> bytes) => _file.Decoder?.TryReadBytes(token, bytes) ?? false;

    private int? IdOf(string role) => SpecialTokens.TryGetValue(role, out string? token) ? TokenToId(token) : null;

    private static string WellFormed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                i++;
                continue;
            }
            var result = new StringBuilder(text.Length);
            foreach (Rune rune in text.EnumerateRunes())
                result.Append(rune.ToString());
            return result.ToString();
        }
        return text;
    }
}
