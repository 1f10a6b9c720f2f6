namespace DotMlx.NN;

/// <summary>One layer of a transformer's encoder (<c>nn.TransformerEncoderLayer</c>).</summary>
public sealed partial class TransformerEncoderLayer : Module
{
    private readonly Func<MlxArray, MlxArray> _activation;
    private readonly bool _normFirst;

    /// <summary>Makes the layer.</summary>
    /// <param name="dims">The size of the model.</param>
    /// <param name="numHeads">The number of heads.</param>
    /// <param name="mlpDims">The size inside the perceptron; null for four times the model's.</param>
    /// <param name="dropout">The probability of dropping.</param>
    /// <param name="activation">Of the perceptron; null for ReLU.</param>
    /// <param name="normFirst">Whether normalization comes before attention and perceptron instead of after.</param>
    public TransformerEncoderLayer(
        int dims, int numHeads, int? mlpDims = null, double dropout = 0.0, Func<MlxArray, MlxArray>? activation = null, bool normFirst = true)
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

    /// <summary>Attends to the layer's own input.</summary>
    public MultiHeadAttention Attention { get; }

    /// <summary>Normalizes around attention.</summary>
    public LayerNorm Ln1 { get; }

    /// <summary>Normalizes around the perceptron.</summary>
    public LayerNorm Ln2 { get; }

    /// <summary>Into the perceptron.</summary>
    public Linear Linear1 { get; }

    /// <summary>Out of the perceptron.</summary>
    public Linear Linear2 { get; }

    /// <summary>After attention.</summary>
    public Dropout Dropout1 { get; }

    /// <summary>Inside the perceptron.</summary>
    public Dropout Dropout2 { get; }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">Input of shape (batch, length, dims).</param>
    /// <param name="mask">For the attention; null for none.</param>
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
    private readonly bool _checkpoint;

    /// <summary>Makes the encoder.</summary>
    /// <param name="numLayers">The number of layers.</param>
    /// <param name="dims">The size of the model.</param>
    /// <param name="numHeads">The number of heads.</param>
    /// <param name="mlpDims">The size inside the perceptrons; null for four times the model's.</param>
    /// <param name="dropout">The probability of dropping.</param>
    /// <param name="activation">Of the perceptrons; null for ReLU.</param>
    /// <param name="normFirst">Whether normalization comes first in each layer.</param>
    /// <param name="checkpoint">Whether each layer is computed again for its gradient instead of kept.</param>
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

    /// <summary>Normalizes the output.</summary>
    public LayerNorm Ln { get; }

    /// <summary>Encodes.</summary>
    /// <param name="x">Input of shape (batch, length, dims).</param>
    /// <param name="mask">For the attention; null for none.</param>
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
