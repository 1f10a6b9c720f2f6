// The documentation site: docfx turns the guides and the XML comments into static HTML with a search.

using System.Net;
using System.Text.RegularExpressions;

DirectoryPath Site => root.Combine("artifacts/docs");

Task("Docs")
    .Description("Writes the documentation site into artifacts/docs and checks its links: --serve shows it on http://127.0.0.1:8080.")
    .Does(() =>
    {
        EnsureDirectoryDoesNotExist(Site);
        EnsureDirectoryDoesNotExist(root.Combine("artifacts/docs-api"));
        foreach (string project in new[] { "DotMlx.Tensors", "DotMlx.Data", "DotMlx.Extensions.AI", "DotMlx.Server" })
            DotNetBuild($"{root}/src/{project}/{project}.csproj", new DotNetBuildSettings
            {
                Configuration = "Release",
                NoLogo = true,
                Verbosity = DotNetVerbosity.Minimal,
                // docfx reads the assemblies that these projects reference.
                MSBuildSettings = BuildSettings().WithProperty("CopyLocalLockFileAssemblies", "true"),
            });
        ReadComments();
        Run("dotnet", "docfx build docs/site/docfx.json --warningsAsErrors");
        CheckSite();
        Information("The site is in {0}. Its search needs a web server: ./build.sh --target=Docs --serve", root.GetRelativePath(Site));
        if (HasArgument("serve"))
            Run("dotnet", $"docfx serve \"{Site}\" --hostname 127.0.0.1 --port 8080");
    });

/// Turns the XML comments into pages. If a comment describes a parameter and also inherits a text for it, docfx warns and correctly
/// uses the first text. Any other warning is an error.
void ReadComments()
{
    string[] warnings = [.. Output("dotnet", "docfx metadata docs/site/docfx.json")
        .Where(line => Regex.IsMatch(line, @"\bwarning(:| [A-Z])") && !line.Contains("Duplicate parameter"))];
    string[] silent = [.. GetFiles($"{root}/artifacts/docs-api/*.yml").SelectMany(WithoutSummary)];
    if (warnings.Length + silent.Length > 0)
        throw new CakeException($"XML comments:\n  {string.Join("\n  ", warnings.Concat(silent))}");
}

/// The undocumented members of a page in docfx's format, except those with self-explanatory names and those that the compiler
/// generates.
IEnumerable<string> WithoutSummary(FilePath page)
{
    string[] items = System.IO.File.ReadAllText(page.FullPath).Split("\nreferences:")[0].Split("\n- uid: ")[1..];
    return from item in items
        where !item.Contains("\n  summary: ") && !item.Contains("\n  type: Namespace") && !items[0].Contains("\n  type: Delegate")
        let name = item.Split('\n')[0]
        where !Regex.IsMatch(name, @"\.(#ctor$|PrintMembers\(|EqualityContract$|op_(In)?[Ee]quality\(|Equals\(|GetHashCode$|ToString$|CompareTo\(|Deconstruct\()")
        // The copy constructor of a record.
        where !Regex.IsMatch(name, @"\.(\w+)\.#ctor\(\S+\.\1\)$")
        select $"{name} has no text";
}

/// docfx checks the links between the guides. This function checks the output: every page, picture, and anchor exists, even in the
/// API pages, and no page loads files from other sites.
void CheckSite()
{
    var faults = new List<string>();
    int links = 0;
    var anchors = new Dictionary<string, HashSet<string>>();
    foreach (FilePath page in GetFiles($"{Site}/**/*.html"))
    {
        string html = System.IO.File.ReadAllText(page.FullPath);
        foreach (Match match in Regex.Matches(html, @"<(?<tag>\w+)\b[^>]*?\s(?<attribute>href|src)=""(?<target>[^""]*)"""))
        {
            string target = WebUtility.HtmlDecode(match.Groups["target"].Value);
            bool loads = match.Groups["attribute"].Value == "src" || match.Groups["tag"].Value == "link";
            if (target.StartsWith("http:") || target.StartsWith("https:") || target.StartsWith("//"))
            {
                if (loads)
                    faults.Add($"{root.GetRelativePath(page)} loads '{target}' from elsewhere");
                continue;
            }
            if (target.Length == 0 || target.StartsWith("data:") || target.StartsWith("mailto:"))
                continue;
            links++;
            string[] parts = target.Split('#', 2);
            string path = Uri.UnescapeDataString(parts[0].Split('?')[0]);
            string file = path.Length == 0 ? page.FullPath : System.IO.Path.GetFullPath(System.IO.Path.Combine(page.GetDirectory().FullPath, path));
            if (!System.IO.File.Exists(file))
                faults.Add($"{root.GetRelativePath(page)} links to '{target}', which doesn't exist");
            else if (parts.Length == 2 && parts[1].Length > 0 && file.EndsWith(".html") && !AnchorsOf(file).Contains(Uri.UnescapeDataString(parts[1])))
                faults.Add($"{root.GetRelativePath(page)} links to '{target}', but that page has no such anchor");
        }
    }
    if (faults.Count > 0)
        throw new CakeException($"{faults.Count} fault(s) in the site:\n  {string.Join("\n  ", faults.Distinct().Take(40))}");
    Information("{0} links within the site are whole.", links);

    HashSet<string> AnchorsOf(string file)
    {
        if (!anchors.TryGetValue(file, out HashSet<string> found))
            anchors[file] = found = [.. Regex.Matches(System.IO.File.ReadAllText(file), @"\s(?:id|name)=""([^""]*)""").Select(match => WebUtility.HtmlDecode(match.Groups[1].Value))];
        return found;
    }
}
