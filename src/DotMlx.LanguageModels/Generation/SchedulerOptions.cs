namespace DotMlx.LanguageModels;

/// <summary>The limits of a <see cref="GenerationScheduler"/>.</summary>
public sealed record SchedulerOptions
{
    private readonly int _maxRunning = 64;
    private readonly int _maxWaiting = 256;
    private readonly int _cachedPrompts = 8;

    /// <summary>The maximum number of texts generated at the same time, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value isn't positive.</exception>
    public int MaxRunning
    {
        get => _maxRunning;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            _maxRunning = value;
        }
    }

    /// <summary>
    /// The maximum number of requests that wait in the queue. The scheduler rejects further requests with a
    /// <see cref="QueueFullException"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int MaxWaiting
    {
        get => _maxWaiting;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _maxWaiting = value;
        }
    }

    /// <summary>The number of prompt caches kept after generation for later requests with the same prefix; 0 disables reuse.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int CachedPrompts
    {
        get => _cachedPrompts;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _cachedPrompts = value;
        }
    }
}
