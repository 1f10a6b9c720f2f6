using DotMlx.NN;
using static DotMlx.LanguageModels.Architectures.Intermediate;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>The description of an encoder.</summary>
public sealed record EncoderDescription
{
    /// <summary>The number of tokens in the vocabulary.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The maximum number of positions of a text.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>The number of token types.</summary>
    public required int TokenTypes { get; init; }

    /// <summary>The size of the vectors between the layers.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>The intermediate size of a feed-forward part.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>The number of layers.</summary>
    public required int Layers { get; init; }

    /// <summary>The number of attention heads, which must divide <see cref="HiddenSize"/>.</summary>
    public required int Heads { get; init; }

    /// <summary>The activation of the feed-forward parts.</summary>
    public required Func<MlxArray, MlxArray> Activation { get; init; }

    /// <summary>The term that the norms add to the variance.</summary>
    public required double Eps { get; init; }
}

/// <summary>A transformer in which every token sees every other token, in BERT's form and with the names of BERT's checkpoints.</summary>
public sealed partial class Encoder : Module
{
    /// <summary>Builds an encoder.</summary>
    /// <param name="description">The description.</param>
    /// <param name="weights">The source of the parameters.</param>
    public Encoder(EncoderDescription description, WeightSource weights)
    {
        ArgumentNullException.ThrowIfNull(description);
        ArgumentNullException.ThrowIfNull(weights);
        Description = description;
        Embeddings = new(description, weights, "embeddings");
        Stack = new(description, weights, "encoder");
        Pooler = weights.Has("pooler.dense.weight") ? new(description.HiddenSize, description.HiddenSize, weights, "pooler") : null;
    }

    /// <summary>The description from which the model was built.</summary>
    public EncoderDescription Description { get; }

    /// <summary>The embedding tables.</summary>
    public EncoderEmbeddings Embeddings { get; }

    /// <summary>The layers.</summary>
    [Parameter("encoder")]
    public EncoderStack Stack { get; }

    /// <summary>BERT's layer for the first token, or null.</summary>
    public EncoderDense? Pooler { get; }

    /// <summary>Computes the output of the last layer.</summary>
    /// <param name="tokens">The token IDs, integers of shape (batch, length), less than the size of the vocabulary.</param>
    /// <param name="mask">
    /// A mask of the same shape that is true or 1 for tokens and false or 0 for padding; null if there is no padding.
    /// </param>
    /// <param name="tokenTypes">The type of each token, of the same shape; null for type 0.</param>
    /// <returns>The features, of shape (batch, length, hidden size).</returns>
    /// <exception cref="ArgumentException">
    /// The tokens don't have two axes, or there are more tokens than the model has positions.
    /// </exception>
    public MlxArray Forward(MlxArray tokens, MlxArray? mask = null, MlxArray? tokenTypes = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.NDim != 2 || tokens.Size == 0 || tokens.Shape[1] > Description.MaxPositions)
        {
            throw new ArgumentException(
                $"The tokens have the shape ({string.Join(", ", tokens.Shape.ToArray())}); "
                + $"expected (batch, length) with 1 to {Description.MaxPositions} tokens per text.", nameof(tokens));
        }
        using MlxArray? visible = Visible(mask);
        MlxArray x = Embeddings.Forward(tokens, tokenTypes);
        foreach (EncoderLayer layer in Stack.Layer)
        {
            x = Replace(x, layer.Forward(x, visible));
        }
        return x;
    }

    private static MlxArray? Visible(MlxArray? mask)
    {
        if (mask is null)
        {
            return null;
        }
        using MlxArray boolean = Mx.AsType(mask, DType.Bool);
        return Mx.ExpandDims(boolean, [1, 2]);
    }
}

/// <summary>The embedding tables of an encoder.</summary>
public sealed partial class EncoderEmbeddings : Module
{
    internal EncoderEmbeddings(EncoderDescription description, WeightSource weights, string path)
    {
        WordEmbeddings = weights.Embedding(path + ".word_embeddings", description.VocabularySize, description.HiddenSize);
        PositionEmbeddings = weights.Embedding(path + ".position_embeddings", description.MaxPositions, description.HiddenSize);
        TokenTypeEmbeddings = weights.Embedding(path + ".token_type_embeddings", description.TokenTypes, description.HiddenSize);
        LayerNorm = new(description, weights, path + ".LayerNorm");
    }

    /// <summary>The token embeddings.</summary>
    public Embedding WordEmbeddings { get; }

    /// <summary>The position embeddings.</summary>
    public Embedding PositionEmbeddings { get; }

    /// <summary>The token type embeddings.</summary>
    public Embedding TokenTypeEmbeddings { get; }

    /// <summary>The norm of the sum of the embeddings.</summary>
    [Parameter("LayerNorm")]
    public EncoderNorm LayerNorm { get; }

    internal MlxArray Forward(MlxArray tokens, MlxArray? tokenTypes)
    {
        using MlxArray words = WordEmbeddings.Forward(tokens);
        using MlxArray places = Mx.Arange(tokens.Shape[1]);
        using MlxArray positions = PositionEmbeddings.Forward(places);
        using MlxArray zeros = Mx.Zeros([1, 1], DType.Int32);
        using MlxArray types = TokenTypeEmbeddings.Forward(tokenTypes ?? zeros);
        using MlxArray typed = Mx.Add(words, types);
        using MlxArray sum = Mx.Add(typed, positions);
        return LayerNorm.Forward(sum);
    }
}

/// <summary>The layers of an encoder.</summary>
public sealed partial class EncoderStack : Module
{
    internal EncoderStack(EncoderDescription description, WeightSource weights, string path)
    {
        for (int i = 0; i < description.Layers; i++)
        {
            Layer.Add(new(description, weights, System.FormattableString.Invariant($"{path}.layer.{i}")));
        }
    }

    /// <summary>The layers, first to last.</summary>
    public List<EncoderLayer> Layer { get; } = [];
}
