namespace DotMlx.Data.Sources;

/// <summary>A source with random access that returns several rows at once.</summary>
internal interface IRowSource
{
    int Length { get; }

    /// <summary>
    /// Returns the rows at positions from <paramref name="start"/> up to but not including <paramref name="end"/> of an epoch, stacked.
    /// </summary>
    MlxArray[] Rows(int epoch, int start, int end);
}

/// <summary>A dataset of array rows.</summary>
internal sealed class ArrayDataset : IndexedDataset<MlxArray[]>, IRowSource
{
    private readonly MlxArray[] _arrays;

    public ArrayDataset(MlxArray[] arrays)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        if (arrays.Length == 0)
        {
            throw new ArgumentException("A dataset needs at least one array.", nameof(arrays));
        }

        for (int i = 0; i < arrays.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(arrays[i], nameof(arrays));
            if (arrays[i].NDim == 0 || arrays[i].Dim(0) != arrays[0].Dim(0))
            {
                string shapes = string.Join(", ", arrays.Select(array => $"({string.Join(", ", array.Shape.ToArray())})"));
                throw new ArgumentException(
                    $"The first axes of the arrays must have the same size, one row per example, but the shapes are {shapes}.",
                    nameof(arrays));
            }
        }

        _arrays = [.. arrays];
        Length = arrays[0].Dim(0);
    }

    internal override int Length { get; }

    int IRowSource.Length => Length;

    internal override MlxArray[] Get(int epoch, int index) => [.. _arrays.Select(array => array[index])];

    internal override string NameOf(int epoch, int index) => $"row {index}";

    public MlxArray[] Rows(int epoch, int start, int end) => [.. _arrays.Select(array => array[start..end])];

    /// <summary>Returns the rows at the given indices, in that order.</summary>
    internal MlxArray[] Take(int[] rows)
    {
        using MlxArray index = MlxArray.Create<int>(rows, rows.Length);
        return [.. _arrays.Select(array => Mx.Take(array, index, axis: 0))];
    }
}
