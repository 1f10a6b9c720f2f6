using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>A mixture of experts: a router chooses a few gated feed-forward parts for each token and weights their outputs.</summary>
public sealed partial class MixtureOfExperts : FeedForward
{
    private readonly ExpertsDescription _description;

    internal MixtureOfExperts(ExpertsDescription description, int hiddenSize, WeightSource weights, string path)
    {
        _description = description;
        Router = weights.Linear($"{path}.{description.RouterName}", hiddenSize, description.Count, description.Bias);
        Experts = new(description, hiddenSize, weights, $"{path}.{description.ExpertsName}");
    }

    /// <summary>The router, which computes the scores of the experts.</summary>
    [NotParameter]
    public Linear Router { get; private set; }

    /// <summary>The experts.</summary>
    [NotParameter]
    public SwitchFeedForward Experts { get; private set; }

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using MlxArray scores = Router.Forward(x);
        using MlxArray chosen = Choose(scores);
        using MlxArray weights = Weigh(scores, chosen);
        using MlxArray results = Experts.Forward(x, chosen);
        using MlxArray column = Mx.ExpandDims(weights, -1);
        using MlxArray weighed = Mx.Multiply(results, column);
        return Mx.Sum(weighed, axis: -2);
    }

    /// <inheritdoc/>
    protected override void AddMembers(ModuleMembers members)
    {
        ArgumentNullException.ThrowIfNull(members);
        members.Add(
            ModuleMember.Create<MixtureOfExperts, Linear>(_description.RouterName, static m => m.Router, static (m, v) => m.Router = v),
            ModuleMember.Create<MixtureOfExperts, SwitchFeedForward>(
                _description.ExpertsName, static m => m.Experts, static (m, v) => m.Experts = v));
    }

    private MlxArray Choose(MlxArray scores)
    {
        int first = _description.Count - _description.Active;
        using MlxArray order = Mx.ArgPartition(scores, Math.Max(first, 0));
        using MlxArray best = order[Mx.Ellipsis, first..];
        return Mx.StopGradient(best);
    }

    /// <summary>Computes the weight of each chosen expert.</summary>
    private MlxArray Weigh(MlxArray scores, MlxArray chosen)
    {
        if (_description.Normalize)
        {
            // Dividing the chosen probabilities by their sum equals a softmax over the chosen scores.
            using MlxArray own = Mx.TakeAlongAxis(scores, chosen, axis: -1);
            return Mx.Softmax(own, axis: -1, precise: true);
        }
        using MlxArray probabilities = Mx.Softmax(scores, axis: -1, precise: true);
        return Mx.TakeAlongAxis(probabilities, chosen, axis: -1);
    }
}

/// <summary>The gated feed-forward parts of all experts.</summary>
public sealed partial class SwitchFeedForward : Module
{
    // With at least this many choices, sorting them by expert pays off.
    private const int Many = 64;

    private readonly GatedUnit _activation;

    internal SwitchFeedForward(ExpertsDescription description, int hiddenSize, WeightSource weights, string path)
    {
        _activation = description.Activation;
        GateProj = weights.SwitchLinear(path + ".gate_proj", description.Count, hiddenSize, description.Size, description.Bias);
        UpProj = weights.SwitchLinear(path + ".up_proj", description.Count, hiddenSize, description.Size, description.Bias);
        DownProj = weights.SwitchLinear(path + ".down_proj", description.Count, description.Size, hiddenSize, description.Bias);
    }

    /// <summary>The gate projections.</summary>
    public SwitchLinear GateProj { get; }

    /// <summary>The up projections.</summary>
    public SwitchLinear UpProj { get; }

    /// <summary>The down projections.</summary>
    public SwitchLinear DownProj { get; }

    /// <summary>Computes the outputs of the chosen experts.</summary>
    /// <param name="x">The input, of shape (batch, length, features).</param>
    /// <param name="chosen">The experts of each token, of shape (batch, length, active).</param>
    /// <returns>The output, of shape (batch, length, active, features).</returns>
    public MlxArray Forward(MlxArray x, MlxArray chosen)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(chosen);
        if (chosen.Size >= Many)
        {
            return Sorted(x, chosen);
        }
        using MlxArray rows = Mx.ExpandDims(x, [-2, -3]);
        using MlxArray results = Apply(rows, chosen, sorted: false);
        return Mx.Squeeze(results, -2);
    }

    private MlxArray Sorted(MlxArray x, MlxArray chosen)
    {
        using MlxArray flat = Mx.Flatten(chosen);
        using MlxArray order = Mx.ArgSort(flat);
        using MlxArray back = Mx.ArgSort(order);
        using MlxArray experts = Mx.Take(flat, order, axis: 0);
        using MlxArray token = Mx.FloorDivide(order, chosen.Shape[^1]);
        using MlxArray tokens = Mx.Reshape(x, -1, 1, x.Shape[^1]);
        using MlxArray rows = Mx.Take(tokens, token, axis: 0);
        using MlxArray results = Apply(rows, experts, sorted: true);
        using MlxArray ordered = Mx.Take(results, back, axis: 0);
        return Mx.Reshape(ordered, [.. chosen.Shape, x.Shape[^1]]);
    }

    private MlxArray Apply(MlxArray rows, MlxArray experts, bool sorted)
    {
        using MlxArray gate = GateProj.Forward(rows, experts, sorted);
        using MlxArray up = UpProj.Forward(rows, experts, sorted);
        using MlxArray opened = _activation.Apply(gate, up);
        return DownProj.Forward(opened, experts, sorted);
    }
}
