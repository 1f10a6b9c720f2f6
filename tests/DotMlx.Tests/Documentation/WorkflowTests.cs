using System.Text.RegularExpressions;

namespace DotMlx.Tests.Documentation;

/// <summary>The workflows run the actions that were reviewed: a commit identifies each action, with its version in a comment.</summary>
public partial class WorkflowTests
{
    private static IEnumerable<string> Workflows => Directory.EnumerateFiles(Path.Combine(Repository.Root, ".github", "workflows"), "*.yml")
        .Select(file => Path.GetFileName(file));

    [TestCaseSource(nameof(Workflows))]
    public void ActionsAreNamedByCommit(string workflow)
    {
        string[] uses = [.. File.ReadLines(Path.Combine(Repository.Root, ".github", "workflows", workflow))
            .Where(line => line.Contains("uses: ", StringComparison.Ordinal))];
        Assert.That(uses, Is.Not.Empty.And.All.Matches<string>(line => Pinned().IsMatch(line!)));
    }

    [Test]
    public void PackagesAreBuiltWithoutTheMacsAndReportTheMissingOne()
    {
        string packages = File.ReadAllText(Path.Combine(Repository.Root, ".github", "workflows", "ci.yml")).ReplaceLineEndings("\n")
            .Split("\n  packages:\n")[1];
        Assert.That(packages, Does.Contain("if: ${{ !cancelled() && needs.reference.result == 'success' }}").And
            .Contain("is not among the packages: the job 'MLX on Metal'"));
    }

    [Test]
    public void TestsOnAMacMultiplyWithoutTF32HoweverTheyAreStarted()
    {
        Assert.That(Repository.Read("tests/apple/run.sh"), Does.Contain("\nexport MLX_ENABLE_TF32=0\n"));
        Assert.That(Repository.Read("tests/apple/MetalTests/metal.runsettings"), Does.Contain("<MLX_ENABLE_TF32>0</MLX_ENABLE_TF32>"));
        Assert.That(Repository.Read("tests/apple/MetalTests/MetalTests.csproj"),
            Does.Contain("<RunSettingsFilePath>$(MSBuildProjectDirectory)/metal.runsettings</RunSettingsFilePath>"));
    }

    [GeneratedRegex("uses: [\\w.-]+/[\\w./-]+@[0-9a-f]{40} # v\\d+")]
    private static partial Regex Pinned();
}
