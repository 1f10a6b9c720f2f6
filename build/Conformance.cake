// MLX's own Python tests against DotMlx: ./build.sh --target=Conformance --tests=DIR.

/// The Python named in PYTHON, or the first one in the path that has the packages of the tests; null if there is none.
FilePath PythonForTests()
{
    string[] names = EnvironmentVariable("PYTHON") is { Length: > 0 } chosen ? [chosen] : ["python3", "/usr/bin/python3", "python"];
    return names.Select(name => name.StartsWith('/') ? (FileExists(name) ? (FilePath)name : null) : Context.Tools.Resolve(name))
        .FirstOrDefault(python => python is not null && StartProcess(python, new ProcessSettings
        {
            Arguments = "-c \"import numpy, psutil\"",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectedStandardErrorHandler = _ => null,
            RedirectedStandardOutputHandler = _ => null,
        }) == 0);
}

/// The reason why the tests can't run on this machine, in one line; null if they can.
string MissingForConformance()
{
    if (IsRunningOnWindows())
        return "the tests load .NET into Python only on Linux and macOS";
    if (InstalledLibrary() is null)
        return "no installed mlx-c was found";
    return PythonForTests() is null ? "no Python with NumPy and psutil was found (the variable PYTHON names one)" : null;
}

Task("Conformance")
    .Description("Runs MLX's own Python tests against DotMlx and writes docs/conformance.md: --tests=DIR (python/tests of MLX), --filter=FILE,FILE.")
    .Does(() =>
    {
        if (MissingForConformance() is { } missing)
        {
            Information("Skipped: {0}.", missing);
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Console.WriteLine(Outcome.None);
            return;
        }
        DirectoryPath tests = MakeAbsolute(Directory(Argument<string>("tests", null)
            ?? throw new CakeException("--tests=DIR is missing; pass python/tests of a checkout of MLX with the installed version.")));
        if (GetFiles($"{tests}/test_*.py").Count == 0)
            throw new CakeException($"'{tests}' has no test_*.py: --tests is python/tests of a checkout of MLX.");
        DirectoryPath host = root.Combine("artifacts/conformance/host");
        DotNetBuild($"{root}/tests/Conformance/Conformance.csproj", new DotNetBuildSettings
        {
            Configuration = configuration,
            OutputDirectory = host,
            NoLogo = true,
            Verbosity = DotNetVerbosity.Minimal,
            MSBuildSettings = BuildSettings(),
        });
        var arguments = new ProcessArgumentBuilder()
            .AppendQuoted($"{root}/tests/Conformance/run.py").AppendQuoted(tests.FullPath).AppendQuoted($"{root}/artifacts/conformance/results");
        if (Argument<string>("filter", null) is { } filter)
            arguments.Append("--filter").AppendQuoted(filter);
        string last = null;
        int exit = StartProcess(PythonForTests(), new ProcessSettings
        {
            Arguments = arguments,
            RedirectStandardOutput = true,
            RedirectedStandardOutputHandler = line =>
            {
                if (line is not null)
                    Console.WriteLine(last = line);
                return line;
            },
            EnvironmentVariables = new Dictionary<string, string>
            {
                ["DOTMLX_LIBRARY"] = InstalledLibrary().FullPath, ["CONFORMANCE_HOST"] = host.FullPath, ["CONFORMANCE_ROOT"] = root.FullPath,
            },
        });
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Console.WriteLine(last);
        if (exit != 0)
            throw new CakeException("A test fails without a recorded reason. See above, and the logs in artifacts/conformance/results.");
    });
