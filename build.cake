// The build in one script: ./build.sh --target=NAME (build.ps1 on Windows); --help lists the targets.
#load "build/Platform.cake"
#load "build/Native.cake"
#load "build/Testing.cake"
#load "build/Emulation.cake"
#load "build/Coverage.cake"
#load "build/Packaging.cake"
#load "build/PublicApi.cake"
#load "build/Benchmarks.cake"
#load "build/Docs.cake"
#load "build/Fuzzing.cake"
#load "build/Conformance.cake"

using System.Runtime.InteropServices;

string target = Argument("target", "Default");
string configuration = Argument("configuration", "Release");
DirectoryPath root = Context.Environment.WorkingDirectory;

DotNetMSBuildSettings BuildSettings() => new() { MaxCpuCount = System.Environment.ProcessorCount };

/// The arguments that this script doesn't use itself, formatted for a program.
ProcessArgumentBuilder PassedOn(params string[] own)
{
    var arguments = new ProcessArgumentBuilder();
    foreach ((string name, ICollection<string> values) in Context.Arguments.GetArguments())
    {
        if (name is "target" or "configuration" || own.Contains(name))
            continue;
        foreach (string value in values)
        {
            arguments.Append($"--{name}");
            if (!string.IsNullOrEmpty(value))
                arguments.AppendQuoted(value);
        }
    }
    return arguments;
}

Task("Clean")
    .Description("Removes artifacts, bin, and obj.")
    .Does(() =>
    {
        EnsureDirectoryDoesNotExist(root.Combine("artifacts"));
        foreach (FilePath project in GetFiles($"{root}/{{bindings,native,packaging,src,samples,tests,benchmarks}}/**/*.*proj"))
            foreach (string folder in new[] { "bin", "obj" })
                EnsureDirectoryDoesNotExist(project.GetDirectory().Combine(folder));
    });

Task("Restore")
    .Description("Restores the packages of the solution.")
    .Does(() => DotNetRestore($"{root}/DotMlx.slnx", new DotNetRestoreSettings
    {
        Verbosity = DotNetVerbosity.Minimal,
        MSBuildSettings = BuildSettings(),
    }));

Task("Native")
    .Description("Publishes the reference library for this machine if its sources have changed.")
    .Does(PublishReferenceLibrary);

Task("Bindings")
    .Description("Regenerates the bindings from the mlx-c headers: --headers=DIR --version=NAME --check.")
    .Does(() => DotNetRun($"{root}/bindings/Generator/Generator.csproj", PassedOn(), new DotNetRunSettings { Configuration = configuration }));

Task("Build")
    .Description("Builds the solution.")
    .IsDependentOn("Restore")
    .IsDependentOn("Native")
    .Does(() => DotNetBuild($"{root}/DotMlx.slnx", new DotNetBuildSettings
    {
        Configuration = configuration,
        NoRestore = true,
        NoLogo = true,
        Verbosity = DotNetVerbosity.Minimal,
        MSBuildSettings = BuildSettings(),
    }));

CakeTaskBuilder test = Task("Test")
    .Description("Runs every suite on the reference library and, if mlx-c is installed, on MLX: --filter=EXPRESSION, --gpu, --architecture=arm64.")
    .Does(() =>
    {
        if (EmulatedArchitecture() is { } architecture)
        {
            TestEmulated(architecture);
            return;
        }
        FilePath installed = InstalledLibrary();
        var runs = new List<(string Title, Outcome Outcome)> { ("reference library", RunSuites("reference library", "reference")) };
        if (installed is not null)
        {
            runs.Add(($"MLX ({installed})", RunSuites("MLX", installed.FullPath)));
            if (HasGpu())
                runs.Add(($"GPU of MLX ({installed})", RunSuites("MLX", installed.FullPath, "gpu")));
        }
        else
            Information("No installed mlx-c was found (or DOTMLX_LIBRARY=reference is set): the suites ran on the reference library only.");

        foreach ((string title, Outcome outcome) in runs)
            Information("On the {0}: {1}", title, outcome);
        Outcome sum = runs.Aggregate(Outcome.None, (total, run) => total + run.Outcome);
        // Printed when the process ends, so that it is the last line, after Cake's own report.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Console.WriteLine(sum);
        foreach (string failure in sum.Failures)
            Error(failure);
        if (sum.Failed > 0)
            throw new CakeException($"{sum.Failed} test(s) failed.");
    });
// Emulated suites are published for their processor instead.
if (EmulatedArchitecture() is null)
    test.IsDependentOn("Build");

Task("Train")
    .Description("Trains the digits sample: --epochs, --batch-size, --learning-rate, --optimizer, --seed, --output, --resume.")
    .IsDependentOn("Native")
    .Does(() => DotNetRun($"{root}/samples/Digits/Digits.csproj", PassedOn(), new DotNetRunSettings { Configuration = configuration }));

Task("Pack")
    .Description("Writes the packages into artifacts/packages; an installed mlx-c becomes a runtime package: --mlx-c=PREFIX names it, --revision=N numbers it.")
    .IsDependentOn("Native")
    .Does(() =>
    {
        EnsureDirectoryDoesNotExist(Packages);
        PackManaged();
        PackReferenceRuntime();
        if (HasArgument("mlx-c"))
            PackMlxRuntime(Argument<string>("mlx-c"));
        else if (!IsRunningOnWindows() && InstalledLibrary() is { } library)
            PackMlxRuntime(library.GetDirectory().GetParent().FullPath);
        foreach (FilePath package in GetFiles($"{Packages}/*.nupkg"))
            Information(root.GetRelativePath(package));
    });

Task("TestPackages")
    .Description("Packs, and then restores, runs, and publishes new projects that use only the packages.")
    .IsDependentOn("Pack")
    .Does(() => DotNetTest($"{root}/tests/DotMlx.PackageTests/DotMlx.PackageTests.csproj", new DotNetTestSettings
    {
        Configuration = configuration,
        NoLogo = true,
        Filter = Argument<string>("filter", null),
        Loggers = ["trx;LogFileName=results.trx", "console;verbosity=normal"],
        ResultsDirectory = root.Combine("artifacts/test-results/DotMlx.PackageTests"),
    }));

Task("Default")
    .Description("Test.")
    .IsDependentOn("Test");

if (HasArgument("help") || HasArgument("description"))
    foreach (ICakeTaskInfo task in Tasks)
        Console.WriteLine("--target={0,-10} {1}", task.Name, task.Description);
else
    RunTarget(target);
