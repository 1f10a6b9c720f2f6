namespace DotMlx;

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
