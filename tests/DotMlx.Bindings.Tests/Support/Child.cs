using System.Diagnostics;
using DotMlx.Tests.Shared;

namespace DotMlx.Bindings.Tests.Support;

/// <summary>Runs this assembly as a program with its own environment.</summary>
internal static class Child
{
    /// <returns>The lines that the program wrote.</returns>
    internal static string[] Run(string? library, string[] arguments, string? workingDirectory = null,
        params (string Name, string? Value)[] environment)
    {
        ProcessStartInfo start = OwnProgram.Start(typeof(Child).Assembly.Location, arguments);
        start.WorkingDirectory = workingDirectory ?? AppContext.BaseDirectory;
        start.Environment[LibrarySearch.Variable] = library;
        foreach ((string name, string? value) in environment) start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, $"the child ended with {process.ExitCode}: {output}{errors.Result}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
