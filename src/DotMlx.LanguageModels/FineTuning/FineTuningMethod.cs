namespace DotMlx.LanguageModels.FineTuning;

/// <summary>The fine-tuning method (<c>fine_tune_type</c> of mlx-lm).</summary>
public enum FineTuningMethod
{
    /// <summary>Trains low-rank adapters on frozen layers (<c>lora</c>). On quantized layers, this is QLoRA.</summary>
    Lora,

    /// <summary>Trains low-rank adapters and the magnitudes of the weight rows (<c>dora</c>).</summary>
    Dora,

    /// <summary>Trains all weights of the chosen layers, except quantized weights (<c>full</c>).</summary>
    Full,
}
