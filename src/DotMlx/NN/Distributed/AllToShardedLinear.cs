namespace DotMlx.NN;

/// <summary>
/// A linear layer in which each process has the whole input and computes a part of the output. Gradients of the input are summed
/// (<c>nn.AllToShardedLinear</c>).
/// </summary>
public sealed partial class AllToShardedLinear : Linear
{
    // Mirrors ShardedToAllLinear. The sharded axis differs in each member, so a common base class would hold little more than the group.
    private readonly DistributedGroup _group;

    /// <summary>Creates this process's part of a layer with random weights.</summary>
    /// <param name="inputDims">The size of the last axis of the whole input.</param>
    /// <param name="outputDims">The size of the last axis of the whole output.</param>
    /// <param name="bias">Whether to add a bias.</param>
    /// <param name="group">The processes; null for all processes.</param>
    /// <exception cref="ArgumentException">The number of processes doesn't divide the output.</exception>
    public AllToShardedLinear(int inputDims, int outputDims, bool bias = true, DistributedGroup? group = null)
    {
        _group = group ?? Mx.Distributed.Init();
        int processes = _group.Size;
        Sharding.CheckDivisible(outputDims, "output", processes);
        double limit = Math.Sqrt(1.0 / inputDims);
        Weight = LayerInit.Uniform(limit, outputDims / processes, inputDims);
        Bias = bias ? LayerInit.Uniform(limit, outputDims / processes) : null;
    }

    private AllToShardedLinear(Linear linear, ShardSegments segments, DistributedGroup group)
    {
        _group = group;
        Sharding.CheckDivisible(linear.OutputDims, "output", group.Size);
        Tree parts = Sharding.Shard(linear.Parameters(), Sharding.Rule(ShardingKind.AllToSharded, segments), group);
        Weight = parts["weight"].Array;
        Bias = parts.TryFind("bias", out Tree? bias) ? bias.Array : null;
    }

    /// <inheritdoc/>
    public override int InputDims => Weight.Shape[1];

    /// <inheritdoc/>
    public override int OutputDims => Weight.Shape[0] * _group.Size;

    /// <inheritdoc/>
    public override bool CanQuantize => false;

    /// <summary>Creates this process's part of a linear layer.</summary>
    /// <param name="linear">The whole layer.</param>
    /// <param name="segments">The segments of a fused weight; 1 for none.</param>
    /// <param name="group">The processes; null for all processes.</param>
    public static AllToShardedLinear FromLinear(Linear linear, ShardSegments segments = default, DistributedGroup? group = null)
    {
        ArgumentNullException.ThrowIfNull(linear);
        return new(linear, segments, group ?? Mx.Distributed.Init());
    }

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x) => base.Forward(Sharding.SumGradients(x, _group));

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The layer isn't suitable. Quantize the whole layer first, then shard it.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw new NotSupportedException("Quantize the whole layer before it is sharded.");
}
