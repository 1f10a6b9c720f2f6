using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>
/// Generates the tokens of several texts as a batch. Shorter prompts are padded on the left, and the padding is masked. Finished texts
/// leave the batch.
/// </summary>
internal sealed class BatchStream : IDisposable
{
    private readonly Decoder _decoder;
    private readonly IReadOnlyList<GenerationOptions> _options;
    private readonly DecoderCache _cache;
    private readonly Sampler[] _samplers;
    private readonly MlxArray _prompt;
    private readonly int _length;
    private readonly PreparedWeights _weights = new();
    private readonly HashSet<int> _ended = [];
    private List<int> _rows;
    private int _next;
    private int _made;
    private List<KeyValuePair<int, Choice>>? _started;

    internal BatchStream(Decoder decoder, IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions options)
        : this(decoder, prompts, [.. prompts.Select(_ => options)])
    {
    }

    /// <param name="decoder">The decoder.</param>
    /// <param name="prompts">The token IDs of each prompt.</param>
    /// <param name="options">
    /// The generation options of each text. The prompt chunk size and the cache options of the first text apply to all.
    /// </param>
    internal BatchStream(Decoder decoder, IReadOnlyList<IReadOnlyList<int>> prompts, IReadOnlyList<GenerationOptions> options)
    {
        int vocabulary = decoder.Description.VocabularySize;
        if (prompts.Count == 0 || prompts.Any(prompt => prompt.Count == 0))
        {
            throw new ArgumentException("At least one prompt is required, and each prompt needs at least one token.", nameof(prompts));
        }
        if (prompts.SelectMany(prompt => prompt).FirstOrDefault(token => token < 0 || token >= vocabulary, -1) is var odd
            && prompts.Any(prompt => prompt.Any(token => token < 0 || token >= vocabulary)))
        {
            throw new ArgumentException($"A prompt contains the token {odd}, but the model's tokens are 0 to {vocabulary - 1}.",
                nameof(prompts));
        }
        (_decoder, _options) = (decoder, options);
        _length = prompts.Max(prompt => prompt.Count);
        _rows = [.. Enumerable.Range(0, prompts.Count)];
        _samplers = [.. prompts.Select((prompt, i) => new Sampler(options[i], vocabulary, prompt))];
        _prompt = MlxArray.Create<int>(
            [.. prompts.SelectMany(prompt => Enumerable.Repeat(0, _length - prompt.Count).Concat(prompt))], prompts.Count, _length);

        _cache = new(decoder, options[0].Cache) { Weights = _weights };
        _cache.Pad([.. prompts.Select(prompt => _length - prompt.Count)]);
    }

    /// <summary>Whether the computation of all prompts has started.</summary>
    internal bool HasStarted => _next == _length;

    /// <summary>Starts the next chunk of the prompts. The last chunk also starts the first tokens.</summary>
    /// <returns>The arrays to evaluate before the next chunk.</returns>
    internal IReadOnlyList<MlxArray> ContinuePrompt()
    {
        int count = Math.Min(_options[0].PromptChunk, _length - _next);
        using MlxArray part = _prompt[.., _next..(_next + count)];
        using MlxArray hidden = _decoder.Hidden(part, _cache);
        _next += count;
        if (!HasStarted)
        {
            return [.. _cache.Arrays];
        }
        using MlxArray last = hidden[.., ^1..];
        Choose(last);
        return [.. _started!.SelectMany(item => item.Value.Arrays)];
    }

    /// <summary>Starts the next token of each unfinished text.</summary>
    /// <returns>The tokens that the previous call started, by the index of their text.</returns>
    internal IReadOnlyList<KeyValuePair<int, Choice>> Advance()
    {
        List<KeyValuePair<int, Choice>> last = _started!;
        _started = null;
        _made++;
        int[] kept = [.. Enumerable.Range(0, _rows.Count).Where(i => !_ended.Contains(_rows[i]) && _made < _options[_rows[i]].MaxTokens)];
        if (kept.Length > 0)
        {
            if (kept.Length < _rows.Count)
            {
                _cache.Select(kept);
                _rows = [.. kept.Select(i => _rows[i])];
            }
            MlxArray[] tokens = [.. kept.Select(i => last[i].Value.Token)];
            using MlxArray joined = Mx.Concatenate(tokens);
            using MlxArray column = Mx.Reshape(joined, -1, 1);
            using MlxArray hidden = _decoder.Hidden(column, _cache);
            Choose(hidden);
        }
        return last;
    }

    /// <summary>Whether the token that <see cref="Advance"/> returned has reached the token limit of a text.</summary>
    internal bool IsLast(int text) => _made >= _options[text].MaxTokens;

    /// <summary>Whether a text has finished, so that its pending token is discarded.</summary>
    internal bool HasEnded(int text) => _ended.Contains(text);

    /// <summary>Marks a text as finished.</summary>
    /// <returns>Whether all texts have finished.</returns>
    internal bool End(int text)
    {
        _ended.Add(text);
        return _ended.Count == _samplers.Length;
    }

    public void Dispose()
    {
        foreach ((_, Choice choice) in _started ?? [])
        {
            choice.Dispose();
        }
        foreach (Sampler sampler in _samplers)
        {
            sampler.Dispose();
        }
        _weights.Dispose();
        _prompt.Dispose();
        _cache.Dispose();
    }

    private void Choose(MlxArray hidden)
    {
        using MlxArray logits = _decoder.Logits(hidden, _weights);
        _started = [];
        for (int i = 0; i < _rows.Count; i++)
        {
            using MlxArray row = logits[i];
            _started.Add(new(_rows[i], _samplers[_rows[i]].Choose(row)));
        }
        _ = Mx.EvalAsync(_started.SelectMany(item => item.Value.Arrays));
    }
}
