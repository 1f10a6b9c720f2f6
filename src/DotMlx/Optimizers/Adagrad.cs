namespace DotMlx.Optimizers;

/// <summary>
/// Adagrad (Python's <c>Adagrad</c>): <c>v = v + g^2; w = w - learningRate * g / (sqrt(v) + eps)</c>.
/// State per parameter: <c>v</c>.
/// </summary>
public class Adagrad : Optimizer
{
    /// <summary>Creates the optimizer with a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="eps">The term added to the denominator for numerical stability, greater than 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> isn't greater than 0.</exception>
    public Adagrad(double learningRate, double eps = 1e-8)
    {
        Eps = eps;
        SetHyperparameter(LearningRateKey, learningRate);
    }

    /// <summary>Creates the optimizer with a learning-rate schedule.</summary>
    /// <inheritdoc cref="Adagrad(double, double)"/>
    public Adagrad(Schedule learningRate, double eps = 1e-8)
    {
        Eps = eps;
        SetHyperparameter(LearningRateKey, learningRate);
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
        MlxArray v = state["v"].Array + Mx.Square(gradient);
        state["v"] = v;
        return parameter - (Rate(gradient) * gradient / (Mx.Sqrt(v) + Eps));
    }
}
