namespace DotMlx.Extensions.AI;

/// <summary>The options of an <see cref="MlxEmbeddingGenerator"/>.</summary>
public sealed record MlxEmbeddingGeneratorOptions
{
    private readonly int _batchSize = 32;

    /// <summary>The name of the model in responses and telemetry; null for the name of the model's folder.</summary>
    public string? ModelId { get; init; }

    /// <summary>
    /// How the features of tokens are combined. If null, <c>1_Pooling/config.json</c> of the model determines the pooling, or else the mean
    /// for encoders and the last token for decoders.
    /// </summary>
    public EmbeddingPooling? Pooling { get; init; }

    /// <summary>Whether vectors are normalized to length 1; true by default.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>The number of texts that are computed at a time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number isn't positive.</exception>
    public int BatchSize
    {
        get => _batchSize;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            _batchSize = value;
        }
    }
}
