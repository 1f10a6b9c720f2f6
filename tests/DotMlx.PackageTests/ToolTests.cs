using System.Text.Json;
using System.Xml.Linq;

namespace DotMlx.PackageTests;

/// <summary>Tests the packed tool, installed from the packages alone into a folder outside the repository.</summary>
[NonParallelizable]
internal sealed class ToolTests
{
    private const string Tool = "DotMlx.Tool";
    private const string Home = "DOTNET_CLI_HOME";

    private readonly string? _home = Environment.GetEnvironmentVariable(Home);
    private NewProject _project = null!;

    [OneTimeSetUp]
    public void Install()
    {
        _ = PackedFiles.PathOf(Tool);
        _project = new NewProject([]) { Library = "reference" };

        // dotnet remembers for each version where it found a tool, and would search the folder of an earlier run.
        Environment.SetEnvironmentVariable(Home, _project.Folder);
        _project.Dotnet("new", "tool-manifest").Succeeded();
        _project.Dotnet("tool", "install", Tool, "--version", PackedFiles.VersionOf(Tool)).Succeeded();
    }

    [OneTimeTearDown]
    public void Remove()
    {
        Environment.SetEnvironmentVariable(Home, _home);
        _project?.Dispose();
    }

    [Test]
    public void InfoFindsTheReferenceLibraryThatCameWithIt()
    {
        Command result = _project.Dotnet("mlx", "info").Succeeded();
        Assert.That(result.Line("kind"), Does.StartWith("reference library"));
        Assert.That(result.Line("library"),
            Does.Contain(Tool.ToLowerInvariant()).And.Contain($"runtimes{Path.DirectorySeparatorChar}{NewProject.Rid}"));
        Assert.That(result.Line("DotMlx"), Is.EqualTo(PackedFiles.Version));
    }

    [Test]
    public void InspectAndConvertWork()
    {
        // A manually written npy file: magic, version 1, header, three numbers.
        string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n";
        File.WriteAllBytes(
            Path.Combine(_project.Folder, "a.npy"),
            [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. System.Text.Encoding.ASCII.GetBytes(header), .. new byte[12]]);
        Assert.That(_project.Dotnet("mlx", "inspect", "a.npy").Succeeded().Text, Does.Contain("npy, 1 array, 3 elements, 12 B"));

        _project.Dotnet("mlx", "convert", "a.npy", "b.safetensors", "--dtype", "float16").Succeeded();
        using JsonDocument json = JsonDocument.Parse(_project.Dotnet("mlx", "inspect", "b.safetensors", "--json").Succeeded().Text);
        Assert.That(json.RootElement.GetProperty("arrays")[0].GetProperty("type").GetString(), Is.EqualTo("float16"));

        Command refused = _project.Dotnet("mlx", "convert", "a.npy", "b.safetensors");
        Assert.That(refused.Exit, Is.EqualTo(1));
        Assert.That(refused.Text, Does.Contain("exists; --force replaces it"));
    }

    [Test]
    public void LaunchStartsRanksAndTellsWhichFailed()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("launch needs macOS or Linux.");
        }

        Assert.That(_project.Dotnet("mlx", "launch", "-n", "2", "--", "sh", "-c", "echo hello $MLX_RANK")
            .Succeeded().Text, Does.Contain("[0] hello 0").And.Contain("[1] hello 1"));
        Command failed = _project.Dotnet("mlx", "launch", "-n", "2", "--", "sh", "-c", "exit $((MLX_RANK * 3))");
        Assert.That(failed.Exit, Is.EqualTo(3));
        Assert.That(failed.Text, Does.Contain("rank 1 ended with exit code 3"));
    }

    [Test]
    public void ThePackageIsAToolWithTheReferenceLibraryOfItsPlatform()
    {
        XElement metadata = PackedFiles.Metadata(Tool, out XNamespace space);
        Assert.That((string?)metadata.Descendants(space + "packageType").Single().Attribute("name"), Is.EqualTo("DotnetTool"));
        Assert.That(PackedFiles.Entries(Tool), Has.Some.Match($"/runtimes/{NewProject.Rid}/native/(lib)?mlxc-reference"));
        Assert.That(PackedFiles.Entries(Tool), Is.SupersetOf(new[] { "README.md", "icon.png", "THIRD-PARTY-NOTICES.md" }));
    }
}
