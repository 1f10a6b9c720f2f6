using System.Globalization;

namespace DotMlx.Benchmarks.Generation;

/// <summary>Compares two programs that run in turn.</summary>
internal static class Report
{
    /// <summary>Runs both once to warm up, and then measures them in turn.</summary>
    /// <returns>Returns the medians in microseconds and the median of the ratios.</returns>
    internal static string[] Compare(int rounds, Func<double> own, Func<double?> other)
    {
        _ = own();
        _ = other();
        List<double> ours = [], theirs = [];
        for (int round = 0; round < rounds; round++)
        {
            ours.Add(own());
            theirs.Add(other() ?? double.NaN);
        }
        return
        [
            Text(Median(ours) * 1e6, "F0"), Text(Median(theirs) * 1e6, "F0"),
            Text(Median([.. ours.Zip(theirs, (a, b) => a / b)]), "F2"),
        ];
    }

    internal static string Text(double value, string format) =>
        double.IsNaN(value) ? "" : value.ToString(format, CultureInfo.InvariantCulture);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
