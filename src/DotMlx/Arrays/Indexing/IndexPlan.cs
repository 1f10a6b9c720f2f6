namespace DotMlx;

/// <summary>
/// An index resolved against an array: one entry per axis and per new axis, in order, by the rules of NumPy, which MLX follows. Index
/// arrays are broadcast together. Their dimensions replace the first of them (or of the adjacent positions), or come first if other entries
/// separate them.
/// </summary>
internal sealed class IndexPlan : IDisposable
{
    private readonly List<MlxArray> _owned = [];

    internal IndexPlan(MlxArray array, ReadOnlySpan<MlxIndex> index)
    {
        try
        {
            Entries = Bind(array, index);
        }
        catch
        {
            Dispose();
            throw;
        }

        Array = array;
        HasArrays = Entries.Exists(static entry => entry.Kind == IndexEntry.Kinds.Array);
        Gathered = HasArrays ? BroadcastArrays() : [];
        Joined = AdvancedLieTogether();
    }

    internal MlxArray Array { get; }

    internal List<IndexEntry> Entries { get; }

    internal bool HasArrays { get; }

    /// <summary>The common shape of the index arrays.</summary>
    internal int[] Gathered { get; }

    /// <summary>Whether the dimensions of the index arrays stay in place instead of moving to the front.</summary>
    internal bool Joined { get; }

    /// <summary>Lists the dimensions of the result, in order: a new axis, a slice of an axis, or all of <see cref="Gathered"/>.</summary>
    internal List<Dimension> Dimensions()
    {
        List<Dimension> dimensions = [];
        bool placed = !HasArrays;
        if (HasArrays && !Joined)
        {
            AddGathered();
        }

        foreach (IndexEntry entry in Entries)
        {
            switch (entry.Kind)
            {
                case IndexEntry.Kinds.NewAxis:
                    dimensions.Add(new Dimension(-1, -1, 1));
                    break;
                case IndexEntry.Kinds.Slice:
                    dimensions.Add(new Dimension(entry.Axis, -1, entry.Length));
                    break;
                default:
                    if (!placed)
                    {
                        AddGathered();
                    }

                    break;
            }
        }

        return dimensions;

        void AddGathered()
        {
            placed = true;
            for (int i = 0; i < Gathered.Length; i++)
            {
                dimensions.Add(new Dimension(-1, i, Gathered[i]));
            }
        }
    }

    public void Dispose()
    {
        foreach (MlxArray array in _owned)
        {
            array.Dispose();
        }

        _owned.Clear();
    }

    internal int SizeOf(IndexEntry entry) => Array.ShapeArray[entry.Axis];

    private List<IndexEntry> Bind(MlxArray array, ReadOnlySpan<MlxIndex> index)
    {
        int rank = array.NDim;
        int consuming = 0;
        int ellipses = 0;
        foreach (ref readonly MlxIndex entry in index)
        {
            ellipses += entry.Kind == MlxIndex.EntryKind.Ellipsis ? 1 : 0;
            consuming += entry.Kind is MlxIndex.EntryKind.NewAxis or MlxIndex.EntryKind.Ellipsis ? 0 : 1;
        }

        if (ellipses > 1)
        {
            throw new ArgumentException($"An index can have only one ellipsis, but this one has {ellipses}: {Text(index)}.", nameof(index));
        }

        if (consuming > rank)
        {
            throw new ArgumentException($"Too many indices: {consuming} for an array with {rank} dimensions, "
                + $"shape {ShapeText.Of(array)}: {Text(index)}.", nameof(index));
        }

        var entries = new List<IndexEntry>(rank + index.Length);
        int axis = 0;
        foreach (ref readonly MlxIndex entry in index)
        {
            switch (entry.Kind)
            {
                case MlxIndex.EntryKind.NewAxis:
                    entries.Add(IndexEntry.NewAxis);
                    break;
                case MlxIndex.EntryKind.Ellipsis:
                    for (int left = rank - consuming; left > 0; left--)
                    {
                        entries.Add(IndexEntry.Of(axis, default, array.ShapeArray[axis++]));
                    }

                    break;
                case MlxIndex.EntryKind.Position:
                    entries.Add(IndexEntry.At(axis, IndexBounds.Position(entry.Position, axis, array)));
                    axis++;
                    break;
                case MlxIndex.EntryKind.List:
                    _owned.Add(IndexBounds.List(entry.List, axis, array));
                    entries.Add(IndexEntry.By(axis++, _owned[^1]));
                    break;
                case MlxIndex.EntryKind.Mask:
                    throw new NotSupportedException($"A boolean mask is allowed only for writing, a[mask] = "
                        + $"value, and only as the only entry: {Text(index)}.");
                case MlxIndex.EntryKind.Array:
                    IndexBounds.Array(entry.Array, axis, array);
                    entries.Add(IndexEntry.By(axis++, Signed(entry.Array)));
                    break;
                default:
                    entries.Add(IndexEntry.Of(axis, entry.Slice, array.ShapeArray[axis]));
                    axis++;
                    break;
            }
        }

        for (; axis < rank; axis++)
        {
            entries.Add(IndexEntry.Of(axis, default, array.ShapeArray[axis]));
        }

        return entries;
    }

    // Together with signed positions, MLX would promote 64-bit unsigned positions to floating point.
    private MlxArray Signed(MlxArray positions)
    {
        if (positions.DType == DType.UInt64)
        {
            positions = positions.AsType(DType.Int64);
            _owned.Add(positions);
        }

        return positions;
    }

    private int[] BroadcastArrays()
    {
        int[] shape = [];
        foreach (IndexEntry entry in Entries)
        {
            if (entry.Array is { } array)
            {
                shape = Broadcasting.Shapes(shape, array.ShapeArray, "index arrays");
            }
        }

        return shape;
    }

    private bool AdvancedLieTogether()
    {
        int runs = 0;
        bool inside = false;
        foreach (IndexEntry entry in Entries)
        {
            bool advanced = entry.Kind is IndexEntry.Kinds.Array or IndexEntry.Kinds.Position;
            runs += advanced && !inside ? 1 : 0;
            inside = advanced;
        }

        return runs <= 1;
    }

    private static string Text(ReadOnlySpan<MlxIndex> index)
    {
        var parts = new string[index.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = index[i].ToString();
        }

        return $"[{string.Join(", ", parts)}]";
    }

    /// <summary>A dimension of the result: a sliced axis, the n-th dimension of the index arrays, or a new axis.</summary>
    internal readonly record struct Dimension(int Axis, int Gathered, int Size)
    {
        internal bool IsNew => Axis < 0 && Gathered < 0;
    }
}
