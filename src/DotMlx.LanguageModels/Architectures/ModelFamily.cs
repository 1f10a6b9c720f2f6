using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>
/// A model family. It builds a model from its <c>config.json</c> and maps the weight names of a checkpoint to the model's parameters. For a
/// decoder, derive from <see cref="DecoderFamily"/>; for any other model, derive from this class. Register the family with
/// <see cref="ModelFamilies.Register"/>.
/// </summary>
public abstract class ModelFamily
{
    /// <summary>The <c>model_type</c> in <c>config.json</c>.</summary>
    public abstract string ModelType { get; }

    /// <summary>Renames the weights of a checkpoint to the names of the model's parameters.</summary>
    /// <param name="checkpoint">The weights.</param>
    /// <param name="config">The options of the model.</param>
    public virtual void Prepare(Checkpoint checkpoint, ModelConfig config)
    {
    }

    /// <summary>Builds a model. Read every option that affects the model, because unread options are rejected.</summary>
    /// <param name="config">The options of the model.</param>
    /// <param name="weights">The source of the parameters.</param>
    public abstract Module Create(ModelConfig config, WeightSource weights);
}

/// <summary>A family of decoder-only transformers.</summary>
public abstract class DecoderFamily : ModelFamily
{
    /// <summary>Reads the description of a decoder.</summary>
    /// <param name="config">The options of the model.</param>
    public abstract DecoderDescription Describe(ModelConfig config);

    /// <inheritdoc/>
    public sealed override Module Create(ModelConfig config, WeightSource weights) => new Decoder(Describe(config), weights);

    /// <summary>
    /// Adds the prefix <c>model.</c> to the names of a checkpoint that has no output layer. Drops computed weights: frequencies and an
    /// output layer that is tied to the embedding table. Overrides must call this method first.
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
