namespace DotMlx.NN;

/// <summary>
/// A linear layer in which each process has a part of the input. The outputs are summed, so all processes have the whole output
/// (<c>nn.ShardedToAllLinear</c>).
/// </summary>
public sealed partial class ShardedToAllLinear : Linear
{
    // Mirrors AllToShardedLinear. The sharded axis differs in each member, so a common base class would hold little more than the group.
    private readonly DistributedGroup _group;

    /// <summary>Creates this process's part of a layer with random weights.</summary>
    /// <param name="inputDims">The size of the last axis of the whole input.</param>
    /// <param name="outputDims">The size of the last axis of the whole output.</param>
    /// <param name="bias">Whether to add a bias.</param>
    /// <param name="group">The processes; null for all processes.</param>
    /// <exception cref="ArgumentException">The number of processes doesn't divide the input.</exception>
    public ShardedToAllLinear(int inputDims, int outputDims, bool bias = true, DistributedGroup? group = null)
    {
        _group = group ?? Mx.Distributed.Init();
        int processes = _group.Size;
        Sharding.CheckDivisible(inputDims, "input", processes);
        double limit = Math.Sqrt(1.0 / inputDims);
        Weight = LayerInit.Uniform(limit, outputDims, inputDims / processes);
        Bias = bias ? LayerInit.Uniform(limit, outputDims) : null;
    }

    private ShardedToAllLinear(Linear linear, ShardSegments segments, DistributedGroup group)
    {
        _group = group;
        Sharding.CheckDivisible(linear.InputDims, "input", group.Size);
        Tree parts = Sharding.Shard(linear.Parameters(), Sharding.Rule(ShardingKind.ShardedToAll, segments), group);
        Weight = parts["weight"].Array;
        Bias = parts.TryFind("bias", out Tree? bias) ? bias.Array : null;
    }

    /// <inheritdoc/>
    public override int InputDims => Weight.Shape[1] * _group.Size;

    /// <inheritdoc/>
    public override int OutputDims => Weight.Shape[0];

    /// <inheritdoc/>
    public override bool CanQuantize => false;

    /// <summary>Creates this process's part of a linear layer.</summary>
    /// <param name="linear">The whole layer.</param>
    /// <param name="segments">The segments of a fused weight; 1 for none.</param>
    /// <param name="group">The processes; null for all processes.</param>
    public static ShardedToAllLinear FromLinear(Linear linear, ShardSegments segments = default, DistributedGroup? group = null)
    {
        ArgumentNullException.ThrowIfNull(linear);
        return new(linear, segments, group ?? Mx.Distributed.Init());
    }

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray y = Mx.Distributed.AllSum(Mx.MatMul(x, Mx.Transpose(Weight)), _group);
        return scope.Keep(Bias is null ? y : y + Bias);
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The layer isn't suitable. Quantize the whole layer first, then shard it.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw new NotSupportedException("Quantize the whole layer before it is sharded.");
}
