namespace DotMlx;

/// <summary>Checks indices, because MLX doesn't check them when it reads and writes memory.</summary>
internal static unsafe class IndexBounds
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
    /// Checks an index array. The array is evaluated for this check, except under a transform, where values aren't available.
    /// </summary>
    internal static void Array(MlxArray positions, int axis, MlxArray array)
    {
        if (!positions.DType.IsInteger())
        {
            throw new ArgumentException(positions.DType == DType.Bool
                ? "A boolean mask is allowed only in an assignment, a[mask] = value, and only as the sole entry. "
                + "To read, use Mx.Where or an array of positions."
                : $"An index array must hold integers; this one is {positions.DType.MlxName()}, shape {ShapeText.Of(positions)}. Convert "
                + $"it with AsType(DType.Int32).");
        }

        if (positions.Size == 0 || !Evaluation.CanRead(positions))
        {
            return;
        }

        int size = array.ShapeArray[axis];
        if (FirstOutside(positions, -size, size - 1) is long outside)
        {
            throw OutOfRange(outside, axis, array);
        }
    }

    /// <summary>
    /// Checks the positions passed to a function if their values are already available; evaluating them only for this check would defeat
    /// lazy evaluation. Without an axis, positions refer to the flattened array. MLX itself checks the axis.
    /// </summary>
    internal static void Given(MlxArray positions, MlxArray array, int? axis)
    {
        ArgumentNullException.ThrowIfNull(positions);
        ArgumentNullException.ThrowIfNull(array);
        int along = axis is < 0 ? axis.Value + array.NDim : axis ?? 0;
        if (!positions.DType.IsInteger() || positions.Size == 0 || (axis is not null && (uint)along >= (uint)array.NDim)
            || !MayRead(positions))
        {
            return;
        }

        long size = axis is null ? array.Size : array.ShapeArray[along];
        if (FirstOutside(positions, -size, size - 1) is long outside)
        {
            throw axis is null
                ? new ArgumentOutOfRangeException(
                    nameof(positions), outside,
                    $"Position {outside} is out of bounds for the {size} elements of an array of shape {ShapeText.Of(array)}.")
                : OutOfRange(outside, along, array);
        }
    }

    /// <summary>Checks indices of matrices in a batch if their values are already available. MLX doesn't wrap negative ones.</summary>
    internal static void Matrices(MlxArray? indices, MlxArray batch)
    {
        if (indices is null || !indices.DType.IsInteger() || indices.Size == 0 || batch.NDim < 2 || !MayRead(indices))
        {
            return;
        }

        long count = 1;
        for (int i = 0; i < batch.NDim - 2; i++)
        {
            count *= batch.Shape[i];
        }

        if (FirstOutside(indices, 0, count - 1) is long outside)
        {
            throw new ArgumentOutOfRangeException(
                nameof(indices), outside,
                $"Index {outside} is out of bounds for the {count} matrices of an array of shape {ShapeText.Of(batch)}.");
        }
    }

    /// <summary>Checks the segments of the inner axis of a matrix if their values are already available.</summary>
    internal static void Segments(MlxArray segments, MlxArray matrix)
    {
        if (!segments.DType.IsInteger() || segments.Size == 0 || matrix.NDim < 2 || !MayRead(segments))
        {
            return;
        }

        // The end of a segment may be the size of the axis.
        long size = matrix.Shape[^1];
        if (FirstOutside(segments, 0, size) is long outside)
        {
            throw new ArgumentOutOfRangeException(
                nameof(segments), outside,
                $"A segment reaches to {outside}, but the inner axis of an array of shape {ShapeText.Of(matrix)} has positions from 0 to "
                + $"{size}.");
        }
    }

    /// <summary>
    /// Checks that positions are integers, because MLX reports other types only at a point where the error can't be caught.
    /// </summary>
    internal static void RequireIntegers(MlxArray positions)
    {
        ArgumentNullException.ThrowIfNull(positions);
        if (!positions.DType.IsInteger())
        {
            throw new ArgumentException(
                $"Positions must be integers; these are {positions.DType.MlxName()}, shape {ShapeText.Of(positions)}. Convert them with "
                + $"AsType(DType.Int32).", nameof(positions));
        }
    }

    /// <summary>
    /// Checks the class labels of a loss if their values are already available or if <see cref="MlxDiagnostics.CheckIndices"/> requests it.
    /// </summary>
    /// <exception cref="ArgumentException">The targets aren't integers.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A target is negative or isn't a class.</exception>
    internal static void Classes(MlxArray targets, MlxArray scores, int axis)
    {
        int classes = scores.Dim(axis);
        if (!targets.DType.IsInteger())
        {
            throw new ArgumentException(
                $"The targets must be class indices, but they are {targets.DType.MlxName()}, shape {ShapeText.Of(targets)}. Convert them "
                + $"with AsType(DType.Int32).", nameof(targets));
        }

        if (targets.Size > 0 && MayRead(targets) && FirstOutside(targets, 0, classes - 1) is long target)
        {
            throw new ArgumentOutOfRangeException(
                nameof(targets), target,
                $"The target {target} isn't one of the {classes} classes on axis {axis} of scores of "
                + $"shape {ShapeText.Of(scores)}: expected 0 to {classes - 1}.");
        }
    }

    // Values that are already computed are always checked. Others are computed only on request, and never inside a transform, where there
    // are no values.
    private static bool MayRead(MlxArray positions) =>
        (MlxDiagnostics.CheckIndices && !TraceLock.IsHeldByCurrentThread) || Evaluation.IsKnown(positions);

    /// <summary>Checks the start of a slice. The start is evaluated for this check, except under a transform.</summary>
    /// <returns>The values, or null if they aren't known.</returns>
    internal static long[]? Start(MlxArray start, MlxArray array, ReadOnlySpan<int> axes, ReadOnlySpan<int> sizes)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(array);
        if (!start.DType.IsInteger() || start.Size != axes.Length || sizes.Length != array.NDim
            || !Evaluation.CanRead(start))
        {
            return null;
        }

        long[] values = Values(start);
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = AxisCheck.Of(array, axes[i], nameof(axes));
            int last = array.ShapeArray[axis] - sizes[axis];
            if (last < 0)
            {
                return null;
            }

            if (values[i] < 0 || values[i] > last)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(start), values[i],
                    $"A slice of size {sizes[axis]} cannot start at {values[i]} on axis {axis} of size {array.ShapeArray[axis]}, "
                    + $"shape {ShapeText.Of(array)}: its start must be from 0 to {last}.");
            }
        }

        return values;
    }

    // An array whose range is known isn't read again.
    private static long? FirstOutside(MlxArray positions, long least, long greatest)
    {
        if (positions.Range is { } known && known.Least >= least && known.Greatest <= greatest)
        {
            return null;
        }

        nint native = (nint)positions.Handle.ctx;
        long[] values = Values(positions);
        positions.SetRange(native, values.Min(), values.Max());
        foreach (long value in values)
        {
            if (value < least || value > greatest)
            {
                return value;
            }
        }

        return null;
    }

    private static long[] Values(MlxArray positions)
    {
        return positions.DType switch
        {
            DType.Int32 => Widened<int>(),
            DType.UInt32 => Widened<uint>(),
            DType.Int64 => positions.ToArray<long>(),
            DType.UInt64 => Widened<ulong>(),
            DType.Int16 => Widened<short>(),
            DType.UInt16 => Widened<ushort>(),
            DType.Int8 => Widened<sbyte>(),
            _ => Widened<byte>(),
        };

        long[] Widened<T>()
            where T : unmanaged, System.Numerics.IBinaryInteger<T> =>
            System.Array.ConvertAll(positions.ToArray<T>(), long.CreateSaturating);
    }

    private static ArgumentOutOfRangeException OutOfRange(long position, int axis, MlxArray array) => new(
        nameof(position), position,
        $"Position {position} is out of bounds for axis {axis} of size {array.ShapeArray[axis]}, shape {ShapeText.Of(array)}.");
}
