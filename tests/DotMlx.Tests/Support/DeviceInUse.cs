namespace DotMlx.Tests;

/// <summary>The device of the suite: the CPU, whose figures equal Python's, unless <c>DOTMLX_TEST_DEVICE</c> is <c>gpu</c>.</summary>
[SetUpFixture]
public sealed class DeviceInUse
{
    internal static bool IsGpu { get; } = Environment.GetEnvironmentVariable("DOTMLX_TEST_DEVICE") == "gpu";

    /// <summary>The tolerance for figures of the CPU on a GPU, which sums in another order and has its own functions.</summary>
    internal static double Tolerance(double onCpu) => IsGpu ? Math.Max(onCpu, 3e-4) : onCpu;

    [OneTimeSetUp]
    public void Choose() => Mx.SetDefaultDevice(IsGpu ? MlxDevice.Gpu : MlxDevice.Cpu);
}
