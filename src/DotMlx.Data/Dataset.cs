using System.Collections;

namespace DotMlx.Data;

/// <summary>
/// A source of items that can be passed through any number of times, each time from the start. Sources are made by
/// <see cref="Dataset"/>, and methods such as <c>Shuffle</c> and <c>Batch</c> make one out of another; nothing is read before an item is
/// asked for. A plain <c>foreach</c> is pass 0; <see cref="Pass"/> gives another one and <c>Read</c> a reader that remembers its position.
/// </summary>
/// <typeparam name="T">The type of an item: an example, or a batch of them.</typeparam>
public abstract class Dataset<T> : IEnumerable<T>
{
    private protected Dataset()
    {
    }

    /// <summary>The number of items of one pass; null where only a complete pass would tell.</summary>
    public abstract int? Count { get; }

    /// <summary>One pass. The same pass always has the same items in the same order.</summary>
    /// <param name="epoch">The number of the pass, from 0; it decides the order of a shuffled set and the random augmentations.</param>
    /// <param name="skip">How many items to leave out at the start. A source with random access does not read them.</param>
    /// <returns>The items; each enumeration reads them anew.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    public IEnumerable<T> Pass(int epoch, long skip = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        return Open(epoch, skip);
    }

    /// <summary>Enumerates pass 0.</summary>
    public IEnumerator<T> GetEnumerator() => Open(0, 0).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal abstract IEnumerable<T> Open(int epoch, long skip);
}

/// <summary>A dataset whose items can be read in any order.</summary>
internal abstract class IndexedDataset<T> : Dataset<T>
{
    internal abstract int Length { get; }

    public sealed override int? Count => Length;

    /// <summary>An item of a pass; the pass decides the order, and what is random.</summary>
    internal abstract T Get(int epoch, int index);

    /// <summary>What messages call the item.</summary>
    internal abstract string NameOf(int epoch, int index);

    internal override IEnumerable<T> Open(int epoch, long skip)
    {
        for (long index = skip; index < Length; index++)
        {
            yield return Get(epoch, (int)index);
        }
    }
}

/// <summary>A dataset that can be read from start to end only.</summary>
internal abstract class StreamedDataset<T> : Dataset<T>
{
    public override int? Count => null;

    /// <summary>What messages call the item at a position of a pass.</summary>
    internal virtual string NameOf(long position) => $"item {position}";
}
