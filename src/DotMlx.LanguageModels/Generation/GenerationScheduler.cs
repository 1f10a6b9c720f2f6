using System.Runtime.CompilerServices;
using DotMlx.LanguageModels.Architectures;
using DotMlx.LanguageModels.FineTuning;

namespace DotMlx.LanguageModels;

/// <summary>
/// Serves many requests with one model. Waiting requests with the same adapter and cache options are computed together in a batch. Batches
/// take turns after each token. The cache of a request that ran alone is kept for the next request with a similar prompt. All members are
/// thread-safe. Nothing else may switch the adapter of the model while the scheduler runs.
/// </summary>
public sealed class GenerationScheduler : IAsyncDisposable
{
    private readonly LanguageModel _model;
    private readonly Decoder _decoder;
    private readonly SchedulerOptions _options;
    private readonly Lock _lock = new();
    private readonly List<ScheduledText> _waiting = [];
    private readonly Queue<Func<Task>> _between = [];
    private readonly PromptCachePool _caches;
    private readonly SemaphoreSlim _work = new(0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _worker;
    private int _running;

    /// <summary>Creates and starts a scheduler.</summary>
    /// <param name="model">The model, which must be a decoder. The scheduler doesn't dispose of it.</param>
    /// <param name="options">The limits; null for the defaults.</param>
    /// <exception cref="NotSupportedException">The model isn't a decoder.</exception>
    public GenerationScheduler(LanguageModel model, SchedulerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _decoder, _options) = (model, model.Decoder, options ?? new());
        _caches = new(_options.CachedPrompts);
        _worker = Task.Run(WorkAsync);
    }

    /// <summary>The number of texts in generation.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>The number of requests in the queue.</summary>
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

    /// <summary>
    /// Generates tokens and yields each one as soon as it is available (<c>stream_generate</c> of mlx-lm). Exceptions are thrown when the
    /// sequence is enumerated.
    /// </summary>
    /// <param name="prompt">The token IDs of the prompt, at least one.</param>
    /// <param name="options">The generation options; null for the defaults.</param>
    /// <param name="adapter">The adapter to generate with; null for the base model.</param>
    /// <param name="cancellationToken">Cancels the generation and removes the request from its batch.</param>
    /// <returns>The generated tokens.</returns>
    /// <exception cref="ArgumentException">The prompt is empty, or it or the options contain an invalid token ID.</exception>
    /// <exception cref="QueueFullException">The queue is full.</exception>
    /// <exception cref="ObjectDisposedException">The scheduler has been disposed.</exception>
    /// <exception cref="OperationCanceledException">
    /// The token was canceled, or the scheduler was disposed during the generation.
    /// </exception>
    public async IAsyncEnumerable<GeneratedToken> GenerateAsync(
        IReadOnlyList<int> prompt, GenerationOptions? options = null, Adapter? adapter = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        options ??= new();
        int vocabulary = _decoder.Description.VocabularySize;
        if (prompt.Count == 0 || prompt.Any(token => token < 0 || token >= vocabulary))
        {
            throw new ArgumentException($"The prompt is empty or contains a token outside 0 to {vocabulary - 1}.", nameof(prompt));
        }
        Sampler.Check(options, vocabulary);
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

    /// <summary>Uses the model between two generation steps, without an adapter, for example to compute embeddings.</summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="use">
    /// The function that uses the model. Keep it short, because all requests wait for it. Its exceptions reach the caller.
    /// </param>
    /// <param name="cancellationToken">Cancels the wait. A function that is queued still runs.</param>
    /// <returns>The result of the function.</returns>
    /// <exception cref="ObjectDisposedException">The scheduler has been disposed.</exception>
    /// <exception cref="OperationCanceledException">The wait was canceled.</exception>
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
#pragma warning disable CA1031 // All exceptions go to the caller.
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

    /// <summary>Cancels all requests, whose callers get an <see cref="OperationCanceledException"/>, and frees the kept caches.</summary>
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
                // One pass over the queue serves all requests that have arrived.
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

    /// <summary>
    /// Takes requests from the queue. A request continues a kept cache if much of its prompt matches. The other requests with the same
    /// adapter and cache options form a batch.
    /// </summary>
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
            List<ScheduledText> batch = [];
            foreach (ScheduledText text in sharing)
            {
                if (Kept(text) is { } cache)
                {
                    Add(groups, [text], () => Single(text, cache));
                }
                else
                {
                    batch.Add(text);
                }
            }
            if (batch.Count > 0)
            {
                Add(groups, batch, () => batch.Count > 1
                    ? new ScheduledBatch(_decoder, batch)
                    : Single(batch[0], new(_decoder, batch[0].Options.Cache)));
            }
        }

        ScheduledSingle Single(ScheduledText text, PromptCache cache) =>
            new(_decoder, text, cache, kept => _caches.Return(kept, text.Adapter));
    }

    private static void Add(List<ScheduledGroup> groups, List<ScheduledText> texts, Func<ScheduledGroup> create)
    {
        try
        {
            groups.Add(create());
        }
        catch (Exception error) when (error is ArgumentException or MlxException or NotSupportedException)
        {
            texts.ForEach(text => text.Fail(error));
        }
    }

    /// <summary>
    /// Returns the cache with the longest common prefix if the prefix covers at least half of the prompt. Otherwise, the text is computed
    /// faster in a batch.
    /// </summary>
    private PromptCache? Kept(ScheduledText text) =>
        _caches.Take(text.Prompt, text.Options.Cache, text.Adapter, (text.Prompt.Count + 1) / 2);

    private async Task StepAsync(ScheduledGroup group)
    {
        try
        {
            // Start builds the graph with the layers of the adapter, so the next group may switch adapters before evaluation.
            _model.Adapter = group.Adapter;
            IReadOnlyList<MlxArray> arrays = group.Start();
            if (arrays.Count > 0)
            {
                await Mx.EvalAsync(arrays, CancellationToken.None).ConfigureAwait(false);
            }
            group.Deliver();
        }
#pragma warning disable CA1031 // A failed request must not end the others.
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
        _caches.Dispose();
        _model.Adapter = null;
    }
}
