namespace DotMlx.Data.Operations;

/// <summary>Maps an item, with its epoch and its position in the epoch, to a result.</summary>
internal delegate TResult ItemMap<T, TResult>(int epoch, long position, T item);

internal sealed class IndexedSelect<T, TResult>(IndexedDataset<T> source, ItemMap<T, TResult> map) : IndexedDataset<TResult>
{
    internal override int Length => source.Length;

    internal override TResult Get(int epoch, int index)
    {
        T item = source.Get(epoch, index);
        return DatasetException.Naming((map, epoch, index, item), static s => s.map(s.epoch, s.index, s.item),
            s => NameOf(s.epoch, s.index));
    }

    internal override string NameOf(int epoch, int index) => source.NameOf(epoch, index);
}

internal sealed class StreamSelect<T, TResult>(Dataset<T> source, ItemMap<T, TResult> map) : StreamedDataset<TResult>
{
    public override int? Count => source.Count;

    internal override string NameOf(long position) => source is StreamedDataset<T> streamed
        ? streamed.NameOf(position)
        : base.NameOf(position);

    internal override IEnumerable<TResult> Open(int epoch, long skip)
    {
        long position = skip;
        foreach (T item in source.Open(epoch, skip))
        {
            yield return DatasetException.Naming((map, epoch, position, item), static s => s.map(s.epoch, s.position, s.item),
                s => NameOf(s.position));
            position++;
        }
    }
}

/// <summary>Selects one item of every group of consecutive items.</summary>
internal sealed class StreamShard<T>(Dataset<T> source, int rank, int size) : StreamedDataset<T>
{
    public override int? Count => source.Count / size;

    internal override string NameOf(long position) =>
        source is StreamedDataset<T> streamed ? streamed.NameOf((position * size) + rank) : base.NameOf((position * size) + rank);

    internal override IEnumerable<T> Open(int epoch, long skip)
    {
        // Incomplete rounds are dropped, so that each process gets the same number of items.
        List<T> round = new(size);
        foreach (T item in source.Open(epoch, skip * size))
        {
            round.Add(item);
            if (round.Count == size)
            {
                yield return round[rank];
                round.Clear();
            }
        }
    }
}

/// <summary>Shuffles a stream with a buffer.</summary>
internal sealed class BufferShuffle<T>(Dataset<T> source, int seed, int capacity) : StreamedDataset<T>
{
    public override int? Count => source.Count;

    // Skipped items are drawn too, so that the remaining order matches a full epoch.
    internal override IEnumerable<T> Open(int epoch, long skip) => Draw(epoch).Skip(checked((int)skip));

    private IEnumerable<T> Draw(int epoch)
    {
        Random random = Order.Generator(seed, epoch, -1);
        List<T> buffer = [];
        foreach (T item in source.Open(epoch, 0))
        {
            if (buffer.Count < capacity)
            {
                buffer.Add(item);
                continue;
            }

            int drawn = random.Next(capacity);
            T chosen = buffer[drawn];
            buffer[drawn] = item;
            yield return chosen;
        }

        T[] rest = [.. buffer];
        random.Shuffle(rest);
        foreach (T item in rest)
        {
            yield return item;
        }
    }
}
