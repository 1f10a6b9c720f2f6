namespace DotMlx.Optimizers;

/// <summary>
/// Stochastic gradient descent with momentum, Nesterov momentum, dampening, and weight decay (Python's <c>SGD</c>):
/// <c>v = momentum * v + (1 - dampening) * g; w = w - learningRate * v</c>. State per parameter: <c>v</c>.
/// </summary>
public class SGD : Optimizer
{
    /// <summary>Creates the optimizer with a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="momentum">The momentum strength; 0 for none.</param>
    /// <param name="weightDecay">The weight decay (L2 penalty), added to the gradient.</param>
    /// <param name="dampening">The dampening of the momentum: the gradient is multiplied by one minus this value.</param>
    /// <param name="nesterov">Whether to use Nesterov momentum, which requires a momentum and no dampening.</param>
    /// <exception cref="ArgumentException"><paramref name="nesterov"/> is set without a momentum or with dampening.</exception>
    public SGD(double learningRate, double momentum = 0, double weightDecay = 0, double dampening = 0, bool nesterov = false)
        : this(momentum, weightDecay, dampening, nesterov) => SetHyperparameter(LearningRateKey, learningRate);

    /// <summary>Creates the optimizer with a learning-rate schedule.</summary>
    /// <inheritdoc cref="SGD(double, double, double, double, bool)"/>
    public SGD(Schedule learningRate, double momentum = 0, double weightDecay = 0, double dampening = 0, bool nesterov = false)
        : this(momentum, weightDecay, dampening, nesterov) => SetHyperparameter(LearningRateKey, learningRate);

    private SGD(double momentum, double weightDecay, double dampening, bool nesterov)
    {
        if (nesterov && (momentum <= 0 || dampening != 0))
        {
            throw new ArgumentException(
                $"Nesterov momentum requires a momentum and zero dampening, but momentum is {momentum} and dampening {dampening}.",
                nameof(nesterov));
        }

        (Momentum, WeightDecay, Dampening, Nesterov) = (momentum, weightDecay, dampening, nesterov);
    }

    /// <summary>The momentum strength; 0 for none.</summary>
    public double Momentum { get; set; }

    /// <summary>The weight decay (L2 penalty), added to the gradient.</summary>
    public double WeightDecay { get; set; }

    /// <summary>The dampening of the momentum.</summary>
    public double Dampening { get; set; }

    /// <summary>Whether Nesterov momentum is used.</summary>
    public bool Nesterov { get; set; }

    /// <inheritdoc/>
    protected override bool IsElementwise => true;

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state) => Zeros(parameter, state, "v");

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        MlxArray g = WeightDecay == 0 ? gradient : gradient + (WeightDecay * parameter);
        if (Momentum <= 0)
        {
            return parameter - (Rate(g) * g);
        }

        MlxArray v = (Momentum * state["v"].Array) + (Dampening > 0 ? (1 - Dampening) * g : g);
        state["v"] = v;
        return parameter - (Rate(g) * (Nesterov ? g + (Momentum * v) : v));
    }
}
