using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>
/// Generates the tokens of one text. Each step starts as soon as the previous token is chosen. The caller reads that token while the next
/// one is computed, so neither the program nor MLX waits for the other.
/// </summary>
internal sealed class TokenStream : IDisposable
{
    private readonly Decoder _decoder;
    private readonly PromptCache _cache;
    private readonly GenerationOptions _options;
    private readonly Sampler _sampler;
    private readonly PreparedWeights _weights = new();
    private readonly int[] _prompt;
    private int _next;
    private int _made;
    private Choice? _started;

    internal TokenStream(Decoder decoder, PromptCache cache, IReadOnlyList<int> prompt, GenerationOptions options)
    {
        int vocabulary = decoder.Description.VocabularySize;
        if (prompt.Count == 0)
        {
            throw new ArgumentException("The prompt has no tokens.", nameof(prompt));
        }
        if (prompt.Any(token => token < 0 || token >= vocabulary))
        {
            throw new ArgumentException(
                $"The prompt contains the token {prompt.First(token => token < 0 || token >= vocabulary)}, "
                + $"but the model's tokens are 0 to {vocabulary - 1}.",
                nameof(prompt));
        }
        (_decoder, _cache, _options, _prompt) = (decoder, cache, options, [.. prompt]);
        _sampler = new(options, vocabulary, prompt);
        _next = CachedPromptTokens = cache.Reuse(prompt);
        cache.Cache.Weights = _weights;
    }

    /// <summary>The number of tokens of the prompt that came from the cache.</summary>
    internal int CachedPromptTokens { get; }

    /// <summary>Whether the computation of the whole prompt has started.</summary>
    internal bool HasStarted => _next == _prompt.Length;

    /// <summary>Starts the next chunk of the prompt. The last chunk also starts the first token.</summary>
    /// <returns>The arrays to evaluate before the next chunk.</returns>
    internal IReadOnlyList<MlxArray> ContinuePrompt()
    {
        int count = Math.Min(_options.PromptChunk, _prompt.Length - _next);
        int[] part = _prompt[_next..(_next + count)];
        using MlxArray tokens = MlxArray.Create<int>(part, 1, count);
        using MlxArray hidden = _decoder.Hidden(tokens, _cache.Cache);
        _cache.Append(part);
        _next += count;
        if (HasStarted)
        {
            using MlxArray last = count == 1 ? hidden.Share() : hidden[.., ^1..];
            Choose(last);
            return [.. _started!.Arrays];
        }
        return [.. _cache.Cache.Arrays];
    }

    /// <summary>Starts the next token, unless the token limit has been reached.</summary>
    /// <returns>The token that the previous call started. The caller can read it while the next one is computed.</returns>
    internal Choice Advance()
    {
        Choice last = _started!;
        _started = null;
        _made++;
        if (_made < _options.MaxTokens)
        {
            using MlxArray token = Mx.Reshape(last.Token, 1, 1);
            using MlxArray hidden = _decoder.Hidden(token, _cache.Cache);
            Choose(hidden);
        }
        return last;
    }

    /// <summary>Records the token that <see cref="Advance"/> returned.</summary>
    /// <returns>Whether the token limit has been reached.</returns>
    internal bool Record(int token)
    {
        if (_started is not null)
        {
            _cache.Append([token]);
        }
        return _made >= _options.MaxTokens;
    }

    public void Dispose()
    {
        _cache.Cache.Weights = null;
        _weights.Dispose();
        _started?.Dispose();
        _sampler.Dispose();
    }

    private void Choose(MlxArray hidden)
    {
        using MlxArray row = Mx.Reshape(hidden, 1, -1);
        using MlxArray logits = _decoder.Logits(row, _weights);
        _started = _sampler.Choose(logits);
        _ = Mx.EvalAsync([.. _started.Arrays]);
    }
}
