namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>Granite 3: Llama with scale factors for embeddings, scores, residuals, and logits.</summary>
internal sealed class Granite : DecoderFamily
{
    public override string ModelType => "granite";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config);
        bool bias = config.Flag("attention_bias", false);
        LayerDescription layer = new(
            common.Attention with
            {
                InputBias = bias, OutputBias = bias, Rotary = common.Rotary(), Scale = config.NumberOr("attention_multiplier", 1),
            },
            common.Gated(config.Flag("mlp_bias", false)),
            ResidualDescription.Before with { Scale = config.NumberOr("residual_multiplier", 1) });
        return common.Decoder(_ => layer) with
        {
            EmbeddingScale = config.NumberOr("embedding_multiplier", 1),
            LogitScale = 1 / config.PositiveOr("logits_scaling", 1),
        };
    }
}
