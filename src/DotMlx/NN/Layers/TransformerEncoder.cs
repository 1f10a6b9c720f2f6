namespace DotMlx.NN;

/// <summary>One layer of a transformer's encoder (<c>nn.TransformerEncoderLayer</c>).</summary>
public sealed partial class TransformerEncoderLayer : Module
{
    private readonly Func<MlxArray, MlxArray> _activation;
    private readonly bool _normFirst;

    /// <summary>Creates the layer.</summary>
    /// <param name="dims">The size of the model.</param>
    /// <param name="numHeads">The number of heads.</param>
    /// <param name="mlpDims">The hidden size of the feed-forward network; null for four times the model's size.</param>
    /// <param name="dropout">The dropout probability.</param>
    /// <param name="activation">The activation of the feed-forward network; null for ReLU.</param>
    /// <param name="normFirst">Whether to normalize before attention and feed-forward network, instead of after.</param>
    public TransformerEncoderLayer(
        int dims, int numHeads, int? mlpDims = null, double dropout = 0.0, Func<MlxArray, MlxArray>? activation = null,
        bool normFirst = true)
    {
        int inner = mlpDims ?? (4 * dims);
        Attention = new(dims, numHeads);
        Ln1 = new(dims);
        Ln2 = new(dims);
        Linear1 = new(dims, inner);
        Linear2 = new(inner, dims);
        Dropout1 = new(dropout);
        Dropout2 = new(dropout);
        _activation = activation ?? Activations.Relu;
        _normFirst = normFirst;
    }

    /// <summary>The self-attention.</summary>
    public MultiHeadAttention Attention { get; }

    /// <summary>The normalization of the attention.</summary>
    public LayerNorm Ln1 { get; }

    /// <summary>The normalization of the feed-forward network.</summary>
    public LayerNorm Ln2 { get; }

    /// <summary>The first linear layer of the feed-forward network.</summary>
    public Linear Linear1 { get; }

    /// <summary>The second linear layer of the feed-forward network.</summary>
    public Linear Linear2 { get; }

    /// <summary>The dropout after attention.</summary>
    public Dropout Dropout1 { get; }

    /// <summary>The dropout inside the feed-forward network.</summary>
    public Dropout Dropout2 { get; }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">The input, of shape (batch, length, dims).</param>
    /// <param name="mask">The attention mask; null for none.</param>
    /// <returns>An array of the same shape.</returns>
    public MlxArray Forward(MlxArray x, MlxArray? mask = null)
    {
        using MlxScope scope = MlxScope.Begin();
        if (_normFirst)
        {
            MlxArray y = Ln1.Forward(x);
            x = Mx.Add(x, Dropout1.Forward(Attention.Forward(y, y, y, mask)));
            return scope.Keep(Mx.Add(x, Perceptron(Ln2.Forward(x))));
        }
        x = Ln1.Forward(Mx.Add(x, Dropout1.Forward(Attention.Forward(x, x, x, mask))));
        return scope.Keep(Ln2.Forward(Mx.Add(x, Perceptron(x))));
    }

    private MlxArray Perceptron(MlxArray x) => Linear2.Forward(Dropout2.Forward(_activation(Linear1.Forward(x))));
}

/// <summary>A transformer's encoder (<c>nn.TransformerEncoder</c>).</summary>
public sealed partial class TransformerEncoder : Module, ITransformerEncoder
{
    // Mirrors TransformerDecoder, as in Python: the layers differ in type and in the arguments of their calls.
    private readonly bool _checkpoint;

    /// <summary>Creates the encoder.</summary>
    /// <param name="numLayers">The number of layers.</param>
    /// <param name="dims">The size of the model.</param>
    /// <param name="numHeads">The number of heads.</param>
    /// <param name="mlpDims">The hidden size of the feed-forward networks; null for four times the model's size.</param>
    /// <param name="dropout">The dropout probability.</param>
    /// <param name="activation">The activation of the feed-forward networks; null for ReLU.</param>
    /// <param name="normFirst">Whether each layer normalizes before attention and feed-forward network, instead of after.</param>
    /// <param name="checkpoint">Whether to recompute each layer for its gradient instead of storing its intermediate results.</param>
    public TransformerEncoder(
        int numLayers, int dims, int numHeads, int? mlpDims = null, double dropout = 0.0,
        Func<MlxArray, MlxArray>? activation = null, bool normFirst = true, bool checkpoint = false)
    {
        for (int i = 0; i < numLayers; i++)
        {
            Layers.Add(new(dims, numHeads, mlpDims, dropout, activation, normFirst));
        }
        Ln = new(dims);
        _checkpoint = checkpoint;
    }

    /// <summary>The layers.</summary>
    public List<TransformerEncoderLayer> Layers { get; } = [];

    /// <summary>The normalization of the output.</summary>
    public LayerNorm Ln { get; }

    /// <summary>Encodes the input.</summary>
    /// <param name="x">The input, of shape (batch, length, dims).</param>
    /// <param name="mask">The attention mask; null for none.</param>
    /// <returns>An array of the same shape.</returns>
    public MlxArray Forward(MlxArray x, MlxArray? mask = null)
    {
        using MlxScope scope = MlxScope.Begin();
        foreach (TransformerEncoderLayer layer in Layers)
        {
            x = _checkpoint ? layer.Checkpoint(input => layer.Forward(input, mask))(x) : layer.Forward(x, mask);
        }
        return scope.Keep(Ln.Forward(x));
    }
}
