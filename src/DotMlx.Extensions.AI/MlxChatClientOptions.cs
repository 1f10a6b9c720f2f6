namespace DotMlx.Extensions.AI;

/// <summary>The options of an <see cref="MlxChatClient"/>.</summary>
public sealed record MlxChatClientOptions
{
    /// <summary>The name of the model in responses and telemetry; null for the name of the model's folder.</summary>
    public string? ModelId { get; init; }

    /// <summary>
    /// The maximum number of requests that are computed at the same time. Further requests wait in the order of their arrival.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number isn't positive.</exception>
    public int MaxConcurrentRequests
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            field = value;
        }
    } = 4;

    /// <summary>
    /// The number of conversations whose caches are kept between requests, so that only the new part of a further message is computed; 0
    /// for none.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int CachedConversations
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    } = 4;

    /// <summary>
    /// The default generation options of requests. If null, the options come from the model's <c>generation_config.json</c>: temperature,
    /// top-p, and top-k if it enables sampling; otherwise, greedy decoding.
    /// </summary>
    public LanguageModels.GenerationOptions? Generation { get; init; }
}
