namespace DotMlx.Optimizers;

/// <summary>
/// Adafactor (Python's <c>Adafactor</c>, as of MLX 0.32): keeps the second moment of arrays of two or more dimensions as one
/// average per row and one per column of the last two axes. State per parameter: <c>exp_avg_sq_row</c> and <c>exp_avg_sq_col</c>,
/// or <c>exp_avg_sq</c> below two dimensions; <c>exp_avg</c> when there is a <c>beta1</c>.
/// </summary>
public class Adafactor : Optimizer
{
    private readonly Constant _one = new(1.0);
    private readonly Constant _eps1;
    private readonly Constant _eps2;
    private readonly Constant _clipThreshold;
    private readonly Constant _decayRate;
    private readonly Constant _beta1;
    private readonly Constant _oneMinusBeta1;
    private readonly Constant _minusWeightDecay;
    private readonly Constant _warmup = new(1e-6);
    private readonly Constant _greatestRelativeStep = new(1e-2);
    private readonly PerType _relativeStep;
    private readonly PerType _beta2;
    private readonly PerType _oneMinusBeta2;

    /// <summary>With a fixed learning rate, or with one that follows from the step.</summary>
    /// <param name="learningRate">The learning rate; used when <paramref name="relativeStep"/> is off.</param>
    /// <param name="eps">Regularises the square of the gradients, and the scale of the parameter; (1e-30, 1e-3) by default.</param>
    /// <param name="clipThreshold">The greatest root mean square of an update.</param>
    /// <param name="decayRate">The exponent of the step that gives the decay of the second moment.</param>
    /// <param name="beta1">The share of the updates' average that is kept; none means no such average.</param>
    /// <param name="weightDecay">The share of a parameter, times its learning rate, that every update takes away.</param>
    /// <param name="scaleParameter">Scales the learning rate by the root mean square of the parameter.</param>
    /// <param name="relativeStep">Derives the learning rate from the step.</param>
    /// <param name="warmupInit">Lets the derived rate grow with the step at first.</param>
    public Adafactor(
        float? learningRate = null,
        (float, float)? eps = null,
        float clipThreshold = 1f,
        float decayRate = -0.8f,
        float? beta1 = null,
        float weightDecay = 0f,
        bool scaleParameter = true,
        bool relativeStep = true,
        bool warmupInit = false)
        : this(eps, clipThreshold, decayRate, beta1, weightDecay, scaleParameter, relativeStep, warmupInit)
    {
        if (learningRate is { } rate)
        {
            MaybeSchedule(LearningRateKey, rate);
        }
    }

    /// <summary>With a learning rate on a schedule.</summary>
    /// <inheritdoc cref="Adafactor(float?, ValueTuple{float, float}?, float, float, float?, float, bool, bool, bool)"/>
    public Adafactor(
        Schedule learningRate,
        (float, float)? eps = null,
        float clipThreshold = 1f,
        float decayRate = -0.8f,
        float? beta1 = null,
        float weightDecay = 0f,
        bool scaleParameter = true,
        bool relativeStep = true,
        bool warmupInit = false)
        : this(eps, clipThreshold, decayRate, beta1, weightDecay, scaleParameter, relativeStep, warmupInit) =>
        MaybeSchedule(LearningRateKey, learningRate);

    private Adafactor(
        (float, float)? eps, float clipThreshold, float decayRate, float? beta1, float weightDecay, bool scaleParameter, bool relativeStep, bool warmupInit)
    {
        Eps = eps ?? (1e-30f, 1e-3f);
        (ClipThreshold, DecayRate, Beta1, WeightDecay) = (clipThreshold, decayRate, beta1, weightDecay);
        (ScaleParameter, RelativeStep, WarmupInit) = (scaleParameter, relativeStep, warmupInit);
        (_eps1, _eps2) = (new Constant(Constant.Exact(Eps.Item1)), new Constant(Constant.Exact(Eps.Item2)));
        _clipThreshold = new Constant(Constant.Exact(clipThreshold));
        _decayRate = new Constant(Constant.Exact(decayRate));
        _beta1 = new Constant(Constant.Exact(beta1 ?? 0));
        _oneMinusBeta1 = new Constant(1 - Constant.Exact(beta1 ?? 0));
        _minusWeightDecay = new Constant(-Constant.Exact(weightDecay));
        _relativeStep = OncePerType(RelativeStepAs);
        _beta2 = OncePerType((x, dtype) => _one - StepIn(x).Power(_decayRate).AsType(dtype));
        _oneMinusBeta2 = OncePerType((_, dtype) => _one - Get(_beta2!, dtype));
    }

    /// <summary>Regularises the square of the gradients, and the scale of the parameter.</summary>
    public (float, float) Eps { get; }

    /// <summary>The greatest root mean square of an update.</summary>
    public float ClipThreshold { get; }

    /// <summary>The exponent of the step that gives the decay of the second moment.</summary>
    public float DecayRate { get; }

    /// <summary>The share of the updates' average that is kept, if there is one.</summary>
    public float? Beta1 { get; }

    /// <summary>The share of a parameter, times its learning rate, that every update takes away.</summary>
    public float WeightDecay { get; }

    /// <summary>Whether the learning rate is scaled by the root mean square of the parameter.</summary>
    public bool ScaleParameter { get; }

    /// <summary>Whether the learning rate is derived from the step.</summary>
    public bool RelativeStep { get; }

    /// <summary>Whether the derived rate grows with the step at first.</summary>
    public bool WarmupInit { get; }

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ReadOnlySpan<int> shape = parameter.Shape;
        if (shape.Length >= 2)
        {
            Write(state, "exp_avg_sq_row", Graph.Zeros(shape[..^1], parameter.DType));
            Write(state, "exp_avg_sq_col", Graph.Zeros([.. shape[..^2], shape[^1]], parameter.DType));
        }
        else
        {
            Write(state, "exp_avg_sq", Graph.ZerosLike(parameter));
        }

        if (Beta1 is not null)
        {
            Write(state, "exp_avg", Graph.ZerosLike(parameter));
        }
    }

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        Value g = Graph.Use(gradient);
        Value w = Graph.Use(parameter);
        Value scale = RootMeanSquare(w);
        DType dtype = scale.DType;
        Value rate = Get(_relativeStep, dtype);
        if (ScaleParameter)
        {
            rate = scale.Maximum(_eps2) * rate;
        }

        Value beta2 = Get(_beta2, dtype);
        Value oneMinusBeta2 = Get(_oneMinusBeta2, dtype);
        Value square = g.Square() + _eps1;
        Value update;
        if (g.NDim >= 2)
        {
            Value row = (beta2 * Read(state, "exp_avg_sq_row")) + (oneMinusBeta2 * square.Mean(-1));
            Value column = (beta2 * Read(state, "exp_avg_sq_col")) + (oneMinusBeta2 * square.Mean(-2));
            Value rowFactor = (row / row.Mean(-1, keepdims: true)).Rsqrt().ExpandDims(-1);
            update = rowFactor * column.Rsqrt().ExpandDims(-2) * g;
            Write(state, "exp_avg_sq_row", row);
            Write(state, "exp_avg_sq_col", column);
        }
        else
        {
            Value average = (beta2 * Read(state, "exp_avg_sq")) + (oneMinusBeta2 * square);
            update = average.Rsqrt() * g;
            Write(state, "exp_avg_sq", average);
        }

        update = rate * (update / (RootMeanSquare(update) / _clipThreshold).Maximum(_one));
        if (Beta1 is not null)
        {
            update = (_beta1 * Read(state, "exp_avg")) + (_oneMinusBeta1 * update);
        }

        if (WeightDecay != 0)
        {
            w += w * (_minusWeightDecay * rate);
        }

        Value result = w - update;
        if (Beta1 is not null)
        {
            Write(state, "exp_avg", update);
        }

        return Graph.Keep(result);
    }

    private static Value RootMeanSquare(Value x) => x.Square().Mean().Sqrt();

    private Value RelativeStepAs(Arithmetic x, DType dtype)
    {
        if (!RelativeStep)
        {
            return LearningRateAs(dtype);
        }

        Value step = StepIn(x);
        Value inverseRoot = step.Rsqrt();
        Value bounded = WarmupInit ? (_warmup * step).Minimum(inverseRoot) : inverseRoot.Minimum(_greatestRelativeStep);
        return bounded.AsType(dtype);
    }
}
