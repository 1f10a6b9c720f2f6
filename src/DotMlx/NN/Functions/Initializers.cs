namespace DotMlx.NN;

/// <summary>Creates an array with the shape of the given one.</summary>
/// <param name="a">An array whose shape is used; its values aren't.</param>
public delegate MlxArray Initializer(MlxArray a);

/// <summary>Creates an array with the shape of the given one.</summary>
/// <param name="a">An array whose shape is used; its values aren't.</param>
/// <param name="gain">The factor that scales the standard deviation or the bound.</param>
public delegate MlxArray GainInitializer(MlxArray a, double gain = 1.0);

/// <summary>Creates an array with the shape of the given one.</summary>
/// <param name="a">An array whose shape is used; its values aren't.</param>
/// <param name="mode">Which fan to use.</param>
/// <param name="gain">The factor that scales the standard deviation or the bound.</param>
public delegate MlxArray FanInitializer(MlxArray a, FanMode mode = FanMode.FanIn, double gain = 1.0);

/// <summary>Which fan a He initializer uses.</summary>
public enum FanMode
{
    /// <summary>The number of inputs of a unit (fan-in).</summary>
    FanIn,

    /// <summary>The number of units that receive an input (fan-out).</summary>
    FanOut,
}

/// <summary>The initializers of <c>mlx.nn.init</c>. Each function creates one initializer. The dtype is float32 unless given.</summary>
public static class Initializers
{
    /// <summary>A constant (<c>init.constant</c>).</summary>
    /// <param name="value">The number.</param>
    /// <param name="dtype">The dtype of the array; null for float32.</param>
    public static Initializer Constant(double value, DType? dtype = null) =>
        a => Mx.Full(a.Shape, value, dtype ?? DType.Float32);

    /// <summary>Normally distributed numbers (<c>init.normal</c>).</summary>
    /// <param name="mean">Their mean.</param>
    /// <param name="std">Their standard deviation.</param>
    /// <param name="dtype">The dtype of the array; null for float32.</param>
    public static Initializer Normal(double mean = 0.0, double std = 1.0, DType? dtype = null) =>
        a => Mx.Random.Normal(a.Shape, dtype, loc: mean, scale: std);

    /// <summary>Uniformly distributed numbers (<c>init.uniform</c>).</summary>
    /// <param name="low">The lower bound.</param>
    /// <param name="high">The exclusive upper bound.</param>
    /// <param name="dtype">The dtype of the array; null for float32.</param>
    public static Initializer Uniform(double low = 0.0, double high = 1.0, DType? dtype = null) =>
        a => Mx.Random.Uniform(low, high, a.Shape, dtype);

    /// <summary>The identity matrix (<c>init.identity</c>).</summary>
    /// <param name="dtype">The dtype of the array; null for float32.</param>
    /// <returns>An initializer for square matrices; other shapes throw <see cref="ArgumentException"/>.</returns>
    public static Initializer Identity(DType? dtype = null) => a =>
    {
        if (a.NDim != 2 || a.Shape[0] != a.Shape[1])
        {
            throw new ArgumentException($"The identity is a square matrix, but the array has the shape {ModuleUpdate.Shape(a)}.",
                nameof(a));
        }
        return Mx.Eye(a.Shape[0], dtype: dtype ?? DType.Float32);
    };

    /// <summary>
    /// Normally distributed numbers with the standard deviation gain √(2 / (fan in + fan out)) (<c>init.glorot_normal</c>).
    /// </summary>
    /// <param name="dtype">The dtype of the array; null for float32.</param>
    public static GainInitializer GlorotNormal(DType? dtype = null) => (a, gain) =>
    {
        (double fanIn, double fanOut) = Fans(a);
        return Mx.Random.Normal(a.Shape, dtype, scale: (gain * Math.Sqrt(2.0 / (fanIn + fanOut))));
    };

    /// <summary>Uniformly distributed numbers within ±gain √(6 / (fan in + fan out)) (<c>init.glorot_uniform</c>).</summary>
    /// <param name="dtype">The dtype of the array; null for float32.</param>
    public static GainInitializer GlorotUniform(DType? dtype = null) => (a, gain) =>
    {
        (double fanIn, double fanOut) = Fans(a);
        double limit = (gain * Math.Sqrt(6.0 / (fanIn + fanOut)));
        return Mx.Random.Uniform(-limit, limit, a.Shape, dtype);
    };

    /// <summary>Normally distributed numbers with the standard deviation gain / √fan (<c>init.he_normal</c>).</summary>
    /// <param name="dtype">The dtype of the array; null for float32.</param>
    public static FanInitializer HeNormal(DType? dtype = null) => (a, mode, gain) =>
        Mx.Random.Normal(a.Shape, dtype, scale: (gain / Math.Sqrt(Fan(a, mode))));

    /// <summary>Uniformly distributed numbers within ±gain √(3 / fan) (<c>init.he_uniform</c>).</summary>
    /// <param name="dtype">The dtype of the array; null for float32.</param>
    public static FanInitializer HeUniform(DType? dtype = null) => (a, mode, gain) =>
    {
        double limit = (gain * Math.Sqrt(3.0 / Fan(a, mode)));
        return Mx.Random.Uniform(-limit, limit, a.Shape, dtype);
    };

    /// <summary>Normally distributed numbers, with a fraction of each row set to 0 (<c>init.sparse</c>).</summary>
    /// <param name="sparsity">The fraction of zeros, rounded up to a whole number of elements.</param>
    /// <param name="mean">The mean of the other elements.</param>
    /// <param name="std">The standard deviation of the other elements.</param>
    /// <param name="dtype">The dtype of the array; null for float32.</param>
    /// <returns>An initializer for matrices; other shapes throw <see cref="ArgumentException"/>.</returns>
    public static Initializer Sparse(double sparsity, double mean = 0.0, double std = 1.0, DType? dtype = null) => a =>
    {
        CheckMatrix(a, "Sparse");
        using MlxScope scope = MlxScope.Begin();
        int zeros = (int)Math.Ceiling(sparsity * a.Shape[1]);
        MlxArray order = Mx.ArgSort(Mx.Random.Uniform(shape: a.Shape), axis: 1);
        MlxArray values = Mx.Random.Normal(a.Shape, dtype, loc: mean, scale: std);
        if (zeros == 0)
        {
            return scope.Keep(values);
        }
        MlxArray chosen = Mx.Split(order, [Math.Min(zeros, a.Shape[1])], axis: 1)[0];
        return scope.Keep(Mx.PutAlongAxis(values, chosen, MlxArray.Scalar(0.0, values.DType), axis: 1));
    };

    /// <summary>A matrix with orthonormal rows or columns (<c>init.orthogonal</c>).</summary>
    /// <param name="gain">The factor that scales the matrix.</param>
    /// <param name="dtype">The dtype of the array; null for float32.</param>
    /// <returns>An initializer for matrices; other shapes throw <see cref="ArgumentException"/>.</returns>
    public static Initializer Orthogonal(double gain = 1.0, DType? dtype = null) => a =>
    {
        CheckMatrix(a, "Orthogonal");
        using MlxScope scope = MlxScope.Begin();
        int rows = a.Shape[0], columns = a.Shape[1], size = Math.Max(rows, columns);

        // The decomposition runs only on the CPU; the signs of R's diagonal make it unique.
        (MlxArray q, MlxArray r) = Mx.Linalg.QR(Mx.Random.Normal([size, size]), stream: DeviceType.Cpu);
        MlxArray unique = q * Mx.Sign(Mx.Diag(r));
        MlxArray top = rows < size ? Mx.Split(unique, [rows], axis: 0)[0] : unique;
        MlxArray cut = columns < size ? Mx.Split(top, [columns], axis: 1)[0] : top;
        return scope.Keep(Mx.AsType(cut * gain, dtype ?? DType.Float32));
    };

    private static void CheckMatrix(MlxArray a, string name)
    {
        if (a.NDim != 2)
        {
            throw new ArgumentException($"{name} initializes matrices, but the array has the shape {ModuleUpdate.Shape(a)}.", nameof(a));
        }
    }

    private static double Fan(MlxArray a, FanMode mode)
    {
        (double fanIn, double fanOut) = Fans(a);
        return mode switch
        {
            FanMode.FanIn => fanIn,
            FanMode.FanOut => fanOut,
            _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "Use FanMode.FanIn or FanMode.FanOut."),
        };
    }

    private static (double In, double Out) Fans(MlxArray a)
    {
        if (a.NDim < 2)
        {
            throw new ArgumentException(
                $"Glorot and He initializers need at least two dimensions, but the array has the shape {ModuleUpdate.Shape(a)}.",
                nameof(a));
        }
        ReadOnlySpan<int> shape = a.Shape;
        double receptive = 1;
        foreach (int size in shape[1..^1])
        {
            receptive *= size;
        }
        return (shape[^1] * receptive, shape[0] * receptive);
    }
}
