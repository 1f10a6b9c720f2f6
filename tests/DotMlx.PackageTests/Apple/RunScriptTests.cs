using System.IO.Compression;
using DotMlx.PackageTests.Staging;

namespace DotMlx.PackageTests.Apple;

/// <summary>The output of tests/apple/run.sh, with stand-ins for a Mac's programs, for dotnet, and for the build.</summary>
[NonParallelizable]
[Platform("Linux,MacOsX", Reason = "The script is for bash.")]
internal sealed class RunScriptTests
{
    private const string Machine = "Apple M9 Max, macOS 27.1 (26B55), MLX 0.32.3, mlx-c 0.7.0, DotMlx without git";

    private string _folder = "";

    private string Prefix => Path.Combine(_folder, "Cellar", "mlx-c", "0.7.0");

    private string Calls => Path.Combine(_folder, "calls.log");

    [SetUp]
    public void Begin()
    {
        _folder = Directory.CreateTempSubdirectory("dotmlx-apple-").FullName;
        string script = Directory.CreateDirectory(Path.Combine(_folder, "tests", "apple")).FullName;
        File.Copy(Path.Combine(PackedFiles.Repository, "tests", "apple", "run.sh"), Path.Combine(script, "run.sh"));
        string tools = Directory.CreateDirectory(Path.Combine(_folder, "tools")).FullName;
        foreach (string folder in new[] { "Tools", "AppleTools" })
            foreach (string tool in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, folder))
                .Where(file => !file.EndsWith(".md", StringComparison.Ordinal)))
                Executable(tool, Path.Combine(Path.GetFileName(tool) == "build.sh" ? _folder : tools, Path.GetFileName(tool)));
        FixturePrefix.Dylib(Path.Combine(Prefix, "lib", "libmlxc.dylib"), "ID @rpath/libmlxc.dylib");
        string include = Directory.CreateDirectory(Path.Combine(Prefix, "include", "mlx")).FullName;
        File.WriteAllText(Path.Combine(include, "version.h"),
            "#define MLX_VERSION_MAJOR 0\n#define MLX_VERSION_MINOR 32\n#define MLX_VERSION_PATCH 3\n#define MLX_VERSION_NUMERIC 3\n");
    }

    [TearDown]
    public void End() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void TheQuickTestsAreThoseOfTheirCategory()
    {
        Command run = Start("--quick").Succeeded();
        Assert.That(run.Text, Does.StartWith(Machine + "\n").And.EndsWith("The quick tests passed.\n"));
        Assert.That(File.ReadAllLines(Calls),
            Has.One.Items.And.One.StartsWith("dotnet test tests/apple/MetalTests").And.One.Contains("--filter TestCategory=Quick"));
    }

    [Test]
    public void EverythingRunsAndTheLastLineSaysSo()
    {
        Pack("DEP @loader_path/libmlx.dylib");
        Command run = Start().Succeeded();
        Assert.That(run.Text, Does.StartWith(Machine + "\n").And.EndsWith("All of it passed.\n"));
        Assert.That(
            File.ReadAllLines(Calls).Select(call => string.Join(' ', call.Split(' ').Take(3))),
            Is.EqualTo(new[] { "dotnet test tests/apple/MetalTests", "build.sh --target=Test", "dotnet run --project",
                $"build.sh --target=TestPackages --mlx-c={Prefix}" }));
    }

    [TestCase("--quick")]
    [TestCase(null)]
    public void AFailingTestIsNamedWithOneFileToSend(string? mode)
    {
        Command run = Start("metal", mode);
        AssertReport(run, "  test: TheGpuAgreesWithTheCpu(\"erf\")");
        Assert.That(run.Text, Does.Contain("FAILED: M"));
        Assert.That(File.ReadAllLines(Calls), Has.None.StartsWith("build.sh"), "it ends at the first failure");
    }

    [TestCase("--target=Test", "Every suite, on the reference library and on MLX")]
    [TestCase("--target=TestPackages", "The packages in new projects")]
    public void AStepThatDiesWithoutATestSaysWhichItWas(string failing, string title)
    {
        Command run = Start(failing, null);
        AssertReport(run, "  no test says so: see the lines above");
        Assert.That(run.Text, Does.Contain($"FAILED: {title}").And.Contain("the test host died"));
    }

    [Test]
    public void WhereNothingIsBuiltThereIsAReportAsWell()
    {
        Command run = Start("build", "--quick");
        Assert.That(run.Exit, Is.EqualTo(1), run.Text);
        Assert.That(run.Text, Does.Contain("error CS0103").And.Contain("no test says so").And.Contain("Please send us this one file"));
        Assert.That(File.Exists(Path.Combine(_folder, "artifacts", "apple-report.tar.gz")));
    }

    [Test]
    public void HomebrewsFoldersTellTheVersions()
    {
        // The headers of MLX aren't next to those of mlx-c, and links lead to both.
        string headers = Directory.CreateDirectory(Path.Combine(_folder, "Cellar", "mlx", "0.32.3")).FullName;
        Directory.Move(Path.Combine(Prefix, "include"), Path.Combine(headers, "include"));
        string links = Directory.CreateDirectory(Path.Combine(_folder, "opt")).FullName;
        File.CreateSymbolicLink(Path.Combine(links, "mlx"), headers);
        string linked = File.CreateSymbolicLink(Path.Combine(links, "mlx-c"), Prefix).FullName;
        Assert.That(Start("", "--quick", linked).Succeeded().Text, Does.StartWith(Machine + "\n"));
    }

    [Test]
    public void AnInaccurateSampleAndALeakyPackageFail()
    {
        Command run = Start("", null, ("ACCURACY", "61.2"));
        AssertReport(run, "held-out accuracy 61.2 % is below 97 %");
        Pack("DEP /opt/homebrew/opt/mlx/lib/libjaccl.dylib");
        AssertReport(Start(), "libmlxc.dylib loads something from outside the package");
    }

    [Test]
    public void ADotnetForIntelIsRefused()
    {
        Command run = Start("", "--quick", ("RID", "osx-x64"));
        Assert.That(run.Exit, Is.EqualTo(1));
        Assert.That(run.Text, Does.Contain("'dotnet' is for osx-x64: install the .NET 10 SDK for Arm64"));
    }

    private void AssertReport(Command run, string message)
    {
        string archive = Path.Combine(_folder, "artifacts", "apple-report.tar.gz");
        Assert.That(run.Exit, Is.EqualTo(1), run.Text);
        Assert.That(run.Text, Does.Contain(message).And.Contain($"on:     {Machine}\n").And.Contain("device: GPU: Metal Apple M9 Max").And
            .Contain("Please send us this one file").And.Contain(archive));
        string files = Command.Run("tar", ["-tzf", archive], _folder, new Dictionary<string, string>()).Succeeded().Text;
        foreach (string file in new[] { "machine.txt", "output.txt", "info.txt", "summary.txt", "metal.trx" })
            Assert.That(files, Does.Contain($"dotmlx-apple-report/{file}"));
    }

    private Command Start(string? mode = null) => Start("", mode);

    private Command Start(string failing, string? mode, params (string Name, string Value)[] variables) =>
        Start(failing, mode, Prefix, variables);

    private Command Start(string failing, string? mode, string prefix, params (string Name, string Value)[] variables)
    {
        string[] arguments = [Path.Combine(_folder, "tests", "apple", "run.sh"), .. mode is null ? Array.Empty<string>() : [mode], prefix];
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = $"{Path.Combine(_folder, "tools")}:{Environment.GetEnvironmentVariable("PATH")}", ["HOME"] = _folder,
            ["CALLS"] = Calls, ["FAILING"] = failing,
            ["TOOL_LOG"] = Path.Combine(_folder, "tools.log"), ["GIT_CEILING_DIRECTORIES"] = _folder,
        };
        foreach ((string name, string value) in variables) environment[name] = value;
        return Command.Run("bash", arguments, _folder, environment);
    }

    /// <summary>A package in the form that the build writes, with a library that loads another one.</summary>
    private void Pack(string dependency)
    {
        string native = Path.Combine(_folder, "packed", "runtimes", "osx-arm64", "native");
        FixturePrefix.Dylib(Path.Combine(native, "libmlxc.dylib"), "ID @loader_path/libmlxc.dylib", dependency, "SIGNED");
        File.WriteAllText(Path.Combine(native, "mlx.metallib"), "MTLB");
        File.WriteAllText(Path.Combine(native, "versions.json"), "{}\n");
        string packages = Directory.CreateDirectory(Path.Combine(_folder, "artifacts", "packages")).FullName;
        ZipFile.CreateFromDirectory(Path.Combine(_folder, "packed"), Path.Combine(packages, "DotMlx.Runtime.osx-arm64.0.32.3.nupkg"));
        Directory.Delete(Path.Combine(_folder, "packed"), recursive: true);
    }

    private static void Executable(string from, string to)
    {
        File.Copy(from, to);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(to, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}
