using System.CommandLine;
using DotMlx.LanguageModels;
using DotMlx.Tool.Bench;
using DotMlx.Tool.Chat;
using DotMlx.Tool.Convert;
using DotMlx.Tool.Download;
using DotMlx.Tool.Embed;
using DotMlx.Tool.Fuse;
using DotMlx.Tool.Generate;
using DotMlx.Tool.Info;
using DotMlx.Tool.Inspect;
using DotMlx.Tool.Launch;
using DotMlx.Tool.Lora;
using DotMlx.Tool.Perplexity;
using DotMlx.Tool.Quantize;
using DotMlx.Tool.Serve;

namespace DotMlx.Tool;

/// <summary>Runs the program as a function of its arguments, so that tests can call it.</summary>
internal static class ToolCommand
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int BadArguments = 2;
    public const int Canceled = 130;

    private const string Name = "dotnet mlx";

    public static int Run(string[] args, Terminal terminal)
    {
        try
        {
            return Parse(args, terminal, out ParseResult result)
                ? result.Invoke(new InvocationConfiguration { Output = terminal.Output, Error = terminal.Error,
                    EnableDefaultExceptionHandler = false })
                : BadArguments;
        }
        catch (OperationCanceledException)
        {
            terminal.Error.WriteLine($"{Name}: canceled.");
            return Canceled;
        }
        catch (Exception exception) when (Explain(exception) is { } explanation)
        {
            terminal.Error.WriteLine($"{Name}: {explanation}");
            return Failure;
        }
    }

    private static bool Parse(string[] args, Terminal terminal, out ParseResult result)
    {
        // All arguments after '--' belong to the launched program.
        int separator = args is ["launch", ..] ? Array.IndexOf(args, "--") : -1;
        string[] program = separator < 0 ? [] : args[(separator + 1)..];
        string[] own = separator < 0 ? args : args[..separator];
        var root = new RootCommand(
            "MLX on this machine: inspect the installation and files, measure speed, launch distributed programs, and run language models.")
        {
            InfoCommand.Create(terminal),
            InspectCommand.Create(terminal),
            ConvertCommand.Create(terminal),
            BenchCommand.Create(terminal),
            LaunchCommand.Create(terminal, program),
            ChatCommand.Create(terminal),
            GenerateCommand.Create(terminal),
            EmbedCommand.Create(terminal),
            PerplexityCommand.Create(terminal),
            QuantizeCommand.Create(terminal),
            DownloadCommand.Create(terminal),
            LoraCommand.Create(terminal),
            FuseCommand.Create(terminal),
            ServeCommand.Create(terminal),
        };
        result = root.Parse(own.Length == 0 ? ["--help"] : own, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (result.Errors.Count == 0)
        {
            return true;
        }

        string command = result.CommandResult.Command is RootCommand ? "" : $" {result.CommandResult.Command.Name}";
        string fault = result.UnmatchedTokens is [{ } unknown, ..] ? $"there is no argument '{unknown}'" : result.Errors[0]
            .Message.TrimEnd('.');
        terminal.Error.WriteLine($"{Name}{command}: {Units.OneLine(fault, 300)} (see '{Name}{command} --help').");
        return false;
    }

    /// <summary>Returns one line for an error that the user can correct; null for an error in the program.</summary>
    private static string? Explain(Exception exception) => exception switch
    {
        ToolException => exception.Message,
        DllNotFoundException => $"no MLX library loads ('{Name} info' lists every place that was tried).",
        // Messages about files and from MLX already name the file or the function.
        IOException or UnauthorizedAccessException or InvalidDataException or NotSupportedException or MlxException or OutOfMemoryException
            or ChatTemplateException => Units.OneLine(exception.Message, 600),
        _ => null,
    };
}
