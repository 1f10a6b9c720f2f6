using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>The feed-forward part of a layer.</summary>
public abstract partial class FeedForward : Module
{
    /// <summary>Applies the feed-forward part.</summary>
    /// <param name="x">The input, of shape (batch, length, features).</param>
    /// <returns>The output, of the same shape.</returns>
    public abstract MlxArray Forward(MlxArray x);

    /// <summary>Like <see cref="Forward(MlxArray)"/>, but with the state of the forward pass.</summary>
    internal virtual MlxArray Forward(MlxArray x, ForwardPass pass) => Forward(x);

    internal static FeedForward Create(FeedForwardDescription description, int hiddenSize, WeightSource weights, string path) =>
        description switch
    {
        GatedDescription gated => new GatedFeedForward(gated, hiddenSize, weights, path),
        ExpertsDescription experts => new MixtureOfExperts(experts, hiddenSize, weights, path),
        _ => throw new NotSupportedException($"There is no feed-forward layer for {description.GetType().Name}."),
    };
}

/// <summary>Computes down(activation(gate(x)) · up(x)).</summary>
public sealed partial class GatedFeedForward : FeedForward
{
    private readonly GatedDescription _description;

    internal GatedFeedForward(GatedDescription description, int hiddenSize, WeightSource weights, string path)
    {
        _description = description;
        if (description.Fused)
        {
            GateUpProj = weights.Linear(path + ".gate_up_proj", hiddenSize, 2 * description.Size, description.Bias);
        }
        else
        {
            GateProj = weights.Linear(path + ".gate_proj", hiddenSize, description.Size, description.Bias);
            UpProj = weights.Linear(path + ".up_proj", hiddenSize, description.Size, description.Bias);
        }
        DownProj = weights.Linear(path + ".down_proj", description.Size, hiddenSize, description.Bias);
    }

    /// <summary>The gate projection, or null if it is fused with the up projection.</summary>
    public Linear? GateProj { get; }

    /// <summary>The up projection, or null if it is fused with the gate projection.</summary>
    public Linear? UpProj { get; }

    /// <summary>The fused gate and up projection, or null if there are separate ones.</summary>
    public Linear? GateUpProj { get; }

    /// <summary>The down projection.</summary>
    public Linear DownProj { get; }

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x) => Forward(x, static (layer, x) => layer.Forward(x));

    /// <inheritdoc/>
    internal override MlxArray Forward(MlxArray x, ForwardPass pass) => Forward(x, pass.Apply);

    private MlxArray Forward(MlxArray x, Func<Linear, MlxArray, MlxArray> apply)
    {
        using MlxArray opened = Open(x, apply);
        return apply(DownProj, opened);
    }

    private MlxArray Open(MlxArray x, Func<Linear, MlxArray, MlxArray> apply)
    {
        if (GateUpProj is null)
        {
            using MlxArray gate = apply(GateProj!, x);
            using MlxArray up = apply(UpProj!, x);
            return _description.Activation.Apply(gate, up);
        }
        using MlxArray both = apply(GateUpProj, x);
        MlxArray[] halves = Mx.Split(both, 2, axis: -1);
        using (halves[0])
        {
            using (halves[1])
            {
                return _description.Activation.Apply(halves[0], halves[1]);
            }
        }
    }
}
