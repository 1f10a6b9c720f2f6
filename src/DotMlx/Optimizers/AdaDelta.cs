namespace DotMlx.Optimizers;

/// <summary>
/// AdaDelta (Python's <c>AdaDelta</c>): <c>v = rho * v + (1 - rho) * g^2; d = sqrt(u + eps) / sqrt(v + eps) * g;
/// u = rho * u + (1 - rho) * d^2; w = w - learningRate * d</c>. State per parameter: <c>v</c>, <c>u</c>.
/// </summary>
public class AdaDelta : Optimizer
{
    /// <summary>Creates the optimizer with a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="rho">The decay rate of the averages of squared gradients and squared updates, not negative.</param>
    /// <param name="eps">The term added under the roots for numerical stability, greater than 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rho"/> or <paramref name="eps"/> is out of range.</exception>
    public AdaDelta(double learningRate, double rho = 0.9, double eps = 1e-6)
        : this(rho, eps) => SetHyperparameter(LearningRateKey, learningRate);

    /// <summary>Creates the optimizer with a learning-rate schedule.</summary>
    /// <inheritdoc cref="AdaDelta(double, double, double)"/>
    public AdaDelta(Schedule learningRate, double rho = 0.9, double eps = 1e-6)
        : this(rho, eps) => SetHyperparameter(LearningRateKey, learningRate);

    private AdaDelta(double rho, double eps) => (Rho, Eps) = (rho, eps);

    /// <summary>The decay rate of the averages of squared gradients and squared updates, not negative.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public double Rho
    {
        get;
        set => field = Checked.NotNegative(value, "rho");
    }

    /// <summary>The term added under the roots for numerical stability, greater than 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value isn't greater than 0.</exception>
    public double Eps
    {
        get;
        set => field = Checked.Positive(value, "eps");
    }

    /// <inheritdoc/>
    protected override bool IsElementwise => true;

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state) => Zeros(parameter, state, "v", "u");

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        MlxArray v = (Rho * state["v"].Array) + ((1 - Rho) * Mx.Square(gradient));
        MlxArray d = Mx.Sqrt(state["u"].Array + Eps) / Mx.Sqrt(v + Eps) * gradient;
        state["v"] = v;
        state["u"] = (Rho * state["u"].Array) + ((1 - Rho) * Mx.Square(d));
        return parameter - (Rate(gradient) * d);
    }
}
