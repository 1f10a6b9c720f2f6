using Spectre.Console;

namespace DotMlx.Samples.Lora;

internal static class Program
{
    private static int Main(string[] args) => LoraCommand.Run(args, AnsiConsole.Console, Console.Error);
}
