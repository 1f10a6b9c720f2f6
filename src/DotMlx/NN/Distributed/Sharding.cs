using System.Runtime.CompilerServices;

namespace DotMlx.NN;

/// <summary>How a linear layer is split among the processes of a group.</summary>
public enum ShardingKind
{
    /// <summary>Every process has the whole input and computes a part of the output.</summary>
    AllToSharded,

    /// <summary>Every process has a part of the input; the outputs are summed, so that every process has the whole output.</summary>
    ShardedToAll,
}

/// <summary>Returns the axis along which a parameter is split and its segments, or null to leave the parameter whole.</summary>
/// <param name="path">The dotted path of the parameter.</param>
/// <param name="weight">The parameter.</param>
public delegate (int Axis, ShardSegments Segments)? ShardingRule(string path, MlxArray weight);

/// <summary>Splits modules among processes (<c>mlx.nn.layers.distributed</c>).</summary>
public static class Sharding
{
    private static readonly ConditionalWeakTable<DistributedGroup, CustomFunction> Sums = [];

    /// <summary>
    /// Replaces a module's parameters with this process's parts (<c>shard_inplace</c>). The module's computation doesn't change, so the
    /// module itself must communicate.
    /// </summary>
    /// <param name="module">The module.</param>
    /// <param name="sharding">How the layers are split.</param>
    /// <param name="segments">The segments of fused weights; 1 for none.</param>
    /// <param name="group">The processes; null for all processes.</param>
    public static void ShardInPlace(Module module, ShardingKind sharding, ShardSegments segments = default,
        DistributedGroup? group = null) =>
        ShardInPlace(module, Rule(sharding, segments), group);

    /// <summary>Replaces a module's parameters with this process's parts (<c>shard_inplace</c>).</summary>
    /// <param name="module">The module.</param>
    /// <param name="rule">Returns how each parameter is split.</param>
    /// <param name="group">The processes; null for all processes.</param>
    public static void ShardInPlace(Module module, ShardingRule rule, DistributedGroup? group = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(rule);
        module.Update(Shard(module.Parameters(), rule, group ?? Mx.Distributed.Init()), strict: false);
    }

    /// <summary>Creates a layer that computes this process's part of a linear layer and communicates (<c>shard_linear</c>).</summary>
    /// <param name="layer">The layer, plain or quantized; it doesn't change.</param>
    /// <param name="sharding">How the layer is split.</param>
    /// <param name="segments">The segments of a fused weight; 1 for none.</param>
    /// <param name="group">The processes; null for all processes.</param>
    public static Linear ShardLinear(Linear layer, ShardingKind sharding, ShardSegments segments = default,
        DistributedGroup? group = null) =>
        (layer, sharding) switch
        {
            (QuantizedLinear quantized, ShardingKind.AllToSharded) =>
                QuantizedAllToShardedLinear.FromQuantizedLinear(quantized, segments, group),
            (QuantizedLinear quantized, ShardingKind.ShardedToAll) =>
                QuantizedShardedToAllLinear.FromQuantizedLinear(quantized, segments, group),
            (_, ShardingKind.AllToSharded) => AllToShardedLinear.FromLinear(layer, segments, group),
            (_, ShardingKind.ShardedToAll) => ShardedToAllLinear.FromLinear(layer, segments, group),
            _ => throw new ArgumentOutOfRangeException(nameof(sharding), sharding, "Use AllToSharded or ShardedToAll."),
        };

    /// <summary>The identity function, whose gradient is summed over the group (<c>sum_gradients</c>).</summary>
    /// <param name="x">An array.</param>
    /// <param name="group">The processes.</param>
    public static MlxArray SumGradients(MlxArray x, DistributedGroup group)
    {
        ArgumentNullException.ThrowIfNull(group);
        if (group.Size == 1)
        {
            return x;
        }
        return Sums.GetValue(group, static key => new CustomFunction(inputs => inputs)
        {
            IsRuleLinear = true,
            Vjp = (_, cotangents, _) => [Mx.Distributed.AllSum(cotangents[0], key)],
        }).Invoke(x)[0];
    }

    /// <summary>Splits a module so that each process holds only a part of its parameters (<c>nn.fully_shard</c>).</summary>
    /// <param name="module">
    /// The module. Wrap the large parts of a model first and the model last, so that only one part is gathered at a time.
    /// </param>
    /// <param name="group">The processes; null for all processes.</param>
    /// <param name="computeDtype">The dtype that gathered parameters are cast to; null to keep each parameter's own.</param>
    /// <returns>
    /// The wrapped module, or the module itself if there is a single process, there is nothing to shard, or the module is already wrapped.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// A parameter is a scalar, or its first axis isn't divisible by the number of processes.
    /// </exception>
    public static Module FullyShard(Module module, DistributedGroup? group = null, DType? computeDtype = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        group ??= Mx.Distributed.Init();
        if (group.Size == 1 || module is FullyShardedModule)
        {
            return module;
        }

        FullyShardedModule wrapped = new(module, group, computeDtype);
        return wrapped.HasParameters ? wrapped : module;
    }

    internal static Tree Shard(Tree parameters, ShardingRule rule, DistributedGroup group)
    {
        int size = group.Size, rank = group.Rank;
        return Tree.MapWithPath((path, weight) => rule(path, weight) is var (axis, segments)
            ? Part(weight, axis, segments, size, rank)
            : weight, parameters);
    }

    internal static ShardingRule Rule(ShardingKind sharding, ShardSegments segments) => sharding switch
    {
        ShardingKind.AllToSharded => (path, weight) =>
            (path.EndsWith("bias", StringComparison.Ordinal) ? -1 : Math.Max(weight.NDim - 2, 0), segments),
        ShardingKind.ShardedToAll => (path, _) =>
            path.EndsWith("bias", StringComparison.Ordinal) ? null : (-1, segments),
        _ => throw new ArgumentOutOfRangeException(nameof(sharding), sharding, "Use AllToSharded or ShardedToAll."),
    };

    internal static void CheckDivisible(int dims, string what, int processes)
    {
        if (dims % processes != 0)
        {
            throw new ArgumentException($"The {what} of size {dims} cannot be sharded across {processes} processes.");
        }
    }

    private static MlxArray Part(MlxArray weight, int axis, ShardSegments segments, int size, int rank)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray[] parts = [.. segments.Split(weight, axis).Select(segment => Mx.Split(segment, size, axis)[rank])];
        return scope.Keep(Mx.Contiguous(Mx.Concatenate(parts, axis)));
    }
}
