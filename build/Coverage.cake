// Code coverage: runs the suites of the libraries with coverlet, and writes a report.

Task("Coverage")
    .Description("Measures which lines the suites of the libraries execute, and writes artifacts/coverage/index.html: --filter=EXPRESSION.")
    .IsDependentOn("Build")
    .Does(() =>
    {
        DirectoryPath folder = root.Combine("artifacts/coverage");
        EnsureDirectoryDoesNotExist(folder);
        foreach (string suite in new[] { "DotMlx.Tests", "DotMlx.Data.Tests", "DotMlx.LanguageModels.Tests", "DotMlx.Extensions.AI.Tests", "DotMlx.Server.Tests" })
            DotNetTest($"{root}/tests/{suite}/{suite}.csproj", new DotNetTestSettings
            {
                Configuration = configuration,
                NoBuild = true,
                NoRestore = true,
                NoLogo = true,
                Filter = Argument<string>("filter", null),
                Collectors = ["XPlat Code Coverage;Include=[DotMlx*]*;Exclude=[*.Tests]*,[DotMlx.Bindings]*"],
                ResultsDirectory = folder.Combine(suite),
            });
        // The summary is for logs, and the HTML is for readers.
        DotNetTool($"reportgenerator -reports:{folder}/**/coverage.cobertura.xml -targetdir:{folder} -reporttypes:Html;TextSummary;Cobertura -verbosity:Warning");
        Information(System.IO.File.ReadAllText(folder.CombineWithFilePath("Summary.txt").FullPath));
    });
