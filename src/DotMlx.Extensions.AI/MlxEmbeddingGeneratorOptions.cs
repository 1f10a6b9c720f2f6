namespace DotMlx.Extensions.AI;

/// <summary>How an <see cref="MlxEmbeddingGenerator"/> computes.</summary>
public sealed record MlxEmbeddingGeneratorOptions
{
    private readonly int _batchSize = 32;

    /// <summary>The name that responses and telemetry give the model; null for the name of the model's folder.</summary>
    public string? ModelId { get; init; }

    /// <summary>
    /// How tokens are pooled. Null takes the model's <c>1_Pooling/config.json</c>, or else the mean for encoders and the last token for
    /// decoders.
    /// </summary>
    public EmbeddingPooling? Pooling { get; init; }

    /// <summary>Whether vectors are scaled to length 1; true by default.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>How many texts are computed at a time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
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
