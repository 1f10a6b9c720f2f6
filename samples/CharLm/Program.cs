using Spectre.Console;

namespace DotMlx.Samples.CharLm;

internal static class Program
{
    private static int Main(string[] args)
    {
        using CancellationTokenSource interrupt = new();
        Console.CancelKeyPress += (_, pressed) =>
        {
            // The first Ctrl+C ends the run after the current step; the second ends it immediately.
            pressed.Cancel = !interrupt.IsCancellationRequested;
            interrupt.Cancel();
        };
        return CharLmCommand.Run(args, AnsiConsole.Console, Console.Error, interrupt.Token);
    }
}
