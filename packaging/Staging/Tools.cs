using System.Diagnostics;

namespace DotMlx.Staging;

/// <summary>The platform's programs that read and change shared libraries, found in a search path.</summary>
/// <param name="path">The folders to search, as in PATH. By default, the environment's PATH.</param>
internal sealed class Tools(string? path = null)
{
    private readonly string[] _folders = (path ?? Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator,
        StringSplitOptions.RemoveEmptyEntries);

    internal bool Has(string program) => Find(program) is not null;

    /// <exception cref="StagingException">The program is missing or fails.</exception>
    internal IReadOnlyList<string> Run(string program, params string[] arguments)
    {
        string file = Find(program)
            ?? throw new StagingException($"'{program}' is not on the PATH; it is needed for '{program} {string.Join(' ', arguments)}'.");
        using Process process =
            Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new StagingException($"'{program} {string.Join(' ', arguments)}' ended with exit "
                + $"code {process.ExitCode}: {errors.GetAwaiter().GetResult().Trim()}");
        return output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    private string? Find(string program) => _folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
