namespace DotMlx;

/// <summary>An index entry that has been resolved against the array: bound to an axis, normalized, and checked.</summary>
internal readonly record struct IndexEntry(IndexEntry.Kinds Kind, int Axis, int Start, int Stop, int Step, int Length, MlxArray? Array)
{
    internal enum Kinds
    {
        Position,
        Slice,
        Array,
        NewAxis,
    }

    internal static IndexEntry NewAxis => new(Kinds.NewAxis, -1, 0, 0, 1, 1, null);

    internal static IndexEntry At(int axis, int position) => new(Kinds.Position, axis, position, position + 1, 1, 1, null);

    internal static IndexEntry By(int axis, MlxArray array) => new(Kinds.Array, axis, 0, 0, 1, 0, array);

    internal static IndexEntry Of(int axis, Slice slice, int size)
    {
        var (start, stop, step, length) = slice.On(size);

        // For a slice with one element, MLX drops the step but keeps a stop before the element, so gradients and vectorized slices would be
        // empty.
        return length == 1
            ? new IndexEntry(Kinds.Slice, axis, start, start + 1, 1, 1, null)
            : new IndexEntry(Kinds.Slice, axis, start, stop, step, length, null);
    }

    /// <summary>Whether the slice covers the whole axis in order.</summary>
    internal bool IsWhole(int size) => Kind == Kinds.Slice && Length == size && Step == 1 && Start == 0;

    /// <summary>The stop in MLX's form. A negative step to the first position needs a bound that MLX doesn't count from the end.</summary>
    internal int NativeStop(int size) => Step < 0 && Stop < 0 ? -size - 1 : Stop;
}
