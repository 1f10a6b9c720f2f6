using Spectre.Console;

namespace DotMlx.Samples.CharLm;

internal static class Program
{
    private static int Main(string[] args)
    {
        using CancellationTokenSource interrupt = new();
        Console.CancelKeyPress += (_, pressed) =>
        {
            // The first Ctrl+C ends after the step in hand; the second ends at once.
            pressed.Cancel = !interrupt.IsCancellationRequested;
            interrupt.Cancel();
        };
        return CharLmCommand.Run(args, AnsiConsole.Console, Console.Error, interrupt.Token);
    }
}
