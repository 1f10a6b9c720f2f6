namespace DotMlx.MetalTests;

/// <summary>Compares computations on the GPU and on the CPU.</summary>
internal static class Devices
{
    /// <summary>Runs a function on a device and returns the figures.</summary>
    internal static float[] On(MlxDevice device, Func<MlxArray> function)
    {
        using IDisposable scope = Mx.StreamScope(device);
        using MlxArray result = function();
        using MlxArray single = result.AsType(DType.Float32);
        return single.ToArray<float>();
    }

    /// <summary>Checks that the figures of both devices agree, relative to the largest one.</summary>
    internal static void Agree(Func<MlxArray> function, double tolerance)
    {
        float[] cpu = On(DeviceType.Cpu, function), gpu = On(DeviceType.Gpu, function);
        double largest = Math.Max(1, cpu.Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty(1).Max());
        Assert.That(gpu, Is.EqualTo(cpu).Within(tolerance * largest));
    }
}
