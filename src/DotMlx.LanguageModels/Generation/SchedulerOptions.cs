namespace DotMlx.LanguageModels;

/// <summary>The limits of a <see cref="GenerationScheduler"/>.</summary>
public sealed record SchedulerOptions
{
    private readonly int _maxRunning = 64;
    private readonly int _maxWaiting = 256;
    private readonly int _cachedPrompts = 8;

    /// <summary>How many texts are generated at the same time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public int MaxRunning
    {
        get => _maxRunning;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            _maxRunning = value;
        }
    }

    /// <summary>How many requests wait for their turn; further ones are refused.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int MaxWaiting
    {
        get => _maxWaiting;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _maxWaiting = value;
        }
    }

    /// <summary>How many texts are kept computed after their end, for later requests that begin like them; 0 for none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
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
