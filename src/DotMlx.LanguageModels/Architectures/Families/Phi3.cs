namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>Phi 3 and 4: Llama with fused projections and separate rotary periods for long texts.</summary>
internal sealed class Phi3 : DecoderFamily
{
    public override string ModelType => "phi3";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config);
        foreach (string bias in new[] { "attention_bias", "mlp_bias", "lm_head_bias" })
        {
            config.Require(bias, false);
        }
        config.Ignore("original_max_position_embeddings", "full_attn_mod", "interpolate_factor");
        LayerDescription layer = new(
            common.Attention with { Fused = true, Rotary = common.Rotary(), Window = common.Window() },
            common.Gated() with { Fused = true },
            ResidualDescription.Before);
        return common.Decoder(_ => layer);
    }
}
