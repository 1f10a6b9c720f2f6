namespace DotMlx.Optimizers;

public static partial class Gradients
{
    /// <summary>
    /// Clips gradients that are sharded over processes, so that their norm over all processes is at most <paramref name="maxNorm"/>
    /// (<c>nn.utils.clip_grad_norm_sharded</c>). See <see cref="ClipNorm{TTree}"/> for whole gradients.
    /// </summary>
    /// <param name="gradients">This process's part of the gradients, such as those of a <see cref="NN.FullyShardedModule"/>.</param>
    /// <param name="maxNorm">The maximum norm, not negative.</param>
    /// <param name="group">The processes that hold the parts; null for all processes.</param>
    /// <returns>
    /// New gradients of the same structure, and the norm over all parts before clipping, a scalar that is identical in all processes.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxNorm"/> is negative or NaN.</exception>
    public static (TTree Gradients, MlxArray Norm) ClipNormSharded<TTree>(TTree gradients, double maxNorm, DistributedGroup? group = null)
        where TTree : Tree => Clip(gradients, maxNorm, sum => Mx.Distributed.AllSum(sum.AsType(DType.Float32), group));

    /// <summary>
    /// One step of an optimizer whose state is divided among the processes (<c>nn.fsdp_apply_gradients</c>). Each process sums its part of
    /// the gradients and updates its part of the parameters; then all processes exchange the results. Every process has the whole model.
    /// The division saves communication of gradients and memory for the optimizer's state.
    /// </summary>
    /// <param name="gradients">The whole gradients of this process, in the structure of <paramref name="parameters"/>.</param>
    /// <param name="parameters">
    /// The whole parameters, identical in all processes. The number of processes in <paramref name="fsdpGroup"/> must divide the first axis
    /// of each.
    /// </param>
    /// <param name="optimizer">
    /// The optimizer. Its state belongs to the parts that are sent together, "0", "1", and so on, and differs between processes.
    /// </param>
    /// <param name="fsdpGroup">The processes among which gradients and state are divided; null for all processes.</param>
    /// <param name="dpGroup">Processes outside that group with which to average gradients too; null for none.</param>
    /// <param name="communicationSize">
    /// Arrays are combined until they have this many bytes; with 0 or less, each is sent separately.
    /// </param>
    /// <param name="communicationStream">The stream for the communication; null for the backend's own stream.</param>
    /// <param name="maxNorm">The maximum norm of the averaged gradients; null for no limit.</param>
    /// <returns>The new parameters, and the norm before clipping if <paramref name="maxNorm"/> is given.</returns>
    /// <exception cref="ArgumentException">
    /// The gradients don't have the structure of the parameters, they have several dtypes, or a first axis can't be divided.
    /// </exception>
    /// <exception cref="MlxException">
    /// The gradients of the processes differ in structure, shapes, or dtypes, or a process has ended.
    /// </exception>
    /// <remarks>
    /// Only NCCL can sum parts. On the other backends, whole gradients are summed, and only memory for the optimizer's state is saved.
    /// </remarks>
    public static (TreeDictionary Parameters, MlxArray? Norm) FsdpApply(
        TreeDictionary gradients, TreeDictionary parameters, OptimizerBase optimizer, DistributedGroup? fsdpGroup = null,
        DistributedGroup? dpGroup = null,
        int communicationSize = DefaultBucket, MlxStream? communicationStream = null, double? maxNorm = null)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(optimizer);
        if (maxNorm is { } limit)
        {
            CheckNorm(limit);
        }

        DistributedGroup group = fsdpGroup ?? Mx.Distributed.Init();
        int processes = group.Size * (dpGroup?.Size ?? 1);
        if (processes == 1)
        {
            (TreeDictionary clipped, MlxArray? whole) = maxNorm is { } most ? ClipNorm(gradients, most) : (gradients, null);
            return (optimizer.ApplyGradients(clipped, parameters), whole);
        }

        IReadOnlyList<KeyValuePair<string, MlxArray>> items = gradients.Flatten();
        IReadOnlyList<KeyValuePair<string, MlxArray>> weights = parameters.Flatten();
        CheckDivisible(items, weights, group.Size);
        Mx.Distributed.Agree(group, "Gradients.FsdpApply", items);
        List<Range> buckets = Buckets(items, communicationSize);

        using MlxScope scope = MlxScope.Begin();
        TreeDictionary gradientParts = [];
        TreeDictionary weightParts = [];
        for (int i = 0; i < buckets.Count; i++)
        {
            string key = TreePaths.Index(i);
            MlxArray part = Mx.Distributed.SumScatterAnywhere(Rows(items, buckets[i], group.Size), group, communicationStream) / processes;
            gradientParts[key] = dpGroup is null ? part : Mx.Distributed.AllSum(part, dpGroup, communicationStream);
            weightParts[key] = Rows(weights, buckets[i], group.Size)[group.Rank..(group.Rank + 1)];
        }

        (TreeDictionary limited, MlxArray? norm) = maxNorm is { } max ? ClipNormSharded(gradientParts, max, group) : (gradientParts, null);
        Tree updated = optimizer.ApplyGradients(limited, weightParts);
        Dictionary<string, MlxArray> results = [];
        for (int i = 0; i < buckets.Count; i++)
        {
            Unpack(Mx.Distributed.AllGather(updated[TreePaths.Index(i)].Array, group, communicationStream), weights, buckets[i],
                group.Size, results);
        }

        return ((TreeDictionary)Tree.MapWithPath((path, _) => scope.Keep(results[path]), parameters), norm is null
            ? null
            : scope.Keep(norm));
    }

    private static void CheckNorm(double maxNorm)
    {
        if (!(maxNorm >= 0))
        {
            throw new ArgumentOutOfRangeException(nameof(maxNorm), maxNorm, "The maximum norm must not be negative.");
        }
    }

    private static void CheckDivisible(
        IReadOnlyList<KeyValuePair<string, MlxArray>> gradients, IReadOnlyList<KeyValuePair<string, MlxArray>> parameters, int processes)
    {
        if (!gradients.Select(item => item.Key).SequenceEqual(parameters.Select(item => item.Key)))
        {
            throw new ArgumentException("The gradients must have the structure of the parameters.", nameof(gradients));
        }

        if (!AreOfOneDType(gradients))
        {
            throw new ArgumentException("The gradients must have one dtype, because they are sent together.", nameof(gradients));
        }

        foreach ((string path, MlxArray array) in gradients)
        {
            if (array.NDim == 0 || array.Shape[0] % processes != 0)
            {
                throw new ArgumentException(
                    $"The gradient '{path}' of shape ({string.Join(", ", array.Shape.ToArray())}) can't be divided "
                    + $"among {processes} processes along its first axis.", nameof(gradients));
            }
        }
    }

    /// <summary>Arrays side by side, one row per process.</summary>
    private static MlxArray Rows(IReadOnlyList<KeyValuePair<string, MlxArray>> items, Range bucket, int processes)
    {
        (int start, int count) = bucket.GetOffsetAndLength(items.Count);
        return Mx.Concatenate([.. items.Skip(start).Take(count).Select(item => Mx.Reshape(item.Value, processes, -1))], axis: 1);
    }

    private static void Unpack(
        MlxArray rows, IReadOnlyList<KeyValuePair<string, MlxArray>> like, Range bucket, int processes,
        Dictionary<string, MlxArray> results)
    {
        (int start, int count) = bucket.GetOffsetAndLength(like.Count);
        int column = 0;
        for (int i = start; i < start + count; i++)
        {
            int width = (int)(like[i].Value.Size / processes);
            results[like[i].Key] = Mx.Reshape(rows[.., column..(column + width)], like[i].Value.Shape);
            column += width;
        }
    }
}
