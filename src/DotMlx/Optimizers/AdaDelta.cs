namespace DotMlx.Optimizers;

/// <summary>
/// AdaDelta (Python's <c>AdaDelta</c>): <c>v = rho * v + (1 - rho) * g^2; d = sqrt(u + eps) / sqrt(v + eps) * g;
/// u = rho * u + (1 - rho) * d^2; w = w - learningRate * d</c>. State per parameter: <c>v</c>, <c>u</c>.
/// </summary>
public class AdaDelta : Optimizer
{
    private readonly Constant _rho;
    private readonly Constant _oneMinusRho;
    private readonly Constant _eps;

    /// <summary>With a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="rho">The share of the averages that is kept, not negative.</param>
    /// <param name="eps">Added under the roots, greater than 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rho"/> or <paramref name="eps"/> is out of range.</exception>
    public AdaDelta(float learningRate, float rho = 0.9f, float eps = 1e-6f)
        : this(rho, eps) => MaybeSchedule(LearningRateKey, learningRate);

    /// <summary>With a learning rate on a schedule.</summary>
    /// <inheritdoc cref="AdaDelta(float, float, float)"/>
    public AdaDelta(Schedule learningRate, float rho = 0.9f, float eps = 1e-6f)
        : this(rho, eps) => MaybeSchedule(LearningRateKey, learningRate);

    private AdaDelta(float rho, float eps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rho);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(eps);
        (Rho, Eps) = (rho, eps);
        _rho = new Constant(Constant.Exact(rho));
        _oneMinusRho = new Constant(1 - Constant.Exact(rho));
        _eps = new Constant(Constant.Exact(eps));
    }

    /// <summary>The share of the averages that is kept.</summary>
    public float Rho { get; }

    /// <summary>The number added under the roots.</summary>
    public float Eps { get; }

    /// <inheritdoc/>
    internal override bool IsElementwise => true;

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state)
    {
        Write(state, "v", Graph.ZerosLike(parameter));
        Write(state, "u", Graph.ZerosLike(parameter));
    }

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        Value g = Graph.Use(gradient);
        Value u = Read(state, "u");
        Value v = (_rho * Read(state, "v")) + (_oneMinusRho * g.Square());
        Value d = (u + _eps).Sqrt() / (v + _eps).Sqrt() * g;
        u = (_rho * u) + (_oneMinusRho * d.Square());
        Value result = Graph.Use(parameter) - (LearningRateAs(g.DType) * d);
        Write(state, "v", v);
        Write(state, "u", u);
        return Graph.Keep(result);
    }
}
