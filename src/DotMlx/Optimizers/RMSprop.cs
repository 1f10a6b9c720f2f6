namespace DotMlx.Optimizers;

/// <summary>
/// RMSprop (Python's <c>RMSprop</c>): <c>v = alpha * v + (1 - alpha) * g^2; w = w - learningRate * g / (sqrt(v) + eps)</c>.
/// State per parameter: <c>v</c>.
/// </summary>
public class RMSprop : Optimizer
{
    /// <summary>Creates the optimizer with a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="alpha">The smoothing constant: the decay rate of the average of squared gradients, not negative.</param>
    /// <param name="eps">The term added to the denominator for numerical stability, greater than 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="alpha"/> or <paramref name="eps"/> is out of range.</exception>
    public RMSprop(double learningRate, double alpha = 0.99, double eps = 1e-8)
        : this(alpha, eps) => SetHyperparameter(LearningRateKey, learningRate);

    /// <summary>Creates the optimizer with a learning-rate schedule.</summary>
    /// <inheritdoc cref="RMSprop(double, double, double)"/>
    public RMSprop(Schedule learningRate, double alpha = 0.99, double eps = 1e-8)
        : this(alpha, eps) => SetHyperparameter(LearningRateKey, learningRate);

    private RMSprop(double alpha, double eps) => (Alpha, Eps) = (alpha, eps);

    /// <summary>The smoothing constant: the decay rate of the average of squared gradients, not negative.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public double Alpha
    {
        get;
        set => field = Checked.NotNegative(value, "alpha");
    }

    /// <summary>The term added to the denominator for numerical stability, greater than 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value isn't greater than 0.</exception>
    public double Eps
    {
        get;
        set => field = Checked.Positive(value, "eps");
    }

    /// <inheritdoc/>
    protected override bool IsElementwise => true;

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state) => Zeros(parameter, state, "v");

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        MlxArray v = (Alpha * state["v"].Array) + ((1 - Alpha) * Mx.Square(gradient));
        state["v"] = v;
        return parameter - (Rate(gradient) * gradient / (Mx.Sqrt(v) + Eps));
    }
}
