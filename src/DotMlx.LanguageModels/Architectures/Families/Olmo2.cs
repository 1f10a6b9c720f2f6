namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>OLMo 2: norms after attention and feed-forward part, and query and key norms over all heads together.</summary>
internal sealed class Olmo2 : DecoderFamily
{
    public override string ModelType => "olmo2";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config);
        bool bias = config.Flag("attention_bias", false);
        LayerDescription layer = new(
            common.Attention with { InputBias = bias, OutputBias = bias, HeadNorm = HeadNorm.AllHeads, Rotary = common.Rotary() },
            common.Gated(),
            ResidualDescription.After);
        return common.Decoder(_ => layer);
    }
}
