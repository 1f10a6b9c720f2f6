using System.Globalization;
using Spectre.Console;

namespace DotMlx.Collectives;

internal static class Report
{
    /// <summary>Prints one row per size: the bytes of the array per second of an all-sum, and the ratio to DotMlx.</summary>
    internal static void Print(int ranks, int rounds, IReadOnlyList<Timing> timings)
    {
        Console.WriteLine($"all-sum of float32 over {ranks} processes, ring on 127.0.0.1, "
            + $"MLX {MlxLibrary.MlxVersion}, median of {rounds} rounds");
        string[] who = [.. timings.Select(timing => timing.Who).Distinct()];
        Table table = new Table().Border(TableBorder.Markdown);
        table.AddColumn(new TableColumn("array").RightAligned());
        foreach (string name in who)
        {
            table.AddColumn(new TableColumn($"{name} MB/s").RightAligned());
        }

        foreach (string name in who.Skip(1))
        {
            table.AddColumn(new TableColumn($"time against {name}").RightAligned());
        }

        foreach (int bytes in Sizes.All)
        {
            double[] seconds = [.. who.Select(name => timings.Single(timing => timing.Who == name && timing.Bytes == bytes).Seconds)];
            table.AddRow([
                bytes < 1 << 20 ? $"{bytes >> 10} KB" : $"{bytes >> 20} MB",
                .. seconds.Select(time => (bytes / time / 1e6).ToString("N1", CultureInfo.InvariantCulture)),
                .. seconds.Skip(1).Select(time => (seconds[0] / time).ToString("F2", CultureInfo.InvariantCulture)),
            ]);
        }

        AnsiConsole.Write(table);
    }
}
