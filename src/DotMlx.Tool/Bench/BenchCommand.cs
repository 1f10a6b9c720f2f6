using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DotMlx.Tool.Info;

namespace DotMlx.Tool.Bench;

/// <summary><c>dotnet mlx bench</c>: measures the operations on this machine.</summary>
internal static class BenchCommand
{
    private const double DefaultSeconds = 1;
    private const double MaxRunSeconds = 10;

    public static Command Create(Terminal terminal)
    {
        var device = new Option<string?>("--device") { Description = "cpu or gpu (MLX's default device)." };
        device.AcceptOnlyFromAmong("cpu", "gpu");
        var filter = new Option<string?>("--filter") { Description = "Run only operations whose name contains this text, such as matmul." };
        var seconds = new Option<double>("--seconds")
        {
            Description = "The seconds to measure each operation, after a warm-up.", DefaultValueFactory = _ => DefaultSeconds,
        };
        var quick = new Option<bool>("--quick") { Description = "Use small sizes, for a quick check." };
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        var command = new Command("bench",
            "Measures matmul, elementwise, softmax, attention, and other operations on this machine: median times and rates.")
        {
            device, filter, seconds, quick, json,
        };
        command.SetAction(result => Run(
            terminal, result.GetValue(device), result.GetValue(filter), result.GetValue(seconds), result.GetValue(quick),
            result.GetValue(json)));
        return command;
    }

    private static int Run(Terminal terminal, string? device, string? filter, double seconds, bool quick, bool json)
    {
        if (seconds is not (> 0 and <= 3600))
        {
            throw new ToolException(string.Create(CultureInfo.InvariantCulture,
                $"--seconds must be above 0 and at most 3600, not {seconds}."));
        }

        bool reference = MlxLibrary.Kind == MlxLibraryKind.Reference;
        Workload[] workloads = [.. Workloads.All(small: quick || reference)
            .Where(work => filter is null || work.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))];
        if (workloads.Length == 0)
        {
            throw new ToolException($"--filter '{filter}' matches no operation; expected "
                + $"one of {string.Join(", ", Workloads.All(small: true).Select(work => work.Name).Distinct())}.");
        }

        if (reference)
        {
            terminal.Note("this is the reference library, which isn't optimized for speed: the sizes are small, and the "
                + "figures say nothing about MLX.");
        }

        MlxDevice chosen = device switch { "cpu" => MlxDevice.Cpu, "gpu" => MlxDevice.Gpu, _ => Mx.DefaultDevice() };
        MlxDevice before = Mx.DefaultDevice();
        Mx.SetDefaultDevice(chosen);
        try
        {
            List<Measurement> measurements = Measure(terminal, workloads, seconds);
            Show(terminal, chosen, measurements, json);
            return ToolCommand.Success;
        }
        finally
        {
            Mx.SetDefaultDevice(before);
        }
    }

    private static List<Measurement> Measure(Terminal terminal, Workload[] workloads, double seconds)
    {
        List<Measurement> measurements = [];
        foreach (Workload workload in workloads)
        {
            if (terminal.ShowsProgress)
            {
                terminal.Error
                    .Write($"\r\u001b[K{measurements.Count + 1}/{workloads.Length} {workload.Name}, {workload.Size}, {workload.Type}");
            }

            measurements.Add(Expected(workload, measurements) is { } expected && expected > MaxRunSeconds
                ? Measurement.Skip(workload, expected)
                : Measurement.Take(workload, seconds));
        }

        if (terminal.ShowsProgress)
        {
            terminal.Error.Write("\r\u001b[K");
        }

        return measurements;
    }

    /// <summary>
    /// The expected time of a run, from the previous run of its kind; if that one was skipped, larger ones are skipped too.
    /// </summary>
    private static double? Expected(Workload workload, List<Measurement> measurements)
    {
        Measurement? last = measurements.LastOrDefault(other =>
            other.Seconds is not null && other.Workload.Name == workload.Name && other.Workload.Type == workload.Type
                && other.Workload.Unit == workload.Unit);
        return last is null ? null : last.Seconds * (workload.Work / last.Workload.Work);
    }

    private static void Show(Terminal terminal, MlxDevice device, List<Measurement> measurements, bool json)
    {
        string library = MlxLibrary.Kind == MlxLibraryKind.Reference ? "reference library" : $"MLX {MlxLibrary.MlxVersion}";
        if (json)
        {
            terminal.Json(ToJson(library, device, measurements));
            return;
        }

        terminal.Line($"{library} on {LibraryFacts.NameOf(device)}; medians, each run evaluated by itself");
        terminal.Table(
            ["operation", "size", "type", "median#", "rate#", "runs#"],
            [.. measurements.Select(measurement => new[]
            {
                measurement.Workload.Name,
                measurement.Workload.Size,
                measurement.Workload.Type,
                measurement.Seconds is { } time ? Time(time) : "-",
                measurement.Rate is { } rate ? Rate(rate, measurement) : "-",
                measurement.Runs.ToString(CultureInfo.InvariantCulture),
            })]);
        foreach (IGrouping<string, Measurement> missing in measurements.Where(measurement => measurement.Note is not null)
            .GroupBy(measurement => measurement.Note!))
        {
            terminal.Note($"{string.Join("; ", missing.Select(one => $"{one.Workload.Name} {one.Workload.Size} {one.Workload.Type}"))}: {missing.Key}");
        }
    }

    private static string Rate(double rate, Measurement measurement) =>
        measurement.Workload.Unit == "examples"
            ? $"{Units.Count((long)rate)} {measurement.RateUnit}"
            : Units.Scaled(rate, measurement.RateUnit);

    private static string Time(double seconds)
    {
        (double value, string unit) = seconds >= 1 ? (seconds, "s") : seconds >= 1e-3 ? (seconds * 1e3, "ms") : (seconds * 1e6, "µs");
        return string.Create(CultureInfo.InvariantCulture, $"{value:F2} {unit}");
    }

    private static JsonObject ToJson(string library, MlxDevice device, List<Measurement> measurements) => new()
    {
        ["library"] = library,
        ["device"] = LibraryFacts.NameOf(device),
        ["measurements"] = new JsonArray([.. measurements.Select(JsonNode (measurement) => new JsonObject
        {
            ["operation"] = measurement.Workload.Name,
            ["size"] = measurement.Workload.Size,
            ["type"] = measurement.Workload.Type,
            ["medianSeconds"] = measurement.Seconds,
            ["rate"] = measurement.Rate,
            ["rateUnit"] = measurement.RateUnit,
            ["runs"] = measurement.Runs,
            ["note"] = measurement.Note,
        })]),
    };
}
