using DotMlx.Bindings;

namespace DotMlx;

// Functions that MLX has since 0.32: called where the loaded mlx-c has them, composed of older ones where it has not.
public static unsafe partial class Mx
{
    private static bool HasNewer => LoadedApi.IsAtLeast(MlxcVersions.V0_7_0);

    /// <summary>The elements in reverse order along one axis or all.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axis">Axis to reverse, negative from the end; null reverses all.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the shape of <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.flip of MLX 0.32; C: mlx_flip, mlx_flip_axis, on older mlx-c mlx_slice.</remarks>
    public static MlxArray Flip(MlxArray a, int? axis = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        return Flip(a, axis is int one ? [one] : AxisCheck.All(a), stream);
    }

    /// <summary>The elements in reverse order along several axes.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axis">Axes to reverse, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the shape of <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
    /// <remarks>mlx.core.flip of MLX 0.32; C: mlx_flip_axes, on older mlx-c mlx_slice.</remarks>
    public static MlxArray Flip(MlxArray a, ReadOnlySpan<int> axis, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        AxisCheck.Check(a, axis);
        int ndim = a.NDim;
        int[] start = new int[ndim];
        int[] stop = a.Shape.ToArray();
        int[] step = new int[ndim];
        Array.Fill(step, 1);
        foreach (int one in axis)
        {
            int index = AxisCheck.Of(a, one, nameof(axis));
            int size = a.Shape[index];
            (start[index], stop[index], step[index]) = (size - 1, -size - 1, -1);
        }

        return HasNewer
            ? Call.Ints(&Mlxc.mlx_flip_axes, "mlx_flip_axes", a, axis, stream)
            : StaticSlice(a, start, stop, step, stream);
    }

    /// <summary>Differences of neighbours along an axis, n times over.</summary>
    /// <param name="a">Array with at least one axis.</param>
    /// <param name="n">How often to take differences.</param>
    /// <param name="axis">Axis to run along, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array whose axis is <paramref name="n"/> shorter; bools give whether neighbours differ.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range or the count negative.</exception>
    /// <remarks>mlx.core.diff of MLX 0.32; C: mlx_diff, on older mlx-c mlx_slice and mlx_subtract.</remarks>
    public static MlxArray Diff(MlxArray a, int n = 1, int axis = -1, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        int size = a.Dim(axis);
        if (HasNewer)
        {
            return Call.Int2(&Mlxc.mlx_diff, "mlx_diff", a, n, axis, stream);
        }

        int index = axis < 0 ? axis + a.NDim : axis;
        MlxArray result = a.Share();
        for (int i = 0; i < n; i++)
        {
            using MlxArray previous = result;
            int left = Math.Max(size - i, 1);
            using MlxArray upper = Cut(previous, index, Math.Min(1, left), left, stream);
            using MlxArray lower = Cut(previous, index, 0, left - 1, stream);
            result = a.DType == DType.Bool ? NotEqual(upper, lower, stream) : Subtract(upper, lower, stream);
        }

        return result;
    }

    /// <summary>Where values would have to be inserted to keep a row sorted.</summary>
    /// <param name="sortedSequence">Ascending array of one axis.</param>
    /// <param name="values">Values of any shape.</param>
    /// <param name="side">Where a value goes among equal ones.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>uint32 array of the shape of <paramref name="values"/>.</returns>
    /// <exception cref="ArgumentException">The side is unknown or the sequence has more axes than one.</exception>
    /// <remarks>mlx.core.searchsorted of MLX 0.32.1; C: mlx_searchsorted, on older mlx-c a comparison of all pairs.</remarks>
    public static MlxArray SearchSorted(
        MlxArray sortedSequence, MlxArray values, SearchSide side = SearchSide.Left, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(sortedSequence);
        ArgumentNullException.ThrowIfNull(values);
        if (!Enum.IsDefined(side))
        {
            throw new ArgumentOutOfRangeException(nameof(side), side, "Use SearchSide.Left or Right.");
        }

        if (sortedSequence.NDim != 1)
        {
            throw new ArgumentException(
                $"The sorted sequence has one axis, not shape {ShapeText.Of(sortedSequence.Shape)}.", nameof(sortedSequence));
        }

        if (HasNewer)
        {
            using NativeText sideText = new(side == SearchSide.Left ? "left" : "right", nameof(side));
            mlx_array result = default;
            int status = Mlxc.mlx_searchsorted(
                &result, Op.Handle(sortedSequence), Op.Handle(values), sideText.Pointer, Op.Stream(stream));
            GC.KeepAlive(sortedSequence);
            GC.KeepAlive(values);
            return Op.Result(status, result, "mlx_searchsorted");
        }

        using MlxScope scope = MlxScope.Begin();
        MlxArray column = ExpandDims(values, -1, stream);
        MlxArray before = side == SearchSide.Left ? Less(sortedSequence, column, stream) : LessEqual(sortedSequence, column, stream);
        if (values.DType.IsInexact())
        {
            // What is no number is sorted behind all numbers.
            MlxArray behind = IsNaN(column, stream);
            before = LogicalOr(before, side == SearchSide.Left ? LogicalAnd(behind, LogicalNot(IsNaN(sortedSequence, stream), stream), stream) : behind, stream);
        }

        return scope.Keep(AsType(Sum(before, -1, stream: stream), DType.UInt32, stream));
    }

    /// <summary>The entries along an axis as arrays of their own; the inverse of <see cref="Stack(ReadOnlySpan{MlxArray}, int, MlxStream)"/>.</summary>
    /// <param name="a">Array with at least one axis.</param>
    /// <param name="axis">Axis to take apart, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>As many arrays as the axis has entries, without the axis.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.unstack of MLX 0.32; C: mlx_unstack_axis, on older mlx-c mlx_split and mlx_squeeze_axis.</remarks>
    public static MlxArray[] Unstack(MlxArray a, int axis = 0, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        int size = a.Dim(axis);
        if (HasNewer)
        {
            mlx_vector_array results = default;
            int status = Mlxc.mlx_unstack_axis(&results, Op.Handle(a), axis, Op.Stream(stream));
            GC.KeepAlive(a);
            return Native.Arrays(status, results, "mlx_unstack_axis");
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

    /// <summary>Sum of products along an axis; the first operand is conjugated.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="b">Array that broadcasts against <paramref name="a"/>.</param>
    /// <param name="axis">Axis of the vectors, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the broadcast shape without the axis.</returns>
    /// <exception cref="MlxException">The shapes do not broadcast or the axis is out of range.</exception>
    /// <remarks>mlx.core.vecdot of MLX 0.32; C: mlx_vecdot, on older mlx-c mlx_multiply and mlx_sum_axis.</remarks>
    public static MlxArray VecDot(MlxArray a, MlxArray b, int axis = -1, MlxStream? stream = null)
    {
        int inA = AxisCheck.Of(a, axis);
        int inB = AxisCheck.Of(b, axis);
        if ((axis >= 0 && a.NDim != b.NDim && inA - a.NDim != inB - b.NDim) || a.Shape[inA] != b.Shape[inB])
        {
            throw new ArgumentException(
                $"[vecdot] Axis {axis} must be the same one of both arrays and as long; the shapes are {ShapeText.Of(a)} and {ShapeText.Of(b)}.", nameof(b));
        }

        axis = Math.Min(inA - a.NDim, inB - b.NDim);
        if (HasNewer)
        {
            return Call.TwoInt(&Mlxc.mlx_vecdot, "mlx_vecdot", a, b, axis, stream);
        }

        using MlxArray conjugate = Conjugate(a, stream);
        using MlxArray product = Multiply(conjugate, b, stream);
        return Sum(product, axis, stream: stream);
    }

    /// <summary>Each element rounded towards zero.</summary>
    /// <param name="a">Any real dtype; integers are returned unchanged.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the shape of <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentException">The array is complex.</exception>
    /// <remarks>mlx.core.trunc of MLX 0.32; C: mlx_trunc, on older mlx-c mlx_floor, mlx_ceil and mlx_where.</remarks>
    public static MlxArray Trunc(MlxArray a, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (a.DType == DType.Complex64)
        {
            throw new ArgumentException("Complex numbers cannot be rounded towards zero.", nameof(a));
        }

        if (HasNewer)
        {
            return Op.Unary(&Mlxc.mlx_trunc, "mlx_trunc", a, stream);
        }

        using MlxArray negative = Less(a, 0, stream);
        using MlxArray up = Ceil(a, stream);
        using MlxArray down = Floor(a, stream);
        return Where(negative, up, down, stream);
    }

    /// <summary>How many elements are not zero, over one axis or over all.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axis">Axis to count along, negative from the end; null counts all.</param>
    /// <param name="keepdims">Whether reduced axes stay with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Integer array of counts.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.count_nonzero of MLX 0.32; C: mlx_count_nonzero, mlx_count_nonzero_axis, on older mlx-c mlx_not_equal and mlx_sum.</remarks>
    public static MlxArray CountNonzero(MlxArray a, int? axis = null, bool keepdims = false, MlxStream? stream = null)
    {
        if (HasNewer)
        {
            return axis is int one
                ? Reduction.Axis(&Mlxc.mlx_count_nonzero_axis, "mlx_count_nonzero_axis", a, one, keepdims, stream)
                : Reduction.All(&Mlxc.mlx_count_nonzero, "mlx_count_nonzero", a, keepdims, stream);
        }

        using MlxArray nonzero = NotEqual(a, 0, stream);
        using MlxArray ones = AsType(nonzero, DType.Int32, stream);
        return Sum(ones, axis, keepdims, stream);
    }

    /// <summary>How many elements are not zero, over several axes.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="axis">Axes to count along, negative from the end.</param>
    /// <param name="keepdims">Whether reduced axes stay with size 1.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Integer array of counts.</returns>
    /// <exception cref="ArgumentException">An axis is out of range or named twice.</exception>
    /// <remarks>mlx.core.count_nonzero of MLX 0.32; C: mlx_count_nonzero_axes, on older mlx-c mlx_not_equal and mlx_sum_axes.</remarks>
    public static MlxArray CountNonzero(
        MlxArray a, ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null)
    {
        if (HasNewer)
        {
            return Reduction.Axes(&Mlxc.mlx_count_nonzero_axes, "mlx_count_nonzero_axes", a, axis, keepdims, stream);
        }

        using MlxArray nonzero = NotEqual(a, 0, stream);
        using MlxArray ones = AsType(nonzero, DType.Int32, stream);
        return Sum(ones, axis, keepdims, stream);
    }

    /// <summary>The array itself, as the unary plus gives it.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A new array object over the same elements.</returns>
    /// <remarks>mlx.core.positive of MLX 0.32; C: mlx_positive, on older mlx-c mlx_array_set.</remarks>
    public static MlxArray Positive(MlxArray a, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        return HasNewer ? Op.Unary(&Mlxc.mlx_positive, "mlx_positive", a, stream) : AsArray(a);
    }

    /// <summary>Whether exactly one of both elements is non-zero.</summary>
    /// <param name="a">Array or scalar.</param>
    /// <param name="b">Array or scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>bool array of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes do not broadcast.</exception>
    /// <remarks>mlx.core.logical_xor of MLX 0.32; C: mlx_logical_xor, on older mlx-c mlx_logical_not and mlx_not_equal.</remarks>
    public static MlxArray LogicalXor(MlxArray a, MlxArray b, MlxStream? stream = null)
    {
        if (HasNewer)
        {
            return Op.Binary(&Mlxc.mlx_logical_xor, "mlx_logical_xor", a, b, stream);
        }

        using MlxArray left = LogicalNot(a, stream);
        using MlxArray right = LogicalNot(b, stream);
        return NotEqual(left, right, stream);
    }

    private static MlxArray Cut(MlxArray a, int axis, int from, int to, MlxStream? stream)
    {
        int[] start = new int[a.NDim];
        int[] stop = a.Shape.ToArray();
        int[] step = new int[a.NDim];
        Array.Fill(step, 1);
        (start[axis], stop[axis]) = (from, to);
        return StaticSlice(a, start, stop, step, stream);
    }

    private static MlxArray StaticSlice(MlxArray a, int[] start, int[] stop, int[] step, MlxStream? stream)
    {
        mlx_array result = default;
        fixed (int* first = start, last = stop, stride = step)
        {
            nuint count = (nuint)start.Length;
            int status = Mlxc.mlx_slice(&result, Op.Handle(a), first, count, last, count, stride, count, Op.Stream(stream));
            GC.KeepAlive(a);
            return Op.Result(status, result, "mlx_slice");
        }
    }
}
