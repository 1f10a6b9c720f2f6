namespace DotMlx.Data;

/// <summary>The progress of a reader.</summary>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Items">The number of items read in this epoch.</param>
/// <param name="Count">The number of items per epoch; null if unknown.</param>
public readonly record struct DataProgress(int Epoch, long Items, int? Count);

/// <summary>
/// Reads a dataset epoch by epoch and tracks the position. The state is the epoch and the number of items read, not the number of
/// prefetched items. A run that restores the state gets the same items as an uninterrupted run.
/// </summary>
/// <typeparam name="T">The type of an item.</typeparam>
public sealed class DataReader<T> : IMlxState
{
    private readonly Dataset<T> _dataset;

    internal DataReader(Dataset<T> dataset) => _dataset = dataset;

    /// <summary>The current epoch, from 0.</summary>
    public int Epoch { get; private set; }

    /// <summary>The number of items read in the current epoch.</summary>
    public long Items { get; private set; }

    /// <summary>The number of items per epoch; null if only a complete pass can tell.</summary>
    public int? Count => _dataset.Count;

    /// <summary>
    /// Reads the rest of the current epoch. This is the whole epoch, unless the reader was restored or an earlier loop stopped early. An
    /// item counts as read when the loop receives it. After the last item, the reader moves to the next epoch.
    /// </summary>
    /// <param name="progress">Receives a report for each item, on the reading thread.</param>
    /// <param name="cancellationToken">Cancels reading between items.</param>
    /// <returns>The items. Only one enumeration may run at a time.</returns>
    /// <exception cref="OperationCanceledException">Reading was canceled.</exception>
    /// <exception cref="DatasetException">An item can't be read.</exception>
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

    /// <summary>Moves to a position. The next item is the one after the first <paramref name="items"/> items of the epoch.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="items">The number of items of the epoch to skip.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is negative, or the epoch has fewer items.</exception>
    public void Seek(int epoch, long items)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(items);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(items, _dataset.Count ?? long.MaxValue);
        (Epoch, Items) = (epoch, items);
    }

    /// <summary>
    /// Captures the position as a tree that can be saved next to the model and the optimizer. It holds the int64 scalars <c>epoch</c> and
    /// <c>items</c>.
    /// </summary>
    public Tree CaptureState() => new TreeDictionary { ["epoch"] = MlxArray.Scalar((long)Epoch), ["items"] = MlxArray.Scalar(Items) };

    /// <summary>Restores a captured position.</summary>
    /// <param name="state">A tree from <see cref="CaptureState"/>.</param>
    /// <exception cref="ArgumentException">The tree isn't a reader position, or the dataset has no such position.</exception>
    public void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state is not TreeDictionary tree || !tree.ContainsKey("epoch") || !tree.ContainsKey("items"))
        {
            throw new ArgumentException("The state of a reader must be a dictionary with 'epoch' and 'items'.", nameof(state));
        }

        Seek(checked((int)tree["epoch"].Array.Item<long>()), tree["items"].Array.Item<long>());
    }
}
