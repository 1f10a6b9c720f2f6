namespace DotMlx.LanguageModels;

/// <summary>The limits of a <see cref="GenerationScheduler"/>.</summary>
public sealed record SchedulerOptions
{
    /// <summary>The maximum number of texts generated at the same time, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value isn't positive.</exception>
    public int MaxRunning
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            field = value;
        }
    } = 64;

    /// <summary>
    /// The maximum number of requests that wait in the queue. The scheduler rejects further requests with a
    /// <see cref="QueueFullException"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int MaxWaiting
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    } = 256;

    /// <summary>The number of prompt caches kept after generation for later requests with the same prefix; 0 disables reuse.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int CachedPrompts
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    } = 8;
}
