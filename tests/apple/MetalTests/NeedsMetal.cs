using System.Runtime.InteropServices;

[assembly: Parallelizable(ParallelScope.None)]
// In the repository's root, dotnet test --filter TestCategory=Metal runs these tests and the other suites' tests for a Mac.
[assembly: Category("Metal")]

namespace DotMlx.MetalTests;

/// <summary>Skips the tests on machines without Apple silicon. On a Mac, they fail without an MLX that supports Metal.</summary>
[SetUpFixture]
public sealed class NeedsMetal
{
    [OneTimeSetUp]
    public void Check()
    {
        if (!OperatingSystem.IsMacOS() || RuntimeInformation.OSArchitecture != Architecture.Arm64)
        {
            Assert.Ignore("Needs a Mac with Apple silicon.");
        }

        Assert.That(RuntimeInformation.ProcessArchitecture, Is.EqualTo(Architecture.Arm64),
            "this .NET is for Intel's processors: install the arm64 SDK");

        if (Environment.GetEnvironmentVariable("DOTMLX_LIBRARY") == "reference")
        {
            Assert.Ignore("DOTMLX_LIBRARY=reference leaves MLX alone.");
        }

        TestContext.Progress.WriteLine($"MLX {MlxLibrary.MlxVersion}, mlx-c {MlxLibrary.MlxcVersion}, {MlxLibrary.Path}");
        TestContext.Progress.WriteLine(Mx.WhyUnavailable(DeviceType.Gpu) is { } why
            ? $"no GPU: {why}"
            : string.Join(", ", Mx.DeviceInfo(DeviceType.Gpu).OrderBy(fact => fact.Key, StringComparer.Ordinal)
                .Select(fact => $"{fact.Key} {fact.Value}")));
    }
}
