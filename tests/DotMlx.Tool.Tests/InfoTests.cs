using System.Text.Json.Nodes;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests;

internal sealed class InfoTests
{
    [Test]
    public void InfoDescribesTheLibraryInUse()
    {
        Result result = CommandLine.Run("info").Succeeded();
        Assert.That(result.Row("library")[1], Is.EqualTo(MlxLibrary.Path));
        Assert.That(result.Row("kind")[1], Does.StartWith(LibraryInUse.IsReference ? "reference library" : "MLX"));
        Assert.That(result.Row("MLX")[1], Is.EqualTo(MlxLibrary.MlxVersion));
        Assert.That(result.Row("mlx-c")[1], Is.EqualTo(MlxLibrary.MlxcVersion));
        Assert.That(result.Row("devices")[1], Does.Contain("cpu:0").And.Contain("(default)"));
        Assert.That(result.Row("GPU")[1], Mx.WhyUnavailable(DeviceType.Gpu) is { } why
            ? Is.EqualTo($"none: {why}")
            : Is.AnyOf("Metal", "CUDA"));
        Assert.That(result.Row("memory, active")[1], Does.EndWith("B"));
        Assert.That(result.Lines[^1], Does.StartWith(MlxLibrary.Path).And.EndsWith("in use"));
        Assert.That(result.Errors, Is.Empty);
    }

    [Test]
    public void InfoWritesJson()
    {
        JsonNode json = CommandLine.Run("info", "--json").Succeeded().Json;
        Assert.That((string?)json["library"], Is.EqualTo(MlxLibrary.Path));
        Assert.That((string?)json["kind"], Is.EqualTo(LibraryInUse.IsReference ? "reference" : "mlx"));
        Assert.That((string?)json["gpu"], Is.AnyOf("none", "Metal", "CUDA"));
        Assert.That((string?)json["whyNoGpu"], Is.EqualTo(Mx.WhyUnavailable(DeviceType.Gpu)));
        Assert.That((string?)json["devices"]![0]!["name"], Is.EqualTo("cpu:0"));
        Assert.That((long?)json["memory"]!["limit"], Is.GreaterThan(0));
        JsonArray attempts = json["attempts"]!.AsArray();
        Assert.That(attempts[^1]!["failure"], Is.Null);
        Assert.That((string?)attempts[^1]!["path"], Is.EqualTo(MlxLibrary.Path));
    }

    [Test]
    public void WhereNothingLoadsItTellsEveryPathAndWhatToDo()
    {
        Result result = CommandLine.RunProcess("/does/not/exist/libmlxc.so", "info");
        Assert.That(result.Exit, Is.EqualTo(1));
        Assert.That(result.Row("library")[1], Is.EqualTo("none"));
        Assert.That(result.Row("/does/not/exist/libmlxc.so"),
            Is.EqualTo(new[] { "/does/not/exist/libmlxc.so", "DOTMLX_LIBRARY", "no such file" }));
        Assert.That(result.Errors, Does.StartWith("dotnet mlx info: no MLX library loads; ").And.Contain("DOTMLX_LIBRARY"));
        Assert.That(result.Errors.TrimEnd(), Does.Not.Contain("\n"));
    }

    [Test]
    public void CommandsWithoutALibrarySayWhereTheySearched()
    {
        CommandLine.RunProcess("/does/not/exist/libmlxc.so", "bench").AssertRefused("no MLX library loads", "'dotnet mlx info'");
    }
}
