using DotMlx.Data.Operations;
using DotMlx.Data.Sources;

namespace DotMlx.Data;

public static partial class Dataset
{
    /// <summary>Changes the order anew for each pass; seed and number of the pass decide it.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The items.</param>
    /// <param name="seed">Decides the orders.</param>
    /// <param name="buffer">
    /// For a source that can be read from start to end only: how many items are kept to draw from. Such a set is fully shuffled if the
    /// buffer holds it. Sources with random access need none.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The buffer is not positive.</exception>
    public static Dataset<T> Shuffle<T>(this Dataset<T> dataset, int seed, int buffer = 10_000)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(buffer);
        return dataset is IndexedDataset<T> indexed
            ? OrderedDataset<T>.Of(indexed, new Order.Shuffled(seed))
            : new BufferShuffle<T>(dataset, seed, buffer);
    }

    /// <summary>
    /// The part of one of several processes: of every <paramref name="size"/> items it gets one, after the shuffling that stands before.
    /// All parts have the same length, so that processes which wait for each other do so equally often; what is left over is dropped.
    /// </summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The items, the same ones in each process.</param>
    /// <param name="rank">The number of this process, from 0.</param>
    /// <param name="size">How many processes there are.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rank is not one of them.</exception>
    public static Dataset<T> Shard<T>(this Dataset<T> dataset, int rank, int size)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, size);
        return dataset is IndexedDataset<T> indexed
            ? OrderedDataset<T>.Of(indexed, new Order.Shard(rank, size))
            : new StreamShard<T>(dataset, rank, size);
    }

    /// <summary>The part of this process of a group.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The items, the same ones in each process.</param>
    /// <param name="group">The processes, as <c>Mx.Distributed.Init</c> gives them.</param>
    public static Dataset<T> Shard<T>(this Dataset<T> dataset, DistributedGroup group)
    {
        ArgumentNullException.ThrowIfNull(group);
        return dataset.Shard(group.Rank, group.Size);
    }

    /// <summary>Makes something of each item when its turn comes.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <typeparam name="TResult">What is made of it.</typeparam>
    /// <param name="dataset">The items.</param>
    /// <param name="selector">Makes it. What it throws reaches the reader as a <see cref="DatasetException"/> that names the item.</param>
    public static Dataset<TResult> Select<T, TResult>(this Dataset<T> dataset, Func<T, TResult> selector)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(selector);
        return dataset is IndexedDataset<T> indexed
            ? new IndexedSelect<T, TResult>(indexed, (_, _, item) => selector(item))
            : new StreamSelect<T, TResult>(dataset, (_, _, item) => selector(item));
    }

    /// <summary>Makes something random of each item, such as an augmented image.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <typeparam name="TResult">What is made of it.</typeparam>
    /// <param name="dataset">The items.</param>
    /// <param name="selector">
    /// Makes it with a generator that seed, pass and position decide: a run that was resumed draws the same numbers.
    /// </param>
    /// <param name="seed">Decides the generators.</param>
    public static Dataset<TResult> Select<T, TResult>(this Dataset<T> dataset, Func<T, Random, TResult> selector, int seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(selector);
        return dataset is IndexedDataset<T> indexed
            ? new IndexedSelect<T, TResult>(indexed, (epoch, position, item) => selector(item, Order.Generator(seed, epoch, position)))
            : new StreamSelect<T, TResult>(dataset, (epoch, position, item) => selector(item, Order.Generator(seed, epoch, position)));
    }

    /// <summary>Puts items together in batches.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The items.</param>
    /// <param name="size">Items of a batch.</param>
    /// <param name="dropLast">Whether a last batch with fewer items is left out.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    public static Dataset<T[]> Batch<T>(this Dataset<T> dataset, int size, bool dropLast = false)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        return dataset is IndexedDataset<T> indexed
            ? new IndexedBatch<T>(indexed, size, dropLast)
            : new StreamBatch<T>(dataset, size, dropLast);
    }

    /// <summary>Stacks examples of arrays along a new first axis: a batch has as many arrays as an example, each with one axis more.</summary>
    /// <param name="dataset">Examples with the same number of arrays, whose shapes agree.</param>
    /// <param name="size">Examples of a batch.</param>
    /// <param name="dropLast">Whether a last batch with fewer examples is left out.</param>
    /// <returns>Batches that own their arrays: whoever reads one may dispose them.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    /// <remarks>C: mlx_take_axis for rows of arrays, else mlx_stack_axis.</remarks>
    public static Dataset<MlxArray[]> Batch(this Dataset<MlxArray[]> dataset, int size, bool dropLast = false)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        return dataset switch
        {
            IRowSource rows => new RowBatch(rows, size, dropLast),
            IndexedDataset<MlxArray[]> indexed => new IndexedBatch<MlxArray[]>(indexed, size, dropLast).Select(Stacking.Stack),
            _ => new StreamBatch<MlxArray[]>(dataset, size, dropLast).Select(Stacking.Stack),
        };
    }

    /// <summary>
    /// Reads ahead on a thread of its own while the reader works. At most <paramref name="count"/> items wait, and one more is in the
    /// making. An exception reaches the reader where its item would have come.
    /// </summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The items; everything that stands before happens on that thread.</param>
    /// <param name="count">How many items may wait.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is not positive.</exception>
    public static Dataset<T> Prefetch<T>(this Dataset<T> dataset, int count)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return new PrefetchedDataset<T>(dataset, count);
    }

    /// <summary>Reads everything once, when it is first asked for, and keeps it: then the set can be read in any order.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The items of pass 0.</param>
    /// <returns>A set with random access, which holds all items in memory.</returns>
    public static Dataset<T> Cache<T>(this Dataset<T> dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return new CachedDataset<T>(dataset);
    }

    /// <summary>A reader that goes through pass after pass and knows where it is.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The items.</param>
    public static DataReader<T> Read<T>(this Dataset<T> dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return new DataReader<T>(dataset);
    }
}
