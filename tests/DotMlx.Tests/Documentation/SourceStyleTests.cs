using System.Text.RegularExpressions;

namespace DotMlx.Tests.Documentation;

/// <summary>Rules for source files that no analyzer of the build checks.</summary>
internal sealed partial class SourceStyleTests
{
    private const int LongestLine = 140, LongestFile = 400;

    private static readonly string[] Folders = ["benchmarks", "bindings", "native", "packaging", "samples", "src", "tests"];

    private static IEnumerable<string> Sources => Folders
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.EndsWith(".g.cs", StringComparison.Ordinal) && !IsBuildOutput(Path.GetRelativePath(Repository.Root, file)));

    [Test]
    public void LinesOutsideStringsHaveAtMost140Columns() => Assert.That(Sources.SelectMany(LongLines), Is.Empty);

    [Test]
    public void FilesOf400LinesHaveAReasonInTheArchitectureGuide() => Assert.That(
        Sources.Where(file => File.ReadLines(file).Count() > LongestFile)
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/')),
        Is.Not.Empty.And.SubsetOf(LongFiles().Matches(Repository.Read("docs/architecture.md").Split("\n## Large files")[1])
            .Select(match => match.Groups[1].Value)));

    [Test]
    public void SourceFilesEndWithOneLineFeedAndContainNoTabsOrCarriageReturns() => Assert.That(
        Sources.Where(file =>
        {
            string text = File.ReadAllText(file);
            return text.Contains('\r', StringComparison.Ordinal) || text.Contains('\t', StringComparison.Ordinal)
                || !text.EndsWith('\n') || text.EndsWith("\n\n", StringComparison.Ordinal);
        }).Select(file => Path.GetRelativePath(Repository.Root, file)),
        Is.Empty);

    // Some strings can't be cut: interpolations, attributes, and the sources of test programs in raw strings.
    private static IEnumerable<string> LongLines(string file)
    {
        bool inRawString = false;
        int number = 0;
        foreach (string line in File.ReadLines(file))
        {
            number++;
            bool hasQuote = line.Contains('"', StringComparison.Ordinal);
            if (line.Length > LongestLine && !hasQuote && !inRawString)
            {
                yield return $"{Path.GetRelativePath(Repository.Root, file)}:{number}";
            }

            inRawString ^= line.Split("\"\"\"").Length % 2 == 0;
        }
    }

    private static bool IsBuildOutput(string file) =>
        file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "artifacts");

    [GeneratedRegex("`([^`]+\\.cs)`")]
    private static partial Regex LongFiles();
}
