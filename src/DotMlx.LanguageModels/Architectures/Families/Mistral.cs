namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>Mistral: Llama with a sliding window.</summary>
internal sealed class Mistral : DecoderFamily
{
    public override string ModelType => "mistral";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config);
        int? window = common.Window(missing: 4096);
        bool[] sliding = common.Sliding(_ => true);
        AttentionDescription attention = common.Attention with { Rotary = common.Rotary() };
        GatedDescription gated = common.Gated();
        return common.Decoder(i => new(attention with { Window = sliding[i] ? window : null }, gated, ResidualDescription.Before));
    }
}
