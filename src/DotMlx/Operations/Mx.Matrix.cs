using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Matrix product. Leading axes are batch axes and are broadcast.</summary>
    /// <param name="a">An array of shape [..., m, k] or [k].</param>
    /// <param name="b">An array of shape [..., k, n] or [k].</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [..., m, n], without the axis of a one-dimensional operand.</returns>
    /// <exception cref="MlxException">The inner sizes differ, or an operand is a scalar.</exception>
    /// <remarks>mlx.core.matmul; C: mlx_matmul.</remarks>
    public static MlxArray MatMul(MlxArray a, MlxArray b, MlxStream? stream = null)
    {
        CheckRows(a, b, "matmul");
        return NativeCall.BinaryArrays(&Mlxc.mlx_matmul, "mlx_matmul", a, b, stream);
    }

    /// <summary>alpha * (a @ b) + beta * c.</summary>
    /// <param name="c">An array that can be broadcast to the product.</param>
    /// <param name="a">An array of shape [..., m, k] or [k].</param>
    /// <param name="b">An array of shape [..., k, n] or [k].</param>
    /// <param name="alpha">The scale factor of the product.</param>
    /// <param name="beta">The scale factor of <paramref name="c"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the shape of the product.</returns>
    /// <exception cref="MlxException">The shapes don't match.</exception>
    /// <remarks>mlx.core.addmm; C: mlx_addmm.</remarks>
    public static MlxArray AddMM(
        MlxArray c, MlxArray a, MlxArray b, double alpha = 1, double beta = 1, MlxStream? stream = null)
    {
        CheckRows(a, b, "addmm");

        // MLX's rule fails if only c is mapped (0.31.2).
        MlxArray mapped = Vectorization.Mapped(a, stream);
        mlx_array result = default;
        int status = Mlxc.mlx_addmm(
            &result, NativeCall.Handle(c), NativeCall.Handle(mapped), NativeCall.Handle(b), (float)alpha, (float)beta,
            NativeCall.Stream(stream));
        GC.KeepAlive(c);
        GC.KeepAlive(mapped);
        GC.KeepAlive(b);
        return NativeCall.Result(status, result, "mlx_addmm");
    }

    /// <summary>Sum of products over the last axes of both arrays.</summary>
    /// <param name="a">An array of shape [..., k].</param>
    /// <param name="b">An array of shape [..., k].</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array with the leading axes of both arrays.</returns>
    /// <exception cref="MlxException">The last sizes differ.</exception>
    /// <remarks>mlx.core.inner; C: mlx_inner.</remarks>
    public static MlxArray Inner(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.BinaryArrays(&Mlxc.mlx_inner, "mlx_inner", SizeLimits.Flat(a, "inner"), SizeLimits.Flat(b, "inner"), stream,
            nameof(a), nameof(b));

    /// <summary>Product of every element of one array with every element of the other.</summary>
    /// <param name="a">An array of m elements, which is flattened.</param>
    /// <param name="b">An array of n elements, which is flattened.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [m, n].</returns>
    /// <remarks>mlx.core.outer; C: mlx_outer.</remarks>
    public static MlxArray Outer(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.BinaryArrays(&Mlxc.mlx_outer, "mlx_outer", SizeLimits.Flat(a, "outer"), SizeLimits.Flat(b, "outer"), stream,
            nameof(a), nameof(b));

    /// <summary>Kronecker product.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="b">An array of any shape.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array whose sizes are the products of the operands' sizes.</returns>
    /// <remarks>mlx.core.kron; C: mlx_kron.</remarks>
    public static MlxArray Kron(MlxArray a, MlxArray b, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        for (int i = 1; i <= Math.Min(a.NDim, b.NDim); i++)
        {
            _ = SizeLimits.Axis((long)a.Shape[^i] * b.Shape[^i], "kron", a, b);
        }

        return NativeCall.BinaryArrays(&Mlxc.mlx_kron, "mlx_kron", a, b, stream);
    }

    /// <summary>Sum of products over the last axes of one array and the first axes of the other.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="b">An array of any shape.</param>
    /// <param name="axes">The number of axes to sum over.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the remaining axes, those of <paramref name="a"/> first.</returns>
    /// <exception cref="MlxException">The sizes of the axes differ.</exception>
    /// <remarks>mlx.core.tensordot; C: mlx_tensordot_axis.</remarks>
    public static MlxArray TensorDot(MlxArray a, MlxArray b, int axes = 2, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (axes < 0 || axes > Math.Min(a.NDim, b.NDim))
        {
            throw new ArgumentOutOfRangeException(
                nameof(axes), axes, $"Arrays of shapes {ShapeText.Of(a)} and {ShapeText.Of(b)} don't both have {axes} axes to sum over.");
        }

        int[] last = [.. Enumerable.Range(a.NDim - axes, axes)];
        return TensorDot(a, b, last, [.. Enumerable.Range(0, axes)], stream);
    }

    /// <summary>Sum of products over given axes of both arrays.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="b">An array of any shape.</param>
    /// <param name="axesA">The axes of <paramref name="a"/> to sum over.</param>
    /// <param name="axesB">The corresponding axes of <paramref name="b"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the remaining axes, those of <paramref name="a"/> first.</returns>
    /// <exception cref="MlxException">The sizes or the numbers of axes differ.</exception>
    /// <remarks>mlx.core.tensordot; C: mlx_tensordot.</remarks>
    public static MlxArray TensorDot(
        MlxArray a, MlxArray b, ReadOnlySpan<int> axesA, ReadOnlySpan<int> axesB, MlxStream? stream = null)
    {
        AxisCheck.Check(a, axesA);
        AxisCheck.Check(b, axesB);
        CheckFolded(a, axesA);
        CheckFolded(b, axesB);
        mlx_array result = default;
        fixed (int* first = axesA, second = axesB)
        {
            int status = Mlxc.mlx_tensordot(
                &result, NativeCall.Handle(a), NativeCall.Handle(b), first, (nuint)axesA.Length, second, (nuint)axesB.Length,
                NativeCall.Stream(stream));
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            return NativeCall.Result(status, result, "mlx_tensordot");
        }
    }

    /// <summary>Einstein summation.</summary>
    /// <param name="subscripts">Subscripts such as "ij,jk->ik". Without an arrow, the result is inferred.</param>
    /// <param name="operands">One array per group of subscripts.</param>
    /// <returns>An array with the axes of the result's subscripts.</returns>
    /// <exception cref="MlxException">The subscripts don't match the shapes.</exception>
    /// <remarks>mlx.core.einsum; C: mlx_einsum.</remarks>
    public static MlxArray Einsum(string subscripts, params ReadOnlySpan<MlxArray> operands)
        => Einsum(subscripts, operands, null);

    /// <inheritdoc cref="Einsum(string, ReadOnlySpan{MlxArray})"/>
    /// <param name="subscripts">Subscripts such as "ij,jk->ik". Without an arrow, the result is inferred.</param>
    /// <param name="operands">One array per group of subscripts.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray Einsum(string subscripts, ReadOnlySpan<MlxArray> operands, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(subscripts);
        foreach (MlxArray operand in operands)
        {
            SizeLimits.Flat(operand, "einsum");
        }

        using MlxScope scope = MlxScope.Begin();
        using NativeText text = new(subscripts, nameof(subscripts));
        using VectorArray inputs = VectorArray.From(EinsumOperands(subscripts, operands, stream));
        mlx_array result = default;
        return scope.Keep(NativeCall.Result(
            Mlxc.mlx_einsum(&result, text.Pointer, inputs.Handle, NativeCall.Stream(stream)), result, "mlx_einsum"));
    }

    // MLX's matrix product doesn't broadcast axes of size 1, and some of its messages don't name the subscripts (0.31.2).
    private static MlxArray[] EinsumOperands(string subscripts, ReadOnlySpan<MlxArray> operands, MlxStream? stream)
    {
        MlxArray[] arrays = operands.ToArray();
        EinsumExpression parsed;
        try
        {
            parsed = EinsumExpression.Parse(subscripts, [.. arrays.Select(array => array.Shape.ToArray())]);
        }
        catch (ArgumentException error)
        {
            throw new MlxException($"[einsum] {error.Message}", "mlx_einsum", error);
        }

        for (int i = 0; i < arrays.Length; i++)
        {
            MlxArray array = arrays[i];
            int[] shape = [.. parsed.Inputs[i].Select((letter, axis) => array.Shape[axis] == 1 ? parsed.Sizes[letter] : array.Shape[axis])];
            if (!array.Shape.SequenceEqual(shape))
            {
                arrays[i] = BroadcastTo(array, shape, stream);
            }
        }

        return arrays;
    }

    /// <summary>A diagonal with respect to two axes.</summary>
    /// <param name="a">An array with at least two axes.</param>
    /// <param name="offset">The diagonal: 0 for the main diagonal, positive above it, negative below it.</param>
    /// <param name="axis1">The row axis, negative from the end.</param>
    /// <param name="axis2">The column axis, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the other axes, with the diagonal as the last axis.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
    /// <exception cref="MlxException">The axes are equal.</exception>
    /// <remarks>mlx.core.diagonal; C: mlx_diagonal.</remarks>
    public static MlxArray Diagonal(MlxArray a, int offset = 0, int axis1 = 0, int axis2 = 1, MlxStream? stream = null)
    {
        mlx_array result = default;
        int status = Mlxc.mlx_diagonal(
            &result, NativeCall.Handle(a), Math.Max(offset, -int.MaxValue), AxisCheck.Of(a, axis1), AxisCheck.Of(a, axis2),
            NativeCall.Stream(stream));
        GC.KeepAlive(a);
        return NativeCall.Result(status, result, "mlx_diagonal");
    }

    /// <summary>A matrix with a given diagonal, or the diagonal of a matrix.</summary>
    /// <param name="a">An array with one or two axes.</param>
    /// <param name="k">The diagonal: 0 for the main diagonal, positive above it, negative below it.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A square matrix for a vector, or a vector for a matrix.</returns>
    /// <exception cref="MlxException">The array has neither one axis nor two axes.</exception>
    /// <remarks>mlx.core.diag; C: mlx_diag.</remarks>
    public static MlxArray Diag(MlxArray a, int k = 0, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (a.NDim == 1)
        {
            _ = SizeLimits.Axis(a.Size + Math.Abs((long)k), "diag", a);
            if (a.Size == 0 && k == 0)
            {
                return Zeros([0, 0], a.DType, stream);
            }
        }

        return NativeCall.WithInt(&Mlxc.mlx_diag, "mlx_diag", a, Math.Max(k, -int.MaxValue), WideScatter.StreamFor(a.DType, stream));
    }

    /// <summary>Sum of a diagonal with respect to two axes.</summary>
    /// <param name="a">An array with at least two axes.</param>
    /// <param name="offset">The diagonal: 0 for the main diagonal, positive above it, negative below it.</param>
    /// <param name="axis1">The row axis, negative from the end.</param>
    /// <param name="axis2">The column axis, negative from the end.</param>
    /// <param name="dtype">The dtype of the result; null for the dtype of <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the other axes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
    /// <exception cref="MlxException">The axes are equal.</exception>
    /// <remarks>mlx.core.trace; C: mlx_trace.</remarks>
    public static MlxArray Trace(
        MlxArray a, int offset = 0, int axis1 = 0, int axis2 = 1, DType? dtype = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        mlx_array result = default;
        int status = MlxcPortable.mlx_trace(
            &result, NativeCall.Handle(a), Math.Max(offset, -int.MaxValue), AxisCheck.Of(a, axis1), AxisCheck.Of(a, axis2),
            NativeCall.DType(dtype ?? a.DType), NativeCall.Stream(stream));
        GC.KeepAlive(a);
        return NativeCall.Result(status, result, "mlx_trace");
    }

    /// <summary>Lower triangle; elements above diagonal <paramref name="k"/> become zero.</summary>
    /// <param name="x">An array with at least two axes.</param>
    /// <param name="k">The last diagonal that is kept.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="x"/>.</returns>
    /// <exception cref="MlxException">The array has fewer than two axes.</exception>
    /// <remarks>mlx.core.tril; C: mlx_tril.</remarks>
    public static MlxArray Tril(MlxArray x, int k = 0, MlxStream? stream = null)
        => NativeCall.WithInt(&Mlxc.mlx_tril, "mlx_tril", x, WithinMatrix(x, k), stream);

    /// <summary>Upper triangle; elements below diagonal <paramref name="k"/> become zero.</summary>
    /// <param name="x">An array with at least two axes.</param>
    /// <param name="k">The first diagonal that is kept.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="x"/>.</returns>
    /// <exception cref="MlxException">The array has fewer than two axes.</exception>
    /// <remarks>mlx.core.triu; C: mlx_triu.</remarks>
    public static MlxArray Triu(MlxArray x, int k = 0, MlxStream? stream = null)
        => NativeCall.WithInt(&Mlxc.mlx_triu, "mlx_triu", x, WithinMatrix(x, k), stream);

    /// <summary>Sum of products along an axis; the first operand is conjugated.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="b">An array that can be broadcast against <paramref name="a"/>.</param>
    /// <param name="axis">The axis of the vectors, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape without the axis.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast, or the axis is out of range.</exception>
    /// <remarks>mlx.core.vecdot of MLX 0.32; C: mlx_vecdot, or mlx_multiply and mlx_sum_axis on an older mlx-c.</remarks>
    public static MlxArray VecDot(MlxArray a, MlxArray b, int axis = -1, MlxStream? stream = null)
    {
        int inA = AxisCheck.Of(a, axis);
        int inB = AxisCheck.Of(b, axis);
        if ((axis >= 0 && a.NDim != b.NDim && inA - a.NDim != inB - b.NDim) || a.Shape[inA] != b.Shape[inB])
        {
            throw new ArgumentException(
                $"[vecdot] Axis {axis} must be the same axis, of the same size, in both arrays, but the shapes "
                + $"are {ShapeText.Of(a)} and {ShapeText.Of(b)}.", nameof(b));
        }

        axis = Math.Min(inA - a.NDim, inB - b.NDim);
        if (HasNewer)
        {
            return NativeCall.BinaryWithInt(&Mlxc.mlx_vecdot, "mlx_vecdot", a, b, axis, stream);
        }

        using MlxArray conjugate = Conjugate(a, stream);
        using MlxArray product = Multiply(conjugate, b, stream);
        return Sum(product, axis, stream: stream);
    }

    private static int WithinMatrix(MlxArray x, int k)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.NDim < 2 ? k : WithinMatrix(k, x.Shape[^2], x.Shape[^1]);
    }

    // If the other operand is a single matrix, MLX joins the rows of all matrices into one axis.
    private static void CheckRows(MlxArray a, MlxArray b, string operation)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.NDim > 2 && b.NDim <= 2)
        {
            SizeLimits.Joined(a, 0, a.NDim - 2, operation);
        }
    }

    // MLX joins the summed axes into one, and the other axes into another one.
    private static void CheckFolded(MlxArray a, ReadOnlySpan<int> axes)
    {
        long summed = 1;
        foreach (int axis in axes)
        {
            summed = SizeLimits.Multiply(summed, a.Dim(axis));
        }

        _ = SizeLimits.Axis(summed, "tensordot", a);
        _ = SizeLimits.Axis(summed == 0 ? 0 : a.Size / summed, "tensordot", a);
    }
}
