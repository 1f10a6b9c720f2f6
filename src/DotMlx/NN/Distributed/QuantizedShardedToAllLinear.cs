namespace DotMlx.NN;

/// <summary>
/// A quantized linear layer in which each process has a part of the input. The outputs are summed, and its parameters stay frozen
/// (<c>nn.QuantizedShardedToAllLinear</c>).
/// </summary>
public sealed partial class QuantizedShardedToAllLinear : QuantizedLinear
{
    // Mirrors QuantizedAllToShardedLinear. The sharded axis differs in each member, so a common base would hold little more than the group.
    private readonly DistributedGroup _group;

    /// <summary>Creates this process's part of a layer with random weights.</summary>
    /// <param name="inputDims">The size of the last axis of the whole input.</param>
    /// <param name="outputDims">The size of the last axis of the whole output.</param>
    /// <param name="bias">Whether to add a bias, which is initially zero.</param>
    /// <param name="groupSize">The number of weights that share a scale.</param>
    /// <param name="bits">The number of bits per weight.</param>
    /// <param name="mode">affine, mxfp4, nvfp4, or mxfp8.</param>
    /// <param name="group">The processes; null for all processes.</param>
    /// <exception cref="ArgumentException">The number of processes doesn't divide the input, or the mode is unknown.</exception>
    public QuantizedShardedToAllLinear(
        int inputDims, int outputDims, bool bias = true, int groupSize = 64, int bits = 4, string mode = "affine",
        DistributedGroup? group = null)
        : base(groupSize, bits, mode)
    {
        _group = group ?? Mx.Distributed.Init();
        int processes = _group.Size;
        Sharding.CheckDivisible(inputDims, "input", processes);
        using MlxArray weight = LayerInit.Uniform(Math.Sqrt(1.0 / inputDims), outputDims, inputDims / processes);
        SetQuantized(weight);
        Bias = bias ? Mx.Zeros(outputDims) : null;
        Freeze();
    }

    private QuantizedShardedToAllLinear(QuantizedLinear linear, ShardSegments segments, DistributedGroup group)
        : base(linear.GroupSize, linear.Bits, linear.Mode)
    {
        _group = group;
        Sharding.CheckDivisible(linear.InputDims, "input", group.Size);
        SetParts(Sharding.Shard(linear.Parameters(), Sharding.Rule(ShardingKind.ShardedToAll, segments), group));
    }

    /// <inheritdoc/>
    public override int InputDims => base.InputDims * _group.Size;

    /// <inheritdoc/>
    public override int OutputDims => base.OutputDims;

    /// <summary>Creates this process's part of a quantized linear layer.</summary>
    /// <param name="linear">The whole layer.</param>
    /// <param name="segments">The segments of a fused weight; 1 for none.</param>
    /// <param name="group">The processes; null for all processes.</param>
    public static QuantizedShardedToAllLinear FromQuantizedLinear(
        QuantizedLinear linear, ShardSegments segments = default, DistributedGroup? group = null)
    {
        ArgumentNullException.ThrowIfNull(linear);
        return new(linear, segments, group ?? Mx.Distributed.Init());
    }

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x)
    {
        using MlxArray local = Multiply(x);
        return AddBias(Mx.Distributed.AllSum(local, _group));
    }

    /// <inheritdoc/>
    protected override void AfterUnfreeze() => Freeze(recurse: false);
}
