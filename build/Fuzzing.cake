// Coverage-guided fuzzing of the file parsers: afl-fuzz changes files, and SharpFuzz's instrumentation reports new coverage.

Task("Fuzz")
    .Description("Fuzzes the file parsers with afl-fuzz: --parser=NAME (all by default), --minutes=10 for each.")
    .Does(() =>
    {
        FilePath fuzzer = Context.Tools.Resolve("afl-fuzz")
            ?? throw new CakeException("afl-fuzz is needed and not on the PATH: 'apt-get install afl++', 'brew install afl++', or https://aflplus.plus.");
        DirectoryPath program = root.Combine("artifacts/fuzz/program");
        EnsureDirectoryDoesNotExist(program);
        DotNetPublish($"{root}/tests/DotMlx.Fuzz/DotMlx.Fuzz.csproj", new DotNetPublishSettings
        {
            Configuration = configuration,
            OutputDirectory = program,
            NoLogo = true,
            Verbosity = DotNetVerbosity.Minimal,
        });
        RunFuzzing("dotnet", new ProcessArgumentBuilder().Append("sharpfuzz").AppendQuoted($"{program}/DotMlx.dll"));

        int minutes = Argument("minutes", 10);
        string[] parsers = Argument<string>("parser", null) is { } one ? [one] : ["safetensors", "npy", "npz", "gguf", "index"];
        int found = parsers.Sum(parser => Fuzz(fuzzer, program, parser, minutes));
        if (found > 0)
            throw new CakeException($"{found} files in artifacts/fuzz make a parser fail: dotnet artifacts/fuzz/program/DotMlx.Fuzz.dll PARSER < FILE shows how.");
    });

/// The number of files that made the parser fail or hang.
int Fuzz(FilePath fuzzer, DirectoryPath program, string parser, int minutes)
{
    DirectoryPath work = root.Combine($"artifacts/fuzz/{parser}");
    EnsureDirectoryDoesNotExist(work);
    RunFuzzing("dotnet", new ProcessArgumentBuilder().AppendQuoted($"{program}/DotMlx.Fuzz.dll").Append(parser).AppendQuoted($"{work}/samples"));
    RunFuzzing(fuzzer, new ProcessArgumentBuilder()
        .Append($"-V {minutes * 60} -m none -t 10000 -i").AppendQuoted($"{work}/samples").Append("-o").AppendQuoted($"{work}/findings")
        .Append("-- dotnet").AppendQuoted($"{program}/DotMlx.Fuzz.dll").Append(parser));
    FilePath[] failing = [.. GetFiles($"{work}/findings/default/{{crashes,hangs}}/id*")];
    string figures = System.IO.File.ReadAllText($"{work}/findings/default/fuzzer_stats");
    string Figure(string name) => figures.Split('\n').First(line => line.StartsWith(name + " ", StringComparison.Ordinal)).Split(':')[1].Trim();
    Information("{0}: {1} runs, {2} inputs with new coverage, {3} failures", parser, Figure("execs_done"), Figure("corpus_count"), failing.Length);
    return failing.Length;
}

void RunFuzzing(FilePath tool, ProcessArgumentBuilder arguments)
{
    int exit = StartProcess(tool, new ProcessSettings
    {
        Arguments = arguments,
        WorkingDirectory = root,
        EnvironmentVariables = new Dictionary<string, string>
        {
            // afl-fuzz can't detect that the program 'dotnet' is instrumented, and it must not request changes to the machine.
            ["AFL_SKIP_BIN_CHECK"] = "1", ["AFL_SKIP_CPUFREQ"] = "1", ["AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES"] = "1", ["AFL_NO_UI"] = "1", ["AFL_NO_AFFINITY"] = "1",
        },
    });
    if (exit != 0)
        throw new CakeException($"{tool.GetFilename()} ended with {exit}.");
}
