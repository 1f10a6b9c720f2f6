// The recorded public surface: updates PublicAPI.Unshipped.txt of the libraries from the compiler's reports.

using System.Text.Json;

void RecordPublicApi(string project)
{
    FilePath log = root.CombineWithFilePath($"artifacts/{System.IO.Path.GetFileName(project)}.sarif");
    EnsureDirectoryExists(log.GetDirectory());
    DotNetBuild($"{root}/{project}", new DotNetBuildSettings
    {
        Configuration = configuration,
        NoIncremental = true,
        NoLogo = true,
        Verbosity = DotNetVerbosity.Quiet,
        MSBuildSettings = BuildSettings().WithProperty("TreatWarningsAsErrors", "false").WithProperty("ErrorLog", $"{log}%2Cversion=2.1"),
        // The reports go into the file, so they aren't printed.
        ArgumentCustomization = arguments => arguments.Append("-clp:ErrorsOnly"),
    });
    using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllText(log.FullPath));
    ILookup<string, string> reported = document.RootElement.GetProperty("runs")[0].GetProperty("results").EnumerateArray()
        .Where(result => result.GetProperty("ruleId").GetString() is "RS0016" or "RS0017")
        .ToLookup(result => result.GetProperty("ruleId").GetString(), result => result.GetProperty("properties").GetProperty("customProperties").GetProperty("APIName").GetString());
    string file = $"{root}/{project}/PublicAPI.Unshipped.txt";
    string[] before = System.IO.File.ReadAllLines(file);
    string[] added = [.. reported["RS0016"].Distinct()];
    string[] after = [.. before.Skip(1).Except(reported["RS0017"]).Union(added).Order(StringComparer.Ordinal)];
    System.IO.File.WriteAllText(file, string.Join("\n", [before[0], .. after]) + "\n");
    Information("{0}: {1} added, {2} removed", project, added.Length, before.Length - 1 + added.Length - after.Length);
}

Task("PublicApi")
    .Description("Records the public surface of the libraries in PublicAPI.Unshipped.txt; a build fails if they differ.")
    .Does(() =>
    {
        RecordPublicApi("bindings/DotMlx.Bindings");
        RecordPublicApi("src/DotMlx");
        RecordPublicApi("src/DotMlx.Data");
        RecordPublicApi("src/DotMlx.LanguageModels");
        RecordPublicApi("src/DotMlx.Extensions.AI");
        RecordPublicApi("src/DotMlx.Server");
        RecordPublicApi("src/DotMlx.Tensors");
    });
