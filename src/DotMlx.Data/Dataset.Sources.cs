using DotMlx.Data.Sources;

namespace DotMlx.Data;

/// <summary>Makes datasets, and makes one dataset out of another: shuffled, in batches, mapped, prefetched, in shards.</summary>
public static partial class Dataset
{
    /// <summary>Examples that are the rows of arrays: item <c>i</c> is <c>[a[i], b[i], …]</c>. A batch is taken from each array at once.</summary>
    /// <param name="arrays">Arrays of any dtypes with the same first axis; they stay the caller's and must not be disposed while the set is read.</param>
    /// <returns>Examples, each with one array less one axis for every array given.</returns>
    /// <exception cref="ArgumentException">There is no array, one is a scalar, or their first axes differ.</exception>
    public static Dataset<MlxArray[]> FromArrays(params MlxArray[] arrays) => new ArrayDataset(arrays);

    /// <summary>The items of a list, which can be read in any order.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="items">The list; it must not change while the set is read.</param>
    public static Dataset<T> From<T>(IReadOnlyList<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return new ListDataset<T>(items);
    }

    /// <summary>The items of a sequence, which is enumerated anew for each pass.</summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="items">The sequence; a list or an array can be read in any order.</param>
    public static Dataset<T> From<T>(IEnumerable<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return items is IReadOnlyList<T> list ? new ListDataset<T>(list) : new SequenceDataset<T>(items);
    }

    /// <summary>
    /// The items of an asynchronous sequence, which is enumerated anew for each pass. The thread that reads waits for each item: with
    /// <c>Prefetch</c> that is a thread of its own.
    /// </summary>
    /// <typeparam name="T">The type of an item.</typeparam>
    /// <param name="items">The sequence.</param>
    public static Dataset<T> From<T>(IAsyncEnumerable<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return new AsyncDataset<T>(items);
    }

    /// <summary>The numbers from 0 up to a count: rows of something that the program keeps itself.</summary>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public static Dataset<int> Range(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return new RangeDataset(count);
    }

    /// <summary>The rows of a table of comma-separated values (RFC 4180), read anew for each pass; <c>Cache</c> keeps them.</summary>
    /// <typeparam name="T">What is made of a row.</typeparam>
    /// <param name="path">The file; one that ends in <c>.gz</c> is unpacked.</param>
    /// <param name="read">Makes an item of a row: <c>row =&gt; row.GetFloat(0)</c>, or <c>row.GetOrdinal("name")</c> where there is a header.</param>
    /// <param name="hasHeader">Whether the first line names the columns.</param>
    /// <param name="delimiter">What separates the values.</param>
    /// <exception cref="DatasetException">While reading: a row could not be read; <see cref="DatasetException.ItemName"/> names file and line.</exception>
    public static Dataset<T> FromCsv<T>(string path, Func<System.Data.IDataRecord, T> read, bool hasHeader = true, char delimiter = ',')
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(read);
        return new CsvDataset<T>(path, read, hasHeader, delimiter);
    }
}
