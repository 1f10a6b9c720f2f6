// Code coverage: the suites of the libraries under coverlet, and a report.

Task("Coverage")
    .Description("Measures which lines the suites of the libraries run and writes artifacts/coverage/index.html: --filter=EXPRESSION.")
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
        // The summary is for a log, the badge-free HTML for a person.
        DotNetTool($"reportgenerator -reports:{folder}/**/coverage.cobertura.xml -targetdir:{folder} -reporttypes:Html;TextSummary;Cobertura -verbosity:Warning");
        Information(System.IO.File.ReadAllText(folder.CombineWithFilePath("Summary.txt").FullPath));
    });
