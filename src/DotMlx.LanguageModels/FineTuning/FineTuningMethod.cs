namespace DotMlx.LanguageModels.FineTuning;

/// <summary>What is trained of a model (<c>fine_tune_type</c> of mlx-lm).</summary>
public enum FineTuningMethod
{
    /// <summary>Low-rank corrections of layers, which stay as they are (<c>lora</c>); of quantized layers it is QLoRA.</summary>
    Lora,

    /// <summary>Low-rank corrections and the magnitudes of the rows of the weights (<c>dora</c>).</summary>
    Dora,

    /// <summary>All weights of the chosen layers that are not quantized (<c>full</c>).</summary>
    Full,
}
