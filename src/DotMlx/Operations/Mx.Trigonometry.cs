using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Sine of each element, in radians.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.sin; C: mlx_sin.</remarks>
    public static MlxArray Sin(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_sin, "mlx_sin", a, static (z, s) => Cos(z, s), stream)
            : NativeCall.Unary(&Mlxc.mlx_sin, "mlx_sin", a, stream);

    /// <summary>Cosine of each element, in radians.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.cos; C: mlx_cos.</remarks>
    public static MlxArray Cos(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_cos, "mlx_cos", a, static (z, s) => Negative(Sin(z, s), s), stream)
            : NativeCall.Unary(&Mlxc.mlx_cos, "mlx_cos", a, stream);

    /// <summary>Tangent of each element, in radians.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.tan; C: mlx_tan.</remarks>
    public static MlxArray Tan(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_tan, "mlx_tan", a, static (z, s) => Square(Tan(z, s), s) + 1, stream)
            : NativeCall.Unary(&Mlxc.mlx_tan, "mlx_tan", a, stream);

    /// <summary>Inverse sine of each element, in radians.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.arcsin; C: mlx_arcsin.</remarks>
    public static MlxArray Arcsin(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_arcsin, "mlx_arcsin", a, static (z, s) => Rsqrt(1 - Square(z, s), s), stream)
            : NativeCall.Unary(&Mlxc.mlx_arcsin, "mlx_arcsin", a, stream);

    /// <summary>Inverse cosine of each element, in radians.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.arccos; C: mlx_arccos.</remarks>
    public static MlxArray Arccos(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_arccos, "mlx_arccos", a, static (z, s) => Negative(Rsqrt(1 - Square(z, s), s), s), stream)
            : NativeCall.Unary(&Mlxc.mlx_arccos, "mlx_arccos", a, stream);

    /// <summary>Inverse tangent of each element, in radians.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.arctan; C: mlx_arctan.</remarks>
    public static MlxArray Arctan(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_arctan, "mlx_arctan", a, static (z, s) => Reciprocal(Square(z, s) + 1, s), stream)
            : NativeCall.Unary(&Mlxc.mlx_arctan, "mlx_arctan", a, stream);

    /// <summary>Hyperbolic sine of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.sinh; C: mlx_sinh.</remarks>
    public static MlxArray Sinh(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_sinh, "mlx_sinh", a, static (z, s) => Cosh(z, s), stream)
            : NativeCall.Unary(&Mlxc.mlx_sinh, "mlx_sinh", a, stream);

    /// <summary>Hyperbolic cosine of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.cosh; C: mlx_cosh.</remarks>
    public static MlxArray Cosh(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_cosh, "mlx_cosh", a, static (z, s) => Sinh(z, s), stream)
            : NativeCall.Unary(&Mlxc.mlx_cosh, "mlx_cosh", a, stream);

    /// <summary>Hyperbolic tangent of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.tanh; C: mlx_tanh.</remarks>
    public static MlxArray Tanh(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_tanh, "mlx_tanh", a, static (z, s) => 1 - Square(Tanh(z, s), s), stream)
            : NativeCall.Unary(&Mlxc.mlx_tanh, "mlx_tanh", a, stream);

    /// <summary>Inverse hyperbolic sine of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.arcsinh; C: mlx_arcsinh.</remarks>
    public static MlxArray Arcsinh(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_arcsinh, "mlx_arcsinh", a, static (z, s) => Rsqrt(Square(z, s) + 1, s), stream)
            : NativeCall.Unary(&Mlxc.mlx_arcsinh, "mlx_arcsinh", a, stream);

    /// <summary>Inverse hyperbolic cosine of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.arccosh; C: mlx_arccosh.</remarks>
    public static MlxArray Arccosh(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_arccosh, "mlx_arccosh", a, static (z, s) => Rsqrt(z - 1, s) * Rsqrt(z + 1, s), stream)
            : NativeCall.Unary(&Mlxc.mlx_arccosh, "mlx_arccosh", a, stream);

    /// <summary>Inverse hyperbolic tangent of each element.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.arctanh; C: mlx_arctanh.</remarks>
    public static MlxArray Arctanh(MlxArray a, MlxStream? stream = null)
        => IsHolomorphic(a)
            ? Holomorphic(&Mlxc.mlx_arctanh, "mlx_arctanh", a, static (z, s) => Reciprocal(1 - Square(z, s), s), stream)
            : NativeCall.Unary(&Mlxc.mlx_arctanh, "mlx_arctanh", a, stream);

    /// <summary>Radians converted to degrees.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.degrees; C: mlx_degrees.</remarks>
    public static MlxArray Degrees(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_degrees, "mlx_degrees", a, stream);

    /// <summary>Degrees converted to radians.</summary>
    /// <param name="a">Any dtype; integers are converted to float32.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <remarks>mlx.core.radians; C: mlx_radians.</remarks>
    public static MlxArray Radians(MlxArray a, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_radians, "mlx_radians", a, stream);
}
