using System.Collections;

namespace DotMlx.Data;

/// <summary>
/// A sequence of items that can be read any number of times from the start. <see cref="Dataset"/> creates datasets, and methods such as
/// <c>Shuffle</c> and <c>Batch</c> transform them. Items are read lazily. A plain <c>foreach</c> reads epoch 0, <see cref="Pass"/> reads
/// any epoch, and <c>Read</c> creates a reader that tracks its position.
/// </summary>
/// <typeparam name="T">The type of an item: an example or a batch of examples.</typeparam>
public abstract class Dataset<T> : IEnumerable<T>
{
    private protected Dataset()
    {
    }

    /// <summary>The number of items per epoch; null if only a complete pass can tell.</summary>
    public abstract int? Count { get; }

    /// <summary>Reads one epoch. The same epoch always has the same items in the same order.</summary>
    /// <param name="epoch">The epoch, from 0. It determines the shuffled order and the random augmentations.</param>
    /// <param name="skip">The number of items to skip at the start. Sources with random access don't read them.</param>
    /// <returns>The items. Each enumeration reads them again.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A value is negative.</exception>
    public IEnumerable<T> Pass(int epoch, long skip = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        return Open(epoch, skip);
    }

    /// <summary>Enumerates epoch 0.</summary>
    public IEnumerator<T> GetEnumerator() => Open(0, 0).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal abstract IEnumerable<T> Open(int epoch, long skip);
}

/// <summary>A dataset with random access.</summary>
internal abstract class IndexedDataset<T> : Dataset<T>
{
    internal abstract int Length { get; }

    public sealed override int? Count => Length;

    /// <summary>Returns an item of an epoch. The epoch determines the order and the random augmentations.</summary>
    internal abstract T Get(int epoch, int index);

    /// <summary>Returns the name of the item in error messages.</summary>
    internal abstract string NameOf(int epoch, int index);

    internal override IEnumerable<T> Open(int epoch, long skip)
    {
        for (long index = skip; index < Length; index++)
        {
            yield return Get(epoch, (int)index);
        }
    }
}

/// <summary>A dataset without random access.</summary>
internal abstract class StreamedDataset<T> : Dataset<T>
{
    public override int? Count => null;

    /// <summary>Returns the name of the item at a position of an epoch, for error messages.</summary>
    internal virtual string NameOf(long position) => $"item {position}";
}
