namespace DotMlx.Tests;

/// <summary>
/// The device that the suite computes on: the CPU, whose figures are those of Python's, unless <c>DOTMLX_TEST_DEVICE</c> is <c>gpu</c>.
/// </summary>
[SetUpFixture]
public sealed class DeviceInUse
{
    internal static bool IsGpu { get; } = Environment.GetEnvironmentVariable("DOTMLX_TEST_DEVICE") == "gpu";

    /// <summary>What figures of the CPU agree to on a GPU, which sums in another order and has functions of its own.</summary>
    internal static double Tolerance(double onCpu) => IsGpu ? Math.Max(onCpu, 3e-4) : onCpu;

    [OneTimeSetUp]
    public void Choose() => Mx.SetDefaultDevice(IsGpu ? MlxDevice.Gpu : MlxDevice.Cpu);
}
