using System.Numerics;
using System.Numerics.Tensors;
using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>Elementwise functions with broadcasting, promotion, and gradients.</summary>
internal static unsafe class ElementwiseFunctions
{
    // ---- one argument -------------------------------------------------------------------------------------------

    internal static readonly Kernel1
        AbsKernel = new("abs", (x, r) => TensorPrimitives.Abs(x, r), (x, r) => x.CopyTo(r), (x, r) => TensorPrimitives.Abs(x, r),
            (x, r) => TensorPrimitives.Abs(x, r), Kernel1.Each<Complex, Complex>(x => Complex.Abs(x))),
        NegateKernel = new("negative", (x, r) => TensorPrimitives.Negate(x, r), Kernel1.Each<ulong, ulong>(x => unchecked(0 - x)),
            (x, r) => TensorPrimitives.Negate(x, r), (x, r) => TensorPrimitives.Negate(x, r), Kernel1.Each<Complex, Complex>(x => -x)),
        SquareKernel = new("square", (x, r) => TensorPrimitives.Multiply(x, x, r), (x, r) => TensorPrimitives.Multiply(x, x, r),
            (x, r) => TensorPrimitives.Multiply(x, x, r), (x, r) => TensorPrimitives.Multiply(x, x, r),
            Kernel1.Each<Complex, Complex>(x => x * x)),
        SignKernel = new("sign", Kernel1.Each<long, long>(x => Math.Sign(x)), Kernel1.Each<ulong, ulong>(x => x == 0 ? 0ul : 1),
            Kernel1.Each<float, float>(x => x < 0 ? -1 : x > 0 ? 1 : 0), Kernel1.Each<double, double>(x => x < 0 ? -1 : x > 0 ? 1 : 0),
            Kernel1.Each<Complex, Complex>(x => x == Complex.Zero ? x : x / Complex.Abs(x))),
        FloorKernel = new("floor", (x, r) => x.CopyTo(r), (x, r) => x.CopyTo(r), (x, r) => TensorPrimitives.Floor(x, r),
            (x, r) => TensorPrimitives.Floor(x, r)),
        CeilKernel = new("ceil", (x, r) => x.CopyTo(r), (x, r) => x.CopyTo(r), (x, r) => TensorPrimitives.Ceiling(x, r),
            (x, r) => TensorPrimitives.Ceiling(x, r)),
        RoundKernel = new("round", (x, r) => x.CopyTo(r), (x, r) => x.CopyTo(r), (x, r) => TensorPrimitives.Round(x, r),
            (x, r) => TensorPrimitives.Round(x, r),
            Kernel1.Each<Complex, Complex>(x => new Complex(Math.Round(x.Real), Math.Round(x.Imaginary)))),
        InvertKernel = new("bitwise_invert", Kernel1.Each<long, long>(x => ~x), Kernel1.Each<ulong, ulong>(x => ~x)),
        ExpKernel = Kernel1.Of("exp", MathF.Exp, Math.Exp, Complex.Exp),
        Expm1Kernel = Kernel1.Of("expm1", x => (float)SpecialFunctions.Expm1(x), SpecialFunctions.Expm1, x => Complex.Exp(x) - 1),
        LogKernel = Kernel1.Of("log", MathF.Log, Math.Log, Complex.Log),
        Log2Kernel = Kernel1.Of("log2", MathF.Log2, Math.Log2, x => Complex.Log(x) / Math.Log(2)),
        Log10Kernel = Kernel1.Of("log10", MathF.Log10, Math.Log10, Complex.Log10),
        Log1pKernel = Kernel1.Of("log1p", x => (float)SpecialFunctions.Log1p(x), SpecialFunctions.Log1p, x => Complex.Log(1 + x)),
        SinKernel = Kernel1.Of("sin", MathF.Sin, Math.Sin, Complex.Sin),
        CosKernel = Kernel1.Of("cos", MathF.Cos, Math.Cos, Complex.Cos),
        TanKernel = Kernel1.Of("tan", MathF.Tan, Math.Tan, Complex.Tan),
        SinhKernel = Kernel1.Of("sinh", MathF.Sinh, Math.Sinh, Complex.Sinh),
        CoshKernel = Kernel1.Of("cosh", MathF.Cosh, Math.Cosh, Complex.Cosh),
        TanhKernel = Kernel1.Of("tanh", MathF.Tanh, Math.Tanh, Complex.Tanh),
        AsinKernel = Kernel1.Of("arcsin", MathF.Asin, Math.Asin, Complex.Asin),
        AcosKernel = Kernel1.Of("arccos", MathF.Acos, Math.Acos, Complex.Acos),
        AtanKernel = Kernel1.Of("arctan", MathF.Atan, Math.Atan, Complex.Atan),
        AsinhKernel = Kernel1.Of("arcsinh", MathF.Asinh, Math.Asinh, z => Complex.Log(z + Complex.Sqrt(z * z + 1))),
        AcoshKernel = Kernel1.Of("arccosh", MathF.Acosh, Math.Acosh, z => Complex.Log(z + Complex.Sqrt(z + 1) * Complex.Sqrt(z - 1))),
        AtanhKernel = Kernel1.Of("arctanh", MathF.Atanh, Math.Atanh, z => (Complex.Log(1 + z) - Complex.Log(1 - z)) / 2),
        SqrtKernel = Kernel1.Of("sqrt", MathF.Sqrt, Math.Sqrt, Complex.Sqrt),
        RsqrtKernel = Kernel1.Of("rsqrt", x => 1 / MathF.Sqrt(x), x => 1 / Math.Sqrt(x), x => 1 / Complex.Sqrt(x)),
        SigmoidKernel = Kernel1.Of("sigmoid", x => 1 / (1 + MathF.Exp(-x)), x => 1 / (1 + Math.Exp(-x)), x => 1 / (1 + Complex.Exp(-x))),
        ErfKernel = Kernel1.Of("erf", x => (float)SpecialFunctions.Erf(x), SpecialFunctions.Erf),
        ErfinvKernel = Kernel1.Of("erfinv", x => (float)SpecialFunctions.Erfinv(x), SpecialFunctions.Erfinv),
        ConjugateKernel = new("conjugate", Complex: Kernel1.Each<Complex, Complex>(Complex.Conjugate));

    private static Tensor Unary(Kernel1 kernel, Tensor a, Func<Tensor, Tensor, Tensor, Tensor?>? pullback) =>
        Recording.Apply(a, kernel.Run, pullback);

    /// <summary>Applies a function with floating-point results. Integers are converted to float32 first.</summary>
    private static Tensor FloatUnary(Kernel1 kernel, Tensor a, Func<Tensor, Tensor, Tensor, Tensor?> pullback) =>
        Unary(kernel, mlx_astype(a, DTypes.AtLeastFloat(a.DType)), pullback);

    internal static Tensor Scalar(double value, mlx_dtype dtype) =>
        Lanes.Cast(Tensor.From<double>(MLX_FLOAT64, [], [value]), dtype);

    public static Tensor mlx_abs(Tensor a)
    {
        if (DTypes.IsUnsigned(a.DType) || a.DType == MLX_BOOL) return Copy(a);
        var result = Unary(AbsKernel, a, (g, x, _) => g * mlx_sign(x));
        return a.DType == MLX_COMPLEX64 ? mlx_astype(result, MLX_FLOAT32) : result;
    }

    public static Tensor mlx_negative(Tensor a) => a.DType == MLX_BOOL
        ? throw new MlxFailure("[negative] Not supported for bool, use logical_not instead.")
        : Unary(NegateKernel, a, (g, _, _) => -g);

    public static Tensor mlx_sign(Tensor a) => Unary(SignKernel, a, null);

    public static Tensor mlx_floor(Tensor a) => NotComplex("floor", a, FloorKernel);

    public static Tensor mlx_ceil(Tensor a) => NotComplex("floor", a, CeilKernel);

    private static Tensor NotComplex(string name, Tensor a, Kernel1 kernel) => a.DType == MLX_COMPLEX64
        ? throw new MlxFailure($"[{name}] Not supported for complex64.")
        : Unary(kernel, a, null);

    public static Tensor mlx_round(Tensor a, int decimals)
    {
        if (decimals == 0) return Unary(RoundKernel, a, null);
        var dtype = DTypes.AtLeastFloat(a.DType);
        var scale = (float)Math.Pow(10, decimals);
        return mlx_astype(mlx_round(a * Scalar(scale, dtype), 0) * Scalar(1 / scale, dtype), a.DType);
    }

    public static Tensor mlx_square(Tensor a) => Unary(SquareKernel, a, (g, x, _) => g * x * 2);

    public static Tensor mlx_exp(Tensor a) => FloatUnary(ExpKernel, a, (g, _, y) => g * y);

    public static Tensor mlx_expm1(Tensor a) => FloatUnary(Expm1Kernel, a, (g, _, y) => g * (y + 1));

    public static Tensor mlx_log(Tensor a) => FloatUnary(LogKernel, a, (g, x, _) => g / x);

    public static Tensor mlx_log2(Tensor a) => FloatUnary(Log2Kernel, a, (g, x, _) => g / (x * Math.Log(2)));

    public static Tensor mlx_log10(Tensor a) => FloatUnary(Log10Kernel, a, (g, x, _) => g / (x * Math.Log(10)));

    public static Tensor mlx_log1p(Tensor a) => FloatUnary(Log1pKernel, a, (g, x, _) => g / (x + 1));

    public static Tensor mlx_sin(Tensor a) => FloatUnary(SinKernel, a, (g, x, _) => g * mlx_cos(x));

    public static Tensor mlx_cos(Tensor a) => FloatUnary(CosKernel, a, (g, x, _) => -(g * mlx_sin(x)));

    public static Tensor mlx_tan(Tensor a) => FloatUnary(TanKernel, a, (g, x, _) => g / mlx_square(mlx_cos(x)));

    public static Tensor mlx_sinh(Tensor a) => FloatUnary(SinhKernel, a, (g, x, _) => g * mlx_cosh(x));

    public static Tensor mlx_cosh(Tensor a) => FloatUnary(CoshKernel, a, (g, x, _) => g * mlx_sinh(x));

    public static Tensor mlx_tanh(Tensor a) => FloatUnary(TanhKernel, a, (g, _, y) => g * (1 - mlx_square(y)));

    public static Tensor mlx_arcsin(Tensor a) => FloatUnary(AsinKernel, a, (g, x, _) => g * mlx_rsqrt(1 - mlx_square(x)));

    public static Tensor mlx_arccos(Tensor a) => FloatUnary(AcosKernel, a, (g, x, _) => -(g * mlx_rsqrt(1 - mlx_square(x))));

    public static Tensor mlx_arctan(Tensor a) => FloatUnary(AtanKernel, a, (g, x, _) => g / (mlx_square(x) + 1));

    public static Tensor mlx_arcsinh(Tensor a) => FloatUnary(AsinhKernel, a, (g, x, _) => g * mlx_rsqrt(mlx_square(x) + 1));

    public static Tensor mlx_arccosh(Tensor a) => FloatUnary(AcoshKernel, a, (g, x, _) => g * mlx_rsqrt(mlx_square(x) - 1));

    public static Tensor mlx_arctanh(Tensor a) => FloatUnary(AtanhKernel, a, (g, x, _) => g / (1 - mlx_square(x)));

    public static Tensor mlx_sqrt(Tensor a) => FloatUnary(SqrtKernel, a, (g, _, y) => g / (y * 2));

    public static Tensor mlx_rsqrt(Tensor a) => FloatUnary(RsqrtKernel, a, (g, x, y) => g * (y / x * -0.5));

    public static Tensor mlx_sigmoid(Tensor a) => FloatUnary(SigmoidKernel, a, (g, _, y) => g * y * (1 - y));

    public static Tensor mlx_erf(Tensor a) =>
        FloatUnary(ErfKernel, a, (g, x, _) => g * mlx_exp(-mlx_square(x)) * (2 / Math.Sqrt(Math.PI)));

    public static Tensor mlx_erfinv(Tensor a) =>
        FloatUnary(ErfinvKernel, a, (g, _, y) => g * mlx_exp(mlx_square(y)) * (Math.Sqrt(Math.PI) / 2));

    public static Tensor mlx_reciprocal(Tensor a) => 1 / mlx_astype(a, DTypes.AtLeastFloat(a.DType));

    public static Tensor mlx_degrees(Tensor a) => mlx_astype(a, DTypes.AtLeastFloat(a.DType)) * (180 / Math.PI);

    public static Tensor mlx_radians(Tensor a) => mlx_astype(a, DTypes.AtLeastFloat(a.DType)) * (Math.PI / 180);

    public static Tensor mlx_bitwise_invert(Tensor a) => DTypes.IsInexact(a.DType)
        ? throw new MlxFailure("[bitwise_invert] Bitwise inverse only allowed on integer types.")
        : a.DType == MLX_BOOL ? mlx_logical_not(a) : Unary(InvertKernel, a, null);

    public static Tensor mlx_conjugate(Tensor a) =>
        a.DType == MLX_COMPLEX64 ? Unary(ConjugateKernel, a, (g, _, _) => mlx_conjugate(g)) : Copy(a);

    public static Tensor mlx_real(Tensor a) => a.DType == MLX_COMPLEX64
        ? Recording.Apply(a, x => Part(x, z => z.re), (g, _, _) => mlx_astype(g, MLX_COMPLEX64))
        : Copy(a);

    public static Tensor mlx_imag(Tensor a) => a.DType == MLX_COMPLEX64
        ? Recording.Apply(a, x => Part(x, z => z.im), (g, _, _) => mlx_astype(g, MLX_COMPLEX64) * ImaginaryUnit())
        : mlx_zeros_like(a);

    private static Tensor Part(Tensor a, Func<mlx_complex64, float> part) =>
        Lanes.Write<float>(MLX_FLOAT32, a.Shape, r => Lanes.Each(a.Data<mlx_complex64>(), r, part));

    private static Tensor ImaginaryUnit() => Tensor.From<mlx_complex64>(MLX_COMPLEX64, [], [new mlx_complex64 { im = 1 }]);

    public static Tensor mlx_astype(Tensor a, mlx_dtype dtype)
    {
        DTypes.SizeOf(dtype);
        if (a.DType == dtype) return a;
        return Recording.Apply(a, x => Lanes.Cast(x, dtype), (g, x, _) => mlx_astype(g, x.DType));
    }

    /// <summary>Returns the same values under a separate handle.</summary>
    internal static Tensor Copy(Tensor a) => Recording.Apply(a, x => x.Alias(), (g, _, _) => g);

    public static Tensor mlx_copy(Tensor a) => Copy(a);

    public static Tensor mlx_contiguous(Tensor a, bool allow_col_major) => Copy(a);

    public static Tensor mlx_stop_gradient(Tensor a) => Recording.Apply(a, x => x.Alias(), null);

    public static Tensor[] mlx_depends(Tensor[] inputs, Tensor[] dependencies) => Array.ConvertAll(inputs, Copy);

    // ---- two arguments ------------------------------------------------------------------------------------------

    internal static readonly Kernel2
        AddKernel = new("add", (x, y, r) => TensorPrimitives.Add(x, y, r), (x, y, r) => TensorPrimitives.Add(x, y, r),
            (x, y, r) => TensorPrimitives.Add(x, y, r), (x, y, r) => TensorPrimitives.Add(x, y, r),
            Kernel2.Each<Complex, Complex>((x, y) => x + y)),
        SubtractKernel = new("subtract", (x, y, r) => TensorPrimitives.Subtract(x, y, r), (x, y, r) => TensorPrimitives.Subtract(x, y, r),
            (x, y, r) => TensorPrimitives.Subtract(x, y, r), (x, y, r) => TensorPrimitives.Subtract(x, y, r),
            Kernel2.Each<Complex, Complex>((x, y) => x - y)),
        MultiplyKernel = new("multiply", (x, y, r) => TensorPrimitives.Multiply(x, y, r), (x, y, r) => TensorPrimitives.Multiply(x, y, r),
            (x, y, r) => TensorPrimitives.Multiply(x, y, r), (x, y, r) => TensorPrimitives.Multiply(x, y, r),
            Kernel2.Each<Complex, Complex>((x, y) => x * y)),
        // floor_divide uses this path for integers, for which C++ truncates.
        DivideKernel = new("divide", Kernel2.Each<long, long>((x, y) => y == 0 ? 0 : y == -1 ? unchecked(-x) : x / y),
            Kernel2.Each<ulong, ulong>((x, y) => y == 0 ? 0 : x / y), (x, y, r) => TensorPrimitives.Divide(x, y, r),
            (x, y, r) => TensorPrimitives.Divide(x, y, r), Kernel2.Each<Complex, Complex>((x, y) => x / y)),
        RemainderKernel = Kernel2.Of("remainder", Remainder, (x, y) => y == 0 ? 0 : x % y, Remainder, Remainder),
        TruncatedRemainderKernel = Kernel2.Of("divmod", null, null, (x, y) => x % y, (x, y) => x % y),
        PowerKernel = Kernel2.Of("power", Power, Power, MathF.Pow, Math.Pow, Complex.Pow),
        MaximumKernel = Kernel2.Of("maximum", Math.Max, Math.Max, MathF.Max, Math.Max, (x, y) => Less(x, y) ? y : x),
        MinimumKernel = Kernel2.Of("minimum", Math.Min, Math.Min, MathF.Min, Math.Min, (x, y) => Less(y, x) ? y : x),
        LogAddExpKernel = Kernel2.Of("logaddexp", null, null, (x, y) => (float)LogAddExp(x, y), LogAddExp),
        Atan2Kernel = Kernel2.Of("arctan2", null, null, MathF.Atan2, Math.Atan2),
        AndKernel = Kernel2.Of("bitwise_and", (x, y) => x & y, (x, y) => x & y),
        OrKernel = Kernel2.Of("bitwise_or", (x, y) => x | y, (x, y) => x | y),
        XorKernel = Kernel2.Of("bitwise_xor", (x, y) => x ^ y, (x, y) => x ^ y),
        LeftShiftKernel = Kernel2.Of("left_shift", (x, y) => x << (int)y, (x, y) => x << (int)y),
        RightShiftKernel = Kernel2.Of("right_shift", (x, y) => x >> (int)y, (x, y) => x >> (int)y);

    private static T Remainder<T>(T x, T y) where T : INumber<T>
    {
        if (T.IsInteger(y) && T.IsZero(y) && typeof(T) == typeof(long)) return T.Zero;
        if (y == -T.One && typeof(T) == typeof(long)) return T.Zero;
        var r = x % y;
        return !T.IsZero(r) && T.IsNegative(r) != T.IsNegative(y) ? r + y : r;
    }

    private static T Power<T>(T x, T y) where T : IBinaryInteger<T>
    {
        if (T.IsNegative(y)) return x == T.One ? x : T.Zero;
        var result = T.One;
        for (; y > T.Zero; y >>= 1, x *= x)
        {
            if (T.IsOddInteger(y)) result *= x;
        }
        return result;
    }

    private static double LogAddExp(double x, double y)
    {
        if (double.IsNaN(x) || double.IsNaN(y)) return double.NaN;
        var (low, high) = x < y ? (x, y) : (y, x);
        return double.IsInfinity(high) || double.IsNegativeInfinity(low) ? high : high + SpecialFunctions.Log1p(Math.Exp(low - high));
    }

    internal static bool Less(Complex x, Complex y) => x.Real < y.Real || (x.Real == y.Real && x.Imaginary < y.Imaginary);

    private delegate Tensor? Pullback2(Tensor cotangent, Tensor a, Tensor b, Tensor result, int index);

    /// <summary>
    /// Promotes (or converts to the given dtype), broadcasts, and computes. Gradients are reduced to the shape of each operand.
    /// </summary>
    private static Tensor Binary(Kernel2 kernel, Tensor a, Tensor b, Pullback2? pullback, mlx_dtype? dtype = null)
    {
        var type = dtype ?? DTypes.Promote(a.DType, b.DType);
        return Recording.Apply([mlx_astype(a, type), mlx_astype(b, type)], x =>
        {
            var (left, right) = Broadcast(x[0], x[1]);
            return kernel.Run(left, right);
        }, pullback is null ? null : (g, x, y, i) => pullback(g, x[0], x[1], y, i) is { } result ? SumTo(result, x[i].Shape) : null);
    }

    internal static (Tensor, Tensor) Broadcast(Tensor a, Tensor b)
    {
        var shape = Shapes.Broadcast(a.Shape, b.Shape);
        return (Shapes.Expand(a, shape), Shapes.Expand(b, shape));
    }

    /// <summary>Reverses a broadcast by summing over the repeated elements.</summary>
    internal static Tensor SumTo(Tensor a, int[] shape)
    {
        if (a.Shape.AsSpan().SequenceEqual(shape)) return a;
        if (Shapes.Count(shape) == a.Size) return mlx_reshape(a, shape);
        var extra = a.NDim - shape.Length;
        var axes = Enumerable.Range(0, a.NDim).Where(i => i < extra || (shape[i - extra] == 1 && a.Shape[i] != 1)).ToArray();
        return mlx_reshape(mlx_sum_axes(a, axes, true), shape);
    }

    public static Tensor mlx_add(Tensor a, Tensor b) => Binary(AddKernel, a, b, (g, _, _, _, _) => g);

    public static Tensor mlx_subtract(Tensor a, Tensor b) => Binary(SubtractKernel, a, b, (g, _, _, _, i) => i == 0 ? g : -g);

    public static Tensor mlx_multiply(Tensor a, Tensor b) =>
        Binary(MultiplyKernel, a, b, (g, x, y, _, i) => g * Conjugated(i == 0 ? y : x));

    internal static Tensor Conjugated(Tensor a) => a.DType == MLX_COMPLEX64 ? mlx_conjugate(a) : a;

    public static Tensor mlx_divide(Tensor a, Tensor b) =>
        Binary(DivideKernel, a, b,
            (g, x, y, _, i) => i == 0 ? g / Conjugated(y) : -(g * Conjugated(x) / mlx_square(Conjugated(y))),
            DTypes.AtLeastFloat(DTypes.Promote(a.DType, b.DType)));

    public static Tensor mlx_floor_divide(Tensor a, Tensor b) => DTypes.IsInexact(DTypes.Promote(a.DType, b.DType))
        ? mlx_floor(a / b)
        : Binary(DivideKernel, a, b, null);

    public static Tensor mlx_remainder(Tensor a, Tensor b) =>
        Binary(RemainderKernel, a, b, (g, x, y, _, i) => i == 0 ? g : -(mlx_floor(x / y) * g));

    /// <summary>Rounds toward zero, unlike floor_divide and remainder.</summary>
    public static Tensor[] mlx_divmod(Tensor a, Tensor b)
    {
        if (!DTypes.IsInexact(DTypes.Promote(a.DType, b.DType)))
        {
            var whole = mlx_floor_divide(a, b);
            return [whole, mlx_where(mlx_equal(b, Scalar(0, b.DType)), Scalar(0, whole.DType), a - whole * b)];
        }
        var quotient = a / b;
        var cut = mlx_where(mlx_less(quotient, Scalar(0, quotient.DType)), mlx_ceil(quotient), mlx_floor(quotient));
        return [mlx_stop_gradient(cut), mlx_stop_gradient(Binary(TruncatedRemainderKernel, a, b, null))];
    }

    public static Tensor mlx_power(Tensor a, Tensor b) => Binary(PowerKernel, a, b, (g, x, y, z, i) => i == 0
        ? g * (mlx_power(x, y - 1) * y)
        : g * mlx_where(z, mlx_log(x) * z, Scalar(0, z.DType)));

    public static Tensor mlx_maximum(Tensor a, Tensor b) =>
        Binary(MaximumKernel, a, b, (g, x, y, _, i) => g * (i == 0 ? mlx_greater(x, y) : mlx_less_equal(x, y)));

    public static Tensor mlx_minimum(Tensor a, Tensor b) =>
        Binary(MinimumKernel, a, b, (g, x, y, _, i) => g * (i == 0 ? mlx_less(x, y) : mlx_greater_equal(x, y)));

    public static Tensor mlx_logaddexp(Tensor a, Tensor b) =>
        Binary(LogAddExpKernel, a, b, (g, x, y, _, i) => g * mlx_sigmoid(i == 0 ? x - y : y - x),
            DTypes.AtLeastFloat(DTypes.Promote(a.DType, b.DType)));

    public static Tensor mlx_arctan2(Tensor a, Tensor b) =>
        Binary(Atan2Kernel, a, b, (g, x, y, _, i) => (i == 0 ? y : -x) * (g / (mlx_square(x) + mlx_square(y))),
            DTypes.AtLeastFloat(DTypes.Promote(a.DType, b.DType)));

    public static Tensor mlx_bitwise_and(Tensor a, Tensor b) => Bitwise("bitwise_and", AndKernel, a, b);

    public static Tensor mlx_bitwise_or(Tensor a, Tensor b) => Bitwise("bitwise_or", OrKernel, a, b);

    public static Tensor mlx_bitwise_xor(Tensor a, Tensor b) => Bitwise("bitwise_xor", XorKernel, a, b);

    public static Tensor mlx_left_shift(Tensor a, Tensor b) => Bitwise("left_shift", LeftShiftKernel, a, b, MLX_UINT8);

    public static Tensor mlx_right_shift(Tensor a, Tensor b) => Bitwise("right_shift", RightShiftKernel, a, b, MLX_UINT8);

    private static Tensor Bitwise(string name, Kernel2 kernel, Tensor a, Tensor b, mlx_dtype forBool = MLX_BOOL)
    {
        var type = DTypes.Promote(a.DType, b.DType);
        if (DTypes.IsInexact(type)) throw new MlxFailure($"[{name}] Only allowed on integer or boolean types.");
        return Binary(kernel, a, b, null, type == MLX_BOOL ? forBool : type);
    }

    // ---- comparisons --------------------------------------------------------------------------------------------

    internal static readonly Predicate
        EqualTest = Predicate.Of((x, y) => x == y, (x, y) => x == y, (x, y) => x == y, (x, y) => x == y, (x, y) => x == y),
        NanEqualTest = Predicate.Of((x, y) => x == y, (x, y) => x == y, (x, y) => x.Equals(y), (x, y) => x.Equals(y),
            (x, y) => x.Equals(y)),
        NotEqualTest = Predicate.Of((x, y) => x != y, (x, y) => x != y, (x, y) => x != y, (x, y) => x != y, (x, y) => x != y),
        LessTest = Predicate.Of((x, y) => x < y, (x, y) => x < y, (x, y) => x < y, (x, y) => x < y, Less),
        LessEqualTest = Predicate.Of((x, y) => x <= y, (x, y) => x <= y, (x, y) => x <= y, (x, y) => x <= y,
            (x, y) => Less(x, y) || x == y);

    private static Tensor Compare(Predicate test, Tensor a, Tensor b)
    {
        var type = DTypes.Promote(a.DType, b.DType);
        return Recording.Apply([mlx_astype(a, type), mlx_astype(b, type)], x =>
        {
            var (left, right) = Broadcast(x[0], x[1]);
            return test.Run(left, right);
        }, null);
    }

    public static Tensor mlx_equal(Tensor a, Tensor b) => Compare(EqualTest, a, b);

    public static Tensor mlx_not_equal(Tensor a, Tensor b) => Compare(NotEqualTest, a, b);

    public static Tensor mlx_less(Tensor a, Tensor b) => Compare(LessTest, a, b);

    public static Tensor mlx_less_equal(Tensor a, Tensor b) => Compare(LessEqualTest, a, b);

    public static Tensor mlx_greater(Tensor a, Tensor b) => Compare(LessTest, b, a);

    public static Tensor mlx_greater_equal(Tensor a, Tensor b) => Compare(LessEqualTest, b, a);

    public static Tensor mlx_logical_not(Tensor a) =>
        Recording.Apply(mlx_astype(a, MLX_BOOL),
            x => Lanes.Write<long>(MLX_BOOL, x.Shape, r => Lanes.Each(Lanes.Read<long>(x), r, v => 1 - v)), null);

    public static Tensor mlx_logical_and(Tensor a, Tensor b) => Binary(AndKernel, a, b, null, MLX_BOOL);

    public static Tensor mlx_logical_or(Tensor a, Tensor b) => Binary(OrKernel, a, b, null, MLX_BOOL);

    public static Tensor mlx_isnan(Tensor a) => mlx_not_equal(a, a);

    public static Tensor mlx_isposinf(Tensor a) => IsInfinity(a, double.PositiveInfinity);

    public static Tensor mlx_isneginf(Tensor a) => IsInfinity(a, double.NegativeInfinity);

    private static Tensor IsInfinity(Tensor a, double value) => DTypes.IsInexact(a.DType)
        ? mlx_equal(a, Scalar(value, a.DType))
        : mlx_zeros(a.Shape, MLX_BOOL);

    public static Tensor mlx_isinf(Tensor a) => mlx_logical_or(mlx_isposinf(a), mlx_isneginf(a));

    public static Tensor mlx_isfinite(Tensor a) => mlx_logical_not(mlx_logical_or(mlx_isinf(a), mlx_isnan(a)));

    public static Tensor mlx_isclose(Tensor a, Tensor b, double rtol, double atol, bool equal_nan)
    {
        var close = mlx_less_equal(mlx_abs(a - b), Scalar(atol, MLX_FLOAT32) + Scalar(rtol, MLX_FLOAT32) * mlx_abs(b));
        var infinite = mlx_logical_or(mlx_isinf(a), mlx_isinf(b));
        var same = mlx_logical_and(infinite, mlx_equal(a, b));
        var result = mlx_logical_or(mlx_logical_and(close, mlx_logical_not(infinite)), same);
        return equal_nan ? mlx_logical_or(result, mlx_logical_and(mlx_isnan(a), mlx_isnan(b))) : result;
    }

    public static Tensor mlx_allclose(Tensor a, Tensor b, double rtol, double atol, bool equal_nan) =>
        mlx_all(mlx_isclose(a, b, rtol, atol, equal_nan), false);

    public static Tensor mlx_array_equal(Tensor a, Tensor b, bool equal_nan) => a.Shape.AsSpan().SequenceEqual(b.Shape)
        ? mlx_all(Compare(equal_nan ? NanEqualTest : EqualTest, a, b), false)
        : Scalar(0, MLX_BOOL);

    // ---- choices ------------------------------------------------------------------------------------------------

    public static Tensor mlx_where(Tensor condition, Tensor x, Tensor y)
    {
        var type = DTypes.Promote(x.DType, y.DType);
        return Recording.Apply([mlx_astype(condition, MLX_BOOL), mlx_astype(x, type), mlx_astype(y, type)], t =>
        {
            var shape = Shapes.Broadcast(t[0].Shape, Shapes.Broadcast(t[1].Shape, t[2].Shape));
            return Choose(Shapes.Expand(t[0], shape), Shapes.Expand(t[1], shape), Shapes.Expand(t[2], shape));
        }, (g, t, _, i) => i switch
        {
            1 => SumTo(mlx_where(t[0], g, Scalar(0, g.DType)), t[1].Shape),
            2 => SumTo(mlx_where(t[0], Scalar(0, g.DType), g), t[2].Shape),
            _ => null,
        });
    }

    private static Tensor Choose(Tensor condition, Tensor x, Tensor y)
    {
        var result = new Tensor(x.DType, x.Shape);
        var size = DTypes.SizeOf(x.DType);
        var test = condition.Data<byte>();
        ReadOnlySpan<byte> left = x.Data<byte>(), right = y.Data<byte>();
        var target = result.Data<byte>();
        for (int i = 0, at = 0; i < test.Length; i++, at += size)
        {
            (test[i] != 0 ? left : right).Slice(at, size).CopyTo(target[at..]);
        }
        return result;
    }

    public static Tensor mlx_clip(Tensor a, Tensor? a_min, Tensor? a_max)
    {
        if (a_min is null && a_max is null) throw new MlxFailure("At most one of a_min and a_max may be None");
        var result = a_min is null ? a : mlx_maximum(a, a_min);
        return a_max is null ? result : mlx_minimum(result, a_max);
    }

    public static Tensor mlx_nan_to_num(Tensor a, float nan, float? posinf, float? neginf)
    {
        if (!DTypes.IsInexact(a.DType)) return Copy(a);
        var (high, low) = (Scalar(posinf ?? Largest(a.DType), a.DType), Scalar(neginf ?? -Largest(a.DType), a.DType));
        var result = mlx_where(mlx_isnan(a), Scalar(nan, a.DType), a);
        result = mlx_where(mlx_isposinf(a), high, result);
        return mlx_where(mlx_isneginf(a), low, result);
    }

    private static float Largest(mlx_dtype dtype) => dtype switch
    {
        MLX_FLOAT32 => float.MaxValue,
        MLX_FLOAT16 => (float)Half.MaxValue,
        MLX_BFLOAT16 => Lanes.FromBFloat16(0x7F7F),
        _ => throw new MlxFailure($"[nan_to_num] Does not yet support given type: {DTypes.Name(dtype)}."),
    };
}
