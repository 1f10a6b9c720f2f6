// Measurements: the comparison with C, the suites of BenchmarkDotNet, and the soak test.

/// Runs a program of benchmarks/. OpenBLAS gets one thread by default, because its own threads make the figures unstable.
void RunBenchmark(string project)
{
    var environment = new Dictionary<string, string>();
    if (string.IsNullOrEmpty(EnvironmentVariable("OPENBLAS_NUM_THREADS")))
        environment["OPENBLAS_NUM_THREADS"] = "1";
    DotNetRun($"{root}/benchmarks/{project}/{project}.csproj", PassedOn(), new DotNetRunSettings
    {
        Configuration = "Release",
        EnvironmentVariables = environment,
    });
}

Task("Compare")
    .Description("Does the same work from C, from the bindings, and from DotMlx, and prints ratios: --rounds=N --only=TEXT --device=gpu.")
    .IsDependentOn("Native")
    .Does(() => RunBenchmark("Compare"));

Task("Collectives")
    .Description("Measures all-sum between processes of this machine, 1 KB to 64 MB, and compares with the raw bindings and Python: --ranks=N --rounds=N.")
    .Does(() => RunBenchmark("Collectives"));

Task("Generation")
    .Description("Generates text with models of random weights, compares with mlx-lm (--python=PATH), and prints ratios: --only=TEXT --rounds=N --tokens=N.")
    .IsDependentOn("Native")
    .Does(() => RunBenchmark("Generation"));

Task("Benchmark")
    .Description("Runs the BenchmarkDotNet suites: --filter=*optimizer*, --list=flat and its other options.")
    .IsDependentOn("Native")
    .Does(() => RunBenchmark("Benchmarks"));

Task("Soak")
    .Description("Runs work on many threads, and fails if memory or another resource grows: --minutes=N --threads=N.")
    .IsDependentOn("Native")
    .Does(() => RunBenchmark("Soak"));
