namespace DotMlx.Data;

/// <summary>How far a reader has come.</summary>
/// <param name="Epoch">The pass, from 0.</param>
/// <param name="Items">How many items of it the reader has handed out.</param>
/// <param name="Count">How many the pass has; null where that is not known.</param>
public readonly record struct DataProgress(int Epoch, long Items, int? Count);

/// <summary>
/// Goes through a dataset, pass after pass, and knows where it is. Its state is the number of the pass and of the items handed out, never
/// what was prefetched: a run that restores it gets the same items as one that was never interrupted.
/// </summary>
/// <typeparam name="T">The type of an item.</typeparam>
public sealed class DataReader<T> : IMlxState
{
    private readonly Dataset<T> _dataset;

    internal DataReader(Dataset<T> dataset) => _dataset = dataset;

    /// <summary>The number of the present pass, from 0.</summary>
    public int Epoch { get; private set; }

    /// <summary>How many items of the present pass were handed out.</summary>
    public long Items { get; private set; }

    /// <summary>The number of items of a pass; null where only a complete pass would tell.</summary>
    public int? Count => _dataset.Count;

    /// <summary>
    /// The rest of the present pass: all of it, unless the reader was restored or left before the end. An item counts as handed out when
    /// the loop gets it. At the end the next pass is the present one.
    /// </summary>
    /// <param name="progress">Is told of each item, on the thread that reads.</param>
    /// <param name="cancellationToken">Ends the loop between items.</param>
    /// <returns>The items; to be enumerated once at a time.</returns>
    /// <exception cref="OperationCanceledException">Reading was canceled.</exception>
    /// <exception cref="DatasetException">An item could not be read.</exception>
    public IEnumerable<T> ReadEpoch(IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        foreach (T item in _dataset.Pass(Epoch, Items))
        {
            cancellationToken.ThrowIfCancellationRequested();
            Items++;
            progress?.Report(new DataProgress(Epoch, Items, Count));
            yield return item;
        }

        Epoch++;
        Items = 0;
    }

    /// <summary>Goes to a place: the next item is the one after the first <paramref name="items"/> of the pass.</summary>
    /// <param name="epoch">The pass, from 0.</param>
    /// <param name="items">How many of its items were handed out.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative, or the pass has fewer items.</exception>
    public void Seek(int epoch, long items)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(items);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(items, _dataset.Count ?? long.MaxValue);
        (Epoch, Items) = (epoch, items);
    }

    /// <summary>The position as a tree that can be saved beside model and optimizer: <c>epoch</c> and <c>items</c>, int64 scalars.</summary>
    public Tree CaptureState() => new TreeDictionary { ["epoch"] = MlxArray.Scalar((long)Epoch), ["items"] = MlxArray.Scalar(Items) };

    /// <summary>Goes to a position that was captured.</summary>
    /// <param name="state">A tree from <see cref="CaptureState"/>.</param>
    /// <exception cref="ArgumentException">The tree is not one, or this dataset has no such position.</exception>
    public void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state is not TreeDictionary tree || !tree.ContainsKey("epoch") || !tree.ContainsKey("items"))
        {
            throw new ArgumentException("Expected the position of a reader, a dictionary with 'epoch' and 'items'.", nameof(state));
        }

        Seek(checked((int)tree["epoch"].Array.Item<long>()), tree["items"].Array.Item<long>());
    }
}
