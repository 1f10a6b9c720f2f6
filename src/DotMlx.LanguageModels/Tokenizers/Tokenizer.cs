using System.Text;
using DotMlx.LanguageModels.Tokenizers;
using DotMlx.LanguageModels.Tokenizers.Decoders;
using DotMlx.LanguageModels.Tokenizers.PostProcessors;

namespace DotMlx.LanguageModels;

/// <summary>
/// Converts text to the token IDs of a model and back, as specified by the model's <c>tokenizer.json</c>. The IDs match those of Hugging
/// Face's tokenizers. All members are thread-safe.
/// </summary>
/// <remarks>
/// Supported models are BPE (byte-level or with byte fallback), WordPiece, WordLevel, and Unigram. As in transformers, truncation and
/// padding aren't applied: truncate and pad the IDs when you create a batch.
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
    /// The tokens with a role, by the name of the role in <c>tokenizer_config.json</c>: <c>bos_token</c>, <c>eos_token</c>,
    /// <c>pad_token</c>, …
    /// </summary>
    public IReadOnlyDictionary<string, string> SpecialTokens => _config.SpecialTokens;

    /// <summary>The number of tokens, including added ones. A model's embedding often has more rows.</summary>
    public int VocabularySize => _file.Model.Count + _file.Added.NewCount;

    /// <summary>The ID of the token that begins a text, or null.</summary>
    public int? BosId => IdOf("bos_token");

    /// <summary>The ID of the token that ends a text, or null. <c>generation_config.json</c> may name more.</summary>
    public int? EosId => IdOf("eos_token");

    /// <summary>The ID of the padding token, or null.</summary>
    public int? PadId => IdOf("pad_token");

    /// <summary>The ID of the token for unknown text, or null.</summary>
    public int? UnknownId => IdOf("unk_token");

    /// <summary>Loads <c>tokenizer.json</c>, <c>tokenizer_config.json</c>, and <c>special_tokens_map.json</c>.</summary>
    /// <param name="folder">The folder of a model in Hugging Face's layout.</param>
    /// <exception cref="FileNotFoundException">The folder has no <c>tokenizer.json</c>.</exception>
    /// <exception cref="InvalidDataException">A file is invalid; the message names the file, the location, and the fault.</exception>
    /// <exception cref="NotSupportedException">A file requires an unsupported feature; the message names it.</exception>
    public static Tokenizer Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string path = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(path))
            throw new FileNotFoundException(
                $"{folder} has no tokenizer.json. Other tokenizer formats aren't supported; transformers can convert them.", path);
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

    /// <summary>Converts text to token IDs.</summary>
    /// <param name="text">The text. Unpaired surrogates are treated as U+FFFD.</param>
    /// <param name="addSpecialTokens">
    /// Whether to add the special tokens that the file specifies, such as a token that begins a text.
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

    /// <summary>Converts token IDs to text. Unknown IDs are skipped.</summary>
    /// <param name="ids">The token IDs.</param>
    /// <param name="skipSpecialTokens">Whether to skip special tokens.</param>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        string text = DecodeTokens([.. ids.Select(id => TokenToDecode(id, skipSpecialTokens)).OfType<string>()]);
        return _config.CleansUp ? CleanUp.Text(text) : text;
    }

    /// <summary>Creates a decoder for token IDs that arrive one by one.</summary>
    /// <param name="skipSpecialTokens">Whether to skip special tokens.</param>
    public StreamingDecoder StartDecoding(bool skipSpecialTokens = true) => new(this, skipSpecialTokens);

    /// <summary>Returns the ID of a token, written as in the vocabulary, or null.</summary>
    /// <param name="token">The token.</param>
    public int? TokenToId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _file.Added.IdOf(token) ?? _file.Model.IdOf(token);
    }

    /// <summary>Returns the token with an ID, written as in the vocabulary, or null.</summary>
    /// <param name="id">The token ID.</param>
    public string? IdToToken(int id) => _file.Added.Find(id)?.Content ?? _file.Model.TokenOf(id);

    /// <summary>
    /// Returns the UTF-8 bytes that the token represents within a text. They can end within a character. The result is empty if the ID is
    /// unknown.
    /// </summary>
    /// <param name="id">The token ID.</param>
    public byte[] IdToBytes(int id)
    {
        List<byte> bytes = [];
        if (TokenToDecode(id, skipSpecialTokens: false) is not { } token)
            return [];
        if (TryReadBytes(token, bytes))
            return [.. bytes];

        // Decoders treat the first token of a text differently.
        string first = DecodeTokens([token]), both = DecodeTokens([token, token]);
        return Encoding.UTF8.GetBytes(both.StartsWith(first, StringComparison.Ordinal) ? both[first.Length..] : first);
    }

    /// <summary>Whether the token with an ID is special, which means that it isn't part of the text itself.</summary>
    /// <param name="id">The token ID.</param>
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
