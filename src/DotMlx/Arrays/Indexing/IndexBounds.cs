namespace DotMlx;

/// <summary>MLX reads and writes wherever an index points; here it is checked first.</summary>
internal static class IndexBounds
{
    internal static int Position(int position, int axis, MlxArray array)
    {
        int size = array.ShapeArray[axis];
        int normal = position < 0 ? position + size : position;
        return (uint)normal < (uint)size ? normal : throw OutOfRange(position, axis, array);
    }

    internal static MlxArray List(ReadOnlySpan<int> positions, int axis, MlxArray array)
    {
        foreach (int position in positions)
        {
            Position(position, axis, array);
        }

        return MlxArray.Create(positions, positions.Length);
    }

    /// <summary>
    /// Checks an index array. Its values are computed for that, except under a transform, where they are not to be had.
    /// </summary>
    internal static void Array(MlxArray positions, int axis, MlxArray array)
    {
        if (!positions.DType.IsInteger())
        {
            throw new ArgumentException(positions.DType == DType.Bool
                ? "A boolean array selects only when writing, a[mask] = value, as the only entry; to read, use Mx.Where, or positions."
                : $"An index array must hold integers; this one is {positions.DType.MlxName()}, shape {ShapeText.Of(positions)}. Convert it with AsType(DType.Int32).");
        }

        if (positions.Size == 0 || (TraceLock.IsHeldByCurrentThread && !Evaluation.IsAvailable(positions)))
        {
            return;
        }

        int size = array.ShapeArray[axis];
        switch (positions.DType)
        {
            case DType.Int32:
                Check<int>();
                break;
            case DType.UInt32:
                Check<uint>();
                break;
            case DType.Int64:
                Check<long>();
                break;
            case DType.UInt64:
                Check<ulong>();
                break;
            case DType.Int16:
                Check<short>();
                break;
            case DType.UInt16:
                Check<ushort>();
                break;
            case DType.Int8:
                Check<sbyte>();
                break;
            default:
                Check<byte>();
                break;
        }

        void Check<T>()
            where T : unmanaged, System.Numerics.IBinaryInteger<T>
        {
            foreach (T position in positions.ToArray<T>())
            {
                long value = long.CreateSaturating(position);
                if (value >= size || value < -(long)size)
                {
                    throw OutOfRange(value, axis, array);
                }
            }
        }
    }

    private static ArgumentOutOfRangeException OutOfRange(long position, int axis, MlxArray array) => new(
        nameof(position), position, $"Position {position} is out of bounds for axis {axis} of size {array.ShapeArray[axis]}, shape {ShapeText.Of(array)}.");
}
