using System.Text.RegularExpressions;

namespace DotMlx.Tests.Documentation;

/// <summary>The commands, files, and pages that the guides name exist.</summary>
internal sealed partial class CommandTests
{
    // The options that the script passes to a program, which parses them itself.
    private static readonly Dictionary<string, string[]> PassedOn = new()
    {
        ["Train"] = ["samples/Digits/DigitsArguments.cs"],
        ["Bindings"] = ["bindings/Generator"],
        ["Collectives"] = ["benchmarks/Collectives"],
        ["Compare"] = ["benchmarks/Compare"],
        ["Generation"] = ["benchmarks/Generation"],
        ["Soak"] = ["benchmarks/Soak"],
    };

    private static readonly string Scripts = string.Join('\n', Directory.EnumerateFiles(Path.Combine(Repository.Root, "build"), "*.cake")
        .Append(Path.Combine(Repository.Root, "build.cake")).Select(File.ReadAllText));

    private static readonly string[] Targets = [.. TaskDeclaration().Matches(Scripts).Select(match => match.Groups[1].Value)];

    [TestCaseSource(typeof(Repository), nameof(Repository.Pages))]
    public void EveryTargetAndItsOptionsExist(string page)
    {
        Assert.Multiple(() =>
        {
            foreach (Match command in Command().Matches(Repository.Read(page)))
            {
                string[] words = command.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                string? target =
                    words.FirstOrDefault(word => word.StartsWith("--target=", StringComparison.Ordinal))?["--target=".Length..];
                if (target is "NAME" or "X" || (target is null && words.Contains("--help")))
                {
                    continue;
                }

                Assert.That(Targets, Does.Contain(target), $"{page}: {command.Value}");
                foreach (string option in words.Where(word => word.StartsWith("--", StringComparison.Ordinal))
                    .Select(word => word[2..].Split('=')[0]))
                {
                    Assert.That(IsOption(target!, option), Is.True, $"{page}: no --{option} in '{command.Value}'");
                }
            }
        });
    }

    [TestCaseSource(typeof(Repository), nameof(Repository.Pages))]
    public void EveryLinkedAndNamedFileExists(string page)
    {
        string text = Repository.Read(page);
        string folder = Path.Combine(Repository.Root, Path.GetDirectoryName(page)!);
        IEnumerable<string> linked = Link().Matches(text).Select(match => match.Groups[1].Value.Split('#')[0])
            .Where(target => target.Length > 0 && !target.Contains(':', StringComparison.Ordinal)
                && !target.StartsWith("../../actions", StringComparison.Ordinal))
            .Where(target => !Path.Exists(Path.Combine(folder, target)));
        IEnumerable<string> named = NamedFile().Matches(text).Select(match => match.Groups[1].Value)
            .Where(name => !name.Contains('*', StringComparison.Ordinal) && !Path.Exists(Path.Combine(Repository.Root, name)));

        Assert.That(linked.Concat(named), Is.Empty, $"{page} names what is not there");
    }

    [TestCaseSource(typeof(Repository), nameof(Repository.Pages))]
    public void EveryTestProgramAndSampleThatIsRunExists(string page)
    {
        IEnumerable<string> missing = Project().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value)
            .Where(path => !Path.Exists(Path.Combine(Repository.Root, path)));

        Assert.That(missing, Is.Empty, page);
    }

    [Test]
    public void EveryTargetIsInTheTableOfBuildingMd()
    {
        string page = Repository.Read("docs/building.md");

        Assert.That(Targets.Where(target => !page.Contains($"| `{target}` |", StringComparison.Ordinal)), Is.Empty);
    }

    private static bool IsOption(string target, string option) =>
        option is "target" or "configuration" or "help"
        || Regex.IsMatch(Scripts, $@"Argument(?:<\w+>)?\(""{Regex.Escape(option)}""")
        || (target == "Benchmark")
        || (PassedOn.TryGetValue(target, out string[]? sources)
            && sources.SelectMany(Sources).Any(source => Regex.IsMatch(source, $"[\"-]{Regex.Escape(option)}\\b")));

    private static IEnumerable<string> Sources(string path)
    {
        string full = Path.Combine(Repository.Root, path);
        return File.Exists(full) ? [File.ReadAllText(full)] : Directory.EnumerateFiles(full, "*.cs", SearchOption.AllDirectories)
            .Select(File.ReadAllText);
    }

    [GeneratedRegex(@"Task\(""(\w+)""\)")]
    private static partial Regex TaskDeclaration();

    // Commands are in a block of commands or between backticks; a comment or other text after them isn't part of them.
    [GeneratedRegex(@"(?:\./build\.sh|\.\\build\.ps1)((?: +-[^\s`)]+)+)")]
    private static partial Regex Command();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`((?:src|tests|samples|docs|bindings|native|benchmarks|build|packaging|\.ci)/[\w./-]*\w)`")]
    private static partial Regex NamedFile();

    [GeneratedRegex(@"dotnet (?:test|run --project|publish|pack|build) +((?:src|tests|samples|bindings|native|benchmarks)/[\w./-]+)")]
    private static partial Regex Project();
}
