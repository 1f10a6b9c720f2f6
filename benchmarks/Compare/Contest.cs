using System.Diagnostics;

namespace DotMlx.Compare;

/// <summary>
/// One piece of work in several languages; each function gives the nanoseconds of <paramref name="Operations"/> operations.
/// </summary>
/// <param name="Name">What is done.</param>
/// <param name="Operations">How many operations one call does, of which the time of one is printed.</param>
/// <param name="Limit">What DotMlx may take at most, in units of C; null where nothing is demanded.</param>
internal sealed record Contest(string Name, double Operations, double? Limit, Func<double> C, Func<double>? Raw, Func<double> Managed)
{
    /// <summary>
    /// How many short rounds this has for one of the others: the shorter a round, the less of it falls into a disturbance.
    /// </summary>
    internal int Times { get; init; } = 1;

    /// <summary>
    /// Runs the languages in turn, each round in another order, so that whatever else the machine does meets all of them alike.
    /// </summary>
    internal Result Run(int rounds, Action onRound)
    {
        int all = rounds * Times;
        double[] c = new double[all], raw = new double[all], managed = new double[all];
        WarmUp();
        for (int i = 0; i < all; i++)
        {
            if (i % 2 == 0)
            {
                c[i] = C();
                raw[i] = Raw?.Invoke() ?? double.NaN;
                managed[i] = Managed();
            }
            else
            {
                managed[i] = Managed();
                raw[i] = Raw?.Invoke() ?? double.NaN;
                c[i] = C();
            }

            if ((i + 1) % Times == 0)
            {
                onRound();
            }
        }

        return new Result(this, c, raw, managed);
    }

    // Until the just-in-time compiler has done its last round: it waits twice for thirty calls and a pause of 100 ms, and some methods are
    // called only a few times here.
    private void WarmUp()
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 4 || (i < 20 && Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(3)); i++)
        {
            C();
            Raw?.Invoke();
            Managed();
            Thread.Sleep(120);
        }
    }
}

/// <summary>The nanoseconds of every round.</summary>
internal sealed record Result(Contest Contest, double[] C, double[] Raw, double[] Managed)
{
    internal double CTime => Quantile(C, 0.5) / Contest.Operations;

    internal double RawTime => Quantile(Raw, 0.5) / Contest.Operations;

    internal double ManagedTime => Quantile(Managed, 0.5) / Contest.Operations;

    internal double RawRatio => Quantile(Ratios(Raw), 0.5);

    internal double ManagedRatio => Quantile(Ratios(Managed), 0.5);

    /// <summary>
    /// Between which ratios half of the rounds lie: how much the median can be trusted on a machine that is busy with other things.
    /// </summary>
    internal (double From, double To) MiddleHalf => (Quantile(Ratios(Managed), 0.25), Quantile(Ratios(Managed), 0.75));

    private double[] Ratios(double[] times) => [.. times.Zip(C, (time, c) => time / c)];

    // Between two values in proportion, as NumPy's quantile does by default.
    private static double Quantile(double[] values, double part)
    {
        double[] sorted = [.. values];
        Array.Sort(sorted);
        double place = part * (sorted.Length - 1);
        int below = (int)place;
        return double.Lerp(sorted[below], sorted[Math.Min(below + 1, sorted.Length - 1)], place - below);
    }
}
