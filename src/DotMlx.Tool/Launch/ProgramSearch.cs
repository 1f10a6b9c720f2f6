namespace DotMlx.Tool.Launch;

/// <summary>Finds what a command names, before it is started many times.</summary>
internal static class ProgramSearch
{
    /// <summary>The command with the program's full path where it is a file here; a .NET assembly is run by <c>dotnet</c>.</summary>
    /// <param name="command">Program and arguments.</param>
    /// <param name="mustExist">Whether the program must exist; if all ranks are remote, this machine can't tell.</param>
    /// <exception cref="ToolException">It is not there, or cannot be run.</exception>
    public static IReadOnlyList<string> Resolve(IReadOnlyList<string> command, bool mustExist)
    {
        string program = command[0];
        if (program.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) && File.Exists(program))
        {
            return [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", Path.GetFullPath(program), .. command.Skip(1)];
        }

        if (program.Contains('/', StringComparison.Ordinal))
        {
            return File.Exists(program) && IsExecutable(program) ? [Path.GetFullPath(program), .. command.Skip(1)]
                : !mustExist ? command
                : throw new ToolException(File.Exists(program) ? $"'{program}' is not executable." : $"there is no program '{program}'.");
        }

        return OnPath(program) is not null || !mustExist
            ? command
            : throw new ToolException($"there is no program '{program}' on "
            + $"PATH.{(File.Exists(program) ? $" For the file in this folder write './{program}'." : "")}");
    }

    public static string? OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(path => File.Exists(path) && IsExecutable(path));

    private static bool IsExecutable(string path) =>
        OperatingSystem.IsWindows()
            || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;
}
