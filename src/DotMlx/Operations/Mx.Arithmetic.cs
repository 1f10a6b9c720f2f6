using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Sum of two arrays, element by element.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.add; C: mlx_add.</remarks>
    public static MlxArray Add(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Arithmetic(&Mlxc.mlx_add, "mlx_add", a, b, stream);

    /// <summary>Difference of two arrays, element by element.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.subtract; C: mlx_subtract.</remarks>
    public static MlxArray Subtract(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Arithmetic(&Mlxc.mlx_subtract, "mlx_subtract", a, b, stream);

    /// <summary>Product of two arrays, element by element.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.multiply; C: mlx_multiply.</remarks>
    public static MlxArray Multiply(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Arithmetic(&Mlxc.mlx_multiply, "mlx_multiply", a, b, stream);

    /// <summary>True quotient of two arrays, element by element; integers give float32.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.divide; C: mlx_divide.</remarks>
    public static MlxArray Divide(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Arithmetic(&Mlxc.mlx_divide, "mlx_divide", a, b, stream);

    /// <summary>Quotient, rounded down, element by element, in the promoted dtype.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>Integer division by zero gives 0. mlx.core.floor_divide; C: mlx_floor_divide.</remarks>
    public static MlxArray FloorDivide(MlxArray a, MlxArray b, MlxStream? stream = null)
    {
        return IntegerArithmetic.MayTrap(a, b) ? IntegerArithmetic.Quotient(a, b, Divided, stream) : Divided(a, b);

        MlxArray Divided(MlxArray a, MlxArray b) => NativeCall.Binary(&Mlxc.mlx_floor_divide, "mlx_floor_divide", a, b, stream);
    }

    /// <summary>Remainder of the division, with the sign of <paramref name="b"/>.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>The remainder of an integer division by zero is 0. mlx.core.remainder; C: mlx_remainder.</remarks>
    public static MlxArray Remainder(MlxArray a, MlxArray b, MlxStream? stream = null)
    {
        _ = RequireReal(a, "remainder");
        _ = RequireReal(b, "remainder");
        return IntegerArithmetic.MayTrap(a, b) ? IntegerArithmetic.Remainder(a, b, Divided, stream) : Divided(a, b);

        MlxArray Divided(MlxArray a, MlxArray b) => NativeCall.Binary(&Mlxc.mlx_remainder, "mlx_remainder", a, b, stream);
    }

    /// <summary><paramref name="a"/> to the power of <paramref name="b"/>, element by element.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <exception cref="ArgumentException">
    /// An integer exponent is negative. Integer exponents are computed for this check, except under a transform, because MLX would never
    /// return.
    /// </exception>
    /// <remarks>mlx.core.power; C: mlx_power.</remarks>
    public static MlxArray Power(MlxArray a, MlxArray b, MlxStream? stream = null)
    {
        IntegerArithmetic.CheckExponent(a, b);
        return IsHolomorphic(a) || IsHolomorphic(b)
            ? HolomorphicPower(a, b, stream)
            : NativeCall.Binary(&Mlxc.mlx_power, "mlx_power", a, b, stream);
    }

    /// <summary>The larger of two elements, or NaN if either is NaN.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.maximum; C: mlx_maximum.</remarks>
    public static MlxArray Maximum(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Arithmetic(&Mlxc.mlx_maximum, "mlx_maximum", a, b, stream);

    /// <summary>The smaller of two elements, or NaN if either is NaN.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.minimum; C: mlx_minimum.</remarks>
    public static MlxArray Minimum(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Arithmetic(&Mlxc.mlx_minimum, "mlx_minimum", a, b, stream);

    /// <summary>Log(Exp(a) + Exp(b)) without overflow.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.logaddexp; C: mlx_logaddexp.</remarks>
    public static MlxArray LogAddExp(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Binary(&Mlxc.mlx_logaddexp, "mlx_logaddexp", a, b, stream);

    /// <summary>Angle of the point (b, a) in radians, element by element.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.arctan2; C: mlx_arctan2.</remarks>
    public static MlxArray Arctan2(MlxArray a, MlxArray b, MlxStream? stream = null)
        => NativeCall.Binary(&Mlxc.mlx_arctan2, "mlx_arctan2", RequireReal(a, "arctan2"), RequireReal(b, "arctan2"), stream);

    /// <summary>Bitwise AND of integers or bools.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.bitwise_and; C: mlx_bitwise_and.</remarks>
    public static MlxArray BitwiseAnd(MlxArray a, MlxArray b, MlxStream? stream = null)
        => Bitwise(&Mlxc.mlx_bitwise_and, "mlx_bitwise_and", a, b, stream);

    /// <summary>Bitwise OR of integers or bools.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.bitwise_or; C: mlx_bitwise_or.</remarks>
    public static MlxArray BitwiseOr(MlxArray a, MlxArray b, MlxStream? stream = null)
        => Bitwise(&Mlxc.mlx_bitwise_or, "mlx_bitwise_or", a, b, stream);

    /// <summary>Bitwise exclusive OR of integers or bools.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.bitwise_xor; C: mlx_bitwise_xor.</remarks>
    public static MlxArray BitwiseXor(MlxArray a, MlxArray b, MlxStream? stream = null)
        => Bitwise(&Mlxc.mlx_bitwise_xor, "mlx_bitwise_xor", a, b, stream);

    /// <summary>Bits of <paramref name="a"/> shifted left by <paramref name="b"/> places.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.left_shift; C: mlx_left_shift.</remarks>
    public static MlxArray LeftShift(MlxArray a, MlxArray b, MlxStream? stream = null)
        => Bitwise(&Mlxc.mlx_left_shift, "mlx_left_shift", a, b, stream);

    /// <summary>Bits of <paramref name="a"/> shifted right by <paramref name="b"/> places.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the broadcast shape and the promoted dtype.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>mlx.core.right_shift; C: mlx_right_shift.</remarks>
    public static MlxArray RightShift(MlxArray a, MlxArray b, MlxStream? stream = null)
        => Bitwise(&Mlxc.mlx_right_shift, "mlx_right_shift", a, b, stream);

    /// <summary>Quotient, truncated toward zero, and remainder, in one pass.</summary>
    /// <param name="a">An array or a scalar. A scalar takes the dtype of the other operand if its kind allows.</param>
    /// <param name="b">An array or a scalar, broadcast against <paramref name="a"/>.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The quotient and the remainder, each of the broadcast shape.</returns>
    /// <exception cref="MlxException">The shapes can't be broadcast.</exception>
    /// <remarks>
    /// mlx.core.divmod; C: mlx_divmod. Before MLX 0.32, the quotient is truncated toward zero, and the remainder has the sign of the
    /// dividend on the CPU and the sign of the divisor on a GPU. Since MLX 0.32, the quotient is rounded down, and the remainder has the
    /// sign of the divisor, as in Python. Neither output has a gradient, as in MLX; <see cref="Remainder"/> is differentiable.
    /// </remarks>
    public static (MlxArray Quotient, MlxArray Remainder) DivMod(MlxArray a, MlxArray b, MlxStream? stream = null)
    {
        if (DotMlx.Trace.IsVectorizing)
        {
            return VectorizableDivMod(a, b, stream);
        }

        if (!IntegerArithmetic.MayTrap(a, b))
        {
            return DivModOf(a, b, stream);
        }

        MlxArray? remainder = null;
        MlxArray quotient = IntegerArithmetic.Quotient(
            a, b,
            (dividend, divisor) =>
            {
                (MlxArray plain, remainder) = DivModOf(dividend, divisor, stream);
                return plain;
            },
            stream);
        return (quotient, remainder!);
    }

    /// <summary>The array itself, as the unary plus operator returns it.</summary>
    /// <param name="a">Any dtype.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A new array object over the same elements.</returns>
    /// <remarks>mlx.core.positive of MLX 0.32; C: mlx_positive, or mlx_array_set on an older mlx-c.</remarks>
    public static MlxArray Positive(MlxArray a, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        return HasNewer ? NativeCall.Unary(&Mlxc.mlx_positive, "mlx_positive", a, stream) : AsArray(a);
    }

    // MLX's rule for divmod returns one axis for two results, so that it reads another one from unrelated memory (0.31.2).
    private static (MlxArray Quotient, MlxArray Remainder) VectorizableDivMod(MlxArray a, MlxArray b, MlxStream? stream)
    {
        using MlxScope scope = MlxScope.Begin();
        bool truncates = IsBefore032 && (a.DType.IsInexact() || b.DType.IsInexact());
        MlxArray ratio = truncates ? Divide(a, b, stream) : FloorDivide(a, b, stream);
        MlxArray quotient = truncates ? Where(Less(ratio, 0, stream), Ceil(ratio, stream), Floor(ratio, stream), stream) : ratio;
        MlxArray remainder = truncates && (stream ?? Streams.Current).Device.Type == DeviceType.Gpu
            ? Remainder(a, b, stream)
            : Subtract(a, Multiply(quotient, b, stream), stream);
        return (scope.Keep(StopGradient(quotient, stream)), scope.Keep(StopGradient(remainder, stream)));
    }

    internal static MlxArray Bitwise(
        delegate*<mlx_array*, mlx_array, mlx_array, mlx_stream, int> f, string function, MlxArray a, MlxArray b, MlxStream? stream)
    {
        if (!DotMlx.Trace.IsVectorizing)
        {
            return NativeCall.Binary(f, function, a, b, stream);
        }

        // MLX's rule gives the result the shape of the first operand, even if only the second one is mapped (0.31.2).
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        using MlxScope scope = MlxScope.Begin();
        MlxArray left = Vectorization.Mapped(NativeCall.AsOperand(a, b.DType), stream);
        MlxArray right = Vectorization.Mapped(NativeCall.AsOperand(b, a.DType), stream);
        return scope.Keep(NativeCall.Binary(f, function, left, right, stream));
    }

    private static (MlxArray Quotient, MlxArray Remainder) DivModOf(MlxArray a, MlxArray b, MlxStream? stream)
    {
        using OperandPair pair = new(a, b);
        mlx_vector_array results = default;
        MlxArray[] arrays = NativeCall.Arrays(
            Mlxc.mlx_divmod(&results, pair.Left, pair.Right, NativeCall.Stream(stream)), results, "mlx_divmod");
        return (arrays[0], arrays[1]);
    }
}
