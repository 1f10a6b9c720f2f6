namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>
/// The text model of Gemma 3: normalized queries and keys, and layers with a sliding window and a separate rotary embedding.
/// </summary>
internal sealed class Gemma3 : DecoderFamily
{
    public override string ModelType => "gemma3_text";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config, headDims: 256);
        bool bias = config.Flag("attention_bias", false);
        int? window = common.Window(missing: 4096);
        int pattern = config.IntegerOr("sliding_window_pattern", config.IntegerOr("_sliding_window_pattern", 6));
        bool[] sliding = common.Sliding(i => (i + 1) % pattern != 0);
        AttentionDescription full = common.Attention with
        {
            InputBias = bias,
            OutputBias = bias,
            HeadNorm = HeadNorm.EachHead,
            Rotary = RotaryOptions.Read(config, common.HeadDims, 1e6, "full_attention"),
            Scale = 1 / Math.Sqrt(config.PositiveOr("query_pre_attn_scalar", 256)),
            SoftCap = Gemma2.Cap(config, "attn_logit_softcapping", missing: null),
        };
        double localBase = config.PositiveOr("rope_local_base_freq", 10000);
        AttentionDescription local = full with
        {
            Window = window,
            Rotary = config.Section("rope_parameters")?.IsSection("sliding_attention") == true
                ? RotaryOptions.Read(config, common.HeadDims, localBase, "sliding_attention")
                : RotaryOptions.Plain(config, common.HeadDims, localBase),
        };
        GatedDescription gated = Gemma2.Gated(config, common);
        return Gemma2.Decoder(config, common, i => new(sliding[i] ? local : full, gated, ResidualDescription.Around), missingCap: null);
    }
}
