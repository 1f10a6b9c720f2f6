using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Gradients of functions of complex numbers. The gradient is the cotangent times the conjugate of the derivative, which MLX conjugates
/// since 0.32.
/// </summary>
public static unsafe partial class Mx
{
    // MLX can't export a function with gradients of its own, and an exported function has no gradients.
    private static bool IsHolomorphic(MlxArray a) =>
        TraceLock.IsHeldByCurrentThread && a is not null && a.DType == DType.Complex64 && IsBefore032
        && DotMlx.Trace.Current is not null && !DotMlx.Trace.IsExporting;

    private static MlxArray Holomorphic(
        delegate*<mlx_array*, mlx_array, mlx_stream, int> f, string function, MlxArray a,
        Func<MlxArray, MlxStream?, MlxArray> derivative, MlxStream? stream)
    {
        CustomFunction withGradient = new(x => [NativeCall.Unary(f, function, x[0], stream)])
        {
            IsRuleLinear = true,
            Vjp = (x, cotangents, _) => [Multiply(cotangents[0], Conjugate(derivative(x[0], stream), stream), stream)],
        };
        return withGradient.Invoke(a)[0];
    }

    private static MlxArray HolomorphicPower(MlxArray a, MlxArray b, MlxStream? stream)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray number = AsType(a, DType.Complex64, stream), exponent = AsType(b, DType.Complex64, stream);
        MlxArray[] both = BroadcastArrays([number, exponent], stream);
        CustomFunction power = new(x => [NativeCall.Binary(&Mlxc.mlx_power, "mlx_power", x[0], x[1], stream)])
        {
            IsRuleLinear = true,
            Vjp = (x, cotangents, _) =>
            [
                cotangents[0] * Conjugate(x[1] * Power(x[0], x[1] - 1, stream), stream),
                cotangents[0] * Conjugate(Power(x[0], x[1], stream) * Log(x[0], stream), stream),
            ],
        };
        return scope.Keep(power.Invoke(both)[0]);
    }
}
