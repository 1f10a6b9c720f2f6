using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using DotMlx.Tests.Shared;

namespace DotMlx.PackageTests;

/// <summary>
/// Follows docs/getting-started.md word for word: its files and commands, in an empty folder, with the packages where the guide expects
/// them.
/// </summary>
[NonParallelizable]
internal sealed partial class GettingStartedTests
{
    [Test]
    public void ThePageLeadsToATrainedModel()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("The page's blocks are run by a POSIX shell.");
        }

        string page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "getting-started.md")).ReplaceLineEndings("\n");
        string folder = Directory.CreateTempSubdirectory("dotmlx-started-").FullName;
        try
        {
            string script = Path.Combine(folder, "page.sh");
            File.WriteAllText(script, Script(page));
            (int exit, string text) = Run("bash", script, folder);

            Assert.That(exit, Is.Zero, text);
            string[] accuracies = [.. text.Split('\n')
                .Where(line => line.StartsWith("on points it has not seen: ", StringComparison.Ordinal))
                .Select(line => line.TrimEnd('%').Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1])];
            Assert.That(accuracies, Has.Length.EqualTo(2), $"run and published program each print an accuracy:\n{text}");
            Assert.That(accuracies.Select(text => double.Parse(text, CultureInfo.InvariantCulture)), Has.All.GreaterThan(95));
            Assert.That(Path.Combine(folder, "Spirals", "spirals.safetensors"), Does.Exist);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (int Exit, string Text) Run(string program, string argument, string folder)
    {
        var start = new ProcessStartInfo(program, [argument])
            { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        // The environment of a newcomer: no earlier packages and no named library. The program uses an installed library, or else the
        // reference library.
        start.Environment["NUGET_PACKAGES"] = Path.Combine(folder, "unpacked");
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment.Remove("DOTMLX_LIBRARY");
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.GetAwaiter().GetResult());
    }

    /// <summary>The page's blocks in order: commands unchanged, and files with the names that the page gives them.</summary>
    private static string Script(string page)
    {
        var lines = new List<string> { "set -euo pipefail", "cd \"$(dirname \"$0\")\"" };
        foreach (Match block in Block().Matches(page))
        {
            string text = block.Groups[2].Value;
            lines.Add(block.Groups[1].Value switch
            {
                "sh" when text.StartsWith("mkdir packages", StringComparison.Ordinal) =>
                    $"{text}cp '{PackedFiles.Folder}'/*.nupkg packages",
                "sh" => text,
                "xml" => $"cat > nuget.config <<'END'\n{text}END",
                "csharp" => $"cat > Program.cs <<'END'\n{text}END",
                string other => throw new InvalidOperationException($"docs/getting-started.md has a block of {other}; what is it for?"),
            });
        }

        return string.Join('\n', lines) + "\n";
    }

    [GeneratedRegex(@"^```(\w+)\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();
}
