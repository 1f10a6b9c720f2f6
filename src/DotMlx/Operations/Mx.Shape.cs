using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>The same elements in another shape.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="shape">The new shape. At most one size may be -1, which stands for the remaining size.</param>
    /// <returns>An array of shape <paramref name="shape"/>.</returns>
    /// <exception cref="MlxException">The sizes don't match.</exception>
    /// <remarks>mlx.core.reshape; C: mlx_reshape.</remarks>
    public static MlxArray Reshape(MlxArray a, params ReadOnlySpan<int> shape) => Reshape(a, shape, null);

    /// <inheritdoc cref="Reshape(MlxArray, ReadOnlySpan{int})"/>
    /// <param name="a">An array of any shape.</param>
    /// <param name="shape">The new shape. At most one size may be -1, which stands for the remaining size.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray Reshape(MlxArray a, ReadOnlySpan<int> shape, MlxStream? stream)
    {
        CheckReshape(a, shape);
        return NativeCall.WithInts(&Mlxc.mlx_reshape, "mlx_reshape", a, shape, stream);
    }

    /// <summary>Joins adjacent axes into one.</summary>
    /// <param name="a">An array of any shape; a scalar becomes a vector with one element.</param>
    /// <param name="startAxis">The first axis to join.</param>
    /// <param name="endAxis">The last axis to join.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same elements with fewer axes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
    /// <remarks>mlx.core.flatten; C: mlx_flatten.</remarks>
    public static MlxArray Flatten(MlxArray a, int startAxis = 0, int endAxis = -1, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (a.NDim > 0)
        {
            SizeLimits.Joined(a, AxisCheck.Of(a, startAxis), AxisCheck.Of(a, endAxis), "flatten");
        }

        return NativeCall.WithTwoInts(&Mlxc.mlx_flatten, "mlx_flatten", a, startAxis, endAxis, stream);
    }

    /// <summary>Splits one axis into several.</summary>
    /// <param name="a">An array with at least one axis.</param>
    /// <param name="axis">The axis to split, negative from the end.</param>
    /// <param name="shape">The sizes that replace the axis; at most one may be -1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same elements with more axes.</returns>
    /// <exception cref="MlxException">The axis is out of range, or the sizes don't match.</exception>
    /// <remarks>mlx.core.unflatten; C: mlx_unflatten.</remarks>
    public static MlxArray Unflatten(MlxArray a, int axis, ReadOnlySpan<int> shape, MlxStream? stream = null)
    {
        if (shape.Contains(-1) && shape.Contains(0))
        {
            throw new ArgumentException($"The size -1 can't be inferred next to a size of 0: {ShapeText.Of(shape)}.", nameof(shape));
        }

        _ = AxisCheck.Of(a, axis);
        CheckSizes(shape);
        mlx_array result = default;
        fixed (int* first = shape)
        {
            int status = Mlxc.mlx_unflatten(
                &result, NativeCall.Handle(a), axis, first, (nuint)shape.Length, NativeCall.Stream(stream));
            GC.KeepAlive(a);
            return NativeCall.Result(status, result, "mlx_unflatten");
        }
    }

    /// <summary>Removes axes of size 1: one axis, or all of them.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis to remove, negative from the end; null for every axis of size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same elements with fewer axes.</returns>
    /// <exception cref="MlxException">The axis is out of range, or its size isn't 1.</exception>
    /// <remarks>mlx.core.squeeze; C: mlx_squeeze, mlx_squeeze_axis.</remarks>
    public static MlxArray Squeeze(MlxArray a, int? axis = null, MlxStream? stream = null)
        => axis is int one
            ? NativeCall.WithInt(&Mlxc.mlx_squeeze_axis, "mlx_squeeze_axis", a, AxisCheck.Of(a, one, nameof(axis)), stream)
            : NativeCall.Unary(&Mlxc.mlx_squeeze, "mlx_squeeze", a, stream);

    /// <summary>Removes several axes of size 1.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axes to remove, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same elements with fewer axes.</returns>
    /// <exception cref="MlxException">An axis is out of range, or its size isn't 1.</exception>
    /// <remarks>mlx.core.squeeze; C: mlx_squeeze_axes.</remarks>
    public static MlxArray Squeeze(MlxArray a, ReadOnlySpan<int> axis, MlxStream? stream = null)
    {
        AxisCheck.Check(a, axis);
        return NativeCall.WithInts(&Mlxc.mlx_squeeze_axes, "mlx_squeeze_axes", a, axis, stream);
    }

    /// <summary>Inserts an axis of size 1.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The position of the new axis in the result, negative from its end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same elements with one more axis.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.expand_dims; C: mlx_expand_dims.</remarks>
    public static MlxArray ExpandDims(MlxArray a, int axis, MlxStream? stream = null)
    {
        AxisCheck.CheckNew(a, [axis], nameof(axis));
        return NativeCall.WithInt(&Mlxc.mlx_expand_dims, "mlx_expand_dims", a, axis, stream);
    }

    /// <summary>Inserts several axes of size 1.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The positions of the new axes in the result, negative from its end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same elements with more axes.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>mlx.core.expand_dims; C: mlx_expand_dims_axes.</remarks>
    public static MlxArray ExpandDims(MlxArray a, ReadOnlySpan<int> axis, MlxStream? stream = null)
    {
        AxisCheck.CheckNew(a, axis);

        // MLX's rule is wrong for several axes around a mapped one (0.31.2).
        MlxArray mapped = axis.Length > 1 ? Vectorization.Mapped(a, stream) : a;
        return NativeCall.WithInts(&Mlxc.mlx_expand_dims_axes, "mlx_expand_dims_axes", mapped, axis, stream);
    }

    /// <summary>Moves one axis to another position and keeps the order of the others.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="source">The axis to move, negative from the end.</param>
    /// <param name="destination">Its new position, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The array with its axes reordered.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
    /// <remarks>mlx.core.moveaxis; C: mlx_moveaxis.</remarks>
    public static MlxArray MoveAxis(MlxArray a, int source, int destination, MlxStream? stream = null)
        => NativeCall.WithTwoInts(&Mlxc.mlx_moveaxis, "mlx_moveaxis", a, AxisCheck.Of(a, source), AxisCheck.Of(a, destination), stream);

    /// <summary>Exchanges two axes.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis1">The first axis, negative from the end.</param>
    /// <param name="axis2">The second axis, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The array with the two axes exchanged.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
    /// <remarks>mlx.core.swapaxes; C: mlx_swapaxes.</remarks>
    public static MlxArray SwapAxes(MlxArray a, int axis1, int axis2, MlxStream? stream = null)
        => NativeCall.WithTwoInts(&Mlxc.mlx_swapaxes, "mlx_swapaxes", a, AxisCheck.Of(a, axis1), AxisCheck.Of(a, axis2), stream);

    /// <summary>Reorders the axes.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axes">The axes of <paramref name="a"/> in their new order; none reverses the order.</param>
    /// <returns>The array with its axes reordered.</returns>
    /// <exception cref="MlxException">The axes aren't a permutation of all axes.</exception>
    /// <remarks>mlx.core.transpose; C: mlx_transpose, mlx_transpose_axes.</remarks>
    public static MlxArray Transpose(MlxArray a, params ReadOnlySpan<int> axes) => Transpose(a, axes, null);

    /// <inheritdoc cref="Transpose(MlxArray, ReadOnlySpan{int})"/>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axes">The axes of <paramref name="a"/> in their new order; none reverses the order.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray Transpose(MlxArray a, ReadOnlySpan<int> axes, MlxStream? stream)
    {
        if (axes.IsEmpty)
        {
            return NativeCall.Unary(&Mlxc.mlx_transpose, "mlx_transpose", a, stream);
        }

        AxisCheck.Check(a, axes);
        return NativeCall.WithInts(&Mlxc.mlx_transpose_axes, "mlx_transpose_axes", a, axes, stream);
    }

    /// <summary>Reorders the axes; another name of <see cref="Transpose(MlxArray, ReadOnlySpan{int})"/>.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axes">The axes of <paramref name="a"/> in their new order; none reverses the order.</param>
    /// <returns>The array with its axes reordered.</returns>
    /// <exception cref="MlxException">The axes aren't a permutation of all axes.</exception>
    /// <remarks>mlx.core.permute_dims; C: mlx_transpose, mlx_transpose_axes.</remarks>
    public static MlxArray PermuteDims(MlxArray a, params ReadOnlySpan<int> axes) => Transpose(a, axes, null);

    /// <inheritdoc cref="PermuteDims(MlxArray, ReadOnlySpan{int})"/>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axes">The axes of <paramref name="a"/> in their new order; none reverses the order.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray PermuteDims(MlxArray a, ReadOnlySpan<int> axes, MlxStream? stream) => Transpose(a, axes, stream);

    /// <summary>Repeats axes of size 1 (and new leading axes) to reach a shape, without copying.</summary>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="shape">The shape to reach.</param>
    /// <returns>An array of shape <paramref name="shape"/>.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.broadcast_to; C: mlx_broadcast_to.</remarks>
    public static MlxArray BroadcastTo(MlxArray a, params ReadOnlySpan<int> shape) => BroadcastTo(a, shape, null);

    /// <inheritdoc cref="BroadcastTo(MlxArray, ReadOnlySpan{int})"/>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="shape">The shape to reach.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray BroadcastTo(MlxArray a, ReadOnlySpan<int> shape, MlxStream? stream)
    {
        _ = SizeLimits.Count(shape, nameof(shape));
        return NativeCall.WithInts(&Mlxc.mlx_broadcast_to, "mlx_broadcast_to", a, shape, stream);
    }

    /// <summary>Broadcasts arrays against each other.</summary>
    /// <param name="arrays">Arrays whose shapes can be broadcast.</param>
    /// <returns>The arrays, all of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.broadcast_arrays; C: mlx_broadcast_arrays.</remarks>
    public static MlxArray[] BroadcastArrays(params ReadOnlySpan<MlxArray> arrays) => BroadcastArrays(arrays, null);

    /// <inheritdoc cref="BroadcastArrays(ReadOnlySpan{MlxArray})"/>
    /// <param name="arrays">Arrays whose shapes can be broadcast.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray[] BroadcastArrays(ReadOnlySpan<MlxArray> arrays, MlxStream? stream)
    {
        using VectorArray inputs = VectorArray.From(arrays);
        mlx_vector_array results = default;
        return NativeCall.Arrays(
            Mlxc.mlx_broadcast_arrays(&results, inputs.Handle, NativeCall.Stream(stream)), results, "mlx_broadcast_arrays");
    }

    /// <summary>The shape to which several shapes broadcast.</summary>
    /// <param name="shapes">At least one shape. Shapes are aligned at their ends.</param>
    /// <returns>The broadcast shape.</returns>
    /// <exception cref="ArgumentException">No shape is given, or two sizes differ and neither is 1.</exception>
    /// <remarks>mlx.core.broadcast_shapes; written in C#, because mlx-c lacks it.</remarks>
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

    /// <summary>The array with at least one axis: a scalar gets shape [1].</summary>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array with one or more axes.</returns>
    /// <remarks>mlx.core.atleast_1d; C: mlx_atleast_1d.</remarks>
    public static MlxArray Atleast1d(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_atleast_1d, "mlx_atleast_1d", a, stream);

    /// <summary>Each of several arrays with at least one axis.</summary>
    /// <param name="arrays">Arrays or scalars.</param>
    /// <returns>The arrays, each with one or more axes.</returns>
    /// <remarks>mlx.core.atleast_1d; C: mlx_atleast_1d.</remarks>
    public static MlxArray[] Atleast1d(params ReadOnlySpan<MlxArray> arrays) => Each(arrays, static a => Atleast1d(a));

    /// <summary>The array with at least two axes: a vector gets shape [1, n].</summary>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array with two or more axes.</returns>
    /// <remarks>mlx.core.atleast_2d; C: mlx_atleast_2d.</remarks>
    public static MlxArray Atleast2d(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_atleast_2d, "mlx_atleast_2d", a, stream);

    /// <summary>Each of several arrays with at least two axes.</summary>
    /// <param name="arrays">Arrays or scalars.</param>
    /// <returns>The arrays, each with two or more axes.</returns>
    /// <remarks>mlx.core.atleast_2d; C: mlx_atleast_2d.</remarks>
    public static MlxArray[] Atleast2d(params ReadOnlySpan<MlxArray> arrays) => Each(arrays, static a => Atleast2d(a));

    /// <summary>The array with at least three axes: a vector gets shape [1, n, 1], and a matrix gets shape [m, n, 1].</summary>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array with three or more axes.</returns>
    /// <remarks>mlx.core.atleast_3d; C: mlx_atleast_3d.</remarks>
    public static MlxArray Atleast3d(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_atleast_3d, "mlx_atleast_3d", a, stream);

    /// <summary>Each of several arrays with at least three axes.</summary>
    /// <param name="arrays">Arrays or scalars.</param>
    /// <returns>The arrays, each with three or more axes.</returns>
    /// <remarks>mlx.core.atleast_3d; C: mlx_atleast_3d.</remarks>
    public static MlxArray[] Atleast3d(params ReadOnlySpan<MlxArray> arrays) => Each(arrays, static a => Atleast3d(a));

    /// <summary>
    /// The entries along an axis as separate arrays; the inverse of <see cref="Stack(ReadOnlySpan{MlxArray}, int, MlxStream)"/>.
    /// </summary>
    /// <param name="a">An array with at least one axis.</param>
    /// <param name="axis">The axis to split, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>One array per entry, without the axis.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.unstack of MLX 0.32; C: mlx_unstack_axis, or mlx_split and mlx_squeeze_axis on an older mlx-c.</remarks>
    public static MlxArray[] Unstack(MlxArray a, int axis = 0, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        int size = a.Dim(axis);
        if (HasNewer)
        {
            mlx_vector_array results = default;
            int status = Mlxc.mlx_unstack_axis(&results, NativeCall.Handle(a), axis, NativeCall.Stream(stream));
            GC.KeepAlive(a);
            return NativeCall.Arrays(status, results, "mlx_unstack_axis");
        }

        if (size == 0)
        {
            return [];
        }

        MlxArray[] parts = Split(a, size, axis, stream);
        for (int i = 0; i < parts.Length; i++)
        {
            using MlxArray part = parts[i];
            parts[i] = Squeeze(part, axis, stream);
        }

        return parts;
    }

    /// <summary>Checks the sizes, which MLX multiplies without checking for overflow.</summary>
    private static void CheckReshape(MlxArray a, ReadOnlySpan<int> shape)
    {
        ArgumentNullException.ThrowIfNull(a);
        long known = CheckSizes(shape);
        if (known > 0 && shape.Contains(-1))
        {
            _ = SizeLimits.Axis(a.Size / known, "reshape", a);
        }
    }

    /// <summary>Returns the product of the sizes, except the one to be inferred.</summary>
    private static long CheckSizes(ReadOnlySpan<int> shape)
    {
        long known = 1;
        foreach (int size in shape)
        {
            if (size < -1)
            {
                throw new ArgumentException($"The shape {ShapeText.Of(shape)} has a negative size; only -1 "
                    + $"is allowed, for the remaining size.", nameof(shape));
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
                    $"The shapes [{string.Join(", ", left.ToArray())}] and [{string.Join(", ", right.ToArray())}] can't be "
                    + $"broadcast: {a} against {b} in axis -{i}.");
            }

            result[^i] = a == 1 ? b : a;
        }

        return result;
    }
}
