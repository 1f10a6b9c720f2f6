namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>Gemma 2: norms before and after both parts, soft caps, and a sliding window in every other layer.</summary>
internal sealed class Gemma2 : DecoderFamily
{
    public override string ModelType => "gemma2";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config, headDims: 256);
        bool bias = config.Flag("attention_bias", false);
        int? window = common.Window(missing: 4096);
        bool[] sliding = common.Sliding(i => i % 2 == 0);
        AttentionDescription attention = common.Attention with
        {
            InputBias = bias,
            OutputBias = bias,
            Rotary = common.Rotary(),
            Scale = 1 / Math.Sqrt(config.PositiveOr("query_pre_attn_scalar", 256)),
            SoftCap = Cap(config, "attn_logit_softcapping", missing: 50),
        };
        GatedDescription gated = Gated(config, common);
        return Decoder(config, common, i =>
            new(attention with { Window = sliding[i] ? window : null }, gated, ResidualDescription.Around), missingCap: 30);
    }

    /// <summary>A feed-forward part whose activation is stored under Gemma's option name.</summary>
    internal static GatedDescription Gated(ModelConfig config, CommonOptions common)
    {
        // Some files also contain the older option, which isn't used.
        config.Ignore("hidden_act");
        return new(config.Integer("intermediate_size"), common.Activation("hidden_activation", missing: "gelu_pytorch_tanh"));
    }

    /// <summary>A decoder with scaled embeddings, norm scales stored minus 1, and soft-capped logits.</summary>
    internal static DecoderDescription Decoder(ModelConfig config, CommonOptions common, Func<int, LayerDescription> layer,
        double? missingCap)
    {
        config.Require("use_bidirectional_attention", false);
        return common.Decoder(layer, tiedWhereMissing: true) with
        {
            Norm = common.Norm with { AddsOne = true },
            EmbeddingScale = Math.Sqrt(common.HiddenSize),
            LogitSoftCap = Cap(config, "final_logit_softcapping", missingCap),
        };
    }

    /// <summary>Reads a soft cap. An explicit null means no cap.</summary>
    internal static double? Cap(ModelConfig config, string name, double? missing)
    {
        double? cap = config.NumberOrNull(name) ?? (config.IsNull(name) ? null : missing);
        return cap is null or > 0 ? cap : throw config.Broken(name, $"is {cap}, expected a number above 0");
    }
}
