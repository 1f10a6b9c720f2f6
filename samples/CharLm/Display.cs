using System.Globalization;
using Spectre.Console;

namespace DotMlx.Samples.CharLm;

/// <summary>Shows the progress of a training run: a live bar in a terminal, plain lines elsewhere.</summary>
internal static class Display
{
    public delegate void Report(int done, float loss, float? validation, TimeSpan elapsed);

    public static void Run(IAnsiConsole console, int first, int last, int perStep, Action<Report> train)
    {
        if (console.Profile.Capabilities.Interactive && console.Profile.Out.IsTerminal)
        {
            Live(console, first, last, perStep, train);
        }
        else
        {
            Plain(console, first, last, perStep, train);
        }
    }

    private static void Live(IAnsiConsole console, int first, int last, int perStep, Action<Report> train) =>
        console.Progress()
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(),
                new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context =>
            {
                ProgressTask task = context.AddTask("starting", maxValue: Math.Max(1, last - first));
                float? latest = null;
                train((done, loss, validation, elapsed) =>
                {
                    latest = validation ?? latest;
                    task.Value = done - first;
                    task.Description = Text(done, last, loss, latest, (done - first) * perStep / elapsed.TotalSeconds);
                });
            });

    private static void Plain(IAnsiConsole console, int first, int last, int perStep, Action<Report> train) =>
        train((done, loss, validation, elapsed) =>
        {
            if (validation is not null || done == last)
            {
                console.Profile.Out.Writer.WriteLine(Text(done, last, loss, validation, (done - first) * perStep / elapsed.TotalSeconds));
            }
        });

    private static string Text(int done, int last, float loss, float? validation, double rate) => string.Create(
        CultureInfo.InvariantCulture,
        $"step {done}/{last}  loss {loss:F3}  "
        + $"held-out {(validation is { } v ? v.ToString("F3", CultureInfo.InvariantCulture) : "-")}  {rate:N0} characters/s");
}
