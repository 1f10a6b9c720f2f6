namespace DotMlx.Optimizers;

/// <summary>
/// RMSprop (Python's <c>RMSprop</c>): <c>v = alpha * v + (1 - alpha) * g^2; w = w - learningRate * g / (sqrt(v) + eps)</c>.
/// State per parameter: <c>v</c>.
/// </summary>
public class RMSprop : Optimizer
{
    private readonly Constant _alpha;
    private readonly Constant _oneMinusAlpha;
    private readonly Constant _eps;

    /// <summary>With a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="alpha">The share of the squared gradients' average that is kept, not negative.</param>
    /// <param name="eps">Added to the denominator, greater than 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="alpha"/> or <paramref name="eps"/> is out of range.</exception>
    public RMSprop(float learningRate, float alpha = 0.99f, float eps = 1e-8f)
        : this(alpha, eps) => MaybeSchedule(LearningRateKey, learningRate);

    /// <summary>With a learning rate on a schedule.</summary>
    /// <inheritdoc cref="RMSprop(float, float, float)"/>
    public RMSprop(Schedule learningRate, float alpha = 0.99f, float eps = 1e-8f)
        : this(alpha, eps) => MaybeSchedule(LearningRateKey, learningRate);

    private RMSprop(float alpha, float eps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(alpha);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(eps);
        (Alpha, Eps) = (alpha, eps);
        _alpha = new Constant(Constant.Exact(alpha));
        _oneMinusAlpha = new Constant(1 - Constant.Exact(alpha));
        _eps = new Constant(Constant.Exact(eps));
    }

    /// <summary>The share of the squared gradients' average that is kept.</summary>
    public float Alpha { get; }

    /// <summary>The number added to the denominator.</summary>
    public float Eps { get; }

    /// <inheritdoc/>
    internal override bool IsElementwise => true;

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state) => Write(state, "v", Graph.ZerosLike(parameter));

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        Value g = Graph.Use(gradient);
        Value v = (_alpha * Read(state, "v")) + (_oneMinusAlpha * g.Square());
        Value result = Graph.Use(parameter) - (LearningRateAs(g.DType) * g / (v.Sqrt() + _eps));
        Write(state, "v", v);
        return Graph.Keep(result);
    }
}
