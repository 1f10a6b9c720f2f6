using System.Globalization;

namespace DotMlx.NN;

/// <summary>A gated recurrent unit over sequences of shape (batch, length, features) or (length, features) (<c>nn.GRU</c>).</summary>
public sealed partial class GRU : Module, IUnaryModule
{
    private readonly int _hiddenSize;

    /// <summary>Creates a layer with random weights, uniform in ±1/√hiddenSize.</summary>
    /// <param name="inputSize">The number of features of the input.</param>
    /// <param name="hiddenSize">The number of features of the hidden state.</param>
    /// <param name="bias">Whether to add biases.</param>
    public GRU(int inputSize, int hiddenSize, bool bias = true)
    {
        double limit = 1.0 / Math.Sqrt(hiddenSize);
        _hiddenSize = hiddenSize;
        Wx = LayerInit.Uniform(limit, 3 * hiddenSize, inputSize);
        Wh = LayerInit.Uniform(limit, 3 * hiddenSize, hiddenSize);
        Bias = bias ? LayerInit.Uniform(limit, 3 * hiddenSize) : null;
        Bhn = bias ? LayerInit.Uniform(limit, hiddenSize) : null;
    }

    /// <summary>The weight from the input to the gates r, z, and n, of shape (3 hidden, input).</summary>
    [Parameter("Wx")]
    public MlxArray Wx { get; set => SetArray(ref field, value); }

    /// <summary>The weight from the state to the gates, of shape (3 hidden, hidden).</summary>
    [Parameter("Wh")]
    public MlxArray Wh { get; set => SetArray(ref field, value); }

    /// <summary>The bias of the gates, of shape (3 hidden,), or null.</summary>
    [Parameter("b")]
    public MlxArray? Bias { get; set => SetOptionalArray(ref field, value); }

    /// <summary>The bias that the reset gate multiplies, of shape (hidden,), or null.</summary>
    public MlxArray? Bhn { get; set => SetOptionalArray(ref field, value); }

    /// <summary>Processes a sequence.</summary>
    /// <param name="x">The input, of shape (..., length, input).</param>
    /// <param name="hidden">The initial state, of shape (..., hidden); null for none.</param>
    /// <returns>All states, of shape (..., length, hidden).</returns>
    public MlxArray Forward(MlxArray x, MlxArray? hidden = null)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray recurrent = Mx.Transpose(Wh);
        return scope.Keep(Recurrence.States(x, Wx, Bias, hidden, (step, state) => Step(step, state, recurrent)));
    }

    MlxArray IUnaryModule.Forward(MlxArray x) => Forward(x);

    private MlxArray Step(MlxArray x, MlxArray? hidden, MlxArray recurrent)
    {
        int[] cut = [2 * _hiddenSize];
        MlxArray[] input = Mx.Split(x, cut, axis: -1);
        MlxArray gates = input[0];
        MlxArray? candidate = Bhn;
        if (hidden is not null)
        {
            MlxArray[] state = Mx.Split(Mx.MatMul(hidden, recurrent), cut, axis: -1);
            gates += state[0];
            candidate = Bhn is null ? state[1] : state[1] + Bhn;
        }
        MlxArray[] rz = Mx.Split(Mx.Sigmoid(gates), 2, axis: -1);
        MlxArray n = Mx.Tanh(candidate is null ? input[1] : input[1] + (rz[0] * candidate));
        MlxArray fresh = (1 - rz[1]) * n;
        return hidden is null ? fresh : fresh + (rz[1] * hidden);
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() => string.Create(
        CultureInfo.InvariantCulture, $"input_dims={Wx.Shape[1]}, hidden_size={_hiddenSize}, bias={LayerInit.Text(Bias is not null)}");
}
