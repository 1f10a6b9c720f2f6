using DotMlx.Tests.Shared;

namespace DotMlx.Tests.Documentation;

/// <summary>The repository from which the suite was built.</summary>
internal static class Repository
{
    internal static string Root => Checkout.Root;

    /// <summary>
    /// Lists every guide, the README, the README of the packages, and CONTRIBUTING.md, as paths from the root with forward slashes.
    /// </summary>
    internal static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Select(page => Path.GetRelativePath(Root, page).Replace('\\', '/'))
            .Concat(["README.md", "CONTRIBUTING.md", "packaging/README.md"]);

    internal static string Read(string page) => File.ReadAllText(Path.Combine(Root, page)).ReplaceLineEndings("\n");
}
