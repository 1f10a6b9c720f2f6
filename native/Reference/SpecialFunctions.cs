namespace DotMlx.Reference;

/// <summary>Functions of one real number that .NET's Math lacks, in double precision.</summary>
internal static class SpecialFunctions
{
    private static readonly double TwoOverRootPi = 2 / Math.Sqrt(Math.PI);

    internal static double Expm1(double x)
    {
        if (Math.Abs(x) > 0.5 || double.IsNaN(x)) return Math.Exp(x) - 1;
        // Kahan's method: the rounding error of exp(x) cancels in the quotient.
        var u = Math.Exp(x);
        return u == 1 ? x : u - 1 == -1 ? -1 : (u - 1) * x / Math.Log(u);
    }

    internal static double Log1p(double x)
    {
        if (Math.Abs(x) > 0.5 || double.IsNaN(x)) return Math.Log(1 + x);
        var u = 1 + x;
        return u == 1 ? x : Math.Log(u) * x / (u - 1);
    }

    internal static double Erf(double x)
    {
        if (double.IsNaN(x)) return x;
        var z = Math.Abs(x);
        return Math.CopySign(z > 6 ? 1 : z < 2.5 ? ErfSeries(z) : 1 - ErfcFraction(z), x);
    }

    /// <summary>Computes the inverse of erf with Newton's method from an elementary approximation.</summary>
    internal static double Erfinv(double y)
    {
        var z = Math.Abs(y);
        if (!(z < 1)) return z == 1 ? Math.CopySign(double.PositiveInfinity, y) : double.NaN;
        if (z == 0) return y;
        const double a = 0.147;
        var log = Log1p(-z * z);
        var b = 2 / (Math.PI * a) + log / 2;
        var x = Math.Sqrt(Math.Sqrt(b * b - log / a) - b);
        for (var i = 0; i < 3; i++)
        {
            // Beyond 2.5, the difference of the complements is more accurate.
            var error = x < 2.5 ? ErfSeries(x) - z : 1 - z - ErfcFraction(x);
            var step = error / (TwoOverRootPi * Math.Exp(-x * x));
            x -= step / (1 + x * step);
        }
        return Math.CopySign(x, y);
    }

    private static double ErfSeries(double x)
    {
        double term = x, sum = x;
        for (var n = 1; term > sum * 1e-17; n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return TwoOverRootPi * Math.Exp(-x * x) * sum;
    }

    private static double ErfcFraction(double x)
    {
        var tail = x;
        for (var n = 60; n > 0; n--) tail = x + n / 2.0 / tail;
        return Math.Exp(-x * x) / (tail * Math.Sqrt(Math.PI));
    }
}
