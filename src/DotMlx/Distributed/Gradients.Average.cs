namespace DotMlx.Optimizers;

public static partial class Gradients
{
    private const int DefaultBucket = 32 << 20;

    /// <summary>
    /// Averages every array of a tree over the processes of a group (<c>nn.average_gradients</c>), as data-parallel training does between
    /// the gradients and the update. Small arrays are sent together.
    /// </summary>
    /// <param name="gradients">The gradients, with the same structure, shapes, and dtypes in every process.</param>
    /// <param name="group">The processes; null for all processes.</param>
    /// <param name="allReduceSize">
    /// Arrays are combined until they have this many bytes. With 0 or less, and with mixed dtypes, each is sent separately.
    /// </param>
    /// <param name="communicationStream">The stream for the communication; null for the backend's own stream.</param>
    /// <returns>A tree of the same structure, identical in all processes; the same tree if there is a single process.</returns>
    /// <exception cref="MlxException">
    /// The gradients of the processes differ in structure, shapes, or dtypes, or a process has ended.
    /// </exception>
    public static TTree Average<TTree>(
        TTree gradients, DistributedGroup? group = null, int allReduceSize = DefaultBucket, MlxStream? communicationStream = null)
        where TTree : Tree
    {
        ArgumentNullException.ThrowIfNull(gradients);
        group ??= Mx.Distributed.Init();
        if (group.Size == 1)
        {
            return gradients;
        }

        IReadOnlyList<KeyValuePair<string, MlxArray>> items = gradients.Flatten();
        Mx.Distributed.Agree(group, "Gradients.Average", items);
        if (allReduceSize <= 0 || !AreOfOneDType(items))
        {
            return (TTree)Tree.Map(x => Mean(x, group, communicationStream), gradients);
        }

        Dictionary<string, MlxArray> averaged = [];
        foreach (Range bucket in Buckets(items, allReduceSize))
        {
            AverageBucket(items, bucket, x => Mean(x, group, communicationStream), averaged);
        }

        return (TTree)Tree.MapWithPath((path, _) => averaged[path], gradients);
    }

    private static MlxArray Mean(MlxArray x, DistributedGroup group, MlxStream? stream)
    {
        using MlxArray sum = Mx.Distributed.AllSum(x, group, stream);
        return Mx.Divide(sum, group.Size);
    }

    private static bool AreOfOneDType(IReadOnlyList<KeyValuePair<string, MlxArray>> items) =>
        items.All(item => item.Value.DType == items[0].Value.DType);

    /// <summary>Consecutive arrays that together reach a number of bytes.</summary>
    private static List<Range> Buckets(IReadOnlyList<KeyValuePair<string, MlxArray>> items, long size)
    {
        List<Range> buckets = [];
        int start = 0;
        long bytes = 0;
        for (int i = 0; i < items.Count; i++)
        {
            bytes += items[i].Value.NBytes;
            if (bytes >= size || i == items.Count - 1)
            {
                buckets.Add(start..(i + 1));
                start = i + 1;
                bytes = 0;
            }
        }

        return buckets;
    }

    private static void AverageBucket(
        IReadOnlyList<KeyValuePair<string, MlxArray>> items, Range bucket, Func<MlxArray, MlxArray> mean,
        Dictionary<string, MlxArray> averaged)
    {
        using MlxScope scope = MlxScope.Begin();
        (int start, int count) = bucket.GetOffsetAndLength(items.Count);
        int[] ends = new int[count];
        int end = 0;
        for (int i = 0; i < count; i++)
        {
            ends[i] = end = checked(end + (int)items[start + i].Value.Size);
        }

        MlxArray joined = mean(Mx.Concatenate([.. items.Skip(start).Take(count).Select(item => Mx.Reshape(item.Value, -1))]));
        MlxArray[] parts = count == 1 ? [joined] : Mx.Split(joined, ends.AsSpan(0, count - 1));
        for (int i = 0; i < count; i++)
        {
            (string path, MlxArray gradient) = items[start + i];
            averaged[path] = scope.Keep(Mx.Reshape(parts[i], gradient.Shape));
        }
    }
}
