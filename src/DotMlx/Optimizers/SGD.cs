namespace DotMlx.Optimizers;

/// <summary>
/// Stochastic gradient descent with momentum, Nesterov momentum, dampening and weight decay (Python's <c>SGD</c>):
/// <c>v = momentum * v + (1 - dampening) * g; w = w - learningRate * v</c>. State per parameter: <c>v</c>.
/// </summary>
public class SGD : Optimizer
{
    private readonly Constant _momentum;
    private readonly Constant _weightDecay;
    private readonly Constant _gain;

    /// <summary>With a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="momentum">The share of the last update that is kept.</param>
    /// <param name="weightDecay">The share of the parameter that is added to its gradient.</param>
    /// <param name="dampening">How much of the gradient is held back from the momentum.</param>
    /// <param name="nesterov">Looks ahead along the momentum; wants a momentum and no dampening.</param>
    /// <exception cref="ArgumentException"><paramref name="nesterov"/> without momentum or with dampening.</exception>
    public SGD(float learningRate, float momentum = 0f, float weightDecay = 0f, float dampening = 0f, bool nesterov = false)
        : this(momentum, weightDecay, dampening, nesterov) => MaybeSchedule(LearningRateKey, learningRate);

    /// <summary>With a learning rate on a schedule.</summary>
    /// <inheritdoc cref="SGD(float, float, float, float, bool)"/>
    public SGD(Schedule learningRate, float momentum = 0f, float weightDecay = 0f, float dampening = 0f, bool nesterov = false)
        : this(momentum, weightDecay, dampening, nesterov) => MaybeSchedule(LearningRateKey, learningRate);

    private SGD(float momentum, float weightDecay, float dampening, bool nesterov)
    {
        if (nesterov && (momentum <= 0 || dampening != 0))
        {
            throw new ArgumentException(
                $"Nesterov momentum requires a momentum and zero dampening, but momentum is {momentum} and dampening {dampening}.",
                nameof(nesterov));
        }

        (Momentum, WeightDecay, Dampening, Nesterov) = (momentum, weightDecay, dampening, nesterov);
        _momentum = new Constant(Constant.Exact(momentum));
        _weightDecay = new Constant(Constant.Exact(weightDecay));
        _gain = new Constant(1 - Constant.Exact(dampening));
    }

    /// <summary>The share of the last update that is kept.</summary>
    public float Momentum { get; }

    /// <summary>The share of the parameter that is added to its gradient.</summary>
    public float WeightDecay { get; }

    /// <summary>How much of the gradient is held back from the momentum.</summary>
    public float Dampening { get; }

    /// <summary>Whether it looks ahead along the momentum.</summary>
    public bool Nesterov { get; }

    /// <inheritdoc/>
    internal override bool IsElementwise => true;

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state) => Write(state, "v", Graph.ZerosLike(parameter));

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        Value g = Graph.Use(gradient);
        Value w = Graph.Use(parameter);
        if (WeightDecay != 0)
        {
            g += _weightDecay * w;
        }

        if (Momentum <= 0)
        {
            return Graph.Keep(w - (LearningRateAs(g.DType) * g));
        }

        Value v = _momentum * Read(state, "v");
        v += Dampening > 0 ? _gain * g : g;
        Value update = Nesterov ? g + (_momentum * v) : v;
        Value result = w - (LearningRateAs(g.DType) * update);
        Write(state, "v", v);
        return Graph.Keep(result);
    }
}
