using Spectre.Console;

namespace DotMlx.Tool;

internal static class Program
{
    private static int Main(string[] args) => ToolCommand.Run(
        args,
        new Terminal(AnsiConsole.Console, Console.Error)
        {
            ShowsProgress = !Console.IsErrorRedirected,
            Input = Console.In,
            ReadKey = Console.IsInputRedirected || Console.IsOutputRedirected ? null : () => Console.ReadKey(intercept: true),
        });
}
