using Spectre.Console;

namespace DotMlx.Samples.Digits;

internal static class Program
{
    private static int Main(string[] args)
    {
        using var interrupt = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            // The first Ctrl+C ends the run after the current batch, or in a team after the epoch; the second ends it immediately.
            pressed.Cancel = !interrupt.IsCancellationRequested;
            interrupt.Cancel();
        };
        return DigitsCommand.Run(args, AnsiConsole.Console, Console.Error, interrupt.Token);
    }
}
