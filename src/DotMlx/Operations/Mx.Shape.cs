using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>The same elements in another shape.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="shape">New shape; at most one -1 stands for what is left.</param>
    /// <returns>Array of <paramref name="shape"/>.</returns>
    /// <exception cref="MlxException">The sizes do not agree.</exception>
    /// <remarks>mlx.core.reshape; C: mlx_reshape.</remarks>
    public static MlxArray Reshape(MlxArray a, params ReadOnlySpan<int> shape) => Reshape(a, shape, null);

    /// <inheritdoc cref="Reshape(MlxArray, ReadOnlySpan{int})"/>
    /// <param name="a">Array of any shape.</param>
    /// <param name="shape">New shape; at most one -1 stands for what is left.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray Reshape(MlxArray a, ReadOnlySpan<int> shape, MlxStream? stream)
    {
        CheckReshape(a, shape);
        return Call.Ints(&Mlxc.mlx_reshape, "mlx_reshape", a, shape, stream);
    }

    /// <summary>Joins neighbouring axes into one.</summary>
    /// <param name="a">Array of any shape; a scalar becomes one row of one element.</param>
    /// <param name="startAxis">First axis to join.</param>
    /// <param name="endAxis">Last axis to join.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the same elements with fewer axes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
    /// <remarks>mlx.core.flatten; C: mlx_flatten.</remarks>
    public static MlxArray Flatten(MlxArray a, int startAxis = 0, int endAxis = -1, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        SizeLimits.Joined(a, startAxis < 0 ? startAxis + a.NDim : startAxis, endAxis < 0 ? endAxis + a.NDim : endAxis, "flatten");
        return Call.Int2(&Mlxc.mlx_flatten, "mlx_flatten", a, startAxis, endAxis, stream);
    }

    /// <summary>Splits one axis into several.</summary>
    /// <param name="a">Array with at least one axis.</param>
    /// <param name="axis">Axis to split, negative from the end.</param>
    /// <param name="shape">Sizes in place of the axis; at most one -1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the same elements with more axes.</returns>
    /// <exception cref="MlxException">The axis is out of range or the sizes do not agree.</exception>
    /// <remarks>mlx.core.unflatten; C: mlx_unflatten.</remarks>
    public static MlxArray Unflatten(MlxArray a, int axis, ReadOnlySpan<int> shape, MlxStream? stream = null)
    {
        if (shape.Contains(-1) && shape.Contains(0))
        {
            throw new ArgumentException($"The size -1 cannot be found beside a size of 0: {ShapeText.Of(shape)}.", nameof(shape));
        }

        _ = AxisCheck.Of(a, axis);
        CheckSizes(shape);
        mlx_array result = default;
        fixed (int* first = shape)
        {
            int status = Mlxc.mlx_unflatten(
                &result, Op.Handle(a), axis, first, (nuint)shape.Length, Op.Stream(stream));
            GC.KeepAlive(a);
            return Op.Result(status, result, "mlx_unflatten");
        }
    }

    /// <summary>Removes axes of size 1: one, or all of them.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axis">Axis to remove, negative from the end; null removes every axis of size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the same elements with fewer axes.</returns>
    /// <exception cref="MlxException">The axis is out of range or its size is not 1.</exception>
    /// <remarks>mlx.core.squeeze; C: mlx_squeeze, mlx_squeeze_axis.</remarks>
    public static MlxArray Squeeze(MlxArray a, int? axis = null, MlxStream? stream = null)
        => axis is int one
            ? Call.Int(&Mlxc.mlx_squeeze_axis, "mlx_squeeze_axis", a, AxisCheck.Of(a, one, nameof(axis)), stream)
            : Op.Unary(&Mlxc.mlx_squeeze, "mlx_squeeze", a, stream);

    /// <summary>Removes several axes of size 1.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axis">Axes to remove, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the same elements with fewer axes.</returns>
    /// <exception cref="MlxException">An axis is out of range or its size is not 1.</exception>
    /// <remarks>mlx.core.squeeze; C: mlx_squeeze_axes.</remarks>
    public static MlxArray Squeeze(MlxArray a, ReadOnlySpan<int> axis, MlxStream? stream = null)
    {
        AxisCheck.Check(a, axis);
        return Call.Ints(&Mlxc.mlx_squeeze_axes, "mlx_squeeze_axes", a, axis, stream);
    }

    /// <summary>Inserts an axis of size 1.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axis">Position of the new axis in the result, negative from its end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the same elements with one axis more.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.expand_dims; C: mlx_expand_dims.</remarks>
    public static MlxArray ExpandDims(MlxArray a, int axis, MlxStream? stream = null)
    {
        AxisCheck.CheckNew(a, [axis], nameof(axis));
        return Call.Int(&Mlxc.mlx_expand_dims, "mlx_expand_dims", a, axis, stream);
    }

    /// <summary>Inserts several axes of size 1.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axis">Positions of the new axes in the result, negative from its end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the same elements with more axes.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or named twice.</exception>
    /// <remarks>mlx.core.expand_dims; C: mlx_expand_dims_axes.</remarks>
    public static MlxArray ExpandDims(MlxArray a, ReadOnlySpan<int> axis, MlxStream? stream = null)
    {
        AxisCheck.CheckNew(a, axis);
        return Call.Ints(&Mlxc.mlx_expand_dims_axes, "mlx_expand_dims_axes", a, axis, stream);
    }

    /// <summary>Moves one axis to another place, keeping the order of the others.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="source">Axis to move, negative from the end.</param>
    /// <param name="destination">Its new place, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array with its axes reordered.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
    /// <remarks>mlx.core.moveaxis; C: mlx_moveaxis.</remarks>
    public static MlxArray MoveAxis(MlxArray a, int source, int destination, MlxStream? stream = null)
        => Call.Int2(&Mlxc.mlx_moveaxis, "mlx_moveaxis", a, AxisCheck.Of(a, source), AxisCheck.Of(a, destination), stream);

    /// <summary>Exchanges two axes.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axis1">First axis, negative from the end.</param>
    /// <param name="axis2">Second axis, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array with the two axes exchanged.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
    /// <remarks>mlx.core.swapaxes; C: mlx_swapaxes.</remarks>
    public static MlxArray SwapAxes(MlxArray a, int axis1, int axis2, MlxStream? stream = null)
        => Call.Int2(&Mlxc.mlx_swapaxes, "mlx_swapaxes", a, AxisCheck.Of(a, axis1), AxisCheck.Of(a, axis2), stream);

    /// <summary>Reorders the axes.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axes">Axes of <paramref name="a"/> in their new order; none reverses the order.</param>
    /// <returns>Array with its axes reordered.</returns>
    /// <exception cref="MlxException">The axes are not a permutation of all axes.</exception>
    /// <remarks>mlx.core.transpose; C: mlx_transpose, mlx_transpose_axes.</remarks>
    public static MlxArray Transpose(MlxArray a, params ReadOnlySpan<int> axes) => Transpose(a, axes, null);

    /// <inheritdoc cref="Transpose(MlxArray, ReadOnlySpan{int})"/>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axes">Axes of <paramref name="a"/> in their new order; none reverses the order.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray Transpose(MlxArray a, ReadOnlySpan<int> axes, MlxStream? stream)
    {
        if (axes.IsEmpty)
        {
            return Op.Unary(&Mlxc.mlx_transpose, "mlx_transpose", a, stream);
        }

        AxisCheck.Check(a, axes);
        return Call.Ints(&Mlxc.mlx_transpose_axes, "mlx_transpose_axes", a, axes, stream);
    }

    /// <summary>Reorders the axes; another name of <see cref="Transpose(MlxArray, ReadOnlySpan{int})"/>.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axes">Axes of <paramref name="a"/> in their new order; none reverses the order.</param>
    /// <returns>Array with its axes reordered.</returns>
    /// <exception cref="MlxException">The axes are not a permutation of all axes.</exception>
    /// <remarks>mlx.core.permute_dims; C: mlx_transpose, mlx_transpose_axes.</remarks>
    public static MlxArray PermuteDims(MlxArray a, params ReadOnlySpan<int> axes) => Transpose(a, axes, null);

    /// <inheritdoc cref="PermuteDims(MlxArray, ReadOnlySpan{int})"/>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axes">Axes of <paramref name="a"/> in their new order; none reverses the order.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray PermuteDims(MlxArray a, ReadOnlySpan<int> axes, MlxStream? stream) => Transpose(a, axes, stream);

    /// <summary>Repeats axes of size 1 (and new leading axes) to reach a shape, without copying.</summary>
    /// <param name="a">Array or scalar.</param>
    /// <param name="shape">Shape to reach.</param>
    /// <returns>Array of <paramref name="shape"/>.</returns>
    /// <exception cref="MlxException">The shapes do not broadcast.</exception>
    /// <remarks>mlx.core.broadcast_to; C: mlx_broadcast_to.</remarks>
    public static MlxArray BroadcastTo(MlxArray a, params ReadOnlySpan<int> shape) => BroadcastTo(a, shape, null);

    /// <inheritdoc cref="BroadcastTo(MlxArray, ReadOnlySpan{int})"/>
    /// <param name="a">Array or scalar.</param>
    /// <param name="shape">Shape to reach.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray BroadcastTo(MlxArray a, ReadOnlySpan<int> shape, MlxStream? stream)
    {
        _ = SizeLimits.Count(shape, nameof(shape));
        return Call.Ints(&Mlxc.mlx_broadcast_to, "mlx_broadcast_to", a, shape, stream);
    }

    /// <summary>Broadcasts arrays against each other.</summary>
    /// <param name="arrays">Arrays whose shapes broadcast.</param>
    /// <returns>The arrays, all of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes do not broadcast.</exception>
    /// <remarks>mlx.core.broadcast_arrays; C: mlx_broadcast_arrays.</remarks>
    public static MlxArray[] BroadcastArrays(params ReadOnlySpan<MlxArray> arrays) => BroadcastArrays(arrays, null);

    /// <inheritdoc cref="BroadcastArrays(ReadOnlySpan{MlxArray})"/>
    /// <param name="arrays">Arrays whose shapes broadcast.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray[] BroadcastArrays(ReadOnlySpan<MlxArray> arrays, MlxStream? stream)
    {
        using VectorArray inputs = VectorArray.From(arrays);
        mlx_vector_array results = default;
        return Native.Arrays(
            Mlxc.mlx_broadcast_arrays(&results, inputs.Handle, Op.Stream(stream)), results, "mlx_broadcast_arrays");
    }

    /// <summary>The shape to which several shapes broadcast.</summary>
    /// <param name="shapes">At least one shape; they are aligned at their ends.</param>
    /// <returns>The broadcast shape.</returns>
    /// <exception cref="ArgumentException">No shape is given, or two sizes differ and neither is 1.</exception>
    /// <remarks>mlx.core.broadcast_shapes; written in C#, mlx-c has no such function.</remarks>
    public static int[] BroadcastShapes(params ReadOnlySpan<int[]> shapes)
    {
        if (shapes.IsEmpty)
        {
            throw new ArgumentException("At least one shape is needed.", nameof(shapes));
        }

        int[] result = [];
        foreach (int[] shape in shapes)
        {
            ArgumentNullException.ThrowIfNull(shape, nameof(shapes));
            result = Broadcast(result, shape);
        }

        return result;
    }

    /// <summary>At least one axis: a scalar becomes shape [1].</summary>
    /// <param name="a">Array or scalar.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of one or more axes.</returns>
    /// <remarks>mlx.core.atleast_1d; C: mlx_atleast_1d.</remarks>
    public static MlxArray Atleast1d(MlxArray a, MlxStream? stream = null)
        => Op.Unary(&Mlxc.mlx_atleast_1d, "mlx_atleast_1d", a, stream);

    /// <summary>At least one axis for each of several arrays.</summary>
    /// <param name="arrays">Arrays or scalars.</param>
    /// <returns>The arrays, each of one or more axes.</returns>
    /// <remarks>mlx.core.atleast_1d; C: mlx_atleast_1d.</remarks>
    public static MlxArray[] Atleast1d(params ReadOnlySpan<MlxArray> arrays) => Each(arrays, static a => Atleast1d(a));

    /// <summary>At least two axes: a row becomes shape [1, n].</summary>
    /// <param name="a">Array or scalar.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of two or more axes.</returns>
    /// <remarks>mlx.core.atleast_2d; C: mlx_atleast_2d.</remarks>
    public static MlxArray Atleast2d(MlxArray a, MlxStream? stream = null)
        => Op.Unary(&Mlxc.mlx_atleast_2d, "mlx_atleast_2d", a, stream);

    /// <summary>At least two axes for each of several arrays.</summary>
    /// <param name="arrays">Arrays or scalars.</param>
    /// <returns>The arrays, each of two or more axes.</returns>
    /// <remarks>mlx.core.atleast_2d; C: mlx_atleast_2d.</remarks>
    public static MlxArray[] Atleast2d(params ReadOnlySpan<MlxArray> arrays) => Each(arrays, static a => Atleast2d(a));

    /// <summary>At least three axes: a row becomes shape [1, n, 1], a matrix [m, n, 1].</summary>
    /// <param name="a">Array or scalar.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of three or more axes.</returns>
    /// <remarks>mlx.core.atleast_3d; C: mlx_atleast_3d.</remarks>
    public static MlxArray Atleast3d(MlxArray a, MlxStream? stream = null)
        => Op.Unary(&Mlxc.mlx_atleast_3d, "mlx_atleast_3d", a, stream);

    /// <summary>At least three axes for each of several arrays.</summary>
    /// <param name="arrays">Arrays or scalars.</param>
    /// <returns>The arrays, each of three or more axes.</returns>
    /// <remarks>mlx.core.atleast_3d; C: mlx_atleast_3d.</remarks>
    public static MlxArray[] Atleast3d(params ReadOnlySpan<MlxArray> arrays) => Each(arrays, static a => Atleast3d(a));

    /// <summary>MLX multiplies the sizes without a look at what they become.</summary>
    private static void CheckReshape(MlxArray a, ReadOnlySpan<int> shape)
    {
        ArgumentNullException.ThrowIfNull(a);
        long known = CheckSizes(shape);
        if (known > 0 && shape.Contains(-1))
        {
            _ = SizeLimits.Axis(a.Size / known, "reshape", a);
        }
    }

    /// <summary>The product of the sizes without the one to be found.</summary>
    private static long CheckSizes(ReadOnlySpan<int> shape)
    {
        long known = 1;
        foreach (int size in shape)
        {
            if (size < -1)
            {
                throw new ArgumentException($"The shape {ShapeText.Of(shape)} has a negative size; only -1 stands for what is left.", nameof(shape));
            }

            known = size == -1 ? known : SizeLimits.Multiply(known, size);
        }

        return known == long.MaxValue
            ? throw new ArgumentException($"An array of shape {ShapeText.Of(shape)} has more elements than MLX can count.", nameof(shape))
            : known;
    }

    private static MlxArray[] Each(ReadOnlySpan<MlxArray> arrays, Func<MlxArray, MlxArray> map)
    {
        MlxArray[] results = new MlxArray[arrays.Length];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = map(arrays[i]);
        }

        return results;
    }

    /// <summary>Broadcasts two shapes by the right-aligned rule.</summary>
    internal static int[] Broadcast(ReadOnlySpan<int> left, ReadOnlySpan<int> right)
    {
        int[] result = new int[Math.Max(left.Length, right.Length)];
        for (int i = 1; i <= result.Length; i++)
        {
            int a = i <= left.Length ? left[^i] : 1;
            int b = i <= right.Length ? right[^i] : 1;
            if (a != b && a != 1 && b != 1)
            {
                throw new ArgumentException(
                    $"The shapes [{string.Join(", ", left.ToArray())}] and [{string.Join(", ", right.ToArray())}] do not broadcast: {a} against {b} in axis -{i}.");
            }

            result[^i] = a == 1 ? b : a;
        }

        return result;
    }
}
