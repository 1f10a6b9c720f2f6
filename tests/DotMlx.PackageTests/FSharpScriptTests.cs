using System.Text.RegularExpressions;

namespace DotMlx.PackageTests;

/// <summary>The script of docs/from-fsharp.md runs with the packed packages.</summary>
internal sealed partial class FSharpScriptTests
{
    [Test]
    public void DotnetFsiRunsThePagesScript()
    {
        string page = File.ReadAllText(Path.Combine(PackedFiles.Repository, "docs", "from-fsharp.md")).ReplaceLineEndings("\n");
        string script = Script().Match(page).Groups[1].Value.Replace("PACKAGES", PackedFiles.Folder, StringComparison.Ordinal);
        string folder = Directory.CreateTempSubdirectory("dotmlx-fsi-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "squares.fsx"), script);

            // There are no earlier packages, and the package with the reference library is the only library that the script can find.
            Command run = Command.Run("dotnet", ["fsi", "squares.fsx"], folder, new Dictionary<string, string>
            {
                ["NUGET_PACKAGES"] = Path.Combine(folder, "packages"),
                ["DOTMLX_LIBRARY"] = "reference",
                ["MSBUILDDISABLENODEREUSE"] = "1",
            }).Succeeded();

            Assert.That(run.Text.TrimEnd().Split('\n')[^1].Trim(), Is.EqualTo("14"), run.Text);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [GeneratedRegex(@"^```fsharp-script\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Script();
}
