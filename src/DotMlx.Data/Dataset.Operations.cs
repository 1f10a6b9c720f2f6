using DotMlx.Data.Operations;
using DotMlx.Data.Sources;

namespace DotMlx.Data;

public static partial class Dataset
{
    /// <summary>Shuffles the items in a new order for each epoch. The seed and the epoch determine the order.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The dataset.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="buffer">
    /// The size of the shuffle buffer, in items, for sources without random access. The shuffle is complete only if the buffer holds the
    /// whole dataset. Sources with random access ignore it.
    /// </param>
    /// <returns>The shuffled dataset.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The buffer size isn't positive.</exception>
    public static Dataset<T> Shuffle<T>(this Dataset<T> dataset, int seed, int buffer = 10_000)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(buffer);
        return dataset is IndexedDataset<T> indexed
            ? OrderedDataset<T>.Of(indexed, new Order.Shuffled(seed))
            : new BufferShuffle<T>(dataset, seed, buffer);
    }

    /// <summary>
    /// Selects the shard of one of several processes: one of every <paramref name="size"/> items, in the order of the preceding operations.
    /// All shards have the same length, so that processes that wait for each other stay in step. Leftover items are dropped.
    /// </summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The dataset, which must be the same in each process.</param>
    /// <param name="rank">The rank of this process, from 0.</param>
    /// <param name="size">The number of processes.</param>
    /// <returns>The shard of this process.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size isn't positive, or the rank isn't in [0, size).</exception>
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

    /// <summary>Selects the shard of this process in a group.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The dataset, which must be the same in each process.</param>
    /// <param name="group">The group, as <c>Mx.Distributed.Init</c> returns it.</param>
    /// <returns>The shard of this process.</returns>
    public static Dataset<T> Shard<T>(this Dataset<T> dataset, DistributedGroup group)
    {
        ArgumentNullException.ThrowIfNull(group);
        return dataset.Shard(group.Rank, group.Size);
    }

    /// <summary>Transforms each item when it is read.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <typeparam name="TResult">The type of a transformed item.</typeparam>
    /// <param name="dataset">The dataset.</param>
    /// <param name="selector">
    /// The transformation. Its exceptions reach the reader as a <see cref="DatasetException"/> that names the item.
    /// </param>
    /// <returns>The transformed dataset.</returns>
    public static Dataset<TResult> Select<T, TResult>(this Dataset<T> dataset, Func<T, TResult> selector)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(selector);
        return dataset is IndexedDataset<T> indexed
            ? new IndexedSelect<T, TResult>(indexed, (_, _, item) => selector(item))
            : new StreamSelect<T, TResult>(dataset, (_, _, item) => selector(item));
    }

    /// <summary>Transforms each item with a random number generator, for example to augment images.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <typeparam name="TResult">The type of a transformed item.</typeparam>
    /// <param name="dataset">The dataset.</param>
    /// <param name="selector">
    /// The transformation. The seed, the epoch, and the position determine its generator, so a resumed run draws the same numbers. Its
    /// exceptions reach the reader as a <see cref="DatasetException"/> that names the item.
    /// </param>
    /// <param name="seed">The seed of the generators.</param>
    /// <returns>The transformed dataset.</returns>
    public static Dataset<TResult> Select<T, TResult>(this Dataset<T> dataset, Func<T, Random, TResult> selector, int seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(selector);
        return dataset is IndexedDataset<T> indexed
            ? new IndexedSelect<T, TResult>(indexed, (epoch, position, item) => selector(item, Order.Generator(seed, epoch, position)))
            : new StreamSelect<T, TResult>(dataset, (epoch, position, item) => selector(item, Order.Generator(seed, epoch, position)));
    }

    /// <summary>Groups items into batches.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The dataset.</param>
    /// <param name="size">The number of items per batch.</param>
    /// <param name="dropLast">Whether an incomplete last batch is dropped.</param>
    /// <returns>The batches.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size isn't positive.</exception>
    public static Dataset<T[]> Batch<T>(this Dataset<T> dataset, int size, bool dropLast = false)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        return dataset is IndexedDataset<T> indexed
            ? new IndexedBatch<T>(indexed, size, dropLast)
            : new StreamBatch<T>(dataset, size, dropLast);
    }

    /// <summary>
    /// Groups examples into batches and stacks their arrays along a new first axis. A batch has as many arrays as an example, and each
    /// array has one more axis.
    /// </summary>
    /// <param name="dataset">Examples with the same number of arrays and matching shapes.</param>
    /// <param name="size">The number of examples per batch.</param>
    /// <param name="dropLast">Whether an incomplete last batch is dropped.</param>
    /// <returns>Batches that own their arrays. The reader may dispose of the arrays.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size isn't positive.</exception>
    /// <remarks>
    /// C: mlx_slice for unshuffled rows of arrays, mlx_take_axis for shuffled or sharded rows; otherwise, mlx_stack_axis.
    /// </remarks>
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
    /// Prefetches items on a separate thread while the reader works. At most <paramref name="count"/> items wait, and one more is in
    /// preparation. An exception reaches the reader in place of its item.
    /// </summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The dataset. All preceding operations run on the prefetch thread.</param>
    /// <param name="count">The maximum number of waiting items.</param>
    /// <returns>The prefetched dataset.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The count isn't positive.</exception>
    public static Dataset<T> Prefetch<T>(this Dataset<T> dataset, int count)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return new PrefetchedDataset<T>(dataset, count);
    }

    /// <summary>Reads all items once, on first access, and keeps them in memory. The result supports random access.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The dataset, of which epoch 0 is read.</param>
    /// <returns>A dataset with random access that holds all items in memory.</returns>
    public static Dataset<T> Cache<T>(this Dataset<T> dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return new CachedDataset<T>(dataset);
    }

    /// <summary>Creates a reader that reads epoch by epoch and tracks the position.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="dataset">The dataset.</param>
    /// <returns>A reader at the start of epoch 0.</returns>
    public static DataReader<T> Read<T>(this Dataset<T> dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return new DataReader<T>(dataset);
    }
}
