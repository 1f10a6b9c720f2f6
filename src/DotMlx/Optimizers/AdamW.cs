namespace DotMlx.Optimizers;

/// <summary>
/// Adam with decoupled weight decay (Python's <c>AdamW</c>): <see cref="Adam"/> applied to <c>w * (1 - learningRate * weightDecay)</c>.
/// State per parameter: <c>m</c>, <c>v</c>.
/// </summary>
public class AdamW : Adam
{
    private static readonly Constant One = new(1.0);

    private readonly PerType _decay;

    /// <summary>With a fixed learning rate.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="betas">The shares of the gradients' and of the squared gradients' averages that are kept, each in [0, 1); (0.9, 0.999) by default.</param>
    /// <param name="eps">Added to the denominator, not negative.</param>
    /// <param name="weightDecay">The share of a parameter, times the learning rate, that every update takes away.</param>
    /// <param name="biasCorrection">Corrects the averages for their start at zero; off by default, as in Python.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta or <paramref name="eps"/> is out of range.</exception>
    public AdamW(float learningRate, (float, float)? betas = null, float eps = 1e-8f, float weightDecay = 0.01f, bool biasCorrection = false)
        : base(learningRate, betas, eps, biasCorrection)
    {
        WeightDecay = weightDecay;
        _decay = Decay(weightDecay);
    }

    /// <summary>With a learning rate on a schedule.</summary>
    /// <inheritdoc cref="AdamW(float, ValueTuple{float, float}?, float, float, bool)"/>
    public AdamW(Schedule learningRate, (float, float)? betas = null, float eps = 1e-8f, float weightDecay = 0.01f, bool biasCorrection = false)
        : base(learningRate, betas, eps, biasCorrection)
    {
        WeightDecay = weightDecay;
        _decay = Decay(weightDecay);
    }

    /// <summary>The share of a parameter, times the learning rate, that every update takes away.</summary>
    public float WeightDecay { get; }

    /// <summary>What Adam remembers fits AdamW and the other way round.</summary>
    internal override string StateKind => nameof(Adam);

    private protected override Value Apply(Value g, Value w, TreeDictionary state) => base.Apply(g, w * Get(_decay, g.DType), state);

    private PerType Decay(float weightDecay)
    {
        Constant constant = new(Constant.Exact(weightDecay));
        return OncePerType((_, dtype) => One - (LearningRateAs(dtype) * constant));
    }
}
