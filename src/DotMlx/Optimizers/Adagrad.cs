namespace DotMlx.Optimizers;

/// <summary>
/// Adagrad (Python's <c>Adagrad</c>): <c>v = v + g^2; w = w - learningRate * g / (sqrt(v) + eps)</c>.
/// State per parameter: <c>v</c>.
/// </summary>
public class Adagrad : Optimizer
{
    private readonly Constant _eps;

    /// <summary>With a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="eps">Added to the denominator, greater than 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> is not greater than 0.</exception>
    public Adagrad(float learningRate, float eps = 1e-8f)
        : this(eps) => MaybeSchedule(LearningRateKey, learningRate);

    /// <summary>With a learning rate on a schedule.</summary>
    /// <inheritdoc cref="Adagrad(float, float)"/>
    public Adagrad(Schedule learningRate, float eps = 1e-8f)
        : this(eps) => MaybeSchedule(LearningRateKey, learningRate);

    private Adagrad(float eps)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(eps);
        Eps = eps;
        _eps = new Constant(Constant.Exact(eps));
    }

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
        Value v = Read(state, "v") + g.Square();
        Value result = Graph.Use(parameter) - (LearningRateAs(g.DType) * g / (v.Sqrt() + _eps));
        Write(state, "v", v);
        return Graph.Keep(result);
    }
}
