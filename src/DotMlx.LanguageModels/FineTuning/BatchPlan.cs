namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// Assigns examples to batches. The seed and the batch number alone determine a batch, so that a run can resume at any batch. Examples that
/// don't fill a batch at the end of an epoch are dropped, as in mlx-lm.
/// </summary>
internal sealed class BatchPlan
{
    private readonly ExampleSet _examples;
    private readonly int _batchSize;
    private readonly ulong _seed;
    private readonly int[][]? _byLength;
    private (long Epoch, List<int[]> Rows)? _packed;
    private (long Epoch, int[] Order)? _order;

    internal BatchPlan(ExampleSet examples, int batchSize, ulong seed)
    {
        (_examples, _batchSize, _seed) = (examples, batchSize, seed);
        if (examples.Count < batchSize)
        {
            throw new ArgumentException($"'{examples.Path}' has {examples.Count} examples, but a batch "
                + $"takes {batchSize}: make the batch smaller.");
        }
        if (!examples.Options.Packed)
        {
            int[] sorted = [.. Enumerable.Range(0, examples.Count).OrderBy(examples.LengthOf)];
            _byLength = [.. sorted.Chunk(batchSize).Where(chunk => chunk.Length == batchSize)];
        }
        else if (BatchesOf(0) == 0)
        {
            throw new ArgumentException($"'{examples.Path}' fills fewer than {batchSize} packed rows "
                + $"of {examples.Options.MaxLength} tokens: make the batch or the rows smaller.");
        }
    }

    /// <summary>The number of batches in an epoch.</summary>
    internal int BatchesOf(long epoch) => _byLength?.Length ?? Rows(epoch).Count / _batchSize;

    /// <summary>Reads a batch, or the part of it that one of several processes computes.</summary>
    /// <param name="epoch">The epoch, counted from 0.</param>
    /// <param name="index">The index of the batch in the epoch, counted from 0.</param>
    /// <param name="rank">The rank of this process.</param>
    /// <param name="processes">The number of processes that share a batch.</param>
    internal TrainingBatch Read(long epoch, int index, int rank = 0, int processes = 1)
    {
        IEnumerable<T> Own<T>(IEnumerable<T> rows) => rows.Where((_, i) => i % processes == rank);
        int maxLength = _examples.Options.MaxLength;
        if (_byLength is null)
        {
            int[][] rows = [.. Own(Rows(epoch).Skip(index * _batchSize).Take(_batchSize))];
            return TrainingBatch.Pack([.. rows.Select(row => row.Select(i => _examples[i]).ToArray())], maxLength);
        }
        if (_order?.Epoch != epoch)
        {
            _order = (epoch, Shuffled(_byLength.Length, epoch));
        }
        return TrainingBatch.Pad([.. Own(_byLength[_order.Value.Order[index]]).Select(i => _examples[i])], maxLength);
    }

    /// <summary>Shuffles with Fisher-Yates, so that the order doesn't depend on the platform or on the .NET version.</summary>
    private int[] Shuffled(int count, long epoch)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        SplitMix64 random = new(unchecked((_seed * SplitMix64.Step) ^ ((ulong)epoch * 0xD1B54A32D192ED03)));
        for (int i = count - 1; i > 0; i--)
        {
            int j = (int)Math.BigMul(random.Next(), (ulong)(i + 1), out _);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    /// <summary>
    /// Packs the examples of an epoch into rows. An example goes into the current row if it fits; otherwise, it starts a new row.
    /// </summary>
    private List<int[]> Rows(long epoch)
    {
        if (_packed?.Epoch == epoch)
        {
            return _packed.Value.Rows;
        }
        List<int[]> rows = [];
        List<int> row = [];
        int used = 0;
        foreach (int i in Shuffled(_examples.Count, epoch))
        {
            if (used + _examples.LengthOf(i) > _examples.Options.MaxLength)
            {
                rows.Add([.. row]);
                row.Clear();
                used = 0;
            }
            row.Add(i);
            used += _examples.LengthOf(i);
        }
        if (row.Count > 0)
        {
            rows.Add([.. row]);
        }
        _packed = (epoch, rows);
        return rows;
    }
}
