namespace DotMlx.LanguageModels.FineTuning;

/// <summary>The low-rank corrections of an adapter (<c>lora_parameters</c> of mlx-lm).</summary>
public sealed record LoraParameters
{
    /// <summary>The rank, at least 1.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>Multiplies the corrections; it is not divided by the rank.</summary>
    public double Scale { get; init; } = 20;

    /// <summary>The probability of dropping inputs of the corrections in training, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>
    /// Which layers are corrected: paths inside a decoder's layer, such as <c>self_attn.q_proj</c>, and paths from the model's root, such as
    /// <c>lm_head</c> or <c>model.embed_tokens</c>. Null corrects every linear, expert and embedding layer inside the decoder's layers.
    /// </summary>
    public IReadOnlyList<string>? Keys { get; init; }

    /// <summary>Throws for values that no adapter can have.</summary>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Rank, 1);
        if (Dropout is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Dropout), Dropout, "The probability of dropping must lie in [0, 1).");
        }
        if (!double.IsFinite(Scale))
        {
            throw new ArgumentOutOfRangeException(nameof(Scale), Scale, "The scale must be a finite number.");
        }
    }
}
