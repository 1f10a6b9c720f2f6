namespace DotMlx.Optimizers;

/// <summary>
/// Lion (Python's <c>Lion</c>): <c>c = b1 * m + (1 - b1) * g; m = b2 * m + (1 - b2) * g; w = (1 - learningRate * weightDecay) * w - learningRate * sign(c)</c>.
/// State per parameter: <c>m</c>. Wants a learning rate 3 to 10 times smaller than Adam's, and a weight decay as much larger.
/// </summary>
public class Lion : Optimizer
{
    private readonly Constant _beta1;
    private readonly Constant _beta2;
    private readonly Constant _oneMinusBeta1;
    private readonly Constant _oneMinusBeta2;
    private readonly Constant _one = new(1.0);
    private readonly PerType _decay;

    /// <summary>With a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="betas">The shares of the momentum that are kept, for the direction and for the state, each in [0, 1); (0.9, 0.99) by default.</param>
    /// <param name="weightDecay">The share of a parameter, times the learning rate, that every update takes away.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta is out of range.</exception>
    public Lion(float learningRate, (float, float)? betas = null, float weightDecay = 0f)
        : this(betas, weightDecay) => MaybeSchedule(LearningRateKey, learningRate);

    /// <summary>With a learning rate on a schedule.</summary>
    /// <inheritdoc cref="Lion(float, ValueTuple{float, float}?, float)"/>
    public Lion(Schedule learningRate, (float, float)? betas = null, float weightDecay = 0f)
        : this(betas, weightDecay) => MaybeSchedule(LearningRateKey, learningRate);

    private Lion((float, float)? betas, float weightDecay)
    {
        Betas = betas ?? (0.9f, 0.99f);
        Adam.CheckBetas(Betas);
        WeightDecay = weightDecay;
        double beta1 = Constant.Exact(Betas.Item1);
        double beta2 = Constant.Exact(Betas.Item2);
        (_beta1, _oneMinusBeta1) = (new Constant(beta1), new Constant(1 - beta1));
        (_beta2, _oneMinusBeta2) = (new Constant(beta2), new Constant(1 - beta2));
        Constant constant = new(Constant.Exact(weightDecay));
        _decay = OncePerType((_, dtype) => _one - (LearningRateAs(dtype) * constant));
    }

    /// <summary>The shares of the momentum that are kept, for the direction and for the state.</summary>
    public (float, float) Betas { get; }

    /// <summary>The share of a parameter, times the learning rate, that every update takes away.</summary>
    public float WeightDecay { get; }

    /// <inheritdoc/>
    internal override bool IsElementwise => true;

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state) => Write(state, "m", Graph.ZerosLike(parameter));

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        Value g = Graph.Use(gradient);
        Value w = Graph.Use(parameter);
        Value m = Read(state, "m");
        Value c = (_beta1 * m) + (_oneMinusBeta1 * g);
        m = (_beta2 * m) + (_oneMinusBeta2 * g);
        DType dtype = g.DType;
        if (WeightDecay > 0)
        {
            w = Get(_decay, dtype) * w;
        }

        Value result = w - (LearningRateAs(dtype) * c.Sign());
        Write(state, "m", m);
        return Graph.Keep(result);
    }
}
