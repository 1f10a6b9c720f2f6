using DotMlx.LanguageModels.Architectures;
using DotMlx.LanguageModels.FineTuning;

namespace DotMlx.LanguageModels;

/// <summary>Requests that a scheduler computes together in each step: several in a batch, or one with a cache.</summary>
internal abstract class ScheduledGroup(IReadOnlyList<ScheduledText> texts) : IDisposable
{
    internal IReadOnlyList<ScheduledText> Texts => texts;

    internal Adapter? Adapter => texts[0].Adapter;

    /// <summary>The number of texts that haven't finished.</summary>
    internal abstract int Running { get; }

    /// <summary>Builds the graph of one step with the active adapter.</summary>
    /// <returns>The arrays to evaluate before <see cref="Deliver"/>.</returns>
    internal abstract IReadOnlyList<MlxArray> Start();

    /// <summary>Delivers the tokens of the step to the requests.</summary>
    internal abstract void Deliver();

    public abstract void Dispose();
}

/// <summary>Requests that are computed as a batch.</summary>
internal sealed class ScheduledBatch(Decoder decoder, IReadOnlyList<ScheduledText> texts) : ScheduledGroup(texts)
{
    private readonly BatchStream _stream = new(decoder, [.. texts.Select(text => text.Prompt)], [.. texts.Select(text => text.Options)]);
    private readonly HashSet<int> _ended = [];
    private IReadOnlyList<KeyValuePair<int, Choice>>? _choices;

    internal override int Running => Texts.Count - _ended.Count;

    internal override IReadOnlyList<MlxArray> Start()
    {
        for (int i = 0; i < Texts.Count; i++)
        {
            if (Texts[i].IsAbandoned)
            {
                End(i);
            }
        }
        if (!_stream.HasStarted)
        {
            return _stream.ContinuePrompt();
        }
        _choices = _stream.Advance();
        return [.. _choices.SelectMany(choice => choice.Value.Arrays)];
    }

    internal override void Deliver()
    {
        foreach ((int index, Choice choice) in _choices ?? [])
        {
            using (choice)
            {
                if (!_ended.Contains(index) && Texts[index].Deliver(choice.Read(), _stream.IsLast(index)))
                {
                    End(index);
                }
            }
        }
        _choices = null;
    }

    public override void Dispose()
    {
        foreach ((_, Choice choice) in _choices ?? [])
        {
            choice.Dispose();
        }
        _stream.Dispose();
    }

    private void End(int index)
    {
        if (_ended.Add(index))
        {
            _stream.End(index);
            Texts[index].Tokens.Writer.TryComplete();
        }
    }
}

/// <summary>A request that is computed alone, possibly from the cache of an earlier request.</summary>
internal sealed class ScheduledSingle : ScheduledGroup
{
    private readonly TokenStream _stream;
    private readonly Action<PromptCache> _keep;
    private readonly PromptCache _cache;
    private Choice? _choice;
    private bool _hasEnded;

    internal ScheduledSingle(Decoder decoder, ScheduledText text, PromptCache cache, Action<PromptCache> keep)
        : base([text])
    {
        (_cache, _keep) = (cache, keep);
        _stream = new(decoder, cache, text.Prompt, text.Options);
        text.CachedPromptTokens = _stream.CachedPromptTokens;
    }

    internal override int Running => _hasEnded ? 0 : 1;

    internal override IReadOnlyList<MlxArray> Start()
    {
        if (Texts[0].IsAbandoned)
        {
            _hasEnded = true;
            return [];
        }
        if (!_stream.HasStarted)
        {
            return _stream.ContinuePrompt();
        }
        _choice = _stream.Advance();
        return [.. _choice.Arrays];
    }

    internal override void Deliver()
    {
        if (_choice is null)
        {
            return;
        }
        using (_choice)
        {
            GeneratedToken token = _choice.Read();
            _hasEnded = Texts[0].Deliver(token, _stream.Record(token.Token));
        }
        _choice = null;
    }

    public override void Dispose()
    {
        _choice?.Dispose();
        _stream.Dispose();
        Texts[0].Tokens.Writer.TryComplete();
        _keep(_cache);
    }
}
