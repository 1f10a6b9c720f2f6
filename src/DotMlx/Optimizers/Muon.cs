namespace DotMlx.Optimizers;

/// <summary>
/// Muon (Python's <c>Muon</c>): momentum whose update, for parameters of two or more dimensions, is made orthogonal by
/// Newton-Schulz iterations on the parameter seen as a matrix of its first axis by the rest. State per parameter: <c>v</c>.
/// </summary>
/// <remarks>
/// Meant for the weight matrices of hidden layers; embeddings, the last layer and biases are better served by another
/// optimizer, see <see cref="MultiOptimizer"/>.
/// </remarks>
public class Muon : Optimizer
{
    // The coefficients of the iteration's polynomial a*x + b*x^3 + c*x^5.
    private static readonly Constant A = new(3.4445);
    private static readonly Constant B = new(-4.7750);
    private const float C = 2.0315f;
    private static readonly Constant Tiny = new(1e-7);

    private readonly Constant _momentum;
    private readonly Constant _oneMinusMomentum;
    private readonly Constant _weightDecay;

    /// <summary>With a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="momentum">The share of the momentum that is kept.</param>
    /// <param name="weightDecay">The share of the parameter that is added to its gradient.</param>
    /// <param name="nesterov">Looks ahead along the momentum.</param>
    /// <param name="nsSteps">The number of Newton-Schulz iterations, not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="nsSteps"/> is negative.</exception>
    public Muon(float learningRate, float momentum = 0.95f, float weightDecay = 0.01f, bool nesterov = true, int nsSteps = 5)
        : this(momentum, weightDecay, nesterov, nsSteps) => MaybeSchedule(LearningRateKey, learningRate);

    /// <summary>With a learning rate on a schedule.</summary>
    /// <inheritdoc cref="Muon(float, float, float, bool, int)"/>
    public Muon(Schedule learningRate, float momentum = 0.95f, float weightDecay = 0.01f, bool nesterov = true, int nsSteps = 5)
        : this(momentum, weightDecay, nesterov, nsSteps) => MaybeSchedule(LearningRateKey, learningRate);

    private Muon(float momentum, float weightDecay, bool nesterov, int nsSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nsSteps);
        (Momentum, WeightDecay, Nesterov, NsSteps) = (momentum, weightDecay, nesterov, nsSteps);
        _momentum = new Constant(Constant.Exact(momentum));
        _oneMinusMomentum = new Constant(1 - Constant.Exact(momentum));
        _weightDecay = new Constant(Constant.Exact(weightDecay));
    }

    /// <summary>The share of the momentum that is kept.</summary>
    public float Momentum { get; }

    /// <summary>The share of the parameter that is added to its gradient.</summary>
    public float WeightDecay { get; }

    /// <summary>Whether it looks ahead along the momentum.</summary>
    public bool Nesterov { get; }

    /// <summary>The number of Newton-Schulz iterations.</summary>
    public int NsSteps { get; }

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

        Value v = (_momentum * Read(state, "v")) + (_oneMinusMomentum * g);
        Value update = Nesterov ? (g * _oneMinusMomentum) + (v * _momentum) : v;
        Value rate = LearningRateAs(g.DType);
        int dimensions = update.NDim;
        if (dimensions >= 2)
        {
            ReadOnlySpan<int> shape = parameter.Shape;
            Value matrix = dimensions > 2 ? update.Reshape(shape[0], -1) : update;
            matrix = Orthogonalise(matrix);
            update = dimensions > 2 ? matrix.Reshape(shape) : matrix;
            rate *= new Constant(Math.Sqrt(Math.Max(1.0, (double)shape[^2] / shape[^1])));
        }

        Value result = w - (rate * update);
        Write(state, "v", v);
        return Graph.Keep(result);
    }

    private Value Orthogonalise(Value x)
    {
        bool tall = x.Dim(-2) > x.Dim(-1);
        if (tall)
        {
            x = x.Transpose();
        }

        x /= x.Square().Sum().Sqrt() + Tiny;
        for (int i = 0; i < NsSteps; i++)
        {
            Value a = x.MatMul(x.Transpose());
            Value b = (B * a).AddMatMul(a, a, C);
            x = (A * x).AddMatMul(b, x, 1f);
        }

        return tall ? x.Transpose() : x;
    }
}
