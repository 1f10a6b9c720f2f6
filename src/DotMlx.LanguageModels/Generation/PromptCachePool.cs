using DotMlx.LanguageModels.FineTuning;

namespace DotMlx.LanguageModels;

/// <summary>
/// Keeps the caches of finished generations for later prompts with a common prefix. When there are too many, the pool frees the one that
/// was returned first. All members are thread-safe.
/// </summary>
public sealed class PromptCachePool : IDisposable
{
    private readonly int _limit;
    private readonly Lock _lock = new();
    private readonly List<(PromptCache Cache, Adapter? Adapter)> _idle = [];
    private bool _isDisposed;

    /// <summary>Creates an empty pool.</summary>
    /// <param name="limit">The maximum number of caches to keep; 0 keeps none.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public PromptCachePool(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        _limit = limit;
    }

    /// <summary>Takes the cache that has the longest prefix in common with a prompt out of the pool.</summary>
    /// <param name="prompt">The token IDs of the prompt.</param>
    /// <param name="options">How the cache must store keys and values.</param>
    /// <param name="adapter">The adapter that the cache must have been computed with; null for the base model.</param>
    /// <param name="minimum">The minimum number of tokens that the cache and the prompt must have in common.</param>
    /// <returns>
    /// The cache, which the caller owns until <see cref="Return"/>; null if no cache has enough tokens in common with the prompt. A cache
    /// with less than half of its tokens in common stays in the pool, because it belongs to another text that may continue.
    /// </returns>
    public PromptCache? Take(IReadOnlyList<int> prompt, CacheOptions options, Adapter? adapter = null, int minimum = 1)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(options);
        lock (_lock)
        {
            (int best, int most) = (-1, Math.Max(minimum, 1) - 1);
            for (int i = 0; i < _idle.Count; i++)
            {
                (PromptCache cache, Adapter? other) = _idle[i];
                int common = other == adapter && cache.Options == options ? cache.CommonLength(prompt) : 0;
                if (common > most && common * 2 >= cache.Tokens.Count)
                {
                    (best, most) = (i, common);
                }
            }
            if (best < 0)
            {
                return null;
            }
            PromptCache taken = _idle[best].Cache;
            _idle.RemoveAt(best);
            return taken;
        }
    }

    /// <summary>Puts a cache into the pool, which owns it from then on.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="adapter">The adapter that the cache was computed with; null for the base model.</param>
    public void Return(PromptCache cache, Adapter? adapter = null)
    {
        ArgumentNullException.ThrowIfNull(cache);
        PromptCache surplus = cache;
        lock (_lock)
        {
            if (!_isDisposed && _limit > 0)
            {
                _idle.Add((cache, adapter));
                if (_idle.Count <= _limit)
                {
                    return;
                }
                surplus = _idle[0].Cache;
                _idle.RemoveAt(0);
            }
        }
        surplus.Dispose();
    }

    /// <summary>Frees the caches in the pool. Caches that are returned later are freed at once.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach ((PromptCache cache, _) in _idle)
            {
                cache.Dispose();
            }
            _idle.Clear();
        }
    }
}
