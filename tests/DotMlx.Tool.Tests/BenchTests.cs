using System.Text.Json.Nodes;
using DotMlx.Tool.Bench;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests;

[NonParallelizable]
internal sealed class BenchTests
{
    [Test]
    public void EveryOperationIsMeasuredOrSaysWhyNot()
    {
        JsonNode json = CommandLine.Run("bench", "--quick", "--seconds", "0.01", "--device", "cpu", "--json").Succeeded().Json;
        Assert.That((string?)json["device"], Is.EqualTo("cpu:0"));
        JsonArray measurements = json["measurements"]!.AsArray();
        Assert.That(
            measurements.Select(one => (string?)one!["operation"]),
            Is.SupersetOf(new[]
                { "matmul", "add", "exp", "sum", "softmax", "layer norm", "attention", "quantized matmul", "training step" }));
        foreach (JsonNode? one in measurements)
        {
            bool left = LibraryInUse.IsReference && (string?)one!["operation"] == "quantized matmul";
            Assert.That((double?)one!["medianSeconds"], left ? Is.Null : Is.GreaterThan(0), one.ToJsonString());
            Assert.That((double?)one["rate"], left ? Is.Null : Is.GreaterThan(0));
            Assert.That((string?)one["note"], left ? Does.Contain("not provided by the reference library") : Is.Null);
        }
    }

    [Test]
    public void TheTableHasTheRatesOfTheChosenOperation()
    {
        Result result = CommandLine.Run("bench", "--quick", "--seconds", "0.01", "--filter", "MatMul", "--device", "cpu").Succeeded();
        Assert.That(result.Lines[0], Does.Contain("on cpu:0"));
        Assert.That(result.Lines.Skip(2), Is.All.Contains("matmul"));
        Assert.That(result.Lines, Has.Some.Match(@"^matmul +128 x 128 +float32 +[\d.]+ (ms|µs|s) +[\d.]+ [kMGT]?FLOP/s +\d+$"));
        Assert.That(result.Errors, LibraryInUse.IsReference ? Does.Contain("reference library") : Is.Empty);
    }

    [Test]
    public void AGpuThatIsNotThereIsRefused()
    {
        if (Mx.DeviceCount(DeviceType.Gpu) > 0)
        {
            Assert.Ignore("there is a GPU.");
        }

        Result result = CommandLine.Run("bench", "--quick", "--device", "gpu");
        Assert.That(result.Exit, Is.Not.Zero);
        Assert.That(result.Errors, Does.Contain("not available"));
        Assert.That(result.Output, Is.Empty);
    }

    [Test]
    public void TheMedianIsTheMiddle()
    {
        Assert.That(Measurement.Median([3, 1, 2]), Is.EqualTo(2));
        Assert.That(Measurement.Median([4, 1, 2, 3]), Is.EqualTo(2.5));
    }
}
