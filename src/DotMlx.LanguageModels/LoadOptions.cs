namespace DotMlx.LanguageModels;

/// <summary>How to load a model.</summary>
public sealed record LoadOptions
{
    private readonly DType? _dtype;

    /// <summary>
    /// The dtype to which floating-point weights are converted; null for no conversion. Quantized weights stay quantized.
    /// </summary>
    /// <exception cref="ArgumentException">The dtype isn't float32, float16, or bfloat16.</exception>
    public DType? DType
    {
        get => _dtype;
        init => _dtype = value is null or DotMlx.DType.Float32 or DotMlx.DType.Float16 or DotMlx.DType.BFloat16
            ? value
            : throw new ArgumentException($"Weights can be converted to Float32, Float16, or BFloat16, not to {value}.", nameof(value));
    }

    /// <summary>
    /// Options of <c>config.json</c> to ignore, because they don't change the results of the model. All other unknown options are rejected.
    /// </summary>
    public IReadOnlyList<string> IgnoredOptions { get; init; } = [];
}
