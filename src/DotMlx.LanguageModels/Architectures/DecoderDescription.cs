namespace DotMlx.LanguageModels.Architectures;

/// <summary>The description of a decoder-only transformer, from which <see cref="Decoder"/> is built.</summary>
public sealed record DecoderDescription
{
    /// <summary>The number of tokens in the vocabulary.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The size of the vectors between the layers.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>The layers, first to last.</summary>
    public required IReadOnlyList<LayerDescription> Layers { get; init; }

    /// <summary>The norm of the layers and after the last layer.</summary>
    public required NormDescription Norm { get; init; }

    /// <summary>Whether the embedding table is also the weight of the output layer.</summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>The scale factor of the embeddings.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>The scale factor of the logits.</summary>
    public double LogitScale { get; init; } = 1;

    /// <summary>The soft cap of the logits: cap · tanh(logits / cap); null for none.</summary>
    public double? LogitSoftCap { get; init; }
}

/// <summary>One layer of a decoder.</summary>
/// <param name="Attention">Its attention.</param>
/// <param name="FeedForward">Its feed-forward part: a <see cref="GatedDescription"/> or an <see cref="ExpertsDescription"/>.</param>
/// <param name="Residual">The norms and the scale factor of both residual branches.</param>
public sealed record LayerDescription(AttentionDescription Attention, FeedForwardDescription FeedForward, ResidualDescription Residual);

/// <summary>Root mean square normalization.</summary>
/// <param name="Eps">The term added to the mean square.</param>
/// <param name="AddsOne">Whether the scale is stored minus 1, as in Gemma.</param>
public sealed record NormDescription(double Eps, bool AddsOne = false);

/// <summary>Multi-head attention. Several query heads can share a key and value head.</summary>
public sealed record AttentionDescription
{
    /// <summary>The number of query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>The number of key and value heads, which must divide <see cref="Heads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>The number of features per head.</summary>
    public required int HeadDims { get; init; }

    /// <summary>The scale factor of the scores, usually 1 / √<see cref="HeadDims"/>.</summary>
    public required double Scale { get; init; }

    /// <summary>Whether queries, keys, and values have biases.</summary>
    public bool InputBias { get; init; }

    /// <summary>Whether the output has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Whether queries, keys, and values come from one projection, <c>qkv_proj</c>.</summary>
    public bool Fused { get; init; }

    /// <summary>Which parts of queries and keys are normalized.</summary>
    public HeadNorm HeadNorm { get; init; }

    /// <summary>The rotary embedding; null for none.</summary>
    public RotaryDescription? Rotary { get; init; }

    /// <summary>The number of positions that a query sees, including its own; null for all preceding positions.</summary>
    public int? Window { get; init; }

    /// <summary>The soft cap of the scores: cap · tanh(scores / cap); null for none.</summary>
    public double? SoftCap { get; init; }

    /// <summary>Whether each head has a learned score, <c>sinks</c>, that takes part in the softmax but has no value.</summary>
    public bool Sinks { get; init; }
}

/// <summary>Which parts of queries and keys are normalized.</summary>
public enum HeadNorm
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Each head separately.</summary>
    EachHead,

    /// <summary>All heads together.</summary>
    AllHeads,
}

/// <summary>Rotary position embedding of the first features of each head. Features pair up across the two halves.</summary>
/// <param name="Dims">The number of features to rotate.</param>
/// <param name="Periods">The periods, which determine the angles per position.</param>
public sealed record RotaryDescription(int Dims, RotaryPeriods Periods);

/// <summary>The feed-forward part of a layer.</summary>
/// <param name="Name">Its name in checkpoints, such as <c>mlp</c>.</param>
public abstract record FeedForwardDescription(string Name);

/// <summary>Two projections, one of which gates the other, and an output projection: down(activation(gate(x)) · up(x)).</summary>
/// <param name="Size">The intermediate size.</param>
/// <param name="Activation">The activation of the gate.</param>
/// <param name="Bias">Whether the projections have biases.</param>
/// <param name="Fused">Whether gate and up come from one projection, <c>gate_up_proj</c>.</param>
/// <param name="Name">Its name in checkpoints.</param>
public sealed record GatedDescription(int Size, GatedUnit Activation, bool Bias = false, bool Fused = false, string Name = "mlp")
    : FeedForwardDescription(Name);

/// <summary>A mixture of experts: gated feed-forward parts, of which a router selects a few for each token.</summary>
/// <param name="Name">Its name in checkpoints.</param>
public sealed record ExpertsDescription(string Name = "mlp") : FeedForwardDescription(Name)
{
    /// <summary>The number of experts.</summary>
    public required int Count { get; init; }

    /// <summary>The number of experts per token.</summary>
    public required int Active { get; init; }

    /// <summary>The intermediate size of an expert.</summary>
    public required int Size { get; init; }

    /// <summary>The activation of the gates.</summary>
    public required GatedUnit Activation { get; init; }

    /// <summary>Whether router and experts have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>Whether the probabilities of the selected experts are divided by their sum.</summary>
    public bool Normalize { get; init; }

    /// <summary>The router's name in checkpoints.</summary>
    public string RouterName { get; init; } = "gate";

    /// <summary>The name of the experts in checkpoints.</summary>
    public string ExpertsName { get; init; } = "switch_mlp";
}

/// <summary>
/// The norms of a layer by their names in checkpoints; null for none. Attention and feed-forward part each compute x + scale ·
/// after(part(before(x))).
/// </summary>
/// <param name="BeforeAttention">The norm before the attention.</param>
/// <param name="AfterAttention">The norm after the attention.</param>
/// <param name="BeforeFeedForward">The norm before the feed-forward part.</param>
/// <param name="AfterFeedForward">The norm after the feed-forward part.</param>
public sealed record ResidualDescription(
    string? BeforeAttention, string? AfterAttention, string? BeforeFeedForward, string? AfterFeedForward)
{
    /// <summary>Norms before both parts, as in Llama.</summary>
    public static ResidualDescription Before { get; } = new("input_layernorm", null, "post_attention_layernorm", null);

    /// <summary>Norms after both parts, as in OLMo 2.</summary>
    public static ResidualDescription After { get; } = new(null, "post_attention_layernorm", null, "post_feedforward_layernorm");

    /// <summary>Norms before and after both parts, as in Gemma 2.</summary>
    public static ResidualDescription Around { get; } =
        new("input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm");

    /// <summary>The scale factor of the results of attention and feed-forward part.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>The dropout probability of both results during training.</summary>
    public double Dropout { get; init; }
}
