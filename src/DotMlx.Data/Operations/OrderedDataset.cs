using DotMlx.Data.Sources;

namespace DotMlx.Data.Operations;

/// <summary>A dataset with random access in another order.</summary>
internal class OrderedDataset<T>(IndexedDataset<T> source, Order order) : IndexedDataset<T>
{
    // Epochs follow one another, so caching the order of the last one is enough.
    private (int Epoch, int[] Positions)? _last;

    internal sealed override int Length { get; } = order.Length(source.Length);

    /// <summary>Creates an ordered dataset. Rows of arrays keep their fast batching.</summary>
    public static IndexedDataset<T> Of(IndexedDataset<T> source, Order order) =>
        source is IndexedDataset<MlxArray[]> rows && Unordered(rows) is not null
        ? (IndexedDataset<T>)(object)new OrderedRows(rows, order)
        : new OrderedDataset<T>(source, order);

    internal sealed override T Get(int epoch, int index) => source.Get(epoch, PositionsOf(epoch)[index]);

    internal sealed override string NameOf(int epoch, int index) => source.NameOf(epoch, PositionsOf(epoch)[index]);

    protected int[] PositionsOf(int epoch)
    {
        if (_last is { } last && last.Epoch == epoch)
        {
            return last.Positions;
        }

        int[] positions = order.Positions(epoch, [.. Enumerable.Range(0, source.Length)]);
        _last = (epoch, positions);
        return positions;
    }

    private static ArrayDataset? Unordered(IndexedDataset<MlxArray[]> rows) => rows switch
    {
        ArrayDataset arrays => arrays,
        OrderedRows ordered => ordered.Arrays,
        _ => null,
    };

    private sealed class OrderedRows(IndexedDataset<MlxArray[]> source, Order order) : OrderedDataset<MlxArray[]>(source, order), IRowSource
    {
        private readonly IndexedDataset<MlxArray[]> _source = source;

        public ArrayDataset Arrays => OrderedDataset<MlxArray[]>.Unordered(_source)!;

        int IRowSource.Length => Length;

        public MlxArray[] Rows(int epoch, int start, int end) =>
            Arrays.Take([.. Enumerable.Range(start, end - start).Select(i => Row(epoch, i))]);

        private int Row(int epoch, int index)
        {
            int position = PositionsOf(epoch)[index];
            return _source is OrderedRows inner ? inner.Row(epoch, position) : position;
        }
    }
}
