namespace DotMlx.Tool.Launch;

/// <summary>Finds the program of a command before it is started many times.</summary>
internal static class ProgramSearch
{
    /// <summary>
    /// Returns the command with the program's full path if it is a file on this machine; <c>dotnet</c> runs a .NET assembly.
    /// </summary>
    /// <param name="command">Program and arguments.</param>
    /// <param name="mustExist">Whether the program must exist; if all ranks are remote, this machine can't tell.</param>
    /// <exception cref="ToolException">The program doesn't exist, or can't be run.</exception>
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
