namespace DotMlx.Optimizers;

/// <summary>
/// Adam with decoupled weight decay (Python's <c>AdamW</c>): <see cref="Adam"/> applied to <c>w * (1 - learningRate * weightDecay)</c>.
/// State per parameter: <c>m</c>, <c>v</c>; Adam and AdamW states are interchangeable.
/// </summary>
public class AdamW : Adam
{
    /// <summary>Creates the optimizer with a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="betas">
    /// The exponential decay rates of the first and second moment estimates, each in [0, 1); (0.9, 0.999) by default.
    /// </param>
    /// <param name="eps">The term added to the denominator for numerical stability, not negative.</param>
    /// <param name="weightDecay">The weight decay, scaled by the learning rate.</param>
    /// <param name="biasCorrection">Whether to correct the bias of the moment estimates; off by default, as in Python.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta or <paramref name="eps"/> is out of range.</exception>
    public AdamW(
        double learningRate, (double Beta1, double Beta2)? betas = null, double eps = 1e-8, double weightDecay = 0.01,
        bool biasCorrection = false)
        : base(learningRate, betas, eps, biasCorrection) => WeightDecay = weightDecay;

    /// <summary>Creates the optimizer with a learning-rate schedule.</summary>
    /// <inheritdoc cref="AdamW(double, ValueTuple{double, double}?, double, double, bool)"/>
    public AdamW(
        Schedule learningRate, (double Beta1, double Beta2)? betas = null, double eps = 1e-8, double weightDecay = 0.01,
        bool biasCorrection = false)
        : base(learningRate, betas, eps, biasCorrection) => WeightDecay = weightDecay;

    /// <summary>The weight decay, scaled by the learning rate.</summary>
    public double WeightDecay { get; set; }

    /// <inheritdoc/>
    internal override string StateKind => nameof(Adam);

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        MlxArray decay = OncePerDType("decay", gradient, () => 1 - (Rate(gradient) * WeightDecay));
        return base.ApplySingle(gradient, parameter * decay, state);
    }
}
