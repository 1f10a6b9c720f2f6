namespace DotMlx.Optimizers;

/// <summary>
/// Adam (Python's <c>Adam</c>): <c>m = b1 * m + (1 - b1) * g; v = b2 * v + (1 - b2) * g^2; w = w - learningRate * m / (sqrt(v) + eps)</c>,
/// with the bias of the averages corrected on demand. State per parameter: <c>m</c>, <c>v</c>.
/// </summary>
public class Adam : Optimizer
{
    private readonly Constant _beta1;
    private readonly Constant _beta2;
    private readonly Constant _oneMinusBeta1;
    private readonly Constant _oneMinusBeta2;
    private readonly Constant _one = new(1.0);
    private readonly Constant _eps;
    private readonly PerType _correctedRate;
    private readonly PerType _rootCorrection;

    /// <summary>With a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="betas">The shares of the gradients' and of the squared gradients' averages that are kept, each in [0, 1); (0.9, 0.999) by default.</param>
    /// <param name="eps">Added to the denominator, not negative.</param>
    /// <param name="biasCorrection">Corrects the averages for their start at zero; off by default, as in Python.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta or <paramref name="eps"/> is out of range.</exception>
    public Adam(float learningRate, (float, float)? betas = null, float eps = 1e-8f, bool biasCorrection = false)
        : this(betas, eps, biasCorrection) => MaybeSchedule(LearningRateKey, learningRate);

    /// <summary>With a learning rate on a schedule.</summary>
    /// <inheritdoc cref="Adam(float, ValueTuple{float, float}?, float, bool)"/>
    public Adam(Schedule learningRate, (float, float)? betas = null, float eps = 1e-8f, bool biasCorrection = false)
        : this(betas, eps, biasCorrection) => MaybeSchedule(LearningRateKey, learningRate);

    private Adam((float, float)? betas, float eps, bool biasCorrection)
    {
        Betas = betas ?? (0.9f, 0.999f);
        CheckBetas(Betas);
        ArgumentOutOfRangeException.ThrowIfNegative(eps);
        (Eps, BiasCorrection) = (eps, biasCorrection);
        double beta1 = Constant.Exact(Betas.Item1);
        double beta2 = Constant.Exact(Betas.Item2);
        (_beta1, _oneMinusBeta1) = (new Constant(beta1), new Constant(1 - beta1));
        (_beta2, _oneMinusBeta2) = (new Constant(beta2), new Constant(1 - beta2));
        _eps = new Constant(Constant.Exact(eps));
        _correctedRate = OncePerType((x, dtype) =>
        {
            Value step = StepIn(x);
            return (LearningRateAs(dtype) / (_one - step.Beside(_beta1).Power(step))).AsType(dtype);
        });
        _rootCorrection = OncePerType((x, dtype) =>
        {
            Value step = StepIn(x);
            return (_one - step.Beside(_beta2).Power(step)).Rsqrt().AsType(dtype);
        });
    }

    /// <summary>The shares of the gradients' and of the squared gradients' averages that are kept.</summary>
    public (float, float) Betas { get; }

    /// <summary>The number added to the denominator.</summary>
    public float Eps { get; }

    /// <summary>Whether the averages are corrected for their start at zero.</summary>
    public bool BiasCorrection { get; }

    /// <inheritdoc/>
    internal override bool IsElementwise => true;

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state)
    {
        Write(state, "m", Graph.ZerosLike(parameter));
        Write(state, "v", Graph.ZerosLike(parameter));
    }

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state) =>
        Graph.Keep(Apply(Graph.Use(gradient), Graph.Use(parameter), state));

    /// <summary>The new value of a parameter that may have been decayed before.</summary>
    private protected virtual Value Apply(Value g, Value w, TreeDictionary state)
    {
        Value m = AverageGradient(g, state);
        Value v = (_beta2 * Read(state, "v")) + (_oneMinusBeta2 * g.Square());
        DType dtype = g.DType;
        Value result = BiasCorrection
            ? w - (Get(_correctedRate, dtype) * m / ((v.Sqrt() * Get(_rootCorrection, dtype)) + _eps))
            : w - (LearningRateAs(dtype) * m / (v.Sqrt() + _eps));
        Write(state, "m", m);
        Write(state, "v", v);
        return result;
    }

    private protected Value AverageGradient(Value g, TreeDictionary state) => (_beta1 * Read(state, "m")) + (_oneMinusBeta1 * g);

    internal static void CheckBetas((float, float) betas)
    {
        if (betas.Item1 is not (>= 0 and < 1) || betas.Item2 is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(betas), betas, "Each beta must be in [0, 1).");
        }
    }
}
