using System.Diagnostics;

namespace DotMlx.Tool.Bench;

/// <summary>The median time of a workload's runs, or the reason why there is none.</summary>
internal sealed record Measurement(Workload Workload, double? Seconds, int Runs, string? Note)
{
    private const int MinRuns = 3;
    private const int MaxRuns = 1000;

    /// <summary>Work a second.</summary>
    public double? Rate => Workload.Work / Seconds;

    public string RateUnit => Workload.Unit == "examples" ? "examples/s" : $"{Workload.Unit}/s";

    /// <summary>Runs the workload once to warm up, and then for about <paramref name="seconds"/>, at least three times.</summary>
    public static Measurement Take(Workload workload, double seconds)
    {
        try
        {
            Action run = workload.Prepare();
            run();
            List<double> times = [];
            var all = Stopwatch.StartNew();
            while (times.Count < MinRuns || (all.Elapsed.TotalSeconds < seconds && times.Count < MaxRuns))
            {
                long start = Stopwatch.GetTimestamp();
                run();
                times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            return new Measurement(workload, Median(times), times.Count, null);
        }
        catch (Exception exception) when (exception is MlxException or NotSupportedException)
        {
            return new Measurement(workload, null, 0, Units.OneLine(exception.Message, 120));
        }
        finally
        {
            // Dispose the inputs before the next workload creates its own.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Mx.ClearCache();
        }
    }

    public static Measurement Skip(Workload workload, double expected) =>
        new(workload, null, 0, $"left out: a run would take about {Units.Count((long)Math.Ceiling(expected))} s");

    internal static double Median(List<double> times)
    {
        times.Sort();
        int half = times.Count / 2;
        return times.Count % 2 == 1 ? times[half] : (times[half - 1] + times[half]) / 2;
    }
}
