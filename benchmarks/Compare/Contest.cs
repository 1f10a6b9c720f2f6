using System.Diagnostics;
using DotMlx.Bindings;

namespace DotMlx.Compare;

/// <summary>
/// One piece of work in several languages; each function returns the nanoseconds of <paramref name="Operations"/> operations.
/// </summary>
/// <param name="Name">What is done.</param>
/// <param name="Operations">The number of operations in one call; the report divides by it.</param>
/// <param name="Limit">The limit for DotMlx as a multiple of C; null for no limit.</param>
internal sealed record Contest(string Name, double Operations, double? Limit, Func<double> C, Func<double>? Raw, Func<double> Managed)
{
    /// <summary>The number of short rounds per ordinary round. The shorter a round is, the fewer disturbances it contains.</summary>
    internal int Times { get; init; } = 1;

    /// <summary>Frees what the rounds have kept.</summary>
    internal Action? End { get; init; }

    /// <summary>
    /// The same contest, which fails if MLX reports an error to C or to the raw bindings; they run on a thread of their own, if there is
    /// one.
    /// </summary>
    internal Contest On(OwnThread? thread)
    {
        return this with { C = () => Run(C), Raw = Raw is null ? null : () => Run(Raw) };

        double Run(Func<double> work) => thread is null ? Check(work) : thread.Run(() => Check(work));
    }

    private static double Check(Func<double> work)
    {
        double time = work();
        return MlxError.TakeMessage() is { } message ? throw new InvalidOperationException($"The comparison failed: {message}") : time;
    }

    /// <summary>
    /// Runs the languages in turn, in a different order in each round, so that other work on the machine affects all of them equally.
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

        End?.Invoke();
        return new Result(this, c, raw, managed);
    }

    // Warms up until the just-in-time compiler is done. It waits twice for 30 calls and a pause of 100 ms, and each round makes only a few
    // calls of some methods.
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

    /// <summary>The range of the middle half of the ratios, which shows how reliable the median is on a busy machine.</summary>
    internal (double From, double To) MiddleHalf => (Quantile(Ratios(Managed), 0.25), Quantile(Ratios(Managed), 0.75));

    private double[] Ratios(double[] times) => [.. times.Zip(C, (time, c) => time / c)];

    // Interpolates linearly, as NumPy's quantile does by default.
    private static double Quantile(double[] values, double part)
    {
        double[] sorted = [.. values];
        Array.Sort(sorted);
        double place = part * (sorted.Length - 1);
        int below = (int)place;
        return double.Lerp(sorted[below], sorted[Math.Min(below + 1, sorted.Length - 1)], place - below);
    }
}
