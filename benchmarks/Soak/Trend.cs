namespace DotMlx.Soak;

/// <summary>
/// Tests whether a series rises. The slope is the median over all pairs (Theil and Sen), which a few outliers don't affect. It counts only
/// if significantly more pairs rise than fall (Mann and Kendall).
/// </summary>
internal sealed record Trend(string Name, double First, double Last, double Growth, double Allowed, double Confidence)
{
    // One in about 700 flat series exceeds this value.
    private const double Certain = 3;

    internal bool Rises => Growth > Allowed && Confidence > Certain;

    /// <param name="name">What was measured.</param>
    /// <param name="samples">The samples after the warm-up.</param>
    /// <param name="of">The figure.</param>
    /// <param name="share">The growth allowed over the whole time, as a fraction of the median.</param>
    /// <param name="least">The growth that is always allowed.</param>
    internal static Trend Of(string name, IReadOnlyList<Sample> samples, Func<Sample, double> of, double share, double least)
    {
        int n = samples.Count;
        if (n < 2)
        {
            return new Trend(name, n == 0 ? 0 : of(samples[0]), n == 0 ? 0 : of(samples[0]), 0, least, 0);
        }

        double[] values = [.. samples.Select(of)];
        List<double> slopes = [];
        double rising = 0;
        for (int i = 0; i < n; i++)
        {
            for (int j = i + 1; j < n; j++)
            {
                slopes.Add((values[j] - values[i]) / (samples[j].Seconds - samples[i].Seconds));
                rising += Math.Sign(values[j] - values[i]);
            }
        }

        double span = samples[^1].Seconds - samples[0].Seconds;
        double deviation = Math.Sqrt(Variance(values));
        return new Trend(
            name, values[0], values[^1], Median(slopes) * span, Math.Max(least, share * Math.Abs(Median([.. values]))),
            deviation == 0 ? 0 : (rising - Math.Sign(rising)) / deviation);
    }

    // The variance of the number of rising pairs, corrected for equal values.
    private static double Variance(double[] values)
    {
        static double Term(double n) => n * (n - 1) * ((2 * n) + 5);
        return (Term(values.Length) - values.GroupBy(value => value).Sum(group => Term(group.Count()))) / 18;
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return (values[values.Count / 2] + values[(values.Count - 1) / 2]) / 2;
    }
}
