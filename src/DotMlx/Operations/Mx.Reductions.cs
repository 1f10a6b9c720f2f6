using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Sum of the elements, over one axis or over all axes.</summary>
    /// <param name="a">An array of any shape. Integers narrower than 32 bits and bool are summed as int32.</param>
    /// <param name="axis">The axis to reduce, negative from the end; null for all axes.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.sum; C: mlx_sum, mlx_sum_axis.</remarks>
    public static MlxArray Sum(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
        => axis is int one
            ? NativeCall.ReduceAxis(&Mlxc.mlx_sum_axis, "mlx_sum_axis", a, one, keepdims, stream)
            : NativeCall.ReduceAll(&Mlxc.mlx_sum, "mlx_sum", a, keepdims, stream);

    /// <summary>Sum of the elements, over several axes.</summary>
    /// <param name="a">An array of any shape. Integers narrower than 32 bits and bool are summed as int32.</param>
    /// <param name="axis">The axes to reduce, negative from the end.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>mlx.core.sum; C: mlx_sum_axes.</remarks>
    public static MlxArray Sum(MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null)
        => NativeCall.ReduceAxes(&Mlxc.mlx_sum_axes, "mlx_sum_axes", a, axis, keepdims, stream);

    /// <summary>Product of the elements, over one axis or over all axes.</summary>
    /// <param name="a">An array of any shape. Integers narrower than 32 bits and bool are multiplied as int32.</param>
    /// <param name="axis">The axis to reduce, negative from the end; null for all axes.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.prod; C: mlx_prod, mlx_prod_axis.</remarks>
    public static MlxArray Prod(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
    {
        using MlxArray? converted = Widened(a, stream);
        return axis is int one
            ? NativeCall.ReduceAxis(&Mlxc.mlx_prod_axis, "mlx_prod_axis", converted ?? a, one, keepdims, stream)
            : NativeCall.ReduceAll(&Mlxc.mlx_prod, "mlx_prod", converted ?? a, keepdims, stream);
    }

    /// <summary>Product of the elements, over several axes.</summary>
    /// <param name="a">An array of any shape. Integers narrower than 32 bits and bool are multiplied as int32.</param>
    /// <param name="axis">The axes to reduce, negative from the end.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>mlx.core.prod; C: mlx_prod_axes.</remarks>
    public static MlxArray Prod(MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null)
    {
        using MlxArray? converted = Widened(a, stream);
        return NativeCall.ReduceAxes(&Mlxc.mlx_prod_axes, "mlx_prod_axes", converted ?? a, axis, keepdims, stream);
    }

    /// <summary>Mean of the elements, over one axis or over all axes.</summary>
    /// <param name="a">An array of any shape; integers give float32.</param>
    /// <param name="axis">The axis to reduce, negative from the end; null for all axes.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.mean; C: mlx_mean, mlx_mean_axis.</remarks>
    public static MlxArray Mean(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
        => axis is int one
            ? NativeCall.ReduceAxis(&Mlxc.mlx_mean_axis, "mlx_mean_axis", a, one, keepdims, stream)
            : NativeCall.ReduceAll(&Mlxc.mlx_mean, "mlx_mean", a, keepdims, stream);

    /// <summary>Mean of the elements, over several axes.</summary>
    /// <param name="a">An array of any shape; integers give float32.</param>
    /// <param name="axis">The axes to reduce, negative from the end.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>mlx.core.mean; C: mlx_mean_axes.</remarks>
    public static MlxArray Mean(MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null)
        => NativeCall.ReduceAxes(&Mlxc.mlx_mean_axes, "mlx_mean_axes", a, axis, keepdims, stream);

    /// <summary>Largest element, over one axis or over all axes.</summary>
    /// <param name="a">An array of any shape. If an element is NaN, the result is NaN.</param>
    /// <param name="axis">The axis to reduce, negative from the end; null for all axes.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.max; C: mlx_max, mlx_max_axis.</remarks>
    public static MlxArray Max(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
        => axis is int only && HasEmptyResult(a, [only])
            ? EmptyReduction(a, [only], keepdims, stream)
            : axis is int one
            ? NativeCall.ReduceAxis(&Mlxc.mlx_max_axis, "mlx_max_axis", a, one, keepdims, stream)
            : NativeCall.ReduceAll(&Mlxc.mlx_max, "mlx_max", a, keepdims, stream);

    /// <summary>Largest element, over several axes.</summary>
    /// <param name="a">An array of any shape. If an element is NaN, the result is NaN.</param>
    /// <param name="axis">The axes to reduce, negative from the end.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>mlx.core.max; C: mlx_max_axes.</remarks>
    public static MlxArray Max(MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null)
        => HasEmptyResult(a, axis)
            ? EmptyReduction(a, axis, keepdims, stream)
            : NativeCall.ReduceAxes(&Mlxc.mlx_max_axes, "mlx_max_axes", a, axis, keepdims, stream);

    /// <summary>Smallest element, over one axis or over all axes.</summary>
    /// <param name="a">An array of any shape. If an element is NaN, the result is NaN.</param>
    /// <param name="axis">The axis to reduce, negative from the end; null for all axes.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.min; C: mlx_min, mlx_min_axis.</remarks>
    public static MlxArray Min(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
        => axis is int only && HasEmptyResult(a, [only])
            ? EmptyReduction(a, [only], keepdims, stream)
            : axis is int one
            ? NativeCall.ReduceAxis(&Mlxc.mlx_min_axis, "mlx_min_axis", a, one, keepdims, stream)
            : NativeCall.ReduceAll(&Mlxc.mlx_min, "mlx_min", a, keepdims, stream);

    /// <summary>Smallest element, over several axes.</summary>
    /// <param name="a">An array of any shape. If an element is NaN, the result is NaN.</param>
    /// <param name="axis">The axes to reduce, negative from the end.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>mlx.core.min; C: mlx_min_axes.</remarks>
    public static MlxArray Min(MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null)
        => HasEmptyResult(a, axis)
            ? EmptyReduction(a, axis, keepdims, stream)
            : NativeCall.ReduceAxes(&Mlxc.mlx_min_axes, "mlx_min_axes", a, axis, keepdims, stream);

    /// <summary>Whether all elements are nonzero, over one axis or over all axes.</summary>
    /// <param name="a">An array of any shape; the result is bool.</param>
    /// <param name="axis">The axis to reduce, negative from the end; null for all axes.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.all; C: mlx_all, mlx_all_axis.</remarks>
    public static MlxArray All(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
    {
        using MlxArray? converted = Truths(a, stream);
        return axis is int one
            ? NativeCall.ReduceAxis(&Mlxc.mlx_all_axis, "mlx_all_axis", converted ?? a, one, keepdims, stream)
            : NativeCall.ReduceAll(&Mlxc.mlx_all, "mlx_all", converted ?? a, keepdims, stream);
    }

    /// <summary>Whether all elements are nonzero, over several axes.</summary>
    /// <param name="a">An array of any shape; the result is bool.</param>
    /// <param name="axis">The axes to reduce, negative from the end.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>mlx.core.all; C: mlx_all_axes.</remarks>
    public static MlxArray All(MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null)
    {
        using MlxArray? converted = Truths(a, stream);
        return NativeCall.ReduceAxes(&Mlxc.mlx_all_axes, "mlx_all_axes", converted ?? a, axis, keepdims, stream);
    }

    /// <summary>Whether at least one element is nonzero, over one axis or over all axes.</summary>
    /// <param name="a">An array of any shape; the result is bool.</param>
    /// <param name="axis">The axis to reduce, negative from the end; null for all axes.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.any; C: mlx_any, mlx_any_axis.</remarks>
    public static MlxArray Any(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
    {
        using MlxArray? converted = Truths(a, stream);
        return axis is int one
            ? NativeCall.ReduceAxis(&Mlxc.mlx_any_axis, "mlx_any_axis", converted ?? a, one, keepdims, stream)
            : NativeCall.ReduceAll(&Mlxc.mlx_any, "mlx_any", converted ?? a, keepdims, stream);
    }

    /// <summary>Whether at least one element is nonzero, over several axes.</summary>
    /// <param name="a">An array of any shape; the result is bool.</param>
    /// <param name="axis">The axes to reduce, negative from the end.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>mlx.core.any; C: mlx_any_axes.</remarks>
    public static MlxArray Any(MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null)
    {
        using MlxArray? converted = Truths(a, stream);
        return NativeCall.ReduceAxes(&Mlxc.mlx_any_axes, "mlx_any_axes", converted ?? a, axis, keepdims, stream);
    }

    /// <summary>Logarithm of the sum of the exponentials, without overflow, over one axis or over all axes.</summary>
    /// <param name="a">An array of any shape; integers give float32.</param>
    /// <param name="axis">The axis to reduce, negative from the end; null for all axes.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.logsumexp; C: mlx_logsumexp, mlx_logsumexp_axis.</remarks>
    public static MlxArray LogSumExp(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
        => axis is int one
            ? NativeCall.ReduceAxis(&Mlxc.mlx_logsumexp_axis, "mlx_logsumexp_axis", a, one, keepdims, stream)
            : Squeezed(NativeCall.ReduceAll(&Mlxc.mlx_logsumexp, "mlx_logsumexp", a, keepdims, stream), a, default, keepdims, stream);

    /// <summary>Logarithm of the sum of the exponentials, without overflow, over several axes.</summary>
    /// <param name="a">An array of any shape; integers give float32.</param>
    /// <param name="axis">The axes to reduce, negative from the end.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>mlx.core.logsumexp; C: mlx_logsumexp_axes.</remarks>
    public static MlxArray LogSumExp(MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null)
        => Squeezed(NativeCall.ReduceAxes(&Mlxc.mlx_logsumexp_axes, "mlx_logsumexp_axes", a, axis, keepdims, stream), a,
            axis, keepdims, stream);

    /// <summary>Number of nonzero elements, over one axis or over all axes.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis to reduce, negative from the end; null for all axes.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An integer array of counts.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>
    /// mlx.core.count_nonzero of MLX 0.32; C: mlx_count_nonzero, mlx_count_nonzero_axis, or mlx_not_equal and mlx_sum on an older mlx-c.
    /// </remarks>
    public static MlxArray CountNonzero(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
    {
        if (HasNewer)
        {
            return axis is int one
                ? NativeCall.ReduceAxis(&Mlxc.mlx_count_nonzero_axis, "mlx_count_nonzero_axis", a, one, keepdims, stream)
                : NativeCall.ReduceAll(&Mlxc.mlx_count_nonzero, "mlx_count_nonzero", a, keepdims, stream);
        }

        using MlxArray nonzero = NotEqual(a, 0, stream);
        using MlxArray ones = AsType(nonzero, DType.Int32, stream);
        return Sum(ones, axis, keepdims, stream);
    }

    /// <summary>Number of nonzero elements, over several axes.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axes to reduce, negative from the end.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An integer array of counts.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>
    /// mlx.core.count_nonzero of MLX 0.32; C: mlx_count_nonzero_axes, or mlx_not_equal and mlx_sum_axes on an older mlx-c.
    /// </remarks>
    public static MlxArray CountNonzero(
        MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null)
    {
        if (HasNewer)
        {
            return NativeCall.ReduceAxes(&Mlxc.mlx_count_nonzero_axes, "mlx_count_nonzero_axes", a, axis, keepdims, stream);
        }

        using MlxArray nonzero = NotEqual(a, 0, stream);
        using MlxArray ones = AsType(nonzero, DType.Int32, stream);
        return Sum(ones, axis, keepdims, stream);
    }

    // Before MLX 0.32, the result keeps the reduced axes before the last one with size 1.
    private static MlxArray Squeezed(MlxArray result, MlxArray a, ReadOnlySpan<int> axis, bool keepdims, MlxStream? stream)
    {
        List<int> shape = [];
        for (int i = 0; i < a.NDim; i++)
        {
            if (!axis.IsEmpty && !axis.Contains(i) && !axis.Contains(i - a.NDim))
            {
                shape.Add(a.Shape[i]);
            }
        }

        if (keepdims || result.NDim == 0 || result.NDim == shape.Count)
        {
            return result;
        }

        using (result)
        {
            return Reshape(result, [.. shape], stream);
        }
    }

    /// <summary>Position of the largest element.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis to search, negative from the end; null for the flattened array.</param>
    /// <param name="keepdims">Whether the searched axis remains with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A uint32 array of positions; the first one of equal elements.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.argmax; C: mlx_argmax, mlx_argmax_axis.</remarks>
    public static MlxArray ArgMax(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
        => axis is int one
            ? NativeCall.ReduceAxis(&Mlxc.mlx_argmax_axis, "mlx_argmax_axis", a, one, keepdims, stream)
            : NativeCall.ReduceAll(&Mlxc.mlx_argmax, "mlx_argmax", SizeLimits.Flat(a, "argmax"), keepdims, stream);

    /// <summary>Position of the smallest element.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="axis">The axis to search, negative from the end; null for the flattened array.</param>
    /// <param name="keepdims">Whether the searched axis remains with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A uint32 array of positions; the first one of equal elements.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.argmin; C: mlx_argmin, mlx_argmin_axis.</remarks>
    public static MlxArray ArgMin(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
        => axis is int one
            ? NativeCall.ReduceAxis(&Mlxc.mlx_argmin_axis, "mlx_argmin_axis", a, one, keepdims, stream)
            : NativeCall.ReduceAll(&Mlxc.mlx_argmin, "mlx_argmin", SizeLimits.Flat(a, "argmin"), keepdims, stream);

    // Before 0.32, MLX counts -0.0 as true. Returns null if the array can be used as it is.
    private static MlxArray? Truths(MlxArray a, MlxStream? stream) =>
        a is not null && IsBefore032 && a.DType.IsInexact() ? NotEqual(a, 0, stream) : null;

    // Before 0.32, MLX doesn't widen products of at most one small integer. Returns null if the array can be used as it is.
    private static MlxArray? Widened(MlxArray a, MlxStream? stream) => a is null || !IsBefore032 ? null : a.DType switch
    {
        DType.Bool or DType.Int8 or DType.Int16 => AsType(a, DType.Int32, stream),
        DType.UInt8 or DType.UInt16 => AsType(a, DType.UInt32, stream),
        _ => null,
    };

    // Before 0.32, MLX refuses the extremes of an array that is empty, even if the reduced axes aren't.
    private static bool HasEmptyResult(MlxArray a, ReadOnlySpan<int> axis)
    {
        if (a is null || a.Size > 0)
        {
            return false;
        }

        AxisCheck.Check(a, axis);
        foreach (int one in axis)
        {
            if (a.Dim(one) == 0)
            {
                return false;
            }
        }

        return true;
    }

    // The sum has the shape and, of these dtypes, only another one.
    private static MlxArray EmptyReduction(MlxArray a, ReadOnlySpan<int> axis, bool keepdims, MlxStream? stream)
    {
        using MlxArray sum = Sum(a, axis, keepdims, stream);
        return Zeros(sum.Shape, a.DType, stream);
    }
}
