using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Variance of the elements, over one axis or over all axes.</summary>
    /// <param name="a">An array of any shape; integers give float32.</param>
    /// <param name="axis">The axis to reduce, negative from the end; null for all axes.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="ddof">Delta degrees of freedom: the divisor is the number of elements minus this value.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.var; C: mlx_var, mlx_var_axis.</remarks>
    public static MlxArray Var(
        MlxArray a, int? axis = null, bool keepdims = false, int ddof = 0, MlxStream? stream = null)
        => IsComplex(a)
            ? FromParts(part => Var(part, axis, keepdims, ddof, stream), a, false, stream)
            : axis is int one
            ? Deviation(&Mlxc.mlx_var_axis, "mlx_var_axis", a, one, keepdims, ddof, stream)
            : Deviation(&Mlxc.mlx_var, "mlx_var", a, keepdims, ddof, stream);

    /// <summary>Variance of the elements, over several axes.</summary>
    /// <param name="a">An array of any shape; integers give float32.</param>
    /// <param name="axis">The axes to reduce, negative from the end.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="ddof">Delta degrees of freedom: the divisor is the number of elements minus this value.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>mlx.core.var; C: mlx_var_axes.</remarks>
    public static MlxArray Var(
        MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, int ddof = 0, MlxStream? stream = null)
    {
        if (!IsComplex(a))
        {
            return Deviation(&Mlxc.mlx_var_axes, "mlx_var_axes", a, axis, keepdims, ddof, stream);
        }

        int[] axes = [.. axis];
        return FromParts(part => Var(part, axes, keepdims, ddof, stream), a, false, stream);
    }

    /// <summary>Standard deviation of the elements, over one axis or over all axes.</summary>
    /// <param name="a">An array of any shape; integers give float32.</param>
    /// <param name="axis">The axis to reduce, negative from the end; null for all axes.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="ddof">Delta degrees of freedom: the divisor is the number of elements minus this value.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.std; C: mlx_std, mlx_std_axis.</remarks>
    public static MlxArray Std(
        MlxArray a, int? axis = null, bool keepdims = false, int ddof = 0, MlxStream? stream = null)
        => IsComplex(a)
            ? FromParts(part => Var(part, axis, keepdims, ddof, stream), a, true, stream)
            : axis is int one
            ? Deviation(&Mlxc.mlx_std_axis, "mlx_std_axis", a, one, keepdims, ddof, stream)
            : Deviation(&Mlxc.mlx_std, "mlx_std", a, keepdims, ddof, stream);

    /// <summary>Standard deviation of the elements, over several axes.</summary>
    /// <param name="a">An array of any shape; integers give float32.</param>
    /// <param name="axis">The axes to reduce, negative from the end.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="ddof">Delta degrees of freedom: the divisor is the number of elements minus this value.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>mlx.core.std; C: mlx_std_axes.</remarks>
    public static MlxArray Std(
        MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, int ddof = 0, MlxStream? stream = null)
    {
        if (!IsComplex(a))
        {
            return Deviation(&Mlxc.mlx_std_axes, "mlx_std_axes", a, axis, keepdims, ddof, stream);
        }

        int[] axes = [.. axis];
        return FromParts(part => Var(part, axes, keepdims, ddof, stream), a, true, stream);
    }

    /// <summary>Median of the elements, over one axis or over all axes; for an even count, the mean of the two middle elements.</summary>
    /// <param name="a">An array of any shape; integers give float32.</param>
    /// <param name="axis">The axis to reduce, negative from the end; null for all axes.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <exception cref="MlxException">The axis is empty.</exception>
    /// <remarks>mlx.core.median; C: mlx_median, or mlx_argsort_axis under a transform before MLX 0.32, like <see cref="Sort"/>.</remarks>
    public static MlxArray Median(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        int[] axes = axis is int one ? [one] : AxisCheck.All(a);
        return Median(a, axes, keepdims, stream);
    }

    /// <summary>Median of the elements, over several axes; for an even count, the mean of the two middle elements.</summary>
    /// <param name="a">An array of any shape; integers give float32.</param>
    /// <param name="axis">The axes to reduce, negative from the end.</param>
    /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The reduced array.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <exception cref="MlxException">An axis is empty.</exception>
    /// <remarks>mlx.core.median; C: mlx_median, or mlx_argsort_axis under a transform before MLX 0.32, like <see cref="Sort"/>.</remarks>
    public static MlxArray Median(MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null)
    {
        AxisCheck.Check(a, axis);
        long joined = 1;
        foreach (int one in axis)
        {
            joined = SizeLimits.Multiply(joined, a.Dim(one));
        }

        _ = SizeLimits.Axis(joined, "median", a);
        if (NeedsOrder(a) && joined > 0 && a.DType != DType.Complex64)
        {
            return MedianOfSorted(a, axis, keepdims, stream);
        }

        return NativeCall.ReduceAxes(
            &MlxcPortable.mlx_median, "mlx_median", Vectorization.Mapped(a, stream), axis, keepdims, stream);
    }

    /// <summary>Computes the median from the sorted elements, as MLX does, but with the sort for forward mode.</summary>
    private static MlxArray MedianOfSorted(MlxArray a, ReadOnlySpan<int> axis, bool keepdims, MlxStream? stream)
    {
        using MlxScope scope = MlxScope.Begin();
        HashSet<int> reduced = [];
        foreach (int one in axis)
        {
            reduced.Add(AxisCheck.Of(a, one));
        }

        int[] kept = [.. AxisCheck.All(a).Where(one => !reduced.Contains(one))];
        int[] last = [.. AxisCheck.All(a).Where(reduced.Contains)];
        MlxArray moved = a.NDim == 0 ? a : Transpose(a, [.. kept, .. last], stream);
        int[] shape = [.. moved.Shape[..kept.Length]];
        MlxArray sorted = Sort(Reshape(moved, [.. shape, SizeLimits.Joined(moved, kept.Length, moved.NDim - 1, "median")], stream), -1,
            stream);
        int count = sorted.Shape[^1];
        MlxArray middle = Mean(Cut(sorted, sorted.NDim - 1, (count - 1) / 2, (count / 2) + 1, stream), -1, stream: stream);
        return scope.Keep(keepdims ? ExpandDims(middle, last, stream) : middle);
    }

    /// <summary>Exponentials divided by their sum, over one axis or over all axes.</summary>
    /// <param name="a">An array of any shape; integers give float32.</param>
    /// <param name="axis">The axis over which the results sum to one, negative from the end; null for all axes together.</param>
    /// <param name="precise">Whether to compute 16-bit floating-point numbers in float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.softmax; C: mlx_softmax, mlx_softmax_axis.</remarks>
    public static MlxArray Softmax(MlxArray a, int? axis = null, bool precise = false, MlxStream? stream = null)
        => axis is int one
            ? NativeCall.ReduceAxis(&Mlxc.mlx_softmax_axis, "mlx_softmax_axis", a, one, precise, stream)
            : NativeCall.ReduceAll(&Mlxc.mlx_softmax, "mlx_softmax", a, precise, stream);

    /// <summary>Exponentials divided by their sum, over several axes.</summary>
    /// <param name="a">An array of any shape; integers give float32.</param>
    /// <param name="axis">The axes over which the results sum to one, negative from the end.</param>
    /// <param name="precise">Whether to compute 16-bit floating-point numbers in float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or occurs twice.</exception>
    /// <remarks>mlx.core.softmax; C: mlx_softmax_axes.</remarks>
    public static MlxArray Softmax(MlxArray a, ReadOnlySpan<int> axis, bool precise = false, MlxStream? stream = null)
        => NativeCall.ReduceAxes(&Mlxc.mlx_softmax_axes, "mlx_softmax_axes", a, axis, precise, stream);

    // The following methods call the three C forms of a reduction with delta degrees of freedom.
    private static bool IsComplex(MlxArray a) => IsBefore032 && a is not null && a.DType == DType.Complex64;

    // The variance of complex numbers is that of both parts. Before 0.32, MLX squares the complex distances.
    private static MlxArray FromParts(Func<MlxArray, MlxArray> variance, MlxArray a, bool root, MlxStream? stream)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray sum = Add(variance(Real(a, stream)), variance(Imag(a, stream)), stream);
        return scope.Keep(root ? Sqrt(sum, stream) : sum);
    }

    private static MlxArray Deviation(
        delegate*<mlx_array*, mlx_array, byte, int, mlx_stream, int> f, string function,
        MlxArray a, bool keepdims, int ddof, MlxStream? stream)
    {
        NativeCall.CheckReduction(a, function, stream);
        mlx_array result = default;
        int status = f(&result, NativeCall.Left(a), NativeCall.Byte(keepdims), ddof, NativeCall.Stream(stream));
        NativeCall.Done(a);
        return NativeCall.Result(status, result, function);
    }

    private static MlxArray Deviation(
        delegate*<mlx_array*, mlx_array, int, byte, int, mlx_stream, int> f, string function,
        MlxArray a, int axis, bool keepdims, int ddof, MlxStream? stream)
    {
        NativeCall.CheckReduction(a, function, stream);
        mlx_array result = default;
        int index = AxisCheck.Of(a, axis);
        int status = f(&result, NativeCall.Left(a), index, NativeCall.Byte(keepdims), ddof, NativeCall.Stream(stream));
        NativeCall.Done(a);
        return NativeCall.Result(status, result, function);
    }

    private static MlxArray Deviation(
        delegate*<mlx_array*, mlx_array, int*, nuint, byte, int, mlx_stream, int> f, string function,
        MlxArray a, ReadOnlySpan<int> axis, bool keepdims, int ddof, MlxStream? stream)
    {
        AxisCheck.Check(a, axis);
        NativeCall.CheckReduction(a, function, stream);
        mlx_array result = default;
        fixed (int* first = axis)
        {
            int status = f(
                &result, NativeCall.Left(a), first, (nuint)axis.Length, NativeCall.Byte(keepdims), ddof, NativeCall.Stream(stream));
            NativeCall.Done(a);
            return NativeCall.Result(status, result, function);
        }
    }
}
