using DotMlx.Data.Sources;

namespace DotMlx.Data;

/// <summary>Creates datasets and transforms them: shuffling, batching, mapping, prefetching, and sharding.</summary>
public static partial class Dataset
{
    /// <summary>
    /// Creates a dataset from the rows of arrays. Item <c>i</c> is <c>[a[i], b[i], …]</c>. A batch takes its rows from each array in a
    /// single operation.
    /// </summary>
    /// <param name="arrays">
    /// Arrays of any dtype with first axes of equal size. The caller still owns them and must not dispose of them while the dataset is in
    /// use.
    /// </param>
    /// <returns>Examples with one array for each argument, without its first axis.</returns>
    /// <exception cref="ArgumentException">There is no array, an array is a scalar, or the first axes differ in size.</exception>
    public static Dataset<MlxArray[]> FromArrays(params MlxArray[] arrays) => new ArrayDataset(arrays);

    /// <summary>Creates a dataset with random access from a list.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="items">The list, which must not change while the dataset is in use.</param>
    /// <returns>The dataset.</returns>
    public static Dataset<T> From<T>(IReadOnlyList<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return new ListDataset<T>(items);
    }

    /// <summary>Creates a dataset from a sequence, which is enumerated again for each epoch.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="items">The sequence. Lists and arrays support random access.</param>
    /// <returns>The dataset.</returns>
    public static Dataset<T> From<T>(IEnumerable<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return items is IReadOnlyList<T> list ? new ListDataset<T>(list) : new SequenceDataset<T>(items);
    }

    /// <summary>
    /// Creates a dataset from an asynchronous sequence, which is enumerated again for each epoch. The reading thread blocks until each item
    /// arrives. With <c>Prefetch</c>, this is a separate thread.
    /// </summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="items">The sequence.</param>
    /// <returns>The dataset.</returns>
    public static Dataset<T> From<T>(IAsyncEnumerable<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return new AsyncDataset<T>(items);
    }

    /// <summary>
    /// Creates a dataset of the integers from 0 to <paramref name="count"/> - 1, for use as row indices into data of the program.
    /// </summary>
    /// <param name="count">The number of integers.</param>
    /// <returns>The dataset, which supports random access.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public static Dataset<int> Range(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return new RangeDataset(count);
    }

    /// <summary>
    /// Creates a dataset from the rows of a CSV file (RFC 4180). The file is read again for each epoch; <c>Cache</c> keeps the rows in
    /// memory.
    /// </summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="path">The path of the file. A <c>.gz</c> file is decompressed.</param>
    /// <param name="read">
    /// Converts a row to an item: <c>row =&gt; row.GetFloat(0)</c>. With a header, <c>row.GetOrdinal("name")</c> finds a column.
    /// </param>
    /// <param name="hasHeader">Whether the first line contains the column names.</param>
    /// <param name="delimiter">The delimiter between values.</param>
    /// <returns>The dataset.</returns>
    /// <exception cref="DatasetException">
    /// Thrown while reading: a row can't be read. <see cref="DatasetException.ItemName"/> names the file and the row, counted from 1
    /// without the header.
    /// </exception>
    public static Dataset<T> FromCsv<T>(string path, Func<System.Data.IDataRecord, T> read, bool hasHeader = true, char delimiter = ',')
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(read);
        return new CsvDataset<T>(path, read, hasHeader, delimiter);
    }
}
