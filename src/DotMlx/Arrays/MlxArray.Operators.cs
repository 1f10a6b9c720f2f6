using System.Numerics;
using DotMlx.Bindings;

namespace DotMlx;

public sealed unsafe partial class MlxArray :
    IAdditionOperators<MlxArray, MlxArray, MlxArray>, ISubtractionOperators<MlxArray, MlxArray, MlxArray>,
    IMultiplyOperators<MlxArray, MlxArray, MlxArray>, IDivisionOperators<MlxArray, MlxArray, MlxArray>,
    IModulusOperators<MlxArray, MlxArray, MlxArray>, IUnaryPlusOperators<MlxArray, MlxArray>,
    IUnaryNegationOperators<MlxArray, MlxArray>, IBitwiseOperators<MlxArray, MlxArray, MlxArray>
{
    /// <summary>Returns the array itself.</summary>
    public static MlxArray operator +(MlxArray a) => a;

    /// <summary>Element-wise negation (<c>mlx_negative</c>).</summary>
    public static MlxArray operator -(MlxArray a) => NativeCall.Elementwise(&Mlxc.mlx_negative, "mlx_negative", a, null);

    /// <summary>Element-wise sum, broadcast; a number is weakly typed (<c>mlx_add</c>).</summary>
    public static MlxArray operator +(MlxArray a, MlxArray b) => NativeCall.Arithmetic(&Mlxc.mlx_add, "mlx_add", a, b, null);

    /// <summary>Element-wise difference, broadcast (<c>mlx_subtract</c>).</summary>
    public static MlxArray operator -(MlxArray a, MlxArray b) => NativeCall.Arithmetic(&Mlxc.mlx_subtract, "mlx_subtract", a, b, null);

    /// <summary>Element-wise product, broadcast; for the matrix product use <see cref="Mx.MatMul"/> (<c>mlx_multiply</c>).</summary>
    public static MlxArray operator *(MlxArray a, MlxArray b) => NativeCall.Arithmetic(&Mlxc.mlx_multiply, "mlx_multiply", a, b, null);

    /// <summary>Element-wise quotient, broadcast; the division is floating-point even for integers (<c>mlx_divide</c>).</summary>
    public static MlxArray operator /(MlxArray a, MlxArray b) => NativeCall.Arithmetic(&Mlxc.mlx_divide, "mlx_divide", a, b, null);

    /// <summary>Element-wise remainder with the sign of the divisor, as in Python (<c>mlx_remainder</c>).</summary>
    public static MlxArray operator %(MlxArray a, MlxArray b) => Mx.Remainder(a, b);

    /// <summary>
    /// Element-wise bitwise complement, or logical complement for Booleans (<c>mlx_bitwise_invert</c>, <c>mlx_logical_not</c>).
    /// </summary>
    /// <exception cref="ArgumentException">The elements are floating-point or complex.</exception>
    public static MlxArray operator ~(MlxArray a)
    {
        ArgumentNullException.ThrowIfNull(a);
        RequireBits("~", a);
        return a.DType == DType.Bool
            ? NativeCall.Unary(&Mlxc.mlx_logical_not, "mlx_logical_not", a, null)
            : NativeCall.Unary(&Mlxc.mlx_bitwise_invert, "mlx_bitwise_invert", a, null);
    }

    /// <summary>Element-wise logical complement, for Booleans only (<c>mlx_logical_not</c>).</summary>
    /// <exception cref="ArgumentException">The elements aren't Booleans.</exception>
    public static MlxArray operator !(MlxArray a)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.DType == DType.Bool
            ? NativeCall.Unary(&Mlxc.mlx_logical_not, "mlx_logical_not", a, null)
            : throw new ArgumentException($"Operator ! requires Booleans, but the array "
            + $"is {a.DType.MlxName()}. Use ~ for bits, or Mx.LogicalNot.", nameof(a));
    }

    /// <summary>Element-wise AND of bits or Booleans (<c>mlx_bitwise_and</c>).</summary>
    /// <exception cref="ArgumentException">An operand is floating-point or complex.</exception>
    public static MlxArray operator &(MlxArray a, MlxArray b) => Bits(&Mlxc.mlx_bitwise_and, "mlx_bitwise_and", "&", a, b);

    /// <summary>Element-wise OR of bits or Booleans (<c>mlx_bitwise_or</c>).</summary>
    /// <inheritdoc cref="op_BitwiseAnd"/>
    public static MlxArray operator |(MlxArray a, MlxArray b) => Bits(&Mlxc.mlx_bitwise_or, "mlx_bitwise_or", "|", a, b);

    /// <summary>Element-wise exclusive OR of bits or Booleans (<c>mlx_bitwise_xor</c>).</summary>
    /// <inheritdoc cref="op_BitwiseAnd"/>
    public static MlxArray operator ^(MlxArray a, MlxArray b) => Bits(&Mlxc.mlx_bitwise_xor, "mlx_bitwise_xor", "^", a, b);

    /// <summary>Element-wise left shift (<c>mlx_left_shift</c>).</summary>
    /// <inheritdoc cref="op_BitwiseAnd"/>
    public static MlxArray operator <<(MlxArray a, MlxArray b) => Bits(&Mlxc.mlx_left_shift, "mlx_left_shift", "<<", a, b);

    /// <summary>Element-wise right shift (<c>mlx_right_shift</c>).</summary>
    /// <inheritdoc cref="op_BitwiseAnd"/>
    public static MlxArray operator >>(MlxArray a, MlxArray b) => Bits(&Mlxc.mlx_right_shift, "mlx_right_shift", ">>", a, b);

    /// <summary>
    /// Element-wise comparison that returns a Boolean array. <c>==</c> isn't element-wise, because it compares object references; use <see
    /// cref="Mx.Equal"/> (<c>mlx_less</c>).
    /// </summary>
    public static MlxArray operator <(MlxArray a, MlxArray b) => NativeCall.Binary(&Mlxc.mlx_less, "mlx_less", a, b, null);

    /// <summary>Element-wise comparison that returns a Boolean array (<c>mlx_greater</c>).</summary>
    public static MlxArray operator >(MlxArray a, MlxArray b) => NativeCall.Binary(&Mlxc.mlx_greater, "mlx_greater", a, b, null);

    /// <summary>Element-wise comparison that returns a Boolean array (<c>mlx_less_equal</c>).</summary>
    public static MlxArray operator <=(MlxArray a, MlxArray b) => NativeCall.Binary(&Mlxc.mlx_less_equal, "mlx_less_equal", a, b, null);

    /// <summary>Element-wise comparison that returns a Boolean array (<c>mlx_greater_equal</c>).</summary>
    public static MlxArray operator >=(MlxArray a, MlxArray b) =>
        NativeCall.Binary(&Mlxc.mlx_greater_equal, "mlx_greater_equal", a, b, null);

    private static MlxArray Bits(
        delegate*<mlx_array*, mlx_array, mlx_array, mlx_stream, int> f, string function, string symbol, MlxArray a, MlxArray b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        RequireBits(symbol, a);
        RequireBits(symbol, b);
        return Mx.Bitwise(f, function, a, b, null);
    }

    private static void RequireBits(string symbol, MlxArray a)
    {
        if (a.DType.IsInexact())
        {
            throw new ArgumentException($"Operator {symbol} works on integers and Booleans, but an operand "
                + $"is {a.DType.MlxName()}, shape {ShapeText.Of(a)}.");
        }
    }
}
