namespace DotMlx.NN;

// Layers for the activation functions, for use in a Sequential. Only PReLU has parameters.

/// <summary>Applies 1 / (1 + exp(-x)) (<c>nn.Sigmoid</c>).</summary>
public sealed class Sigmoid : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Sigmoid(x);
}

/// <summary>Applies x * tanh(softplus(x)) (<c>nn.Mish</c>).</summary>
public sealed class Mish : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Mish(x);
}

/// <summary>Applies max(x, 0) (<c>nn.ReLU</c>).</summary>
public sealed class ReLU : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Relu(x);
}

/// <summary>Applies max(x, 0) squared (<c>nn.ReLU2</c>).</summary>
public sealed class ReLU2 : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Relu2(x);
}

/// <summary>Applies min(max(x, 0), 6) (<c>nn.ReLU6</c>).</summary>
public sealed class ReLU6 : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Relu6(x);
}

/// <summary>Applies exp(x) / sum(exp(x)) along the last axis (<c>nn.Softmax</c>).</summary>
public sealed class Softmax : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Softmax(x);
}

/// <summary>Applies log(1 + exp(x)) (<c>nn.Softplus</c>).</summary>
public sealed class Softplus : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Softplus(x);
}

/// <summary>Applies x / (1 + |x|) (<c>nn.Softsign</c>).</summary>
public sealed class Softsign : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Softsign(x);
}

/// <summary>Applies x * sigmoid(x) (<c>nn.SiLU</c>).</summary>
public sealed class SiLU : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Silu(x);
}

/// <summary>Applies the logarithm of the softmax along the last axis (<c>nn.LogSoftmax</c>).</summary>
public sealed class LogSoftmax : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.LogSoftmax(x);
}

/// <summary>Applies log(sigmoid(x)) (<c>nn.LogSigmoid</c>).</summary>
public sealed class LogSigmoid : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.LogSigmoid(x);
}

/// <summary>Applies the hyperbolic tangent (<c>nn.Tanh</c>).</summary>
public sealed class Tanh : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Tanh(x);
}

/// <summary>Applies x * min(max(x + 3, 0), 6) / 6 (<c>nn.HardSwish</c>).</summary>
public sealed class HardSwish : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.HardSwish(x);
}

/// <summary>Applies the self-normalizing exponential linear unit (<c>nn.SELU</c>).</summary>
public sealed class SELU : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Selu(x);
}

/// <summary>Applies min(max(x, -1), 1) (<c>nn.HardTanh</c>).</summary>
public sealed class HardTanh : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.HardTanh(x);
}

/// <summary>Applies the softmax of -x along the last axis (<c>nn.Softmin</c>).</summary>
public sealed class Softmin : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Softmin(x);
}

/// <summary>Applies max(negativeSlope * x, x) (<c>nn.LeakyReLU</c>).</summary>
/// <param name="negativeSlope">The slope for negative inputs.</param>
public sealed class LeakyReLU(double negativeSlope = 0.01) : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.LeakyRelu(x, negativeSlope);
}

/// <summary>Applies x where x &gt; 0, else alpha * (exp(x) - 1) (<c>nn.ELU</c>).</summary>
/// <param name="alpha">The negative of the limit for large negative inputs.</param>
public sealed class ELU(double alpha = 1.0) : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Elu(x, alpha);
}

/// <summary>Applies max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1) (<c>nn.CELU</c>).</summary>
/// <param name="alpha">The negative of the limit for large negative inputs.</param>
public sealed class CELU(double alpha = 1.0) : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Celu(x, alpha);
}

/// <summary>Applies x - sign(x) * lambd where |x| &gt; lambd, else 0 (<c>nn.Softshrink</c>).</summary>
/// <param name="lambd">The threshold.</param>
public sealed class Softshrink(double lambd = 0.5) : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Softshrink(x, lambd);
}

/// <summary>Applies x where |x| &gt; lambd, else 0 (<c>nn.HardShrink</c>).</summary>
/// <param name="lambd">The threshold.</param>
public sealed class HardShrink(double lambd = 0.5) : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.HardShrink(x, lambd);
}

/// <summary>Applies 1 where x &gt;= threshold, else 0, as int32 (<c>nn.Step</c>).</summary>
/// <param name="threshold">The threshold of the step.</param>
public sealed class Step(double threshold = 0.0) : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Step(x, threshold);
}

/// <summary>Multiplies the first half along an axis by the sigmoid of the second half (<c>nn.GLU</c>).</summary>
/// <param name="axis">The axis to split in half.</param>
public sealed class GLU(int axis = -1) : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Glu(x, axis);
}

/// <summary>How <see cref="GELU"/> is computed.</summary>
public enum GELUApproximation
{
    /// <summary>Exact, with the error function.</summary>
    None,

    /// <summary>The tanh approximation, called <c>precise</c> or <c>tanh</c> in Python.</summary>
    Precise,

    /// <summary>The sigmoid approximation.</summary>
    Fast,
}

/// <summary>The Gaussian error linear unit (<c>nn.GELU</c>).</summary>
/// <param name="approx">How to compute it.</param>
public sealed class GELU(GELUApproximation approx = GELUApproximation.None) : Module, IUnaryModule
{
    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The approximation is unknown.</exception>
    public MlxArray Forward(MlxArray x) => approx switch
    {
        GELUApproximation.None => Activations.Gelu(x),
        GELUApproximation.Precise => Activations.GeluApprox(x),
        GELUApproximation.Fast => Activations.GeluFastApprox(x),
        _ => throw new InvalidOperationException($"Unknown GELU approximation {approx}: use None, Precise, or Fast."),
    };
}

/// <summary>Applies max(x, 0) + weight * min(x, 0) with learned slopes (<c>nn.PReLU</c>).</summary>
public sealed partial class PReLU : Module, IUnaryModule
{
    /// <summary>Creates the layer.</summary>
    /// <param name="numParameters">1, or the size of the last axis for one slope per feature.</param>
    /// <param name="init">The initial slopes.</param>
    public PReLU(int numParameters = 1, double init = 0.25) => Weight = Mx.Full([numParameters], init);

    /// <summary>The slopes, of shape (numParameters,).</summary>
    public MlxArray Weight { get; set => SetArray(ref field, value); }

    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Activations.Prelu(x, Weight);
}
