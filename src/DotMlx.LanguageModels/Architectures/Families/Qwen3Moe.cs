namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>Qwen 3 with experts in all layers or some of them.</summary>
internal sealed class Qwen3Moe : DecoderFamily
{
    public override string ModelType => "qwen3_moe";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config);
        bool bias = config.Flag("attention_bias", false);
        int? window = common.Window();
        bool used = config.Flag("use_sliding_window", false);
        bool[] sliding = common.Sliding(_ => true);
        config.Ignore("max_window_layers");
        AttentionDescription attention = common.Attention with
        {
            InputBias = bias, OutputBias = bias, HeadNorm = HeadNorm.EachHead, Rotary = common.Rotary(),
        };

        // Newer files use another name for the number of experts, and some have both.
        int count = config.IntegerOr("num_local_experts", config.IntegerOr("num_experts", 128, minimum: 0), minimum: 0);
        int step = config.IntegerOr("decoder_sparse_step", 1);
        IReadOnlyList<int> plain = config.Integers("mlp_only_layers") ?? [];
        GatedDescription gated = common.Gated();
        ExpertsDescription experts = new()
        {
            Count = count,
            Active = config.IntegerOr("num_experts_per_tok", 8, maximum: Math.Max(count, 1)),
            Size = config.IntegerOr("moe_intermediate_size", 768),
            Activation = gated.Activation,
            Normalize = config.Flag("norm_topk_prob", false),
        };
        return common.Decoder(i => new(
            attention with { Window = used && sliding[i] ? window : null },
            count > 0 && (i + 1) % step == 0 && !plain.Contains(i) ? experts : gated,
            ResidualDescription.Before));
    }

    public override void Prepare(Checkpoint checkpoint, ModelConfig config)
    {
        base.Prepare(checkpoint, config);
        foreach (string part in new[] { "gate_proj", "up_proj", "down_proj" })
        {
            checkpoint.JoinExperts($"mlp.experts.{{expert}}.{part}.{{name}}", $"mlp.switch_mlp.{part}.{{name}}");
        }
    }
}
