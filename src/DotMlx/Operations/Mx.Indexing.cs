using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Elements at given positions along an axis.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="indices">An integer array of positions of any shape, or an int; negative from the end.</param>
    /// <param name="axis">The axis of the positions, negative from the end; null for the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array in which the shape of <paramref name="indices"/> replaces the axis.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <exception cref="MlxException">The positions aren't integers.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A position is out of range. Only positions that are already computed are checked; MLX doesn't check positions.
    /// </exception>
    /// <remarks>mlx.core.take; C: mlx_take_axis, mlx_take.</remarks>
    public static MlxArray Take(MlxArray a, MlxArray indices, int? axis = null, MlxStream? stream = null)
    {
        IndexBounds.Given(indices, a, axis);
        return axis is int one
            ? NativeCall.BinaryWithInt(&Mlxc.mlx_take_axis, "mlx_take_axis", a, indices, AxisCheck.Of(a, one, nameof(axis)), stream)
            : NativeCall.BinaryArrays(&Mlxc.mlx_take, "mlx_take", SizeLimits.Flat(a, "take"), indices, stream);
    }

    /// <summary>Elements at positions along an axis, given separately for each row.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="indices">An integer array of positions, broadcast against <paramref name="a"/> in all other axes.</param>
    /// <param name="axis">The axis of the positions, negative from the end; null for the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array with the shape of <paramref name="indices"/>, broadcast in the other axes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <exception cref="MlxException">The numbers of axes differ.</exception>
    /// <exception cref="ArgumentException">The positions aren't integers.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A position is out of range. Only positions that are already computed are checked; MLX doesn't check positions.
    /// </exception>
    /// <remarks>mlx.core.take_along_axis; C: mlx_take_along_axis.</remarks>
    public static MlxArray TakeAlongAxis(MlxArray a, MlxArray indices, int? axis = null, MlxStream? stream = null)
    {
        IndexBounds.RequireIntegers(indices);
        IndexBounds.Given(indices, a, axis);
        if (axis is int one)
        {
            return NativeCall.BinaryWithInt(&Mlxc.mlx_take_along_axis, "mlx_take_along_axis", a, indices,
                AxisCheck.Of(a, one, nameof(axis)), stream);
        }

        using MlxArray row = Reshape(a, [-1], stream);
        return NativeCall.BinaryWithInt(&Mlxc.mlx_take_along_axis, "mlx_take_along_axis", row, indices, 0, stream);
    }

    /// <summary>Replaces elements at positions along an axis, given separately for each row.</summary>
    /// <param name="a">An array of any shape, which doesn't change.</param>
    /// <param name="indices">An integer array of positions, broadcast against <paramref name="a"/> in all other axes.</param>
    /// <param name="values">The new values, broadcast to the shape of <paramref name="indices"/>.</param>
    /// <param name="axis">The axis of the positions, negative from the end; null for the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape and dtype as <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <exception cref="MlxException">The shapes don't match.</exception>
    /// <exception cref="ArgumentException">The positions aren't integers.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A position is out of range. Only positions that are already computed are checked; MLX doesn't check positions.
    /// </exception>
    /// <remarks>mlx.core.put_along_axis; C: mlx_put_along_axis.</remarks>
    public static MlxArray PutAlongAxis(
        MlxArray a, MlxArray indices, MlxArray values, int? axis = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(indices);
        if (indices.Size > 0)
        {
            // An empty array contains no positions, and MLX's default dtype for it is float32.
            IndexBounds.RequireIntegers(indices);
        }

        IndexBounds.Given(indices, a, axis);
        if (axis is null)
        {
            using MlxArray row = Reshape(a, [-1], stream);
            using MlxArray changed = PutAlongAxis(row, indices, values, 0, stream);
            return Reshape(changed, a.Shape, stream);
        }

        ArgumentNullException.ThrowIfNull(values);
        int along = AxisCheck.Of(a, axis.Value, nameof(axis));
        if (indices.Size == 0)
        {
            return a.Share();
        }

        mlx_array result = default;
        int status = Mlxc.mlx_put_along_axis(
            &result, NativeCall.Handle(a), NativeCall.Handle(indices), OperandPair.HandleWith(values, a), along,
            NativeCall.Stream(WideScatter.StreamFor(a.DType, stream)));
        GC.KeepAlive(a);
        GC.KeepAlive(indices);
        GC.KeepAlive(values);
        return NativeCall.Result(status, result, "mlx_put_along_axis");
    }

    /// <summary>Chooses between two arrays, element by element.</summary>
    /// <param name="condition">A condition. If it is true (nonzero), the element of <paramref name="x"/> is chosen.</param>
    /// <param name="x">An array or a scalar. A scalar takes the dtype of <paramref name="y"/> if its kind allows.</param>
    /// <param name="y">An array or a scalar. A scalar takes the dtype of <paramref name="x"/> if its kind allows.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.where; C: mlx_where.</remarks>
    public static MlxArray Where(MlxArray condition, MlxArray x, MlxArray y, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        using OperandPair pair = new(x, y);
        mlx_array result = default;
        int status = Mlxc.mlx_where(&result, NativeCall.Handle(condition), pair.Left, pair.Right, NativeCall.Stream(stream));
        GC.KeepAlive(condition);
        return NativeCall.Result(status, result, "mlx_where");
    }

    /// <summary>Limits each element to an interval.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="aMin">The lower bound, an array or a scalar, broadcast against <paramref name="a"/>; null for none.</param>
    /// <param name="aMax">The upper bound, an array or a scalar, broadcast against <paramref name="a"/>; null for none.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape.</returns>
    /// <exception cref="MlxException">Both bounds are null, or the shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.clip; C: mlx_clip.</remarks>
    public static MlxArray Clip(MlxArray a, MlxArray? aMin, MlxArray? aMax, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        mlx_array low = aMin is null ? default : OperandPair.HandleWith(aMin, a);
        mlx_array high = aMax is null ? default : OperandPair.HandleWith(aMax, a);
        mlx_array result = default;
        int status = Mlxc.mlx_clip(&result, NativeCall.Handle(a), low, high, NativeCall.Stream(stream));
        GC.KeepAlive(a);
        GC.KeepAlive(aMin);
        GC.KeepAlive(aMax);
        return NativeCall.Result(status, result, "mlx_clip");
    }

    /// <summary>A block whose start is given by an array.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="startIndices">An integer array of shape [k]: the start in each of the given axes.</param>
    /// <param name="axes">The k axes of the starts. The block begins at 0 in the other axes.</param>
    /// <param name="sliceSize">The size of the block in every axis of <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape <paramref name="sliceSize"/>.</returns>
    /// <exception cref="MlxException">The axes or sizes don't fit the array.</exception>
    /// <remarks>mlx.core.slice; C: mlx_slice_dynamic.</remarks>
    public static MlxArray Slice(
        MlxArray a, MlxArray startIndices, ReadOnlySpan<int> axes, ReadOnlySpan<int> sliceSize, MlxStream? stream = null)
    {
        AxisCheck.Check(a, axes);
        if (sliceSize.ContainsAnyExceptInRange(0, int.MaxValue))
        {
            throw new ArgumentException($"The sizes of a slice must not be negative: {ShapeText.Of(sliceSize)}.", nameof(sliceSize));
        }

        long[]? starts = IndexBounds.Start(startIndices, a, axes, sliceSize);
        if (starts is not null && sliceSize.Length == a.NDim)
        {
            return SliceAt(a, starts, axes, sliceSize, stream);
        }

        if (starts is null && sliceSize.Length == a.NDim && a.NDim > 3 && IsBefore032)
        {
            return SliceByAxis(a, startIndices, axes, sliceSize, stream);
        }

        mlx_array result = default;
        fixed (int* axis = axes, size = sliceSize)
        {
            int status = Mlxc.mlx_slice_dynamic(
                &result, NativeCall.Handle(a), NativeCall.Handle(startIndices), axis, (nuint)axes.Length, size, (nuint)sliceSize.Length,
                NativeCall.Stream(stream));
            GC.KeepAlive(a);
            GC.KeepAlive(startIndices);
            return NativeCall.Result(status, result, "mlx_slice_dynamic");
        }
    }

    /// <summary>The elements in reverse order along one axis or all axes.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis to reverse, negative from the end; null for all axes.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.flip of MLX 0.32; C: mlx_flip, mlx_flip_axis, or mlx_slice on an older mlx-c.</remarks>
    public static MlxArray Flip(MlxArray a, int? axis = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        return Flip(a, axis is int one ? [one] : AxisCheck.All(a), stream);
    }

    /// <summary>The elements in reverse order along several axes.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axes to reverse, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
    /// <remarks>mlx.core.flip of MLX 0.32; C: mlx_flip_axes, or mlx_slice on an older mlx-c.</remarks>
    public static MlxArray Flip(MlxArray a, ReadOnlySpan<int> axis, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        AxisCheck.Check(a, axis);
        int[] start = new int[a.NDim];
        int[] stop = a.Shape.ToArray();
        int[] step = new int[a.NDim];
        Array.Fill(step, 1);
        List<int> reversed = [];
        foreach (int one in axis)
        {
            int index = AxisCheck.Of(a, one, nameof(axis));
            int size = a.Shape[index];

            // MLX's gradient of a slice with one element and a negative step is 0.
            if (size != 1)
            {
                (start[index], stop[index], step[index]) = (size - 1, -size - 1, -1);
                reversed.Add(index);
            }
        }

        return HasNewer && reversed.Count > 0
            ? NativeCall.WithInts(&Mlxc.mlx_flip_axes, "mlx_flip_axes", a, [.. reversed], stream)
            : StaticSlice(a, start, stop, step, stream);
    }

    private static MlxArray SliceAt(MlxArray a, long[] starts, ReadOnlySpan<int> axes, ReadOnlySpan<int> sliceSize, MlxStream? stream)
    {
        int[] start = new int[a.NDim];
        for (int i = 0; i < axes.Length; i++)
        {
            start[AxisCheck.Of(a, axes[i])] = (int)starts[i];
        }

        int[] stop = sliceSize.ToArray();
        int[] step = new int[a.NDim];
        for (int i = 0; i < stop.Length; i++)
        {
            stop[i] += start[i];
            step[i] = 1;
        }

        return StaticSlice(a, start, stop, step, stream);
    }

    /// <summary>Slices one axis at a time, because MLX before 0.32 copies beyond the end of a block with more than three axes.</summary>
    private static MlxArray SliceByAxis(
        MlxArray a, MlxArray startIndices, ReadOnlySpan<int> axes, ReadOnlySpan<int> sliceSize, MlxStream? stream)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray[] starts = Split(Reshape(startIndices, [-1], stream), Math.Max(axes.Length, 1), 0, stream);
        MlxArray part = SliceAt(a, new long[a.NDim], AxisCheck.All(a), FullSizes(a, axes, sliceSize), stream);
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = AxisCheck.Of(a, axes[i]);
            int[] shape = part.Shape.ToArray();
            int before = SizeLimits.Joined(part, 0, axis - 1, "slice");
            int after = SizeLimits.Joined(part, axis + 1, part.NDim - 1, "slice");
            MlxArray block = Slice(Reshape(part, [before, shape[axis], after], stream), starts[i], [1],
                [before, sliceSize[axis], after], stream);
            shape[axis] = sliceSize[axis];
            part = Reshape(block, shape, stream);
        }

        return scope.Keep(part);
    }

    // The block's size in the axes without a start, and the array's size in the axes with one.
    private static int[] FullSizes(MlxArray a, ReadOnlySpan<int> axes, ReadOnlySpan<int> sliceSize)
    {
        int[] sizes = sliceSize.ToArray();
        foreach (int axis in axes)
        {
            sizes[AxisCheck.Of(a, axis)] = a.Dim(axis);
        }

        return sizes;
    }

    /// <summary>A view of an array's elements, in row-major order, with a given shape and strides.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="shape">The shape of the view; null for the shape of <paramref name="a"/>.</param>
    /// <param name="strides">The step of each axis, in elements; null for the strides of a row-major array.</param>
    /// <param name="offset">The number of elements to skip at the start.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the given shape.</returns>
    /// <exception cref="ArgumentException">The view would reach outside the array, which MLX itself doesn't check.</exception>
    /// <remarks>mlx.core.as_strided; C: mlx_as_strided.</remarks>
    public static MlxArray AsStrided(
        MlxArray a, int[]? shape = null, long[]? strides = null, long offset = 0, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        _ = SizeLimits.Flat(a, "as_strided");
        shape ??= a.Shape.ToArray();
        strides ??= RowMajorStrides(shape);
        CheckView(a, shape, strides, offset);
        if (DotMlx.Trace.IsVectorizing)
        {
            // MLX has no rule for vmap (0.31.2).
            using MlxScope scope = MlxScope.Begin();
            return scope.Keep(Take(Flatten(a, stream: stream), ViewPositions(shape, strides, offset, stream), 0, stream));
        }

        mlx_array result = default;
        fixed (int* size = shape)
        fixed (long* stride = strides)
        {
            int status = Mlxc.mlx_as_strided(
                &result, NativeCall.Handle(a), size, (nuint)shape.Length, stride, (nuint)strides.Length, (nuint)offset,
                NativeCall.Stream(stream));
            GC.KeepAlive(a);
            return NativeCall.Result(status, result, "mlx_as_strided");
        }
    }

    private static long[] RowMajorStrides(int[] shape)
    {
        long[] strides = new long[shape.Length];
        long step = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = step;
            step *= shape[i];
        }

        return strides;
    }

    private static MlxArray ViewPositions(int[] shape, long[] strides, long offset, MlxStream? stream)
    {
        MlxArray positions = MlxArray.Scalar(offset);
        for (int i = 0; i < shape.Length; i++)
        {
            MlxArray steps = Multiply(Arange((long)shape[i], DType.Int64, stream), MlxArray.Scalar(strides[i]), stream);
            positions = Add(ExpandDims(positions, -1, stream), steps, stream);
        }

        return positions;
    }

    private static void CheckView(MlxArray a, int[] shape, long[] strides, long offset)
    {
        if (shape.Length != strides.Length)
        {
            throw new ArgumentException($"{strides.Length} strides were given for {shape.Length} axes.", nameof(strides));
        }

        _ = SizeLimits.Count(shape, nameof(shape));
        Int128 first = offset;
        Int128 last = offset;
        for (int i = 0; i < shape.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(shape[i], nameof(shape));
            if (shape[i] == 0)
            {
                return;
            }

            Int128 reach = (Int128)(shape[i] - 1) * strides[i];
            first += reach < 0 ? reach : 0;
            last += reach > 0 ? reach : 0;
        }

        if (first < 0 || last >= a.Size)
        {
            throw new ArgumentException(
                $"The view reaches from element {first} to {last}, but the array has {a.Size} elements.", nameof(shape));
        }
    }

    private static MlxArray StaticSlice(MlxArray a, int[] start, int[] stop, int[] step, MlxStream? stream)
    {
        mlx_array result = default;
        fixed (int* first = start, last = stop, stride = step)
        {
            nuint count = (nuint)start.Length;
            int status = Mlxc.mlx_slice(&result, NativeCall.Handle(a), first, count, last, count, stride, count, NativeCall.Stream(stream));
            GC.KeepAlive(a);
            return NativeCall.Result(status, result, "mlx_slice");
        }
    }
}
