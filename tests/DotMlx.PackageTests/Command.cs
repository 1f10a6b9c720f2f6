using System.Diagnostics;

namespace DotMlx.PackageTests;

/// <summary>A program that has run to its end.</summary>
internal sealed record Command(int Exit, string Text)
{
    public static Command Run(string program, IEnumerable<string> arguments, string folder, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Command(process.ExitCode, output + errors.GetAwaiter().GetResult());
    }

    public Command Succeeded()
    {
        Assert.That(Exit, Is.Zero, Text);
        return this;
    }

    /// <summary>Returns the rest of the only line that begins with a word.</summary>
    public string Line(string word) => Lines(word).Single();

    public string[] Lines(string word) =>
        [.. Text.Split('\n').Where(line => line.StartsWith(word + " ", StringComparison.Ordinal))
            .Select(line => line[(word.Length + 1)..].Trim())];
}
