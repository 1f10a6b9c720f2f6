// The suites as programs for another processor, run by QEMU: ./build.sh --target=Test --architecture=arm64.

/// The processor in --architecture; null for the machine's own.
string EmulatedArchitecture() =>
    Argument<string>("architecture", null) is { } wanted && wanted != RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant() ? wanted : null;

DirectoryPath EmulationFolder => root.Combine("artifacts/arm64");

/// The required programs, and their packages in Debian and Ubuntu.
(string Program, string Package)[] EmulationPrograms() =>
[
    ("qemu-aarch64-static", "qemu-user-static"), ("aarch64-linux-gnu-g++", "g++-aarch64-linux-gnu"),
    ("aarch64-linux-gnu-objcopy", "binutils-aarch64-linux-gnu"), ("clang", "clang"), ("ld.lld", "lld"),
];

string MissingForEmulation(string architecture)
{
    if (architecture != "arm64" || !IsRunningOnLinux())
        return $"--architecture={architecture} cannot be tested here; only arm64 is supported, on Linux.";
    var packages = EmulationPrograms().Where(needed => !OnPath(needed.Program)).Select(needed => needed.Package).ToList();
    // The emulator uses the system's libraries for that processor.
    if (!FileExists("/lib/ld-linux-aarch64.so.1"))
        packages.Add("libc6:arm64 libstdc++6:arm64 zlib1g-dev:arm64 libssl3:arm64");
    return packages.Count == 0 ? null
        : $"--architecture=arm64 needs, on Debian and Ubuntu: dpkg --add-architecture arm64 && apt-get update && apt-get install {string.Join(' ', packages)}";
}

/// NativeAOT and MLX's compiled functions need that processor's linker and compiler, which therefore come first in the path.
DirectoryPath CrossCompilers()
{
    DirectoryPath tools = EmulationFolder.Combine("tools");
    EnsureDirectoryExists(tools);
    foreach ((string name, string compiler) in new[] { ("g++", "g++"), ("c++", "g++"), ("gcc", "gcc"), ("cc", "gcc") })
    {
        string link = tools.CombineWithFilePath(name).FullPath;
        System.IO.File.Delete(link);
        System.IO.File.CreateSymbolicLink(link, Context.Tools.Resolve($"aarch64-linux-gnu-{compiler}").FullPath);
    }
    return tools;
}

DotNetPublishSettings ForArm64(DirectoryPath output, bool? selfContained = null) => new()
{
    Configuration = configuration,
    Runtime = "linux-arm64",
    SelfContained = selfContained,
    OutputDirectory = output,
    NoLogo = true,
    Verbosity = DotNetVerbosity.Minimal,
    MSBuildSettings = BuildSettings()
        .WithProperty("ObjCopyName", "aarch64-linux-gnu-objcopy").WithProperty("LinkerFlavor", "lld").WithProperty("UseAppHost", "true")
        .WithProperty("NativeArtifacts", $"{EmulationFolder}/native/").WithProperty("RunAnalyzers", "false")
        // The committed lock files and the build folders are for the machine's own processor.
        .WithProperty("NuGetLockFilePath", "obj/arm64.lock.json"),
    ArgumentCustomization = arguments => arguments.Append("--artifacts-path").AppendQuoted(EmulationFolder.Combine("build").FullPath),
};

/// Publishes the reference library and the suites, and runs them on it and, if MLX_C_PREFIX has MLX for arm64, on MLX.
void TestEmulated(string architecture)
{
    if (MissingForEmulation(architecture) is { } missing)
        throw new CakeException(missing);
    DotNetPublish($"{root}/native/Reference/Reference.csproj", ForArm64(EmulationFolder.Combine("native/linux-arm64/native")));
    string[] suites = ["DotMlx.Bindings.Tests", "DotMlx.Tests"];
    foreach (string suite in suites)
        DotNetPublish($"{root}/tests/{suite}/{suite}.csproj", ForArm64(EmulationFolder.Combine(suite), selfContained: true));

    var libraries = new List<string> { "reference" };
    string prefix = EnvironmentVariable("MLX_C_PREFIX");
    if (!string.IsNullOrEmpty(prefix) && LibraryIn(prefix) is { } mlx && IsForArm64(mlx))
        libraries.Add(mlx.FullPath);
    else
        Information("The suites ran on the reference library only, because MLX_C_PREFIX names no MLX for arm64.");
    var outcomes = libraries.SelectMany(library => suites.Select(suite => (library, suite, Outcome: RunEmulated(suite, library)))).ToList();
    foreach ((string library, string suite, Outcome outcome) in outcomes)
        Information("{0} on arm64, {1}: {2}", suite, library, outcome);
    Outcome sum = outcomes.Aggregate(Outcome.None, (total, run) => total + run.Outcome);
    AppDomain.CurrentDomain.ProcessExit += (_, _) => Console.WriteLine(sum);
    foreach (string failure in sum.Failures)
        Error(failure);
    if (sum.Failed > 0)
        throw new CakeException($"{sum.Failed} test(s) failed on emulated arm64.");
}

bool IsForArm64(FilePath library)
{
    using System.IO.FileStream file = System.IO.File.OpenRead(library.FullPath);
    byte[] head = new byte[20];
    return file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head[18] == 183;
}

Outcome RunEmulated(string suite, string library)
{
    FilePath log = root.CombineWithFilePath($"artifacts/test-results/{suite}/arm64-{(library == "reference" ? library : "MLX")}.txt");
    EnsureDirectoryExists(log.GetDirectory());
    // MLX keeps compiled functions in the temporary folder, and their names don't contain the processor.
    DirectoryPath temporary = EmulationFolder.Combine("tmp");
    EnsureDirectoryDoesNotExist(temporary);
    EnsureDirectoryExists(temporary);
    string emulator = Context.Tools.Resolve("qemu-aarch64-static").FullPath;
    var arguments = new ProcessArgumentBuilder().AppendQuoted(EmulationFolder.Combine(suite).CombineWithFilePath(suite).FullPath).Append("run-tests");
    if (Argument<string>("filter", null) is { } filter)
        arguments.AppendQuoted(filter);
    Information("{0} on arm64, {1}: see {2}", suite, library, root.GetRelativePath(log));
    string last = "";
    var failures = new List<string>();
    using var writer = new System.IO.StreamWriter(log.FullPath) { AutoFlush = true };
    int exit = StartProcess(emulator, new ProcessSettings
    {
        Arguments = arguments,
        WorkingDirectory = EmulationFolder.Combine(suite),
        RedirectStandardOutput = true,
        RedirectedStandardOutputHandler = line =>
        {
            if (line is null)
                return null;
            writer.WriteLine(line);
            last = line;
            if (line.StartsWith("failed in "))
                failures.Add($"{suite} on arm64, {library}: {line}");
            return line;
        },
        EnvironmentVariables = new Dictionary<string, string>
        {
            ["DOTMLX_LIBRARY"] = library, ["DOTMLX_TEST_DEVICE"] = "cpu", ["DOTMLX_TEST_EMULATOR"] = emulator, ["TMPDIR"] = temporary.FullPath,
            ["PATH"] = $"{CrossCompilers()}:{EnvironmentVariable("PATH")}",
            // The emulator doesn't notice code that another thread has rewritten; without these settings, it crashes.
            ["DOTNET_TieredCompilation"] = "0", ["DOTNET_EnableWriteXorExecute"] = "0", ["OPENBLAS_NUM_THREADS"] = "1",
        },
    });
    string[] words = last.Split([' ', ',']);
    if (words is not [string passed, "passed", _, _, "failed", _, string skipped, "skipped"])
        return new Outcome(0, [.. failures, $"{suite} on arm64, {library}: exit code {exit} before the sum; the last line is '{last}'."], 0);
    return new Outcome(int.Parse(passed), [.. failures], int.Parse(skipped));
}
