namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>SmolLM 3: Llama in which some layers have no rotary embedding.</summary>
internal sealed class SmolLm3 : DecoderFamily
{
    public override string ModelType => "smollm3";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config);
        bool bias = config.Flag("attention_bias", false);
        int interval = config.IntegerOr("no_rope_layer_interval", 4);
        IReadOnlyList<int> rotated = config.Integers("no_rope_layers")
            ?? [.. Enumerable.Range(1, common.Layers).Select(i => i % interval != 0 ? 1 : 0)];
        if (rotated.Count != common.Layers)
        {
            throw config.Broken("no_rope_layers", $"has {rotated.Count} entries for {common.Layers} layers");
        }
        int? window = common.Window();
        bool used = config.Flag("use_sliding_window", false);
        bool[] sliding = common.Sliding(i => used && rotated[i] == 0);
        config.Ignore("max_window_layers");
        RotaryDescription rotary = common.Rotary(missingBase: 2e6);
        AttentionDescription attention = common.Attention with { InputBias = bias, OutputBias = bias };
        GatedDescription gated = common.Gated(config.Flag("mlp_bias", false));
        return common.Decoder(
            i => new(
                attention with { Rotary = rotated[i] != 0 ? rotary : null, Window = used && sliding[i] ? window : null },
                gated,
                ResidualDescription.Before),
            tiedWhereMissing: true);
    }
}
