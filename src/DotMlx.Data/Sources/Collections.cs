namespace DotMlx.Data.Sources;

internal sealed class ListDataset<T>(IReadOnlyList<T> items) : IndexedDataset<T>
{
    internal override int Length => items.Count;

    internal override T Get(int epoch, int index) =>
        DatasetException.Naming((items, index), static s => s.items[s.index], static s => $"item {s.index}");

    internal override string NameOf(int epoch, int index) => $"item {index}";
}

internal sealed class RangeDataset(int count) : IndexedDataset<int>
{
    internal override int Length => count;

    internal override int Get(int epoch, int index) => index;

    internal override string NameOf(int epoch, int index) => $"item {index}";
}

/// <summary>A dataset that is read once and kept in memory.</summary>
internal sealed class CachedDataset<T>(Dataset<T> source) : IndexedDataset<T>
{
    private readonly Lazy<T[]> _items = new(() => [.. source]);

    internal override int Length => _items.Value.Length;

    internal override T Get(int epoch, int index) => _items.Value[index];

    internal override string NameOf(int epoch, int index) => source switch
    {
        IndexedDataset<T> indexed => indexed.NameOf(0, index),
        StreamedDataset<T> streamed => streamed.NameOf(index),
        _ => $"item {index}",
    };
}

internal sealed class SequenceDataset<T>(IEnumerable<T> items) : StreamedDataset<T>
{
    public override int? Count => items.TryGetNonEnumeratedCount(out int count) ? count : null;

    internal override IEnumerable<T> Open(int epoch, long skip)
    {
        long position = 0;
        using IEnumerator<T> each = DatasetException.Naming(items, static i => i.GetEnumerator(), _ => NameOf(0));
        while (DatasetException.Naming(each, static e => e.MoveNext(), _ => NameOf(position)))
        {
            if (position++ >= skip)
            {
                yield return each.Current;
            }
        }
    }
}

internal sealed class AsyncDataset<T>(IAsyncEnumerable<T> items) : StreamedDataset<T>
{
    internal override IEnumerable<T> Open(int epoch, long skip)
    {
        long position = 0;
        IAsyncEnumerator<T> each = DatasetException.Naming(items, static i => i.GetAsyncEnumerator(), _ => NameOf(0));
        try
        {
            while (DatasetException.Naming(each, static e => e.MoveNextAsync().AsTask().GetAwaiter().GetResult(), _ => NameOf(position)))
            {
                if (position++ >= skip)
                {
                    yield return each.Current;
                }
            }
        }
        finally
        {
            each.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
