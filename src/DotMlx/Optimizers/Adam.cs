namespace DotMlx.Optimizers;

/// <summary>
/// Adam (Python's <c>Adam</c>): <c>m = b1 * m + (1 - b1) * g; v = b2 * v + (1 - b2) * g^2; w = w - learningRate * m / (sqrt(v) + eps)</c>,
/// with optional bias correction of the moment estimates. State per parameter: <c>m</c>, <c>v</c>.
/// </summary>
public class Adam : Optimizer
{
    /// <summary>Creates the optimizer with a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="betas">
    /// The exponential decay rates of the first and second moment estimates, each in [0, 1); (0.9, 0.999) by default.
    /// </param>
    /// <param name="eps">The term added to the denominator for numerical stability, not negative.</param>
    /// <param name="biasCorrection">Whether to correct the bias of the moment estimates; off by default, as in Python.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta or <paramref name="eps"/> is out of range.</exception>
    public Adam(double learningRate, (double Beta1, double Beta2)? betas = null, double eps = 1e-8, bool biasCorrection = false)
        : this(betas, eps, biasCorrection) => SetHyperparameter(LearningRateKey, learningRate);

    /// <summary>Creates the optimizer with a learning-rate schedule.</summary>
    /// <inheritdoc cref="Adam(double, ValueTuple{double, double}?, double, bool)"/>
    public Adam(Schedule learningRate, (double Beta1, double Beta2)? betas = null, double eps = 1e-8, bool biasCorrection = false)
        : this(betas, eps, biasCorrection) => SetHyperparameter(LearningRateKey, learningRate);

    private Adam((double Beta1, double Beta2)? betas, double eps, bool biasCorrection) =>
        (Betas, Eps, BiasCorrection) = (betas ?? (0.9, 0.999), eps, biasCorrection);

    /// <summary>The exponential decay rates of the first and second moment estimates, each in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">A beta is out of range.</exception>
    public (double Beta1, double Beta2) Betas
    {
        get;
        set => field = Checked.Betas(value);
    }

    /// <summary>The term added to the denominator for numerical stability, not negative.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public double Eps
    {
        get;
        set => field = Checked.NotNegative(value, "eps");
    }

    /// <summary>Whether the bias of the moment estimates is corrected.</summary>
    public bool BiasCorrection { get; set; }

    /// <inheritdoc/>
    protected override bool IsElementwise => true;

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state) => Zeros(parameter, state, "m", "v");

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        (double beta1, double beta2) = Betas;
        MlxArray m = (beta1 * state["m"].Array) + ((1 - beta1) * gradient);
        MlxArray v = (beta2 * state["v"].Array) + ((1 - beta2) * Mx.Square(gradient));
        state["m"] = m;
        state["v"] = v;
        return BiasCorrection
            ? parameter - (CorrectedRate(gradient) * m / ((Mx.Sqrt(v) * RootCorrection(gradient)) + Eps))
            : parameter - (Rate(gradient) * m / (Mx.Sqrt(v) + Eps));
    }

    private MlxArray CorrectedRate(MlxArray gradient) =>
        OncePerDType("corrected_rate", gradient, () => Rate(gradient) / (1 - Mx.Power(Betas.Beta1, Step)));

    private MlxArray RootCorrection(MlxArray gradient) =>
        OncePerDType("root_correction", gradient, () => Mx.Rsqrt(1 - Mx.Power(Betas.Beta2, Step)));
}
