using NUnit.Framework.Interfaces;

namespace DotMlx.Tests;

/// <summary>
/// Marks tests of features that MLX has only on the CPU, such as float64. They use the CPU even if the suite runs on a GPU.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class CpuOnlyAttribute(string reason) : NUnitAttribute, ITestAction
{
    public string Reason => reason;

    public ActionTargets Targets => ActionTargets.Test;

    public void BeforeTest(ITest test) => Use(MlxDevice.Cpu);

    public void AfterTest(ITest test) => Use(MlxDevice.Gpu);

    private static void Use(MlxDevice device)
    {
        if (DeviceInUse.IsGpu)
        {
            Mx.SetDefaultDevice(device);
        }
    }
}
