namespace DotMlx.Optimizers;

/// <summary>
/// Adamax, Adam with the infinity norm (Python's <c>Adamax</c>): <c>m = b1 * m + (1 - b1) * g; v = max(b2 * v, |g|);
/// w = w - learningRate * m / (v + eps)</c>, never bias-corrected. State per parameter: <c>m</c>, <c>v</c>.
/// </summary>
public class Adamax : Adam
{
    private readonly Constant _beta2;
    private readonly Constant _eps;

    /// <summary>With a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="betas">The share of the gradients' average that is kept and the decay of the norm, each in [0, 1); (0.9, 0.999) by default.</param>
    /// <param name="eps">Added to the denominator, not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta or <paramref name="eps"/> is out of range.</exception>
    public Adamax(float learningRate, (float, float)? betas = null, float eps = 1e-8f)
        : base(learningRate, betas, eps) => (_beta2, _eps) = Constants();

    /// <summary>With a learning rate on a schedule.</summary>
    /// <inheritdoc cref="Adamax(float, ValueTuple{float, float}?, float)"/>
    public Adamax(Schedule learningRate, (float, float)? betas = null, float eps = 1e-8f)
        : base(learningRate, betas, eps) => (_beta2, _eps) = Constants();

    private protected override Value Apply(Value g, Value w, TreeDictionary state)
    {
        Value m = AverageGradient(g, state);
        Value v = (_beta2 * Read(state, "v")).Maximum(g.Abs());
        Value result = w - (LearningRateAs(g.DType) * m / (v + _eps));
        Write(state, "m", m);
        Write(state, "v", v);
        return result;
    }

    private (Constant Beta2, Constant Eps) Constants() =>
        (new Constant(Constant.Exact(Betas.Item2)), new Constant(Constant.Exact(Eps)));
}
