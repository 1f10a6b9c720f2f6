namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>Qwen 3: Qwen 2 with normalized queries and keys instead of biases.</summary>
internal sealed class Qwen3 : DecoderFamily
{
    public override string ModelType => "qwen3";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config, headDims: 128);
        bool bias = config.Flag("attention_bias", false);
        Func<int, int?> window = Qwen2.Windows(config, common);
        AttentionDescription attention = common.Attention with
        {
            InputBias = bias, OutputBias = bias, HeadNorm = HeadNorm.EachHead, Rotary = common.Rotary(),
        };
        GatedDescription gated = common.Gated();
        return common.Decoder(i => new(attention with { Window = window(i) }, gated, ResidualDescription.Before));
    }
}
