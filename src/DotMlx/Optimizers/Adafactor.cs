namespace DotMlx.Optimizers;

/// <summary>
/// Adafactor (Python's <c>Adafactor</c>, as in MLX 0.32): stores the second moment of an array with two or more dimensions as averages over
/// the rows and columns of the last two axes. State per parameter: <c>exp_avg_sq_row</c> and <c>exp_avg_sq_col</c>, or <c>exp_avg_sq</c>
/// for fewer than two dimensions; also <c>exp_avg</c> if there is a <c>beta1</c>.
/// </summary>
public class Adafactor : Optimizer
{
    /// <summary>Creates the optimizer with a fixed learning rate, or with one that is derived from the step.</summary>
    /// <param name="learningRate">The learning rate; used only if <paramref name="relativeStep"/> is off.</param>
    /// <param name="eps">
    /// The regularization constants of the squared gradient and of the parameter's scale; (1e-30, 1e-3) by default.
    /// </param>
    /// <param name="clipThreshold">The maximum root mean square of an update.</param>
    /// <param name="decayRate">The exponent of the step in the decay rate of the second moment estimate.</param>
    /// <param name="beta1">The exponential decay rate of the first moment estimate; null for none.</param>
    /// <param name="weightDecay">The weight decay, scaled by the learning rate.</param>
    /// <param name="scaleParameter">Whether to scale the learning rate by the root mean square of the parameter.</param>
    /// <param name="relativeStep">Whether to derive the learning rate from the step.</param>
    /// <param name="warmupInit">Whether the derived rate increases with the step at first (warmup).</param>
    public Adafactor(
        double? learningRate = null, (double Eps1, double Eps2)? eps = null, double clipThreshold = 1, double decayRate = -0.8,
        double? beta1 = null, double weightDecay = 0, bool scaleParameter = true, bool relativeStep = true, bool warmupInit = false)
        : this(eps, clipThreshold, decayRate, beta1, weightDecay, scaleParameter, relativeStep, warmupInit)
    {
        if (learningRate is { } rate)
        {
            SetHyperparameter(LearningRateKey, rate);
        }
    }

    /// <summary>Creates the optimizer with a learning-rate schedule.</summary>
    /// <inheritdoc cref="Adafactor(double?, ValueTuple{double, double}?, double, double, double?, double, bool, bool, bool)"/>
    public Adafactor(
        Schedule learningRate, (double Eps1, double Eps2)? eps = null, double clipThreshold = 1, double decayRate = -0.8,
        double? beta1 = null, double weightDecay = 0, bool scaleParameter = true, bool relativeStep = true, bool warmupInit = false)
        : this(eps, clipThreshold, decayRate, beta1, weightDecay, scaleParameter, relativeStep, warmupInit) =>
        SetHyperparameter(LearningRateKey, learningRate);

    private Adafactor(
        (double Eps1, double Eps2)? eps, double clipThreshold, double decayRate, double? beta1, double weightDecay, bool scaleParameter,
        bool relativeStep, bool warmupInit)
    {
        Eps = eps ?? (1e-30, 1e-3);
        (ClipThreshold, DecayRate, Beta1, WeightDecay) = (clipThreshold, decayRate, beta1, weightDecay);
        (ScaleParameter, RelativeStep, WarmupInit) = (scaleParameter, relativeStep, warmupInit);
    }

    /// <summary>The regularization constants of the squared gradient and of the parameter's scale.</summary>
    public (double Eps1, double Eps2) Eps { get; set; }

    /// <summary>The maximum root mean square of an update.</summary>
    public double ClipThreshold { get; set; }

    /// <summary>The exponent of the step in the decay rate of the second moment estimate.</summary>
    public double DecayRate { get; set; }

    /// <summary>The exponential decay rate of the first moment estimate; null for none.</summary>
    public double? Beta1 { get; set; }

    /// <summary>The weight decay, scaled by the learning rate.</summary>
    public double WeightDecay { get; set; }

    /// <summary>Whether the learning rate is scaled by the root mean square of the parameter.</summary>
    public bool ScaleParameter { get; set; }

    /// <summary>Whether the learning rate is derived from the step.</summary>
    public bool RelativeStep { get; set; }

    /// <summary>Whether the derived rate increases with the step at first (warmup).</summary>
    public bool WarmupInit { get; set; }

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state)
    {
        ReadOnlySpan<int> shape = parameter.Shape;
        if (shape.Length >= 2)
        {
            state["exp_avg_sq_row"] = Mx.Zeros(shape[..^1], parameter.DType);
            state["exp_avg_sq_col"] = Mx.Zeros([.. shape[..^2], shape[^1]], parameter.DType);
        }
        else
        {
            state["exp_avg_sq"] = Mx.ZerosLike(parameter);
        }

        if (Beta1 is not null)
        {
            state["exp_avg"] = Mx.ZerosLike(parameter);
        }
    }

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        MlxArray scale = RootMeanSquare(parameter);
        MlxArray rate = RelativeStep ? OncePerDType("relative_step", scale, RelativeStepSize) : Rate(scale);
        if (ScaleParameter)
        {
            rate = Mx.Maximum(scale, Eps.Eps2) * rate;
        }

        MlxArray beta2 = OncePerDType("beta2", scale, () => 1 - Mx.Power(Step, DecayRate).AsType(scale.DType));
        MlxArray square = Mx.Square(gradient) + Eps.Eps1;
        MlxArray update;
        if (gradient.NDim >= 2)
        {
            MlxArray row = (beta2 * state["exp_avg_sq_row"].Array) + ((1 - beta2) * Mx.Mean(square, axis: -1));
            MlxArray column = (beta2 * state["exp_avg_sq_col"].Array) + ((1 - beta2) * Mx.Mean(square, axis: -2));
            MlxArray rowFactor = Mx.Rsqrt(row / Mx.Mean(row, axis: -1, keepdims: true));
            update = Mx.ExpandDims(rowFactor, -1) * Mx.ExpandDims(Mx.Rsqrt(column), -2) * gradient;
            state["exp_avg_sq_row"] = row;
            state["exp_avg_sq_col"] = column;
        }
        else
        {
            MlxArray average = (beta2 * state["exp_avg_sq"].Array) + ((1 - beta2) * square);
            update = Mx.Rsqrt(average) * gradient;
            state["exp_avg_sq"] = average;
        }

        update = rate * (update / Mx.Maximum(RootMeanSquare(update) / ClipThreshold, 1.0));
        if (Beta1 is { } beta1)
        {
            update = (beta1 * state["exp_avg"].Array) + ((1 - beta1) * update);
            state["exp_avg"] = update;
        }

        MlxArray w = WeightDecay == 0 ? parameter : parameter + (parameter * (-WeightDecay * rate));
        return w - update;
    }

    private static MlxArray RootMeanSquare(MlxArray x) => Mx.Sqrt(Mx.Mean(Mx.Square(x)));

    private MlxArray RelativeStepSize()
    {
        MlxArray inverseRoot = Mx.Rsqrt(Step);
        return WarmupInit ? Mx.Minimum(1e-6 * Step, inverseRoot) : Mx.Minimum(inverseRoot, 1e-2);
    }
}
