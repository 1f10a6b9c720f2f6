namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>Mixtral: Mistral with experts.</summary>
internal sealed class Mixtral : DecoderFamily
{
    public override string ModelType => "mixtral";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config);
        int count = config.IntegerOr("num_local_experts", 8);
        LayerDescription layer = new(
            common.Attention with { Rotary = common.Rotary(missingBase: 1e6), Window = common.Window() },
            new ExpertsDescription("block_sparse_moe")
            {
                Count = count,
                Active = config.IntegerOr("num_experts_per_tok", 2, maximum: count),
                Size = config.Integer("intermediate_size"),
                Activation = common.Activation("hidden_act"),
                Normalize = true,
            },
            ResidualDescription.Before);
        return common.Decoder(_ => layer);
    }

    public override void Prepare(Checkpoint checkpoint, ModelConfig config)
    {
        base.Prepare(checkpoint, config);
        foreach ((string old, string part) in new[] { ("w1", "gate_proj"), ("w3", "up_proj"), ("w2", "down_proj") })
        {
            checkpoint.JoinExperts($"block_sparse_moe.experts.{{expert}}.{old}.{{name}}", $"block_sparse_moe.switch_mlp.{part}.{{name}}");
        }
    }
}
