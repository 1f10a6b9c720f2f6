// Runs the suites on one library after another, and adds up the counts in their TRX files.

using System.Xml.Linq;

/// The counts, and one line for each failure, which is repeated at the end, where a truncated log still shows it.
public sealed record Outcome(int Passed, string[] Failures, int Skipped)
{
    public static readonly Outcome None = new(0, [], 0);
    public int Failed => Failures.Length;
    public static Outcome operator +(Outcome a, Outcome b) => new(a.Passed + b.Passed, [.. a.Failures, .. b.Failures], a.Skipped + b.Skipped);
    public override string ToString() => $"{Passed} passed, {Failed} failed, {Skipped} skipped";
}

/// The test projects that run from the build tree; the tests of the packages need packed files and have their own target.
IEnumerable<FilePath> TestProjects() =>
    GetFiles($"{root}/tests/*/*.{{cs,fs}}proj")
        .Where(project => System.IO.File.ReadAllText(project.FullPath).Contains("<IsTestProject>true"))
        .Where(project => !project.GetFilenameWithoutExtension().FullPath.EndsWith("PackageTests"))
        .OrderBy(project => project.FullPath, StringComparer.Ordinal);

/// Runs the suites on one library; suites that compute get the device.
Outcome RunSuites(string title, string library, string device = "cpu")
{
    Outcome sum = Outcome.None;
    foreach (FilePath project in TestProjects())
    {
        Outcome outcome = RunSuite(project, title, library, device);
        Information("{0} on the {1}: {2}", project.GetFilenameWithoutExtension(), title, outcome);
        sum += outcome;
    }
    return sum;
}

/// Whether MLX computes on a GPU: always on Apple silicon, and elsewhere with --gpu.
bool HasGpu() => HasArgument("gpu") || (IsRunningOnMacOs() && RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64);

Outcome RunSuite(FilePath project, string title, string library, string device)
{
    DirectoryPath results = root.Combine($"artifacts/test-results/{project.GetFilenameWithoutExtension()}/{title.Split(' ')[0]}-{device}");
    EnsureDirectoryDoesNotExist(results);
    int exit = 0;
    DotNetTest(project.FullPath, new DotNetTestSettings
    {
        Configuration = configuration,
        NoBuild = true,
        NoRestore = true,
        NoLogo = true,
        Verbosity = DotNetVerbosity.Minimal,
        Filter = Argument<string>("filter", null),
        Loggers = ["trx;LogFileName=results.trx", "console;verbosity=minimal"],
        // If the test host dies, the log names the test that was running.
        ArgumentCustomization = arguments => arguments.Append("--blame"),
        ResultsDirectory = results,
        // As in MLX's own tests, TF32 is off, because it rounds the factors of float32 products to 10 bits. The suites make more CUDA
        // graphs than a program usually does, and MLX fails if it drops as many of them as it keeps.
        EnvironmentVariables = new Dictionary<string, string>
        {
            ["DOTMLX_LIBRARY"] = library, ["DOTMLX_TEST_DEVICE"] = device, ["MLX_ENABLE_TF32"] = "0", ["MLX_CUDA_GRAPH_CACHE_SIZE"] = "10000",
        },
        HandleExitCode = code => { exit = code; return true; },
    });
    string suite = $"{project.GetFilenameWithoutExtension()} on the {title}";
    Outcome outcome = GetFiles($"{results}/**/*.trx").Select(trx => ReadResults(trx, suite)).Aggregate(Outcome.None, (a, b) => a + b);
    // A test host that dies writes no results, which counts as a failure even if no test failed.
    if (exit != 0 && outcome.Failed == 0)
        outcome += new Outcome(0, [$"{suite}: exit code {exit} although no test failed: the test host died or did not start."], 0);
    else if (outcome is { Passed: 0, Failed: 0, Skipped: 0 } && !HasArgument("filter"))
        outcome += new Outcome(0, [$"{suite}: no test ran."], 0);
    return outcome;
}

Outcome ReadResults(FilePath trx, string suite)
{
    XNamespace ns = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";
    int passed = 0, skipped = 0;
    var failures = new List<string>();
    foreach (XElement result in XDocument.Load(trx.FullPath).Descendants(ns + "UnitTestResult"))
    {
        switch ((string)result.Attribute("outcome"))
        {
            case "Passed": passed++; break;
            case "NotExecuted" or "Inconclusive" or "NotRunnable": skipped++; break;
            default:
                string message = result.Descendants(ns + "Message").FirstOrDefault()?.Value.Trim();
                failures.Add($"{suite}: {(string)result.Attribute("testName")}: {message}");
                break;
        }
    }
    return new Outcome(passed, [.. failures], skipped);
}
