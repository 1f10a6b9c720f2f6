namespace DotMlx;

/// <summary>Every function of mlx.core, under Python's names in PascalCase, with Python's defaults.</summary>
/// <remarks>A number given where an array is expected takes the dtype of the other operand where its kind allows.
/// Every function runs lazily on <c>stream</c>, by default on the default stream of the default device.</remarks>
public static unsafe partial class Mx
{
    /// <summary>Euler's number (mlx.core.e).</summary>
    public const double E = Math.E;

    /// <summary>Ratio of a circle's circumference to its diameter (mlx.core.pi).</summary>
    public const double Pi = Math.PI;

    /// <summary>The Euler-Mascheroni constant (mlx.core.euler_gamma).</summary>
    public const double EulerGamma = 0.57721566490153286;

    /// <summary>Positive infinity (mlx.core.inf).</summary>
    public const double Inf = double.PositiveInfinity;

    /// <summary>Not a number (mlx.core.nan).</summary>
    public const double NaN = double.NaN;
}
