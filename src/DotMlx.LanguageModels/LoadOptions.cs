namespace DotMlx.LanguageModels;

/// <summary>How a model is loaded.</summary>
public sealed record LoadOptions
{
    private readonly DType? _dtype;

    /// <summary>What floating-point weights are converted to; null leaves them as they are stored. Packed weights stay packed.</summary>
    /// <exception cref="ArgumentException">The type is none of float32, float16 and bfloat16.</exception>
    public DType? DType
    {
        get => _dtype;
        init => _dtype = value is null or DotMlx.DType.Float32 or DotMlx.DType.Float16 or DotMlx.DType.BFloat16
            ? value
            : throw new ArgumentException($"Weights can be converted to Float32, Float16 or BFloat16, not to {value}.", nameof(value));
    }

    /// <summary>
    /// Options of <c>config.json</c> that are to be ignored, because they change nothing in what the model computes. All others that nobody
    /// understands are refused.
    /// </summary>
    public IReadOnlyList<string> IgnoredOptions { get; init; } = [];
}
