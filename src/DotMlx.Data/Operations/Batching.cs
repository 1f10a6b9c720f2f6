using DotMlx.Data.Sources;

namespace DotMlx.Data.Operations;

internal sealed class IndexedBatch<T>(IndexedDataset<T> source, int size, bool dropLast) : IndexedDataset<T[]>
{
    internal override int Length { get; } = Stacking.Count(source.Length, size, dropLast);

    internal override T[] Get(int epoch, int index)
    {
        int start = index * size;
        T[] batch = new T[Math.Min(size, source.Length - start)];
        for (int i = 0; i < batch.Length; i++)
        {
            batch[i] = source.Get(epoch, start + i);
        }

        return batch;
    }

    internal override string NameOf(int epoch, int index) => $"batch {index}, which begins with {source.NameOf(epoch, index * size)}";
}

/// <summary>Batches of array rows, taken from each array in a single operation.</summary>
internal sealed class RowBatch(IRowSource source, int size, bool dropLast) : IndexedDataset<MlxArray[]>
{
    internal override int Length { get; } = Stacking.Count(source.Length, size, dropLast);

    internal override MlxArray[] Get(int epoch, int index) => source.Rows(epoch, index * size, Math.Min((index + 1) * size, source.Length));

    internal override string NameOf(int epoch, int index) => $"batch {index}";
}

internal sealed class StreamBatch<T>(Dataset<T> source, int size, bool dropLast) : StreamedDataset<T[]>
{
    public override int? Count => source.Count is { } count ? Stacking.Count(count, size, dropLast) : null;

    internal override string NameOf(long position) => $"batch {position}";

    internal override IEnumerable<T[]> Open(int epoch, long skip)
    {
        List<T> batch = new(size);
        foreach (T item in source.Open(epoch, skip * size))
        {
            batch.Add(item);
            if (batch.Count == size)
            {
                yield return [.. batch];
                batch.Clear();
            }
        }

        if (batch.Count > 0 && !dropLast)
        {
            yield return [.. batch];
        }
    }
}

internal static class Stacking
{
    public static int Count(int items, int size, bool dropLast) => (items / size) + (dropLast || items % size == 0 ? 0 : 1);

    /// <summary>Stacks the arrays of examples along a new first axis.</summary>
    /// <exception cref="ArgumentException">The examples differ in the number or the shapes of their arrays.</exception>
    public static MlxArray[] Stack(MlxArray[][] examples)
    {
        MlxArray[] batch = new MlxArray[examples[0].Length];
        for (int i = 0; i < batch.Length; i++)
        {
            MlxArray[] parts = new MlxArray[examples.Length];
            for (int row = 0; row < parts.Length; row++)
            {
                if (examples[row].Length != batch.Length || !examples[row][i].Shape.SequenceEqual(examples[0][i].Shape))
                {
                    throw new ArgumentException(
                        $"Example {row} of the batch has the shapes {Shapes(examples[row])}, but the first has {Shapes(examples[0])}: "
                        + "crop or resize them to one shape before batching.");
                }

                parts[row] = examples[row][i];
            }

            batch[i] = Mx.Stack(parts);
        }

        return batch;
    }

    private static string Shapes(MlxArray[] example) =>
        string.Join(", ", example.Select(array => $"({string.Join(", ", array.Shape.ToArray())})"));
}
