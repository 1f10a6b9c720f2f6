using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Elements at given positions along an axis.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="indices">Integer positions of any shape, or one int; negative from the end.</param>
    /// <param name="axis">Axis to take along, negative from the end; null takes from the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array in which the shape of <paramref name="indices"/> stands in place of the axis.</returns>
    /// <exception cref="MlxException">The axis is out of range or the indices are not integers.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A position is out of range. This is seen if the positions are computed already; MLX does not check them.</exception>
    /// <remarks>mlx.core.take; C: mlx_take_axis, mlx_take.</remarks>
    public static MlxArray Take(MlxArray a, MlxArray indices, int? axis = null, MlxStream? stream = null)
    {
        IndexBounds.Given(indices, a, axis);
        return axis is int one
            ? Call.TwoInt(&Mlxc.mlx_take_axis, "mlx_take_axis", a, indices, one, stream)
            : Call.Two(&Mlxc.mlx_take, "mlx_take", a, indices, stream);
    }

    /// <summary>Elements at positions that are given for each place along an axis.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="indices">Integer positions; broadcasts with <paramref name="a"/> in all other axes.</param>
    /// <param name="axis">Axis to take along, negative from the end; null takes from the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the shape of <paramref name="indices"/>, broadcast in the other axes.</returns>
    /// <exception cref="MlxException">The axis is out of range or the numbers of axes differ.</exception>
    /// <exception cref="ArgumentException">The positions are not integers.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A position is out of range. This is seen if the positions are computed already; MLX does not check them.</exception>
    /// <remarks>mlx.core.take_along_axis; C: mlx_take_along_axis.</remarks>
    public static MlxArray TakeAlongAxis(MlxArray a, MlxArray indices, int? axis = null, MlxStream? stream = null)
    {
        IndexBounds.RequireIntegers(indices);
        IndexBounds.Given(indices, a, axis);
        if (axis is int one)
        {
            return Call.TwoInt(&Mlxc.mlx_take_along_axis, "mlx_take_along_axis", a, indices, one, stream);
        }

        using MlxArray row = Reshape(a, [-1], stream);
        return Call.TwoInt(&Mlxc.mlx_take_along_axis, "mlx_take_along_axis", row, indices, 0, stream);
    }

    /// <summary>Replaces elements at positions that are given for each place along an axis.</summary>
    /// <param name="a">Array of any shape; it is not changed.</param>
    /// <param name="indices">Integer positions; broadcasts with <paramref name="a"/> in all other axes.</param>
    /// <param name="values">New values, broadcast to the shape of <paramref name="indices"/>.</param>
    /// <param name="axis">Axis to put along, negative from the end; null puts into the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the shape and dtype of <paramref name="a"/>.</returns>
    /// <exception cref="MlxException">The axis is out of range or the shapes do not agree.</exception>
    /// <exception cref="ArgumentException">The positions are not integers.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A position is out of range. This is seen if the positions are computed already; MLX does not check them.</exception>
    /// <remarks>mlx.core.put_along_axis; C: mlx_put_along_axis.</remarks>
    public static MlxArray PutAlongAxis(
        MlxArray a, MlxArray indices, MlxArray values, int? axis = null, MlxStream? stream = null)
    {
        IndexBounds.RequireIntegers(indices);
        IndexBounds.Given(indices, a, axis);
        if (axis is null)
        {
            using MlxArray row = Reshape(a, [-1], stream);
            using MlxArray changed = PutAlongAxis(row, indices, values, 0, stream);
            return Reshape(changed, a.Shape, stream);
        }

        mlx_array result = default;
        int status = Mlxc.mlx_put_along_axis(
            &result, Op.Handle(a), Op.Handle(indices), Op.Handle(values), axis.Value, Op.Stream(stream));
        GC.KeepAlive(a);
        GC.KeepAlive(indices);
        GC.KeepAlive(values);
        return Op.Result(status, result, "mlx_put_along_axis");
    }

    /// <summary>Chooses between two arrays, element by element.</summary>
    /// <param name="condition">Where true (or non-zero), the element of <paramref name="x"/> is taken.</param>
    /// <param name="x">Array or scalar; a scalar takes the dtype of <paramref name="y"/> where its kind allows.</param>
    /// <param name="y">Array or scalar; a scalar takes the dtype of <paramref name="x"/> where its kind allows.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes do not broadcast.</exception>
    /// <remarks>mlx.core.where; C: mlx_where.</remarks>
    public static MlxArray Where(MlxArray condition, MlxArray x, MlxArray y, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (ForwardMode.AvoidsWhere)
        {
            return ForwardMode.Where(condition, x, y, stream);
        }

        using OperandPair pair = new(x, y);
        mlx_array result = default;
        int status = Mlxc.mlx_where(&result, Op.Handle(condition), pair.Left, pair.Right, Op.Stream(stream));
        GC.KeepAlive(condition);
        return Op.Result(status, result, "mlx_where");
    }

    /// <summary>Limits each element to an interval.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="aMin">Lower bound, array or scalar, broadcast against <paramref name="a"/>; null for none.</param>
    /// <param name="aMax">Upper bound, array or scalar, broadcast against <paramref name="a"/>; null for none.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the broadcast shape.</returns>
    /// <exception cref="MlxException">Both bounds are null, or the shapes do not broadcast.</exception>
    /// <remarks>mlx.core.clip; C: mlx_clip.</remarks>
    public static MlxArray Clip(MlxArray a, MlxArray? aMin, MlxArray? aMax, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        mlx_array low = aMin is null ? default : OperandPair.Beside(aMin, a);
        mlx_array high = aMax is null ? default : OperandPair.Beside(aMax, a);
        mlx_array result = default;
        int status = Mlxc.mlx_clip(&result, Op.Handle(a), low, high, Op.Stream(stream));
        GC.KeepAlive(a);
        GC.KeepAlive(aMin);
        GC.KeepAlive(aMax);
        return Op.Result(status, result, "mlx_clip");
    }

    /// <summary>A block that starts at a position which is itself an array.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="startIndices">Integer array of shape [k]: the start in each of the named axes.</param>
    /// <param name="axes">The k axes the starts belong to; the block begins at 0 in the others.</param>
    /// <param name="sliceSize">Size of the block in every axis of <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of shape <paramref name="sliceSize"/>.</returns>
    /// <exception cref="MlxException">The axes or sizes do not fit the array.</exception>
    /// <remarks>mlx.core.slice; C: mlx_slice_dynamic.</remarks>
    public static MlxArray Slice(
        MlxArray a, MlxArray startIndices, ReadOnlySpan<int> axes, ReadOnlySpan<int> sliceSize, MlxStream? stream = null)
    {
        IndexBounds.Start(startIndices, a, axes, sliceSize);
        mlx_array result = default;
        fixed (int* axis = axes, size = sliceSize)
        {
            int status = Mlxc.mlx_slice_dynamic(
                &result, Op.Handle(a), Op.Handle(startIndices), axis, (nuint)axes.Length, size, (nuint)sliceSize.Length,
                Op.Stream(stream));
            GC.KeepAlive(a);
            GC.KeepAlive(startIndices);
            return Op.Result(status, result, "mlx_slice_dynamic");
        }
    }

    /// <summary>Replaces a block that starts at a position which is itself an array.</summary>
    /// <param name="a">Array of any shape; it is not changed.</param>
    /// <param name="update">The new block; it broadcasts to the axes of <paramref name="a"/>.</param>
    /// <param name="startIndices">Integer array of shape [k]: the start in each of the named axes.</param>
    /// <param name="axes">The k axes the starts belong to; the block begins at 0 in the others.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the shape and dtype of <paramref name="a"/>.</returns>
    /// <exception cref="MlxException">The axes or the block do not fit the array.</exception>
    /// <remarks>mlx.core.slice_update; C: mlx_slice_update_dynamic.</remarks>
    public static MlxArray SliceUpdate(
        MlxArray a, MlxArray update, MlxArray startIndices, ReadOnlySpan<int> axes, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(update);
        IndexBounds.Start(startIndices, a, axes, update.Shape);
        mlx_array result = default;
        fixed (int* axis = axes)
        {
            int status = Mlxc.mlx_slice_update_dynamic(
                &result, Op.Handle(a), Op.Handle(update), Op.Handle(startIndices), axis, (nuint)axes.Length, Op.Stream(stream));
            GC.KeepAlive(a);
            GC.KeepAlive(update);
            GC.KeepAlive(startIndices);
            return Op.Result(status, result, "mlx_slice_update_dynamic");
        }
    }

    /// <summary>A view of an array's elements, in row-major order, under a shape and strides of one's own.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="shape">Shape of the view; null for that of <paramref name="a"/>.</param>
    /// <param name="strides">Step in elements for each axis; null for those of a row-major array of the shape.</param>
    /// <param name="offset">Elements to skip at the start.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the given shape.</returns>
    /// <exception cref="ArgumentException">The view would reach outside the array, which MLX itself does not check.</exception>
    /// <remarks>mlx.core.as_strided; C: mlx_as_strided.</remarks>
    public static MlxArray AsStrided(
        MlxArray a, int[]? shape = null, long[]? strides = null, long offset = 0, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        shape ??= a.Shape.ToArray();
        strides ??= RowMajorStrides(shape);
        CheckView(a, shape, strides, offset);
        mlx_array result = default;
        fixed (int* size = shape)
        fixed (long* stride = strides)
        {
            int status = Mlxc.mlx_as_strided(
                &result, Op.Handle(a), size, (nuint)shape.Length, stride, (nuint)strides.Length, (nuint)offset, Op.Stream(stream));
            GC.KeepAlive(a);
            return Op.Result(status, result, "mlx_as_strided");
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

    private static void CheckView(MlxArray a, int[] shape, long[] strides, long offset)
    {
        if (shape.Length != strides.Length)
        {
            throw new ArgumentException($"{strides.Length} strides were given for {shape.Length} axes.", nameof(strides));
        }

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
}
