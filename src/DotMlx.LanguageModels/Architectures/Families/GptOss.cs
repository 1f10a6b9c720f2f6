namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>gpt-oss: experts with clamped gates, attention sinks, and a sliding window in every other layer.</summary>
internal sealed class GptOss : DecoderFamily
{
    public override string ModelType => "gpt_oss";

    public override DecoderDescription Describe(ModelConfig config)
    {
        CommonOptions common = new(config, headDims: 64);
        bool bias = config.Flag("attention_bias", true);
        int? window = common.Window(missing: 128);
        bool[] sliding = common.Sliding(i => i % 2 == 0);
        AttentionDescription attention = common.Attention with
        {
            InputBias = bias, OutputBias = bias, Sinks = true, Rotary = common.Rotary(missingBase: 150000),
        };
        int count = config.IntegerOr("num_local_experts", 128);
        ExpertsDescription experts = new()
        {
            Count = count,
            Active = config.IntegerOr("num_experts_per_tok", config.IntegerOr("experts_per_token", 4), maximum: count),
            Size = config.Integer("intermediate_size"),
            Activation = GatedUnit.Clamped(config.PositiveOr("swiglu_limit", 7)),
            Bias = true,
            Normalize = true,
            RouterName = "router",
            ExpertsName = "experts",
        };

        // The gates are clamped units, but Hugging Face's files specify silu.
        _ = common.Activation("hidden_act");
        return common.Decoder(i => new(attention with { Window = sliding[i] ? window : null }, experts, ResidualDescription.Before));
    }

    /// <summary>
    /// Separates the gate and up projections, which alternate in Hugging Face's files. Unquantized weights have the shape (experts, input,
    /// output). Packed weights (mxfp4) have the shape (experts, output, groups, bytes).
    /// </summary>
    /// <inheritdoc/>
    public override void Prepare(Checkpoint checkpoint, ModelConfig config)
    {
        base.Prepare(checkpoint, config);
        const string Experts = @"(?<path>.*\.mlp\.experts)\.";
        checkpoint.Convert(Experts + "gate_up_proj", (match, array) =>
        [
            new($"{match.Groups["path"]}.gate_proj.weight", Transposed(Every(array, 0, 2))),
            new($"{match.Groups["path"]}.up_proj.weight", Transposed(Every(array, 1, 2))),
        ]);
        checkpoint.Convert(Experts + "down_proj", (match, array) => [new($"{match.Groups["path"]}.down_proj.weight", Transposed(array))]);
        checkpoint.Convert(Experts + "gate_up_proj_bias", (match, array) =>
        [
            new($"{match.Groups["path"]}.gate_proj.bias", Mx.Contiguous(Every(array, 0, 1))),
            new($"{match.Groups["path"]}.up_proj.bias", Mx.Contiguous(Every(array, 1, 1))),
        ]);
        checkpoint.Convert(Experts + "down_proj_bias", (match, array) => [new($"{match.Groups["path"]}.down_proj.bias", array)]);

        foreach ((string old, string name) in new[] { ("blocks", "weight"), ("scales", "scales") })
        {
            checkpoint.Convert(Experts + "gate_up_proj_" + old, (match, array) =>
            [
                new($"{match.Groups["path"]}.gate_proj.{name}", Mx.Contiguous(Every(Packed(array), 0, 1))),
                new($"{match.Groups["path"]}.up_proj.{name}", Mx.Contiguous(Every(Packed(array), 1, 1))),
            ]);
            checkpoint.Convert(Experts + "down_proj_" + old, (match, array) =>
                [new($"{match.Groups["path"]}.down_proj.{name}", Packed(array))]);
        }
    }

    private static MlxArray Transposed(MlxArray array) => Mx.Contiguous(Mx.SwapAxes(array, -1, -2));

    /// <summary>Every second entry along an axis, beginning at a given index.</summary>
    private static MlxArray Every(MlxArray array, int start, int axis) => axis == 2
        ? array[.., .., new Slice(start, null, 2)]
        : array[.., new Slice(start, null, 2)];

    /// <summary>Packs the bytes of groups as MLX does, four per uint32. Scales don't change.</summary>
    private static MlxArray Packed(MlxArray array) => array.NDim == 4 ? Mx.Flatten(Mx.View(array, DType.UInt32), -2) : array;
}
