namespace DotMlx.Optimizers;

/// <summary>
/// Lion (Python's <c>Lion</c>): <c>c = b1 * m + (1 - b1) * g; m = b2 * m + (1 - b2) * g; w = (1 - learningRate * weightDecay) * w -
/// learningRate * sign(c)</c>. State per parameter: <c>m</c>. Use a learning rate 3 to 10 times smaller than for Adam, and a weight decay
/// larger by the same factor.
/// </summary>
public class Lion : Optimizer
{
    /// <summary>Creates the optimizer with a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="betas">
    /// The decay rates of the momentum for the update direction and for the state, each in [0, 1); (0.9, 0.99) by default.
    /// </param>
    /// <param name="weightDecay">The weight decay, scaled by the learning rate.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta is out of range.</exception>
    public Lion(double learningRate, (double Beta1, double Beta2)? betas = null, double weightDecay = 0)
        : this(betas, weightDecay) => SetHyperparameter(LearningRateKey, learningRate);

    /// <summary>Creates the optimizer with a learning-rate schedule.</summary>
    /// <inheritdoc cref="Lion(double, ValueTuple{double, double}?, double)"/>
    public Lion(Schedule learningRate, (double Beta1, double Beta2)? betas = null, double weightDecay = 0)
        : this(betas, weightDecay) => SetHyperparameter(LearningRateKey, learningRate);

    private Lion((double Beta1, double Beta2)? betas, double weightDecay) => (Betas, WeightDecay) = (betas ?? (0.9, 0.99), weightDecay);

    /// <summary>The decay rates of the momentum for the update direction and for the state, each in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">A beta is out of range.</exception>
    public (double Beta1, double Beta2) Betas
    {
        get;
        set => field = Checked.Betas(value);
    }

    /// <summary>The weight decay, scaled by the learning rate.</summary>
    public double WeightDecay { get; set; }

    /// <inheritdoc/>
    protected override bool IsElementwise => true;

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state) => Zeros(parameter, state, "m");

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        (double beta1, double beta2) = Betas;
        MlxArray c = (beta1 * state["m"].Array) + ((1 - beta1) * gradient);
        state["m"] = (beta2 * state["m"].Array) + ((1 - beta2) * gradient);
        MlxArray w = WeightDecay > 0
            ? OncePerDType("decay", gradient, () => 1 - (Rate(gradient) * WeightDecay)) * parameter
            : parameter;
        return w - (Rate(gradient) * Mx.Sign(c));
    }
}
