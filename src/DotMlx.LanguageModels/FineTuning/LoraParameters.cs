namespace DotMlx.LanguageModels.FineTuning;

/// <summary>The parameters of low-rank adapters (<c>lora_parameters</c> of mlx-lm).</summary>
public sealed record LoraParameters
{
    /// <summary>The rank, at least 1.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>The scale factor of the adapters. It isn't divided by the rank.</summary>
    public double Scale { get; init; } = 20;

    /// <summary>
    /// The dropout probability in training, in [0, 1). It applies to the input of an adapter; for embedding lookups, it applies to the
    /// output.
    /// </summary>
    public double Dropout { get; init; }

    /// <summary>
    /// The layers that get a low-rank adapter. A key is a path inside a decoder layer, such as <c>self_attn.q_proj</c>, or a path from the
    /// root of the model, such as <c>lm_head</c> or <c>model.embed_tokens</c>. Null selects every linear, expert, and embedding layer
    /// inside the decoder layers.
    /// </summary>
    public IReadOnlyList<string>? Keys { get; init; }

    /// <summary>Checks that all values are in range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Rank, 1);
        if (Dropout is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Dropout), Dropout, "The dropout probability must be in [0, 1).");
        }
        if (!double.IsFinite(Scale))
        {
            throw new ArgumentOutOfRangeException(nameof(Scale), Scale, "The scale must be a finite number.");
        }
    }
}
