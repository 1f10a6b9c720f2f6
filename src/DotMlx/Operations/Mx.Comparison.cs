using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>a == b, element by element.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.equal; C: mlx_equal.</remarks>
    public static MlxArray Equal(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Binary(&Mlxc.mlx_equal, "mlx_equal", a, b, stream);

    /// <summary>a != b, element by element.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.not_equal; C: mlx_not_equal.</remarks>
    public static MlxArray NotEqual(MlxArray a, MlxArray b, MlxStream? stream = null)
    {
        if (!DotMlx.Trace.IsVectorizing)
        {
            return NativeCall.Binary(&Mlxc.mlx_not_equal, "mlx_not_equal", a, b, stream);
        }

        // MLX's rule is wrong if only b is mapped (0.31.2).
        using MlxArray equal = Equal(a, b, stream);
        return LogicalNot(equal, stream);
    }

    /// <summary>a &lt; b, element by element.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.less; C: mlx_less.</remarks>
    public static MlxArray Less(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Binary(&Mlxc.mlx_less, "mlx_less", a, b, stream);

    /// <summary>a &lt;= b, element by element.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.less_equal; C: mlx_less_equal.</remarks>
    public static MlxArray LessEqual(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Binary(&Mlxc.mlx_less_equal, "mlx_less_equal", a, b, stream);

    /// <summary>a > b, element by element.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.greater; C: mlx_greater.</remarks>
    public static MlxArray Greater(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Binary(&Mlxc.mlx_greater, "mlx_greater", a, b, stream);

    /// <summary>a >= b, element by element.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.greater_equal; C: mlx_greater_equal.</remarks>
    public static MlxArray GreaterEqual(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Binary(&Mlxc.mlx_greater_equal, "mlx_greater_equal", a, b, stream);

    /// <summary>Whether both elements are nonzero.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.logical_and; C: mlx_logical_and.</remarks>
    public static MlxArray LogicalAnd(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Binary(&Mlxc.mlx_logical_and, "mlx_logical_and", a, b, stream);

    /// <summary>Whether at least one of the two elements is nonzero.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.logical_or; C: mlx_logical_or.</remarks>
    public static MlxArray LogicalOr(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Binary(&Mlxc.mlx_logical_or, "mlx_logical_or", a, b, stream);

    /// <summary>Whether each element is NaN.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.isnan; C: mlx_isnan.</remarks>
    public static MlxArray IsNaN(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_isnan, "mlx_isnan", a, stream);

    /// <summary>Whether each element is infinite.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.isinf; C: mlx_isinf.</remarks>
    public static MlxArray IsInf(MlxArray a, MlxStream? stream = null)
        => OfParts(a) ? Either(&Mlxc.mlx_isinf, "mlx_isinf", a, LogicalOr, stream) : NativeCall.Unary(&Mlxc.mlx_isinf,
            "mlx_isinf", a, stream);

    /// <summary>Whether each element is neither infinite nor NaN.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.isfinite; C: mlx_isfinite.</remarks>
    public static MlxArray IsFinite(MlxArray a, MlxStream? stream = null)
        => OfParts(a)
            ? Either(&Mlxc.mlx_isfinite, "mlx_isfinite", a, LogicalAnd, stream)
            : NativeCall.Unary(&Mlxc.mlx_isfinite, "mlx_isfinite", a, stream);

    /// <summary>Whether exactly one of the two elements is nonzero.</summary>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.logical_xor of MLX 0.32; C: mlx_logical_xor, or mlx_logical_not and mlx_not_equal on an older mlx-c.</remarks>
    public static MlxArray LogicalXor(MlxArray a, MlxArray b, MlxStream? stream = null)
    {
        if (HasNewer)
        {
            return NativeCall.Binary(&Mlxc.mlx_logical_xor, "mlx_logical_xor", a, b, stream);
        }

        using MlxArray left = LogicalNot(a, stream);
        using MlxArray right = LogicalNot(b, stream);
        return NotEqual(left, right, stream);
    }

    // Before 0.32, MLX compares a complex number with infinity as a whole and not by its parts.
    private static bool OfParts(MlxArray a) => !HasNewer && a is not null && a.DType == DType.Complex64;

    private static MlxArray Either(
        delegate*<mlx_array*, mlx_array, mlx_stream, int> test, string function, MlxArray a,
        Func<MlxArray, MlxArray, MlxStream?, MlxArray> join, MlxStream? stream)
    {
        using MlxArray real = Real(a, stream);
        using MlxArray imaginary = Imag(a, stream);
        using MlxArray ofReal = NativeCall.Unary(test, function, real, stream);
        using MlxArray ofImaginary = NativeCall.Unary(test, function, imaginary, stream);
        return join(ofReal, ofImaginary, stream);
    }

    /// <summary>Whether each element is positive infinity.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.isposinf; C: mlx_isposinf.</remarks>
    public static MlxArray IsPosInf(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_isposinf, "mlx_isposinf", a, stream);

    /// <summary>Whether each element is negative infinity.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.isneginf; C: mlx_isneginf.</remarks>
    public static MlxArray IsNegInf(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_isneginf, "mlx_isneginf", a, stream);

    /// <summary>Whether each element is zero.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.logical_not; C: mlx_logical_not.</remarks>
    public static MlxArray LogicalNot(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_logical_not, "mlx_logical_not", a, stream);

    /// <summary>Whether two arrays have the same shape and the same elements.</summary>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="b">An array or a scalar.</param>
    /// <param name="equalNan">Whether NaN is equal to NaN.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool scalar array. It is false, without an error, if the shapes differ.</returns>
    /// <remarks>mlx.core.array_equal; C: mlx_array_equal.</remarks>
    public static MlxArray ArrayEqual(MlxArray a, MlxArray b, bool equalNan = false, MlxStream? stream = null)
    {
        NativeCall.CheckReduction(a, "mlx_array_equal", stream);
        using OperandPair pair = new(a, b);
        mlx_array result = default;
        return NativeCall.Result(
            Mlxc.mlx_array_equal(&result, pair.Left, pair.Right, NativeCall.Byte(equalNan), NativeCall.Stream(stream)),
            result, "mlx_array_equal");
    }

    /// <summary>Whether all elements of two arrays are close: |a - b| &lt;= atol + rtol * |b|.</summary>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="rtol">The relative tolerance.</param>
    /// <param name="atol">The absolute tolerance.</param>
    /// <param name="equalNan">Whether NaN is close to NaN.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool scalar array.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.allclose; C: mlx_allclose.</remarks>
    public static MlxArray AllClose(
        MlxArray a, MlxArray b, double rtol = 1e-5, double atol = 1e-8, bool equalNan = false, MlxStream? stream = null)
    {
        NativeCall.CheckReduction(a, "mlx_allclose", stream);
        NativeCall.CheckReduction(b, "mlx_allclose", stream);
        return Close(&Mlxc.mlx_allclose, "mlx_allclose", a, b, rtol, atol, equalNan, stream);
    }

    /// <summary>Which elements of two arrays are close: |a - b| &lt;= atol + rtol * |b|.</summary>
    /// <param name="a">An array or a scalar.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="rtol">The relative tolerance.</param>
    /// <param name="atol">The absolute tolerance.</param>
    /// <param name="equalNan">Whether NaN is close to NaN.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A bool array of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.isclose; C: mlx_isclose.</remarks>
    public static MlxArray IsClose(
        MlxArray a, MlxArray b, double rtol = 1e-5, double atol = 1e-8, bool equalNan = false, MlxStream? stream = null)
        => Close(&Mlxc.mlx_isclose, "mlx_isclose", a, b, rtol, atol, equalNan, stream);

    private static MlxArray Close(
        delegate*<mlx_array*, mlx_array, mlx_array, double, double, byte, mlx_stream, int> f, string function,
        MlxArray a, MlxArray b, double rtol, double atol, bool equalNan, MlxStream? stream)
    {
        using OperandPair pair = new(a, b);
        mlx_array result = default;
        return NativeCall.Result(
            f(&result, pair.Left, pair.Right, rtol, atol, NativeCall.Byte(equalNan), NativeCall.Stream(stream)), result, function);
    }
}
