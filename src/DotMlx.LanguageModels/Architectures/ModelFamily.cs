using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>
/// A family of models: how one is built from its <c>config.json</c>, and how the weights of a checkpoint are named in it. Derive from
/// <see cref="DecoderFamily"/> for a decoder, from this for anything else, and register it with <see cref="ModelFamilies.Register"/>.
/// </summary>
public abstract class ModelFamily
{
    /// <summary>The <c>model_type</c> in <c>config.json</c>.</summary>
    public abstract string ModelType { get; }

    /// <summary>Gives the weights of a checkpoint the names of the model's parameters.</summary>
    /// <param name="checkpoint">The weights.</param>
    /// <param name="config">The options of the model.</param>
    public virtual void Prepare(Checkpoint checkpoint, ModelConfig config)
    {
    }

    /// <summary>Builds a model. Every option that it depends on is read, because options that were not read are refused.</summary>
    /// <param name="config">The options of the model.</param>
    /// <param name="weights">Where the parameters come from.</param>
    public abstract Module Create(ModelConfig config, WeightSource weights);
}

/// <summary>A family of decoder-only transformers.</summary>
public abstract class DecoderFamily : ModelFamily
{
    /// <summary>Reads what a decoder consists of.</summary>
    /// <param name="config">The options of the model.</param>
    public abstract DecoderDescription Describe(ModelConfig config);

    /// <inheritdoc/>
    public sealed override Module Create(ModelConfig config, WeightSource weights) => new Decoder(Describe(config), weights);

    /// <summary>
    /// Puts <c>model.</c> before the names of a checkpoint that has no output layer, and drops what is computed: frequencies, and an output
    /// layer
    /// that is the table of embeddings. Overrides call this first.
    /// </summary>
    /// <inheritdoc/>
    public override void Prepare(Checkpoint checkpoint, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        bool bare = checkpoint.Names.Contains("embed_tokens.weight");
        bool tied = Describe(config).TiedEmbeddings;
        checkpoint.Rename(name =>
            name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)
                || (tied && name.StartsWith("lm_head.", StringComparison.Ordinal)) ? null
            : bare && !name.StartsWith("lm_head.", StringComparison.Ordinal) ? "model." + name
            : name);
    }
}
