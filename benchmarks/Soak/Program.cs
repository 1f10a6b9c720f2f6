using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DotMlx;
using DotMlx.Soak;
using Spectre.Console;

var minutes = new Option<double>("--minutes") { Description = "Duration in minutes.", DefaultValueFactory = _ => 10 };
var threads = new Option<int>("--threads") { Description = "Threads per round; each round starts new ones.", DefaultValueFactory = _ => 8 };
var command = new RootCommand("Trains, infers, throws, saves, loads, and awaits on many threads, and fails if memory or another resource grows.")
    { minutes, threads };
command.SetAction(result => Soak(TimeSpan.FromMinutes(result.GetValue(minutes)), Math.Max(1, result.GetValue(threads))));
return command.Parse(args).Invoke();

static int Soak(TimeSpan duration, int threads)
{
    const int MostSamples = 600;
    const double WarmUp = 0.25;

    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{MlxLibrary.Kind} {MlxLibrary.MlxVersion}, {MlxLibrary.Path}: {duration.TotalMinutes:0.##} minutes, {threads} threads"));
    DirectoryInfo folder = Directory.CreateTempSubdirectory("dotmlx-soak-");
    try
    {
        var workload = new Workload(folder.FullName);
        var longLived = new Workload.Trainer(1);
        List<Sample> samples = [];
        var clock = Stopwatch.StartNew();
        double interval = duration.TotalSeconds / MostSamples;
        int rounds = 0;
        while (clock.Elapsed < duration || samples.Count < 2)
        {
            Round(workload, longLived, threads);
            rounds++;
            double now = clock.Elapsed.TotalSeconds;
            if (samples.Count == 0 || now - samples[^1].Seconds >= interval)
            {
                samples.Add(Sample.Take(now));
            }
        }

        Sample[] counted = [.. samples.Where(sample => sample.Seconds >= WarmUp * duration.TotalSeconds)];
        const double MiB = 1 << 20;
        Trend[] trends =
        [
            Trend.Of("resident memory (MiB)", counted, s => s.Resident / MiB, 0.03, 4),
            Trend.Of("managed memory (MiB)", counted, s => s.Managed / MiB, 0.05, 0.25),
            Trend.Of("live arrays", counted, s => s.LiveArrays, 0.01, 1),
            Trend.Of("MLX active memory (MiB)", counted, s => s.Active / MiB, 0.01, 0.1),
            Trend.Of("MLX cache memory (MiB)", counted, s => s.Cache / MiB, 0.05, 4),
        ];
        AnsiConsole.Write(Table(trends));
        bool rises = trends.Any(trend => trend.Rises);
        Console.WriteLine($"{rounds} rounds, {counted.Length} samples after the warm-up: {(rises ? "RISING" : "flat")}");
        return rises ? 1 : 0;
    }
    finally
    {
        folder.Delete(recursive: true);
    }
}

static void Round(Workload workload, Workload.Trainer longLived, int threads)
{
    var failures = new ConcurrentQueue<Exception>();
    Thread[] workers = [.. Enumerable.Range(0, threads).Select(seed => new Thread(() =>
    {
        try
        {
            workload.Run(seed);
        }
        catch (Exception e)
        {
            failures.Enqueue(e);
        }
    }))];
    foreach (Thread worker in workers)
    {
        worker.Start();
    }

    longLived.Step();
    foreach (Thread worker in workers)
    {
        worker.Join();
    }

    if (!failures.IsEmpty)
    {
        throw new AggregateException("The workload failed.", failures);
    }
}

static Table Table(IEnumerable<Trend> trends)
{
    Table table = new Table().Border(TableBorder.Rounded);
    table.AddColumns("figure", "first", "last", "growth by slope", "allowed", "certainty", "");
    foreach (Trend t in trends)
    {
        table.AddRow(t.Name, Text(t.First), Text(t.Last), Text(t.Growth), Text(t.Allowed), Text(t.Confidence), t.Rises
            ? "[red]rises[/]"
            : "[green]flat[/]");
    }

    return table;

    static string Text(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
