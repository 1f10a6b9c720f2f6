namespace DotMlx.NN;

/// <summary>One layer of a transformer's decoder (<c>nn.TransformerDecoderLayer</c>).</summary>
public sealed partial class TransformerDecoderLayer : Module
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
    public TransformerDecoderLayer(
        int dims, int numHeads, int? mlpDims = null, double dropout = 0.0, Func<MlxArray, MlxArray>? activation = null,
        bool normFirst = true)
    {
        int inner = mlpDims ?? (4 * dims);
        SelfAttention = new(dims, numHeads);
        CrossAttention = new(dims, numHeads);
        Ln1 = new(dims);
        Ln2 = new(dims);
        Ln3 = new(dims);
        Linear1 = new(dims, inner);
        Linear2 = new(inner, dims);
        Dropout1 = new(dropout);
        Dropout2 = new(dropout);
        Dropout3 = new(dropout);
        _activation = activation ?? Activations.Relu;
        _normFirst = normFirst;
    }

    /// <summary>The self-attention.</summary>
    public MultiHeadAttention SelfAttention { get; }

    /// <summary>The cross-attention to the encoder's output.</summary>
    public MultiHeadAttention CrossAttention { get; }

    /// <summary>The normalization of the self-attention.</summary>
    public LayerNorm Ln1 { get; }

    /// <summary>The normalization of the cross-attention.</summary>
    public LayerNorm Ln2 { get; }

    /// <summary>The normalization of the feed-forward network.</summary>
    public LayerNorm Ln3 { get; }

    /// <summary>The first linear layer of the feed-forward network.</summary>
    public Linear Linear1 { get; }

    /// <summary>The second linear layer of the feed-forward network.</summary>
    public Linear Linear2 { get; }

    /// <summary>The dropout after self-attention.</summary>
    public Dropout Dropout1 { get; }

    /// <summary>The dropout after cross-attention.</summary>
    public Dropout Dropout2 { get; }

    /// <summary>The dropout inside the feed-forward network.</summary>
    public Dropout Dropout3 { get; }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">The input, of shape (batch, length, dims).</param>
    /// <param name="memory">The encoder's output, of shape (batch, memory length, dims).</param>
    /// <param name="xMask">The mask for self-attention; null for none.</param>
    /// <param name="memoryMask">The mask for cross-attention; null for none.</param>
    /// <returns>An array with the shape of the input.</returns>
    public MlxArray Forward(MlxArray x, MlxArray memory, MlxArray? xMask = null, MlxArray? memoryMask = null)
    {
        using MlxScope scope = MlxScope.Begin();
        if (_normFirst)
        {
            MlxArray y = Ln1.Forward(x);
            x = Mx.Add(x, Dropout1.Forward(SelfAttention.Forward(y, y, y, xMask)));
            x = Mx.Add(x, Dropout2.Forward(CrossAttention.Forward(Ln2.Forward(x), memory, memory, memoryMask)));
            return scope.Keep(Mx.Add(x, Perceptron(Ln3.Forward(x))));
        }
        x = Ln1.Forward(Mx.Add(x, Dropout1.Forward(SelfAttention.Forward(x, x, x, xMask))));
        x = Ln2.Forward(Mx.Add(x, Dropout2.Forward(CrossAttention.Forward(x, memory, memory, memoryMask))));
        return scope.Keep(Ln3.Forward(Mx.Add(x, Perceptron(x))));
    }

    private MlxArray Perceptron(MlxArray x) => Linear2.Forward(Dropout3.Forward(_activation(Linear1.Forward(x))));
}

/// <summary>A transformer's decoder (<c>nn.TransformerDecoder</c>).</summary>
public sealed partial class TransformerDecoder : Module, ITransformerDecoder
{
    // Mirrors TransformerEncoder, as in Python: the layers differ in type and in the arguments of their calls.
    private readonly bool _checkpoint;

    /// <summary>Creates the decoder.</summary>
    /// <param name="numLayers">The number of layers.</param>
    /// <param name="dims">The size of the model.</param>
    /// <param name="numHeads">The number of heads.</param>
    /// <param name="mlpDims">The hidden size of the feed-forward networks; null for four times the model's size.</param>
    /// <param name="dropout">The dropout probability.</param>
    /// <param name="activation">The activation of the feed-forward networks; null for ReLU.</param>
    /// <param name="normFirst">Whether each layer normalizes before attention and feed-forward network, instead of after.</param>
    /// <param name="checkpoint">Whether to recompute each layer for its gradient instead of storing its intermediate results.</param>
    public TransformerDecoder(
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
    public List<TransformerDecoderLayer> Layers { get; } = [];

    /// <summary>The normalization of the output.</summary>
    public LayerNorm Ln { get; }

    /// <summary>Decodes the input.</summary>
    /// <param name="x">The input, of shape (batch, length, dims).</param>
    /// <param name="memory">The encoder's output, of shape (batch, memory length, dims).</param>
    /// <param name="xMask">The mask for self-attention; null for none.</param>
    /// <param name="memoryMask">The mask for cross-attention; null for none.</param>
    /// <returns>An array with the shape of the input.</returns>
    public MlxArray Forward(MlxArray x, MlxArray memory, MlxArray? xMask = null, MlxArray? memoryMask = null)
    {
        using MlxScope scope = MlxScope.Begin();
        foreach (TransformerDecoderLayer layer in Layers)
        {
            x = _checkpoint
                ? layer.Checkpoint((input, encoded) => layer.Forward(input, encoded, xMask, memoryMask))(x, memory)
                : layer.Forward(x, memory, xMask, memoryMask);
        }
        return scope.Keep(Ln.Forward(x));
    }
}
