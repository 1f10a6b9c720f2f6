namespace DotMlx;

/// <summary>
/// The magnitude and the direction of complex numbers under a transform. MLX's derivative of the direction is 0, and with it the second
/// derivative of the magnitude (0.31.2 and 0.32).
/// </summary>
internal static class ComplexModulus
{
    /// <summary>Whether a gradient of the direction may be asked for.</summary>
    internal static bool IsNeeded(MlxArray a) =>
        TraceLock.IsHeldByCurrentThread && a is not null && a.DType == DType.Complex64 && Trace.Current is not null;

    /// <summary>The magnitudes, with the values of MLX and all derivatives; the derivatives at 0 are 0.</summary>
    internal static MlxArray Magnitude(MlxArray a, MlxArray magnitude, MlxStream? stream)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray constant = Mx.StopGradient(magnitude, stream);
        MlxArray regular = Mx.LogicalAnd(Mx.Greater(constant, 0, stream), Mx.IsFinite(constant, stream), stream);

        // Divided by its magnitude first, because the squares of large numbers overflow.
        MlxArray unit = Mx.Divide(a, Mx.Where(regular, constant, 1f, stream), stream);
        MlxArray squares = Mx.Add(Mx.Square(Mx.Real(unit, stream), stream), Mx.Square(Mx.Imag(unit, stream), stream), stream);
        MlxArray length = Mx.Sqrt(Mx.Where(regular, squares, 1f, stream), stream);
        return scope.Keep(Mx.Multiply(constant, Mx.Divide(length, Mx.StopGradient(length, stream), stream), stream));
    }

    /// <summary>The numbers divided by their magnitudes; 0 for 0.</summary>
    internal static MlxArray Direction(MlxArray a, MlxStream? stream)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray magnitude = Mx.Abs(a, stream);
        MlxArray zero = Mx.Equal(magnitude, 0, stream);
        MlxArray direction = Mx.Divide(a, Mx.Where(zero, 1f, magnitude, stream), stream);

        // For the derivative at 0. A choice between complex numbers has a wrong gradient on CUDA, which turns true into 1 + i.
        return scope.Keep(Mx.Multiply(direction, Mx.Where(zero, 0f, 1f, stream), stream));
    }
}
