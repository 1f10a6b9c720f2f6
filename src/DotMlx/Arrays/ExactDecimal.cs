using System.Globalization;

namespace DotMlx;

/// <summary>Hyper-parameters are floats that stand for the decimal number written.</summary>
internal static class ExactDecimal
{
    /// <summary>
    /// The decimal number that was written: 0.999f means 0.999, and 1 - 0.999 must not carry the rounding of the float.
    /// </summary>
    public static double Of(float value) =>
        float.IsFinite(value) ? double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : value;
}
