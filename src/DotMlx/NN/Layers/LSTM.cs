using System.Globalization;

namespace DotMlx.NN;

/// <summary>A long short-term memory over sequences of shape (batch, length, features) or (length, features) (<c>nn.LSTM</c>).</summary>
public sealed partial class LSTM : Module
{
    private readonly int _hiddenSize;

    /// <summary>Creates a layer with random weights, uniform in ±1/√hiddenSize.</summary>
    /// <param name="inputSize">The number of features of the input.</param>
    /// <param name="hiddenSize">The number of features of the hidden state.</param>
    /// <param name="bias">Whether to add a bias.</param>
    public LSTM(int inputSize, int hiddenSize, bool bias = true)
    {
        double limit = 1.0 / Math.Sqrt(hiddenSize);
        _hiddenSize = hiddenSize;
        Wx = LayerInit.Uniform(limit, 4 * hiddenSize, inputSize);
        Wh = LayerInit.Uniform(limit, 4 * hiddenSize, hiddenSize);
        Bias = bias ? LayerInit.Uniform(limit, 4 * hiddenSize) : null;
    }

    /// <summary>The weight from the input to the gates i, f, g, and o, of shape (4 hidden, input).</summary>
    [Parameter("Wx")]
    public MlxArray Wx { get; set => SetArray(ref field, value); }

    /// <summary>The weight from the state to the gates, of shape (4 hidden, hidden).</summary>
    [Parameter("Wh")]
    public MlxArray Wh { get; set => SetArray(ref field, value); }

    /// <summary>The bias of the gates, of shape (4 hidden,), or null.</summary>
    public MlxArray? Bias { get; set => SetOptionalArray(ref field, value); }

    /// <summary>Processes a sequence.</summary>
    /// <param name="x">The input, of shape (..., length, input).</param>
    /// <param name="hidden">The initial hidden state, of shape (..., hidden); null for none.</param>
    /// <param name="cell">The initial cell state, of shape (..., hidden); null for none.</param>
    /// <returns>All hidden states and all cell states, each of shape (..., length, hidden).</returns>
    public (MlxArray Hidden, MlxArray Cell) Forward(MlxArray x, MlxArray? hidden = null, MlxArray? cell = null)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray recurrent = Mx.Transpose(Wh);
        List<MlxArray> hiddens = [], cells = [];
        foreach (MlxArray step in Recurrence.Steps(Recurrence.Project(x, Wx, Bias)))
        {
            MlxArray[] gates = Mx.Split(hidden is null ? step : Mx.AddMM(step, hidden, recurrent), 4, axis: -1);
            MlxArray input = Mx.Sigmoid(gates[0]) * Mx.Tanh(gates[2]);
            cell = cell is null ? input : (Mx.Sigmoid(gates[1]) * cell) + input;
            hidden = Mx.Sigmoid(gates[3]) * Mx.Tanh(cell);
            hiddens.Add(hidden);
            cells.Add(cell);
        }
        return (scope.Keep(Mx.Stack([.. hiddens], axis: -2)), scope.Keep(Mx.Stack([.. cells], axis: -2)));
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() => string.Create(
        CultureInfo.InvariantCulture, $"input_dims={Wx.Shape[1]}, hidden_size={_hiddenSize}, bias={LayerInit.Text(Bias is not null)}");
}
