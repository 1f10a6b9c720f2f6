using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace DotMlx.Samples.Digits;

/// <summary>Shows a training run in progress.</summary>
internal interface ITrainingDisplay
{
    /// <summary>Runs the training, which reports each batch and the record of each complete epoch.</summary>
    void Show(Action<Action<RunProgress>, Action<int, EpochRecord>> train);
}

internal static class Displays
{
    /// <summary>Chooses a live bar in a terminal, and plain lines if the output goes to a file or a pipe.</summary>
    public static ITrainingDisplay For(IAnsiConsole console) =>
        console.Profile.Capabilities.Interactive && console.Profile.Out.IsTerminal ? new LiveDisplay(console) : new PlainDisplay(console);

    /// <summary>A console that shows nothing.</summary>
    public static IAnsiConsole Silent() => AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });

    public static string Rate(double examplesPerSecond) =>
        string.Create(CultureInfo.InvariantCulture, $"{examplesPerSecond:N0} examples/s");

    public static string Percent(float share) => float.IsNaN(share)
        ? "-"
        : string.Create(CultureInfo.InvariantCulture, $"{share * 100:F1} %");

    public static string Left(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}:{time.Seconds:D2} left");
}

/// <summary>Prints one line per epoch.</summary>
internal sealed class PlainDisplay(IAnsiConsole console) : ITrainingDisplay
{
    public void Show(Action<Action<RunProgress>, Action<int, EpochRecord>> train)
    {
        RunProgress latest = default;
        train(
            progress => latest = progress,
            (epoch, record) => console.Profile.Out.Writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"epoch {epoch}/{latest.LastEpoch}  loss {record.Loss:F4}  accuracy {Displays.Percent(record.Accuracy)}  "
                + $"held-out {Displays.Percent(record.HeldOutAccuracy)}  {Displays.Rate(latest.ExamplesPerSecond)}  {Displays.Left(latest.Remaining)}")));
    }
}

/// <summary>A bar that is redrawn as batches are trained.</summary>
internal sealed class LiveDisplay(IAnsiConsole console) : ITrainingDisplay
{
    // The width of the figures next to the bar, which takes the rest of the line.
    private const int FiguresWidth = 74;
    private const int NarrowestBar = 6;
    private const int WidestBar = 40;

    public void Show(Action<Action<RunProgress>, Action<int, EpochRecord>> train)
    {
        RunProgress latest = default;
        console.Progress().AutoClear(false).HideCompleted(false)
            .Columns(
                new ProgressBarColumn { Width = Math.Clamp(console.Profile.Width - FiguresWidth, NarrowestBar, WidestBar) },
                new TextColumn(() => Describe(latest)))
            .Start(context =>
            {
                ProgressTask task = context.AddTask("training");
                train(
                    progress =>
                    {
                        latest = progress;
                        task.MaxValue = progress.Total;
                        task.Value = progress.Done;
                    },
                    (_, record) => latest = latest with { Loss = record.Loss, HeldOutAccuracy = record.HeldOutAccuracy });
            });
    }

    private static string Describe(RunProgress progress) => progress.Total == 0
        ? string.Empty
        : string.Create(
            CultureInfo.InvariantCulture,
            $"epoch {progress.Epoch}/{progress.LastEpoch}  loss {progress.Loss:F4}  held-out {Displays.Percent(progress.HeldOutAccuracy)}  "
            + $"{Displays.Rate(progress.ExamplesPerSecond)}  {Displays.Left(progress.Remaining)}");

    private sealed class TextColumn(Func<string> text) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(text());
    }
}
