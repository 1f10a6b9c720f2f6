[assembly: Parallelizable(ParallelScope.None)]

namespace DotMlx.MetalTests;

/// <summary>Needs Apple silicon and an installed MLX with Metal: fails elsewhere, because there it shows nothing.</summary>
internal sealed class MetalTests
{
    [Test]
    public void TheLibraryIsMlxWithMetal()
    {
        Assert.That(MlxLibrary.Kind, Is.EqualTo(MlxLibraryKind.Mlx), MlxLibrary.Path);
        Assert.That(Mx.Metal.IsAvailable(), Is.True);
    }

    [Test]
    public void TheDefaultDeviceIsTheGpu()
    {
        Assert.That(Mx.DefaultDevice(), Is.EqualTo(MlxDevice.Gpu));
        // That it is also used: float64 exists on the CPU only, and MLX refuses it, when the array is built, exactly where the device is the GPU.
        Assert.That(() => Mx.Eval(Mx.Ones([4], DType.Float64)), Throws.TypeOf<MlxException>().With.Message.Contains("float64"));
    }

    [Test]
    public void TheKernelsAreFoundWhateverTheWorkingDirectory()
    {
        string before = Environment.CurrentDirectory;
        try
        {
            Environment.CurrentDirectory = "/";
            // A kernel that no other test here loads.
            Assert.That(Mx.Sort(MlxArray.Create([3, 1, 2], 3)).ToArray<int>(), Is.EqualTo(new[] { 1, 2, 3 }));
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
    }

    [Test]
    public void TheGpuAgreesWithTheCpu()
    {
        Mx.Random.Seed(1);
        MlxArray a = Mx.Random.Normal([128, 96]);
        MlxArray b = Mx.Random.Normal([96, 64]);
        float[] gpu = Mx.MatMul(a, b, MlxDevice.Gpu).ToArray<float>();
        float[] cpu = Mx.MatMul(a, b, MlxDevice.Cpu).ToArray<float>();
        Assert.That(gpu, Is.EqualTo(cpu).Within(1e-3f));
    }

    [Test]
    public void AKernelOfOnesOwnRuns()
    {
        using MetalKernel kernel = Mx.Fast.MetalKernel(
            "double_it", ["x"], ["y"], "uint i = thread_position_in_grid.x; y[i] = 2 * x[i];");
        MlxArray x = MlxArray.Create([1f, 2f, 3f, 4f], 4);
        MlxArray[] y = kernel.Apply([x], [[4]], [DType.Float32], (4, 1, 1), (4, 1, 1));
        Assert.That(y[0].ToArray<float>(), Is.EqualTo(new[] { 2f, 4f, 6f, 8f }));
    }

    [Test]
    public async Task ArraysMadeOnOneThreadAreReadOnAnother()
    {
        MlxArray made = await Task.Run(() => Mx.Square(Mx.Arange(1000)));
        int[] read = await Task.Run(() => made.ToArray<int>());
        Assert.That(read[999], Is.EqualTo(999 * 999));
    }
}
