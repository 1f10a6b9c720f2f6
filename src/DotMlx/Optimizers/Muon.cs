namespace DotMlx.Optimizers;

/// <summary>
/// Muon (Python's <c>Muon</c>): momentum whose update is orthogonalized by Newton-Schulz iterations, for parameters with two or more
/// dimensions. The iterations treat a parameter as a matrix of its first axis by the other axes. State per parameter: <c>v</c>.
/// </summary>
/// <remarks>
/// Use Muon for the weight matrices of hidden layers, and another optimizer for embeddings, the last layer, and biases (see <see
/// cref="MultiOptimizer"/>).
/// </remarks>
public class Muon : Optimizer
{
    // The coefficients of the iteration's polynomial, a*x + b*x^3 + c*x^5.
    private const double A = 3.4445;
    private const double B = -4.7750;
    private const float C = 2.0315f;

    /// <summary>Creates the optimizer with a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="momentum">The momentum strength.</param>
    /// <param name="weightDecay">The weight decay (L2 penalty), added to the gradient.</param>
    /// <param name="nesterov">Whether to use Nesterov momentum.</param>
    /// <param name="nsSteps">The number of Newton-Schulz iterations, not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="nsSteps"/> is negative.</exception>
    public Muon(double learningRate, double momentum = 0.95, double weightDecay = 0.01, bool nesterov = true, int nsSteps = 5)
        : this(momentum, weightDecay, nesterov, nsSteps) => SetHyperparameter(LearningRateKey, learningRate);

    /// <summary>Creates the optimizer with a learning-rate schedule.</summary>
    /// <inheritdoc cref="Muon(double, double, double, bool, int)"/>
    public Muon(Schedule learningRate, double momentum = 0.95, double weightDecay = 0.01, bool nesterov = true, int nsSteps = 5)
        : this(momentum, weightDecay, nesterov, nsSteps) => SetHyperparameter(LearningRateKey, learningRate);

    private Muon(double momentum, double weightDecay, bool nesterov, int nsSteps) =>
        (Momentum, WeightDecay, Nesterov, NsSteps) = (momentum, weightDecay, nesterov, nsSteps);

    /// <summary>The momentum strength.</summary>
    public double Momentum { get; set; }

    /// <summary>The weight decay (L2 penalty), added to the gradient.</summary>
    public double WeightDecay { get; set; }

    /// <summary>Whether Nesterov momentum is used.</summary>
    public bool Nesterov { get; set; }

    /// <summary>The number of Newton-Schulz iterations, not negative.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int NsSteps
    {
        get;
        set => field = (int)Checked.NotNegative(value, "nsSteps");
    }

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state) => Zeros(parameter, state, "v");

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        MlxArray g = WeightDecay == 0 ? gradient : gradient + (WeightDecay * parameter);
        MlxArray v = (Momentum * state["v"].Array) + ((1 - Momentum) * g);
        state["v"] = v;
        MlxArray update = Nesterov ? (g * (1 - Momentum)) + (v * Momentum) : v;
        ReadOnlySpan<int> shape = parameter.Shape;
        if (shape.Length < 2)
        {
            return parameter - (Rate(g) * update);
        }

        MlxArray matrix = Orthogonalize(shape.Length == 2 ? update : Mx.Reshape(update, shape[0], -1));
        double scale = Math.Sqrt(Math.Max(1.0, (double)shape[^2] / shape[^1]));
        return parameter - (Rate(g) * scale * (shape.Length == 2 ? matrix : Mx.Reshape(matrix, shape)));
    }

    private MlxArray Orthogonalize(MlxArray x)
    {
        bool tall = x.Shape[0] > x.Shape[1];
        if (tall)
        {
            x = x.T;
        }

        x /= Mx.Linalg.Norm(x) + 1e-7;
        for (int i = 0; i < NsSteps; i++)
        {
            MlxArray a = Mx.MatMul(x, x.T);
            MlxArray b = Mx.AddMM(B * a, a, a, alpha: C);
            x = Mx.AddMM(A * x, b, x);
        }

        return tall ? x.T : x;
    }
}
