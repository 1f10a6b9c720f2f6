namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>Llama 1 to 3, and the many models with the same architecture.</summary>
internal sealed class Llama : DecoderFamily
{
    public override string ModelType => "llama";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config);
        bool bias = config.Flag("attention_bias", false);
        LayerDescription layer = new(
            common.Attention with { InputBias = bias, OutputBias = bias, Rotary = common.Rotary() },
            common.Gated(config.Flag("mlp_bias", false)),
            ResidualDescription.Before);
        return common.Decoder(_ => layer);
    }
}
