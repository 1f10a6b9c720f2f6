using DotMlx.NN;
using static DotMlx.LanguageModels.Architectures.Intermediate;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>
/// A decoder-only transformer, built from a description. Its parameters have Hugging Face's names
/// (<c>model.layers.0.self_attn.q_proj.weight</c>), so that checkpoints, adapters, and per-layer settings fit.
/// </summary>
public sealed partial class Decoder : Module
{
    /// <summary>Builds a decoder.</summary>
    /// <param name="description">The description of the model.</param>
    /// <param name="weights">The source of its parameters.</param>
    public Decoder(DecoderDescription description, WeightSource weights)
    {
        ArgumentNullException.ThrowIfNull(description);
        ArgumentNullException.ThrowIfNull(weights);
        Description = description;
        Model = new(description, weights, "model");
        LmHead = description.TiedEmbeddings ? null : weights.Linear("lm_head", description.HiddenSize, description.VocabularySize);
    }

    /// <summary>The description from which the model was built.</summary>
    public DecoderDescription Description { get; }

    /// <summary>The model without the output layer.</summary>
    public DecoderStack Model { get; }

    /// <summary>The output layer; null if the embedding table serves as the output layer.</summary>
    public Linear? LmHead { get; }

    /// <summary>Computes the logits of the next token at each position.</summary>
    /// <param name="tokens">The token IDs, integers of shape (batch, length), less than the size of the vocabulary.</param>
    /// <param name="cache">The keys and values of earlier tokens, to which this method appends; null for none.</param>
    /// <returns>The logits, of shape (batch, length, vocabulary).</returns>
    public MlxArray Forward(MlxArray tokens, DecoderCache? cache = null)
    {
        using MlxArray hidden = Hidden(tokens, cache);
        return Logits(hidden);
    }

    /// <summary>Computes the normalized output of the last layer.</summary>
    /// <param name="tokens">The token IDs, integers of shape (batch, length), less than the size of the vocabulary.</param>
    /// <param name="cache">The keys and values of earlier tokens, to which this method appends; null for none.</param>
    /// <returns>The features, of shape (batch, length, hidden size).</returns>
    /// <exception cref="ArgumentException">
    /// The tokens don't have two axes, there are no tokens, or the cache belongs to another model.
    /// </exception>
    public MlxArray Hidden(MlxArray tokens, DecoderCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.NDim != 2 || tokens.Size == 0)
        {
            throw new ArgumentException(
                $"The tokens have the shape ({string.Join(", ", tokens.Shape.ToArray())}); "
                + "expected (batch, length) with at least one token.", nameof(tokens));
        }
        cache?.Check(this, tokens.Shape[0]);
        return Model.Forward(tokens, cache);
    }

    /// <summary>Computes the logits of features from <see cref="Hidden"/>.</summary>
    /// <param name="hidden">The features, of shape (..., hidden size).</param>
    /// <returns>The logits, of shape (..., vocabulary).</returns>
    public MlxArray Logits(MlxArray hidden) => Logits(hidden, null);

    /// <summary>Like <see cref="Logits(MlxArray)"/>, but with prepared weights.</summary>
    internal MlxArray Logits(MlxArray hidden, PreparedWeights? weights)
    {
        MlxArray logits = LmHead is null
            ? weights is null ? Model.EmbedTokens.AsLinear(hidden) : weights.ApplyAsLinear(Model.EmbedTokens, hidden)
            : weights is null ? LmHead.Forward(hidden) : weights.Apply(LmHead, hidden);
        if (Description.LogitScale != 1)
        {
            logits = Replace(logits, Mx.Multiply(logits, (float)Description.LogitScale));
        }
        if (Description.LogitSoftCap is { } cap)
        {
            using MlxArray shrunk = Mx.Divide(logits, (float)cap);
            using MlxArray bent = Mx.Tanh(shrunk);
            logits = Replace(logits, Mx.Multiply(bent, (float)cap));
        }
        return logits;
    }
}

/// <summary>The embeddings, the layers, and the final norm of a decoder.</summary>
public sealed partial class DecoderStack : Module
{
    private readonly DecoderDescription _description;

    internal DecoderStack(DecoderDescription description, WeightSource weights, string path)
    {
        _description = description;
        EmbedTokens = weights.Embedding(path + ".embed_tokens", description.VocabularySize, description.HiddenSize);
        Dictionary<RotaryDescription, RotaryEmbedding> rotaries = new(ReferenceEqualityComparer.Instance);
        for (int i = 0; i < description.Layers.Count; i++)
        {
            LayerDescription layer = description.Layers[i];
            RotaryEmbedding? rotary = null;
            if (layer.Attention.Rotary is { } described && !rotaries.TryGetValue(described, out rotary))
            {
                rotaries[described] = rotary = new(described, layer.Attention.HeadDims);
            }
            Layers.Add(new(layer, description.HiddenSize, description.Norm, rotary, weights,
                System.FormattableString.Invariant($"{path}.layers.{i}")));
        }
        Norm = new(description.Norm, weights.Get(path + ".norm.weight", description.HiddenSize));
    }

    /// <summary>The embedding table.</summary>
    public Embedding EmbedTokens { get; }

    /// <summary>The layers, first to last.</summary>
    public List<DecoderLayer> Layers { get; } = [];

    /// <summary>The norm after the last layer.</summary>
    public Norm Norm { get; }

    /// <summary>
    /// Whether a pass without a cache stores only the inputs of the layers for the gradient and recomputes the rest. This saves memory but
    /// takes more time.
    /// </summary>
    public bool RecomputesLayers { get; set; }

    internal MlxArray Forward(MlxArray tokens, DecoderCache? cache)
    {
        using ForwardPass pass = new(tokens.Shape[1], cache?.Offset ?? 0, cache?.Padding, cache?.Weights);

        // MLX reshapes the input and the result of each product with more than two axes, so the tokens of all sequences share an axis.
        MlxArray x = Embed(tokens, pass);
        if (_description.EmbeddingScale != 1)
        {
            x = Replace(x, Mx.Multiply(x, (float)_description.EmbeddingScale));
        }
        for (int i = 0; i < Layers.Count; i++)
        {
            x = Replace(x, cache is null && RecomputesLayers
                ? Recompute(Layers[i], x, pass.Length)
                : Layers[i].Forward(x, pass, cache?.Layers[i]));
        }
        x = Replace(x, Norm.Forward(x, pass));
        return Replace(x, Mx.Reshape(x, -1, pass.Length, _description.HiddenSize));
    }

    private MlxArray Embed(MlxArray tokens, ForwardPass pass)
    {
        using MlxArray flat = Mx.Reshape(tokens, -1);
        return pass.Embed(EmbedTokens, flat);
    }

    /// <summary>Computes a layer and recomputes it for the gradient, which happens after the forward pass of the whole stack.</summary>
    private static MlxArray Recompute(DecoderLayer layer, MlxArray x, int length) => layer.Checkpoint(input =>
    {
        using ForwardPass pass = new(length, 0, null);
        return layer.Forward(input, pass, null);
    })(x);
}
