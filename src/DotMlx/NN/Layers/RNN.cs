using System.Globalization;

namespace DotMlx.NN;

/// <summary>The loop of the recurrent layers.</summary>
internal static class Recurrence
{
    /// <summary>The contribution of the input to all steps at once: x Wᵀ + b.</summary>
    public static MlxArray Project(MlxArray x, MlxArray weight, MlxArray? bias)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.NDim < 2 || x.Shape[^2] == 0)
        {
            throw new ArgumentException(
                $"A recurrent layer takes sequences of shape (..., length, {weight.Shape[1]}) with at least one step, but the input has the "
                + $"shape {ShapeText.Of(x)}.", nameof(x));
        }

        MlxArray transposed = Mx.Transpose(weight);
        return bias is null ? Mx.MatMul(x, transposed) : Mx.AddMM(bias, x, transposed);
    }

    /// <summary>Applies a step function repeatedly, and stacks all states along the second-to-last axis.</summary>
    public static MlxArray States(
        MlxArray x, MlxArray weight, MlxArray? bias, MlxArray? state, Func<MlxArray, MlxArray?, MlxArray> step)
    {
        List<MlxArray> states = [];
        foreach (MlxArray input in Steps(Project(x, weight, bias)))
        {
            state = step(input, state);
            states.Add(state);
        }
        return Mx.Stack([.. states], axis: -2);
    }

    /// <summary>One array per step along the second-to-last axis, without that axis.</summary>
    public static IEnumerable<MlxArray> Steps(MlxArray x)
    {
        foreach (MlxArray step in Mx.Split(x, x.Shape[^2], axis: -2))
        {
            yield return Mx.Squeeze(step, -2);
        }
    }
}

/// <summary>An Elman recurrent layer over sequences of shape (batch, length, features) or (length, features) (<c>nn.RNN</c>).</summary>
public sealed partial class RNN : Module, IUnaryModule
{
    private readonly Func<MlxArray, MlxArray> _nonlinearity;

    /// <summary>Creates a layer with random weights, uniform in ±1/√hiddenSize.</summary>
    /// <param name="inputSize">The number of features of the input.</param>
    /// <param name="hiddenSize">The number of features of the hidden state.</param>
    /// <param name="bias">Whether to add a bias.</param>
    /// <param name="nonlinearity">The function that is applied to every state; null for tanh.</param>
    public RNN(int inputSize, int hiddenSize, bool bias = true, Func<MlxArray, MlxArray>? nonlinearity = null)
    {
        double limit = 1.0 / Math.Sqrt(hiddenSize);
        _nonlinearity = nonlinearity ?? Activations.Tanh;
        Wxh = LayerInit.Uniform(limit, hiddenSize, inputSize);
        Whh = LayerInit.Uniform(limit, hiddenSize, hiddenSize);
        Bias = bias ? LayerInit.Uniform(limit, hiddenSize) : null;
    }

    /// <summary>The weight from the input to the state, of shape (hidden, input).</summary>
    [Parameter("Wxh")]
    public MlxArray Wxh { get; set => SetArray(ref field, value); }

    /// <summary>The weight from the state to the state, of shape (hidden, hidden).</summary>
    [Parameter("Whh")]
    public MlxArray Whh { get; set => SetArray(ref field, value); }

    /// <summary>The bias, of shape (hidden,), or null.</summary>
    public MlxArray? Bias { get; set => SetOptionalArray(ref field, value); }

    /// <summary>Processes a sequence.</summary>
    /// <param name="x">The input, of shape (..., length, input).</param>
    /// <param name="hidden">The initial state, of shape (..., hidden); null for none.</param>
    /// <returns>All states, of shape (..., length, hidden).</returns>
    public MlxArray Forward(MlxArray x, MlxArray? hidden = null)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray recurrent = Mx.Transpose(Whh);
        return scope.Keep(Recurrence.States(
            x, Wxh, Bias, hidden, (step, state) => _nonlinearity(state is null ? step : Mx.AddMM(step, state, recurrent))));
    }

    MlxArray IUnaryModule.Forward(MlxArray x) => Forward(x);

    /// <inheritdoc/>
    protected override string ExtraRepr() => string.Create(
        CultureInfo.InvariantCulture, $"input_dims={Wxh.Shape[1]}, hidden_size={Wxh.Shape[0]}, bias={LayerInit.Text(Bias is not null)}");
}
