using System.Globalization;

namespace DotMlx.NN;

/// <summary>Initial values that layers share.</summary>
internal static class LayerInit
{
    /// <summary>Uniformly distributed numbers in [-limit, limit).</summary>
    public static MlxArray Uniform(double limit, params ReadOnlySpan<int> shape) =>
        Mx.Random.Uniform((float)-limit, (float)limit, shape);

    /// <summary>Normally distributed numbers with mean 0.</summary>
    public static MlxArray Normal(double scale, params ReadOnlySpan<int> shape) =>
        Mx.Random.Normal(shape, scale: (float)scale);

    /// <summary>A Boolean value as Python writes it, for <see cref="Module.ToString"/>.</summary>
    public static string Text(bool value) => value ? "True" : "False";

    /// <summary>A number as Python writes it: <c>1e-05</c>, <c>2.0</c>, <c>0.1</c>.</summary>
    public static string Text(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        string digits = value.ToString("R", CultureInfo.InvariantCulture);
        int mark = digits.IndexOf('E', StringComparison.Ordinal);
        if (mark < 0)
        {
            return digits.Contains('.', StringComparison.Ordinal) ? digits : digits + ".0";
        }

        // .NET switches to exponents one digit earlier than Python.
        int exponent = int.Parse(digits.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return exponent == 15
            ? value.ToString("F1", CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{digits[..mark]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }

    /// <exception cref="ArgumentOutOfRangeException">The number isn't positive.</exception>
    public static double PositiveEps(double eps, string layer) => eps > 0.0
        ? eps
        : throw new ArgumentOutOfRangeException(nameof(eps), eps, $"[{layer}] eps is added to a variance and must be greater than 0.");
}
