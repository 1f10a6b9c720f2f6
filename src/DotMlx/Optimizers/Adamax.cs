namespace DotMlx.Optimizers;

/// <summary>
/// Adamax, which is Adam with the infinity norm (Python's <c>Adamax</c>): <c>m = b1 * m + (1 - b1) * g; v = max(b2 * v, |g|);
/// w = w - learningRate * m / (v + eps)</c>, without bias correction. State per parameter: <c>m</c>, <c>v</c>.
/// </summary>
public class Adamax : Adam
{
    /// <summary>Creates the optimizer with a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="betas">
    /// The exponential decay rates of the first moment estimate and of the infinity norm, each in [0, 1); (0.9, 0.999) by default.
    /// </param>
    /// <param name="eps">The term added to the denominator for numerical stability, not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta or <paramref name="eps"/> is out of range.</exception>
    public Adamax(double learningRate, (double Beta1, double Beta2)? betas = null, double eps = 1e-8)
        : base(learningRate, betas, eps)
    {
    }

    /// <summary>Creates the optimizer with a learning-rate schedule.</summary>
    /// <inheritdoc cref="Adamax(double, ValueTuple{double, double}?, double)"/>
    public Adamax(Schedule learningRate, (double Beta1, double Beta2)? betas = null, double eps = 1e-8)
        : base(learningRate, betas, eps)
    {
    }

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        (double beta1, double beta2) = Betas;
        MlxArray m = (beta1 * state["m"].Array) + ((1 - beta1) * gradient);
        MlxArray v = Mx.Maximum(beta2 * state["v"].Array, Mx.Abs(gradient));
        state["m"] = m;
        state["v"] = v;
        return parameter - (Rate(gradient) * m / (v + Eps));
    }
}
