namespace DotMlx.Extensions.AI;

/// <summary>How an <see cref="MlxChatClient"/> serves requests.</summary>
public sealed record MlxChatClientOptions
{
    private readonly int _maxConcurrentRequests = 4;
    private readonly int _cachedConversations = 4;

    /// <summary>The name that responses and telemetry give the model; null for the name of the model's folder.</summary>
    public string? ModelId { get; init; }

    /// <summary>
    /// How many requests are computed at the same time. Further ones wait and are served in the order in which they came.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public int MaxConcurrentRequests
    {
        get => _maxConcurrentRequests;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            _maxConcurrentRequests = value;
        }
    }

    /// <summary>
    /// How many conversations are kept computed between requests, so that a further message computes only what is new; 0 for none.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int CachedConversations
    {
        get => _cachedConversations;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _cachedConversations = value;
        }
    }

    /// <summary>
    /// The generation options of a request that sets none of its own. Null takes the model's <c>generation_config.json</c>: its
    /// temperature, top-p, and top-k if it samples, and the most likely token otherwise.
    /// </summary>
    public LanguageModels.GenerationOptions? Generation { get; init; }
}
