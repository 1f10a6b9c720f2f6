namespace DotMlx.LanguageModels.Architectures;

/// <summary>A decoder-only transformer, described by data: what <see cref="Decoder"/> is built from.</summary>
public sealed record DecoderDescription
{
    /// <summary>How many different tokens there are.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The size of the vectors between the layers.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>The layers, first to last.</summary>
    public required IReadOnlyList<LayerDescription> Layers { get; init; }

    /// <summary>The norm of the layers and after the last one.</summary>
    public required NormDescription Norm { get; init; }

    /// <summary>Whether the table of embeddings is also the weight of the output layer.</summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>Multiplies the embeddings.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>Multiplies the logits.</summary>
    public double LogitScale { get; init; } = 1;

    /// <summary>Bounds the logits smoothly: cap · tanh(logits / cap); null for no bound.</summary>
    public double? LogitSoftCap { get; init; }
}

/// <summary>One layer of a decoder.</summary>
/// <param name="Attention">Its attention.</param>
/// <param name="FeedForward">Its feed-forward part: <see cref="GatedDescription"/> or <see cref="ExpertsDescription"/>.</param>
/// <param name="Residual">How both are normalized and added.</param>
public sealed record LayerDescription(AttentionDescription Attention, FeedForwardDescription FeedForward, ResidualDescription Residual);

/// <summary>Root mean square normalization.</summary>
/// <param name="Eps">Added to the mean square.</param>
/// <param name="AddsOne">Whether the factors are stored less 1, as Gemma does.</param>
public sealed record NormDescription(double Eps, bool AddsOne = false);

/// <summary>Attention with several heads, some of which may share keys and values.</summary>
public sealed record AttentionDescription
{
    /// <summary>How many heads have queries.</summary>
    public required int Heads { get; init; }

    /// <summary>How many heads have keys and values; divides <see cref="Heads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>The features of a head.</summary>
    public required int HeadDims { get; init; }

    /// <summary>Multiplies the scores, usually 1 / √<see cref="HeadDims"/>.</summary>
    public required double Scale { get; init; }

    /// <summary>Whether queries, keys and values have biases.</summary>
    public bool InputBias { get; init; }

    /// <summary>Whether the output has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Whether queries, keys and values come from one projection, <c>qkv_proj</c>.</summary>
    public bool Fused { get; init; }

    /// <summary>What of queries and keys is normalized.</summary>
    public HeadNorm HeadNorm { get; init; }

    /// <summary>The rotary embedding; null for none.</summary>
    public RotaryDescription? Rotary { get; init; }

    /// <summary>How many positions a query sees, its own included; null for all before it.</summary>
    public int? Window { get; init; }

    /// <summary>Bounds the scores smoothly: cap · tanh(scores / cap); null for no bound.</summary>
    public double? SoftCap { get; init; }

    /// <summary>Whether each head has a learned score, <c>sinks</c>, that takes part in the softmax and has no value.</summary>
    public bool Sinks { get; init; }
}

/// <summary>What of queries and keys is normalized.</summary>
public enum HeadNorm
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Each head by itself.</summary>
    EachHead,

    /// <summary>All heads together.</summary>
    AllHeads,
}

/// <summary>Rotary position embedding of the first features of a head, the two halves of which form pairs.</summary>
/// <param name="Dims">How many features are rotated.</param>
/// <param name="Periods">By how much the angles grow from position to position.</param>
public sealed record RotaryDescription(int Dims, RotaryPeriods Periods);

/// <summary>The feed-forward part of a layer.</summary>
/// <param name="Name">Its name in checkpoints, such as <c>mlp</c>.</param>
public abstract record FeedForwardDescription(string Name);

/// <summary>Two projections, one of which gates the other, and a third one back: down(activation(gate(x)) · up(x)).</summary>
/// <param name="Size">The size between the projections.</param>
/// <param name="Activation">The activation of the gate.</param>
/// <param name="Bias">Whether the projections have biases.</param>
/// <param name="Fused">Whether gate and up come from one projection, <c>gate_up_proj</c>.</param>
/// <param name="Name">Its name in checkpoints.</param>
public sealed record GatedDescription(int Size, GatedUnit Activation, bool Bias = false, bool Fused = false, string Name = "mlp")
    : FeedForwardDescription(Name);

/// <summary>Several gated feed-forward parts, of which a router chooses a few for each token.</summary>
public sealed record ExpertsDescription(string Name = "mlp") : FeedForwardDescription(Name)
{
    /// <summary>How many experts there are.</summary>
    public required int Count { get; init; }

    /// <summary>How many of them each token uses.</summary>
    public required int Active { get; init; }

    /// <summary>The size between the projections of an expert.</summary>
    public required int Size { get; init; }

    /// <summary>The activation of the gates.</summary>
    public required GatedUnit Activation { get; init; }

    /// <summary>Whether router and experts have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>Whether the probabilities of the chosen experts are divided by their sum.</summary>
    public bool Normalize { get; init; }

    /// <summary>The router's name in checkpoints.</summary>
    public string RouterName { get; init; } = "gate";

    /// <summary>The name of the experts in checkpoints.</summary>
    public string ExpertsName { get; init; } = "switch_mlp";
}

/// <summary>
/// Where a layer normalizes, by the names of its norms in checkpoints: null where there is none. Attention and feed-forward part compute
/// x + scale · after(part(before(x))).
/// </summary>
/// <param name="BeforeAttention">Normalizes what the attention gets.</param>
/// <param name="AfterAttention">Normalizes what the attention gives.</param>
/// <param name="BeforeFeedForward">Normalizes what the feed-forward part gets.</param>
/// <param name="AfterFeedForward">Normalizes what the feed-forward part gives.</param>
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

    /// <summary>Multiplies what attention and feed-forward part add.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>The probability with which features of both are dropped while training.</summary>
    public double Dropout { get; init; }
}
