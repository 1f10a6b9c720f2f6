using DotMlx.Bindings;

namespace DotMlx.Optimizers;

/// <summary>
/// A node of a graph under construction: a native handle that its <see cref="Arithmetic"/> frees, or one that is borrowed.
/// Lets update rules read like formulas without an object per intermediate result.
/// </summary>
internal readonly unsafe struct Value(mlx_array handle, Arithmetic owner)
{
    public mlx_array Handle { get; } = handle;

    public DType DType => (DType)Mlxc.mlx_array_dtype(Handle);

    public int NDim => (int)Mlxc.mlx_array_ndim(Handle);

    public int Dim(int axis) => Mlxc.mlx_array_shape(Handle)[axis < 0 ? axis + NDim : axis];

    private Arithmetic Owner { get; } = owner;

    public static Value operator +(Value a, Value b)
    {
        mlx_array result = default;
        return a.Owner.Result(Mlxc.mlx_add(&result, a.Handle, b.Handle, a.Owner.Stream), result, "mlx_add");
    }

    public static Value operator -(Value a, Value b)
    {
        mlx_array result = default;
        return a.Owner.Result(Mlxc.mlx_subtract(&result, a.Handle, b.Handle, a.Owner.Stream), result, "mlx_subtract");
    }

    public static Value operator *(Value a, Value b)
    {
        mlx_array result = default;
        return a.Owner.Result(Mlxc.mlx_multiply(&result, a.Handle, b.Handle, a.Owner.Stream), result, "mlx_multiply");
    }

    public static Value operator /(Value a, Value b)
    {
        mlx_array result = default;
        return a.Owner.Result(Mlxc.mlx_divide(&result, a.Handle, b.Handle, a.Owner.Stream), result, "mlx_divide");
    }

    public static Value operator +(Value a, Constant b) => a + a.Beside(b);

    public static Value operator +(Constant a, Value b) => b.Beside(a) + b;

    public static Value operator -(Value a, Constant b) => a - a.Beside(b);

    public static Value operator -(Constant a, Value b) => b.Beside(a) - b;

    public static Value operator *(Value a, Constant b) => a * a.Beside(b);

    public static Value operator *(Constant a, Value b) => b.Beside(a) * b;

    public static Value operator /(Value a, Constant b) => a / a.Beside(b);

    public static Value operator /(Constant a, Value b) => b.Beside(a) / b;

    /// <summary>The constant as an operand beside this value.</summary>
    public Value Beside(Constant constant)
    {
        DType dtype = DType;
        mlx_array scalar = constant.Beside(dtype).Handle;
        return new(Owner.Scalars is { } scalars ? scalars.Get(constant, dtype, scalar) : scalar, Owner);
    }

    public Value Square()
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_square(&result, Handle, Owner.Stream), result, "mlx_square");
    }

    public Value Sqrt()
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_sqrt(&result, Handle, Owner.Stream), result, "mlx_sqrt");
    }

    public Value Rsqrt()
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_rsqrt(&result, Handle, Owner.Stream), result, "mlx_rsqrt");
    }

    public Value Abs()
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_abs(&result, Handle, Owner.Stream), result, "mlx_abs");
    }

    public Value Sign()
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_sign(&result, Handle, Owner.Stream), result, "mlx_sign");
    }

    public Value Cos()
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_cos(&result, Handle, Owner.Stream), result, "mlx_cos");
    }

    public Value Power(Value exponent)
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_power(&result, Handle, exponent.Handle, Owner.Stream), result, "mlx_power");
    }

    public Value Power(Constant exponent) => Power(Beside(exponent));

    public Value FloorDivide(Constant divisor)
    {
        mlx_array result = default;
        return Owner.Result(
            Mlxc.mlx_floor_divide(&result, Handle, Beside(divisor).Handle, Owner.Stream), result, "mlx_floor_divide");
    }

    public Value Maximum(Value other)
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_maximum(&result, Handle, other.Handle, Owner.Stream), result, "mlx_maximum");
    }

    public Value Maximum(Constant other) => Maximum(Beside(other));

    public Value Minimum(Value other)
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_minimum(&result, Handle, other.Handle, Owner.Stream), result, "mlx_minimum");
    }

    public Value Minimum(Constant other) => Minimum(Beside(other));

    public static Value Where(Value condition, Value then, Value otherwise)
    {
        mlx_array result = default;
        return condition.Owner.Result(
            Mlxc.mlx_where(&result, condition.Handle, then.Handle, otherwise.Handle, condition.Owner.Stream), result, "mlx_where");
    }

    public Value Less(Constant bound)
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_less(&result, Handle, Beside(bound).Handle, Owner.Stream), result, "mlx_less");
    }

    public Value AsType(DType dtype)
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_astype(&result, Handle, (mlx_dtype)dtype, Owner.Stream), result, "mlx_astype");
    }

    public Value Sum()
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_sum(&result, Handle, 0, Owner.Stream), result, "mlx_sum");
    }

    public Value Mean()
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_mean(&result, Handle, 0, Owner.Stream), result, "mlx_mean");
    }

    public Value Mean(int axis, bool keepdims = false)
    {
        mlx_array result = default;
        return Owner.Result(
            Mlxc.mlx_mean_axis(&result, Handle, axis, keepdims ? (byte)1 : (byte)0, Owner.Stream), result, "mlx_mean_axis");
    }

    public Value ExpandDims(int axis)
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_expand_dims(&result, Handle, axis, Owner.Stream), result, "mlx_expand_dims");
    }

    public Value Reshape(params ReadOnlySpan<int> shape)
    {
        mlx_array result = default;
        fixed (int* sizes = shape)
        {
            // An empty span pins to null, which the C function does not take.
            int none = 0;
            int* pointer = sizes == null ? &none : sizes;
            return Owner.Result(
                Mlxc.mlx_reshape(&result, Handle, pointer, (nuint)shape.Length, Owner.Stream), result, "mlx_reshape");
        }
    }

    public Value Transpose()
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_transpose(&result, Handle, Owner.Stream), result, "mlx_transpose");
    }

    public Value MatMul(Value other)
    {
        mlx_array result = default;
        return Owner.Result(Mlxc.mlx_matmul(&result, Handle, other.Handle, Owner.Stream), result, "mlx_matmul");
    }

    /// <summary>alpha * (a @ b) + this.</summary>
    public Value AddMatMul(Value a, Value b, float alpha)
    {
        mlx_array result = default;
        return Owner.Result(
            Mlxc.mlx_addmm(&result, Handle, a.Handle, b.Handle, alpha, 1f, Owner.Stream), result, "mlx_addmm");
    }
}
