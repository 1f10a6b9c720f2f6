using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>
/// The results of a decoder for a text, kept for the next prompt: the tokens of the common prefix aren't computed again. A cache can be
/// saved and loaded, for example for a long system prompt. Only one generation at a time may use it.
/// </summary>
public sealed class PromptCache : IDisposable
{
    private readonly DecoderCache _cache;
    private readonly List<int> _tokens = [];

    /// <summary>Creates an empty cache.</summary>
    /// <param name="decoder">The decoder that uses the cache.</param>
    /// <param name="options">How keys and values are stored; null for the defaults.</param>
    public PromptCache(Decoder decoder, CacheOptions? options = null) => _cache = new(decoder, options);

    /// <summary>The tokens in the cache.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>How keys and values are stored.</summary>
    public CacheOptions Options => _cache.Options;

    internal DecoderCache Cache => _cache;

    /// <summary>Loads a cache that <see cref="Save"/> has written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="decoder">The decoder that uses the cache.</param>
    /// <param name="options">How keys and values are stored, as when the cache was saved; null for the defaults.</param>
    /// <exception cref="InvalidDataException">The file isn't a cache, or belongs to another model or has another kind.</exception>
    public static PromptCache Load(string path, Decoder decoder, CacheOptions? options = null)
    {
        PromptCache loaded = new(decoder, options);
        loaded._tokens.AddRange(loaded._cache.Load(path));
        return loaded;
    }

    /// <summary>Saves the cache as a safetensors file.</summary>
    /// <param name="path">The file; <c>.safetensors</c> is appended if it is missing. An existing file is replaced.</param>
    /// <exception cref="InvalidOperationException">The cache is empty.</exception>
    public void Save(string path) => _cache.Save(path, _tokens);

    /// <summary>Removes everything.</summary>
    public void Reset()
    {
        _tokens.Clear();
        _cache.Reset();
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => Reset();

    /// <summary>The number of tokens at the beginning that the cache and a prompt have in common.</summary>
    /// <param name="prompt">The token IDs of the prompt.</param>
    public int CommonLength(IReadOnlyList<int> prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        int common = 0;
        while (common < Math.Min(_tokens.Count, prompt.Count) && _tokens[common] == prompt[common])
        {
            common++;
        }
        return common;
    }

    /// <summary>
    /// Keeps the common prefix of the cache and a prompt, except for the prompt's last token, whose logits are needed.
    /// </summary>
    /// <returns>The number of prompt tokens that the cache now holds.</returns>
    internal int Reuse(IReadOnlyList<int> prompt)
    {
        int common = Math.Min(CommonLength(prompt), prompt.Count - 1);

        // A sliding window that has moved on can't be rewound, so everything is recomputed.
        if (_cache.Offset != _tokens.Count || !_cache.Trim(_tokens.Count - common))
        {
            common = 0;
            _cache.Reset();
        }
        _tokens.RemoveRange(common, _tokens.Count - common);
        return common;
    }

    /// <summary>Records tokens that the decoder has processed.</summary>
    internal void Append(IEnumerable<int> tokens) => _tokens.AddRange(tokens);
}
