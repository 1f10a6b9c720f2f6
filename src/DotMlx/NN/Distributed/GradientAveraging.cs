namespace DotMlx.NN;

/// <summary>Averaging gradients over processes (<c>nn.average_gradients</c>).</summary>
public static class GradientAveraging
{
    /// <summary>Averages every array of a tree over a group; small arrays travel together.</summary>
    /// <param name="gradients">The gradients, of the same structure in every process.</param>
    /// <param name="group">The processes; null for all.</param>
    /// <param name="allReduceSize">Arrays are joined until they have this many bytes; 0 or less sends each on its own.</param>
    /// <param name="communicationStream">The stream for the communication; null for the default.</param>
    /// <returns>A tree of the same structure; the same tree where there is a single process.</returns>
    public static Tree Average(Tree gradients, DistributedGroup? group = null, int allReduceSize = 32 << 20, MlxStream? communicationStream = null)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        group ??= Mx.Distributed.Init();
        int processes = group.Size;
        if (processes == 1)
        {
            return gradients;
        }
        MlxArray Mean(MlxArray x)
        {
            using MlxArray sum = Mx.Distributed.AllSum(x, group, communicationStream);
            return Mx.Divide(sum, processes);
        }

        IReadOnlyList<KeyValuePair<string, MlxArray>> items = gradients.Flatten();
        if (allReduceSize <= 0 || items.Select(item => item.Value.DType).Distinct().Count() != 1)
        {
            return Tree.Map(Mean, gradients);
        }
        Dictionary<string, MlxArray> averaged = [];
        List<KeyValuePair<string, MlxArray>> batch = [];
        long bytes = 0;
        for (int i = 0; i < items.Count; i++)
        {
            batch.Add(items[i]);
            bytes += items[i].Value.NBytes;
            if (bytes >= allReduceSize || i == items.Count - 1)
            {
                AverageBatch(batch, Mean, averaged);
                batch.Clear();
                bytes = 0;
            }
        }
        return Tree.MapWithPath((path, _) => averaged[path], gradients);
    }

    private static void AverageBatch(
        List<KeyValuePair<string, MlxArray>> batch, Func<MlxArray, MlxArray> mean, Dictionary<string, MlxArray> averaged)
    {
        using MlxScope scope = MlxScope.Begin();
        int[] ends = new int[batch.Count];
        int end = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            ends[i] = end += checked((int)batch[i].Value.Size);
        }
        MlxArray joined = mean(Mx.Concatenate([.. batch.Select(item => Mx.Reshape(item.Value, -1))]));
        MlxArray[] parts = ends.Length == 1 ? [joined] : Mx.Split(joined, ends.AsSpan(0, ends.Length - 1));
        for (int i = 0; i < parts.Length; i++)
        {
            averaged[batch[i].Key] = scope.Keep(Mx.Reshape(parts[i], batch[i].Value.Shape));
        }
    }
}
