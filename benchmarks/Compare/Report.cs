using System.Globalization;
using Spectre.Console;

namespace DotMlx.Compare;

/// <summary>Formats the figures as tables.</summary>
internal static class Report
{
    private const int Steps = 60;
    private const int Batch = 256;
    private const double MostPeak = 1.25;

    internal static Table Times(IEnumerable<Result> results)
    {
        Table table = NewTable("work", "C", "raw", "DotMlx", "raw / C", "DotMlx / C", "half of the rounds", "at most");
        foreach (Result r in results)
        {
            table.AddRow(
                Markup.Escape(r.Contest.Name), Time(r.CTime), Time(r.RawTime), Time(r.ManagedTime),
                Ratio(r.RawRatio, null), Ratio(r.ManagedRatio, r.Contest.Limit), Range(r.MiddleHalf),
                r.Contest.Limit is { } limit ? Number(limit) : "-");
        }

        return table;
    }

    internal static Table Memory()
    {
        long with = ManagedTraining.PeakMemory(Steps, scopes: true, Batch);
        long without = ManagedTraining.PeakMemory(Steps, scopes: false, Batch);
        Table table = NewTable("memory", "figure", "at most");
        table.AddRow("managed bytes per operation", Number(ManagedWork.BytesPerOperation(100_000)), "one object");
        table.AddRow("peak of a training loop with scopes", Megabytes(with), "-");
        table.AddRow("peak of one without any using", Megabytes(without), "-");
        table.AddRow("the second over the first", Ratio((double)without / with, MostPeak), Number(MostPeak));
        return table;
    }

    private static Table NewTable(params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Rounded);
        for (int i = 0; i < columns.Length; i++)
        {
            TableColumn column = new TableColumn(columns[i]).NoWrap();
            table.AddColumn(i == 0 ? column : column.RightAligned());
        }

        return table;
    }

    private static string Time(double nanoseconds) => nanoseconds switch
    {
        double.NaN => "-",
        < 1e4 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds:F0} ns"),
        < 1e6 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e3:F1} µs"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:F2} ms"),
    };

    private static string Ratio(double ratio, double? limit)
    {
        if (double.IsNaN(ratio))
        {
            return "-";
        }

        string color = limit is null ? "default" : ratio <= limit ? "green" : "red";
        return $"[{color}]{ratio.ToString("F3", CultureInfo.InvariantCulture)}[/]";
    }

    private static string Range((double From, double To) range) =>
        string.Create(CultureInfo.InvariantCulture, $"{range.From:F3} to {range.To:F3}");

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:F1} MiB");
}
