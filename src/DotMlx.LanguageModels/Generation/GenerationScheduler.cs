using System.Runtime.CompilerServices;
using DotMlx.LanguageModels.Architectures;
using DotMlx.LanguageModels.FineTuning;

namespace DotMlx.LanguageModels;

/// <summary>
/// Serves many requests with one model. Requests that wait for the same adapter are computed together in a batch; groups take turns token
/// by token, each with its adapter. What a single request computed is kept for the next one that begins like it. Safe for several threads
/// at once; nothing else may switch the model's adapter meanwhile.
/// </summary>
public sealed class GenerationScheduler : IAsyncDisposable
{
    private readonly LanguageModel _model;
    private readonly Decoder _decoder;
    private readonly SchedulerOptions _options;
    private readonly Lock _lock = new();
    private readonly List<ScheduledText> _waiting = [];
    private readonly Queue<Func<Task>> _between = [];
    private readonly List<(Adapter? Adapter, PromptCache Cache)> _caches = [];
    private readonly SemaphoreSlim _work = new(0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _worker;
    private int _running;

    /// <summary>Makes a scheduler and starts to wait for requests.</summary>
    /// <param name="model">The model, a decoder. It is not freed with the scheduler.</param>
    /// <param name="options">The limits; null for the defaults.</param>
    /// <exception cref="NotSupportedException">The model is no decoder.</exception>
    public GenerationScheduler(LanguageModel model, SchedulerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _decoder, _options) = (model, model.Decoder, options ?? new());
        _worker = Task.Run(WorkAsync);
    }

    /// <summary>How many texts are being generated.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>How many requests wait for their turn.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Generates tokens one by one; each is given as soon as it is there.</summary>
    /// <param name="prompt">The tokens before, at least one.</param>
    /// <param name="options">How to generate; null for the defaults.</param>
    /// <param name="adapter">The adapter to generate with; null for none.</param>
    /// <param name="cancellationToken">Ends the generation, which leaves the batch.</param>
    /// <exception cref="ArgumentException">The prompt is empty or names a token that there is not.</exception>
    /// <exception cref="QueueFullException">Too many requests wait already.</exception>
    /// <exception cref="ObjectDisposedException">The scheduler has ended.</exception>
    public async IAsyncEnumerable<GeneratedToken> GenerateAsync(
        IReadOnlyList<int> prompt, GenerationOptions? options = null, Adapter? adapter = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        options ??= new();
        int vocabulary = _decoder.Description.VocabularySize;
        if (prompt.Count == 0 || prompt.Any(token => token < 0 || token >= vocabulary))
        {
            throw new ArgumentException($"The prompt is empty or holds a token that is not from 0 to {vocabulary - 1}.", nameof(prompt));
        }
        ScheduledText text = new(prompt, options, adapter, new(_model.Tokenizer, options, _model.EndTokens));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_end.IsCancellationRequested, this);
            if (_waiting.Count >= _options.MaxWaiting + Math.Max(_options.MaxRunning - _running, 0))
            {
                throw new QueueFullException();
            }
            _waiting.Add(text);
        }
        _work.Release();
        try
        {
            await foreach (GeneratedToken token in text.Tokens.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return token;
            }
        }
        finally
        {
            text.IsAbandoned = true;
        }
    }

    /// <summary>Uses the model between two steps, without an adapter, for instance for embeddings.</summary>
    /// <typeparam name="T">What comes of it.</typeparam>
    /// <param name="use">Uses the model; it should be short, because all requests wait for it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<T> UseAsync<T>(Func<Task<T>> use, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(use);
        TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_end.IsCancellationRequested, this);
            _between.Enqueue(async () =>
            {
                try
                {
                    _model.Adapter = null;
                    done.TrySetResult(await use().ConfigureAwait(false));
                }
#pragma warning disable CA1031 // Whatever fails is the caller's.
                catch (Exception error)
#pragma warning restore CA1031
                {
                    done.TrySetException(error);
                }
            });
        }
        _work.Release();
        return await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the generation of all texts, whose callers get an <see cref="OperationCanceledException"/>, and frees what is kept.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_end.IsCancellationRequested)
            {
                return;
            }
            _end.Cancel();
        }
        _work.Release();
        await _worker.ConfigureAwait(false);
        _work.Dispose();
        _end.Dispose();
    }

    private async Task WorkAsync()
    {
        List<ScheduledGroup> groups = [];
        while (!_end.IsCancellationRequested)
        {
            if (groups.Count == 0 && !HasWork())
            {
                await _work.WaitAsync().ConfigureAwait(false);
            }
            while (_work.CurrentCount > 0 && await _work.WaitAsync(0).ConfigureAwait(false))
            {
                // One look at the queue serves for all that came.
            }
            await BetweenAsync().ConfigureAwait(false);
            Admit(groups);
            foreach (ScheduledGroup group in groups.ToArray())
            {
                await StepAsync(group).ConfigureAwait(false);
                if (group.Running == 0)
                {
                    groups.Remove(group);
                    group.Dispose();
                }
            }
            Volatile.Write(ref _running, groups.Sum(group => group.Running));
        }
        await BetweenAsync().ConfigureAwait(false);
        Finish(groups);
    }

    private bool HasWork()
    {
        lock (_lock)
        {
            return _waiting.Count > 0 || _between.Count > 0;
        }
    }

    private async Task BetweenAsync()
    {
        while (true)
        {
            Func<Task>? use;
            lock (_lock)
            {
                if (!_between.TryDequeue(out use))
                {
                    return;
                }
            }
            await use().ConfigureAwait(false);
        }
    }

    /// <summary>Takes requests from the queue: each with a cache of its own where that spares much, the others of an adapter in a batch.</summary>
    private void Admit(List<ScheduledGroup> groups)
    {
        List<ScheduledText> taken;
        lock (_lock)
        {
            _waiting.RemoveAll(text => text.IsAbandoned);
            taken = _waiting[..Math.Min(_waiting.Count, Math.Max(_options.MaxRunning - groups.Sum(group => group.Running), 0))];
            _waiting.RemoveRange(0, taken.Count);
            Volatile.Write(ref _running, groups.Sum(group => group.Running) + taken.Count);
        }
        foreach (IGrouping<(Adapter?, CacheOptions), ScheduledText> sharing in taken.GroupBy(text => (text.Adapter, text.Options.Cache)))
        {
            List<ScheduledText> batch = [.. sharing.Where(text => !TryContinue(groups, text))];
            try
            {
                if (batch.Count == 1)
                {
                    groups.Add(new ScheduledSingle(_decoder, batch[0], new(_decoder, batch[0].Options.Cache), cache => Keep(batch[0].Adapter, cache)));
                }
                else if (batch.Count > 1)
                {
                    groups.Add(new ScheduledBatch(_decoder, batch));
                }
            }
            catch (Exception error) when (error is ArgumentException or MlxException or NotSupportedException)
            {
                batch.ForEach(text => text.Fail(error));
            }
        }
    }

    /// <summary>Goes on from the kept cache that begins most like a prompt, if it holds at least half of it.</summary>
    private bool TryContinue(List<ScheduledGroup> groups, ScheduledText text)
    {
        int best = -1, most = 0;
        for (int i = 0; i < _caches.Count; i++)
        {
            int common = _caches[i].Adapter == text.Adapter ? _caches[i].Cache.Tokens.Zip(text.Prompt).TakeWhile(pair => pair.First == pair.Second).Count() : 0;
            if (common > most && common * 2 >= text.Prompt.Count && common * 2 >= _caches[i].Cache.Tokens.Count)
            {
                (best, most) = (i, common);
            }
        }
        if (best < 0)
        {
            return false;
        }
        PromptCache cache = _caches[best].Cache;
        _caches.RemoveAt(best);
        groups.Add(new ScheduledSingle(_decoder, text, cache, kept => Keep(text.Adapter, kept)));
        return true;
    }

    private void Keep(Adapter? adapter, PromptCache cache)
    {
        _caches.Add((adapter, cache));
        while (_caches.Count > _options.CachedPrompts)
        {
            _caches[0].Cache.Dispose();
            _caches.RemoveAt(0);
        }
    }

    private async Task StepAsync(ScheduledGroup group)
    {
        try
        {
            // The graph is built with the adapter's layers; whoever is next may switch before it is evaluated.
            _model.Adapter = group.Adapter;
            IReadOnlyList<MlxArray> arrays = group.Start();
            if (arrays.Count > 0)
            {
                await Mx.EvalAsync(arrays, CancellationToken.None).ConfigureAwait(false);
            }
            group.Deliver();
        }
#pragma warning disable CA1031 // One request that fails must not end the others.
        catch (Exception error)
#pragma warning restore CA1031
        {
            foreach (ScheduledText text in group.Texts)
            {
                text.Fail(error);
                text.IsAbandoned = true;
            }
        }
    }

    private void Finish(List<ScheduledGroup> groups)
    {
        lock (_lock)
        {
            foreach (ScheduledText text in _waiting)
            {
                text.Fail(new OperationCanceledException("The scheduler has ended."));
            }
            _waiting.Clear();
        }
        foreach (ScheduledGroup group in groups)
        {
            foreach (ScheduledText text in group.Texts)
            {
                text.Fail(new OperationCanceledException("The scheduler has ended."));
            }
            group.Dispose();
        }
        foreach ((_, PromptCache cache) in _caches)
        {
            cache.Dispose();
        }
        _caches.Clear();
        _model.Adapter = null;
    }
}
