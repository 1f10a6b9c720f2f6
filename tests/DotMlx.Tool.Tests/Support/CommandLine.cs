using System.Diagnostics;
using DotMlx.Tests.Shared;
using Spectre.Console;

namespace DotMlx.Tool.Tests.Support;

/// <summary>Runs the command in this process or in its own, as a shell with redirected output would.</summary>
internal static class CommandLine
{
    /// <summary>
    /// The tool in its own output folder. The copy next to the tests lacks assemblies that its dependencies need, because there, the
    /// project's framework reference provides ASP.NET.
    /// </summary>
    public static string Assembly { get; } = Path.Combine(
        Checkout.Root, "src", "DotMlx.Tool",
        Path.GetRelativePath(Path.Combine(Checkout.Root, "tests", "DotMlx.Tool.Tests"), AppContext.BaseDirectory),
        "DotMlx.Tool.dll");

    // If the tests run in the background (nohup, a script's &), all child processes ignore these signals too, unless told otherwise.
    private static bool IgnoresInterrupts { get; } = File.Exists("/proc/self/status") && File.ReadLines("/proc/self/status")
        .Any(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)
            && (System.Convert.ToUInt64(line["SigIgn:".Length..].Trim(), 16) & 3) != 0);

    public static Result Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        int exit = ToolCommand.Run(arguments, Terminal(output, errors));
        return new Result(exit, output.ToString(), errors.ToString());
    }

    /// <summary>Runs the command with lines of input, as a shell would with a pipe.</summary>
    public static Result RunWith(string input, params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        int exit = ToolCommand.Run(arguments, Terminal(output, errors, input));
        return new Result(exit, output.ToString(), errors.ToString());
    }

    public static Terminal Terminal(TextWriter output, TextWriter errors, string input = "", Func<ConsoleKeyInfo>? keys = null) => new(
        AnsiConsole.Create(new AnsiConsoleSettings
            { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(output) }),
        errors)
    {
        Input = new StringReader(input),
        ReadKey = keys,
    };

    /// <param name="library">The value of DOTMLX_LIBRARY; null to leave it unchanged.</param>
    /// <param name="arguments">The arguments after <c>dotnet mlx</c>.</param>
    public static Result RunProcess(string? library, params string[] arguments)
    {
        using Process process = Start(library, arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Result(process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    public static Process Start(string? library, string[] arguments, params (string Name, string Value)[] environment)
    {
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        string[] command = IgnoresInterrupts ? ["env", "--default-signal=INT,HUP", host] : [host];
        var start = new ProcessStartInfo(command[0], [.. command[1..], Assembly, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        if (library is not null)
        {
            start.Environment["DOTMLX_LIBRARY"] = library;
        }

        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
