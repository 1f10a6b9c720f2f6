namespace DotMlx.Compare;

/// <summary>One piece of work in several languages; each function gives the nanoseconds of <paramref name="Operations"/> operations.</summary>
/// <param name="Name">What is done.</param>
/// <param name="Operations">How many operations one call does, of which the time of one is printed.</param>
/// <param name="Limit">What DotMlx may take at most, in units of C; null where nothing is demanded.</param>
internal sealed record Contest(string Name, double Operations, double? Limit, Func<double> C, Func<double>? Raw, Func<double> Managed)
{
    /// <summary>
    /// Runs the languages in turn, each round in another order, so that whatever else the machine does meets all of them alike.
    /// </summary>
    internal Result Run(int rounds, Action onRound)
    {
        double[] c = new double[rounds], raw = new double[rounds], managed = new double[rounds];
        WarmUp();
        for (int i = 0; i < rounds; i++)
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

            onRound();
        }

        return new Result(this, c, raw, managed);
    }

    // Until the just-in-time compiler has done its last round: it waits twice for thirty calls and a pause of 100 ms.
    private void WarmUp()
    {
        for (int i = 0; i < 4; i++)
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
    internal double CTime => Median(C) / Contest.Operations;

    internal double RawTime => Median(Raw) / Contest.Operations;

    internal double ManagedTime => Median(Managed) / Contest.Operations;

    internal double RawRatio => Median(Ratios(Raw));

    internal double ManagedRatio => Median(Ratios(Managed));

    /// <summary>Best round over best round: on a machine that is busy with other things the steadier figure.</summary>
    internal double BestRatio => Managed.Min() / C.Min();

    private double[] Ratios(double[] times) => [.. times.Zip(C, (time, c) => time / c)];

    private static double Median(double[] values)
    {
        double[] sorted = [.. values];
        Array.Sort(sorted);
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }
}
