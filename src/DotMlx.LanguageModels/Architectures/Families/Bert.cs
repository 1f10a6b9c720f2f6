using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>BERT, the basis of most embedding models.</summary>
internal sealed class Bert : ModelFamily
{
    public override string ModelType => "bert";

    public override Module Create(ModelConfig config, WeightSource weights)
    {
        config.Require("is_decoder", false);
        config.Require("add_cross_attention", false);
        if (config.TextOrNull("position_embedding_type") is { } positions && positions != "absolute")
        {
            throw config.Unsupported("position_embedding_type", $"is '{positions}', and only absolute is supported");
        }
        config.Ignore("tie_word_embeddings");
        int size = config.Integer("hidden_size"), heads = config.Integer("num_attention_heads");
        if (size % heads != 0)
        {
            throw config.Broken("num_attention_heads", $"is {heads}, which does not divide the {size} of 'hidden_size'");
        }
        string activation = config.TextOrNull("hidden_act") ?? "gelu";
        return new Encoder(
            new EncoderDescription
            {
                VocabularySize = config.Integer("vocab_size"),
                MaxPositions = config.IntegerOr("max_position_embeddings", 512),
                TokenTypes = config.IntegerOr("type_vocab_size", 2),
                HiddenSize = size,
                IntermediateSize = config.Integer("intermediate_size"),
                Layers = config.Integer("num_hidden_layers", maximum: 4096),
                Heads = heads,
                Activation = GatedUnit.Names.Contains(activation)
                    ? GatedUnit.Activation(activation)
                    : throw config.Unsupported("hidden_act",
                        $"is '{activation}'; known activations are {string.Join(", ", GatedUnit.Names)}"),
                Eps = config.PositiveOr("layer_norm_eps", 1e-12),
            },
            weights);
    }

    /// <summary>Drops task heads and computed buffers, and renames the parameters of older files.</summary>
    /// <inheritdoc/>
    public override void Prepare(Checkpoint checkpoint, ModelConfig config) => checkpoint.Rename(name =>
    {
        string bare = name.StartsWith("bert.", StringComparison.Ordinal) ? name[5..] : name;
        return bare == "embeddings.position_ids" || bare.StartsWith("cls.", StringComparison.Ordinal)
            ? null
            : bare.Replace("LayerNorm.gamma", "LayerNorm.weight", StringComparison.Ordinal)
                .Replace("LayerNorm.beta", "LayerNorm.bias", StringComparison.Ordinal);
    });
}
