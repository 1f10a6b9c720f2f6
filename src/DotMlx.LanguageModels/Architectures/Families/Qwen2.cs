namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>Qwen 2 and 2.5: Llama with biases of queries, keys, and values, and sliding windows in later layers.</summary>
internal sealed class Qwen2 : DecoderFamily
{
    public override string ModelType => "qwen2";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config);
        config.Require("use_mrope", false);
        Func<int, int?> window = Windows(config, common);
        AttentionDescription attention = common.Attention with { InputBias = true, Rotary = common.Rotary() };
        GatedDescription gated = common.Gated();
        return common.Decoder(i => new(attention with { Window = window(i) }, gated, ResidualDescription.Before));
    }

    /// <summary>Returns the window of each layer. If windows are enabled, the layers from <c>max_window_layers</c> on have one.</summary>
    internal static Func<int, int?> Windows(ModelConfig config, CommonOptions common)
    {
        int? window = common.Window();
        int first = config.IntegerOr("max_window_layers", 28, minimum: 0);
        bool used = config.Flag("use_sliding_window", false);
        bool[] sliding = common.Sliding(i => used && i >= first);
        return i => used && sliding[i] ? window : null;
    }
}
