namespace DotMlx.MetalTests;

/// <summary>The tests run on MLX with Metal, and programs compute on the GPU.</summary>
internal sealed class LibraryTests
{
    [Test]
    [Category("Quick")]
    public void TheLibraryIsMlxWithMetal()
    {
        Assert.That(MlxLibrary.Kind, Is.EqualTo(MlxLibraryKind.Mlx), $"{MlxLibrary.Path} is in use: brew install mlx-c");
        Assert.That(Mx.Metal.IsAvailable(), Is.True);
        Assert.That(Mx.WhyUnavailable(DeviceType.Gpu), Is.Null);
    }

    [Test]
    [Category("Quick")]
    public void TheDefaultDeviceIsTheGpu()
    {
        Assert.That(Mx.DefaultDevice(), Is.EqualTo(MlxDevice.Gpu));
        // This shows that the GPU is used: float64 exists only on the CPU, and MLX refuses it on the GPU when the array is built.
        Assert.That(() => Mx.Eval(Mx.Ones([4], DType.Float64)), Throws.TypeOf<MlxException>().With.Message.Contains("float64"));
    }

    [Test]
    public void TheKernelsAreFoundWhateverTheWorkingDirectory()
    {
        string before = Environment.CurrentDirectory;
        try
        {
            Environment.CurrentDirectory = "/";
            // No other test here loads this kernel.
            Assert.That(Mx.ArgSort(MlxArray.Create([3, 1, 2], 3)).ToArray<uint>(), Is.EqualTo(new[] { 1, 2, 0 }));
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
    }

    [Test]
    public async Task ArraysMadeOnOneThreadAreReadOnAnother()
    {
        MlxArray made = await Task.Run(() => Mx.Square(Mx.Arange(1000)));
        int[] read = await Task.Run(() => made.ToArray<int>());
        Assert.That(read[999], Is.EqualTo(999 * 999));
    }

    [Test]
    public void ThreadsMakeStreamsWhileOthersEvaluate()
    {
        // MLX's table of encoders has no lock.
        Parallel.For(0, 64, i =>
        {
            MlxStream stream = Mx.NewStream(DeviceType.Gpu);
            MlxArray sum = Mx.Sum(Mx.Full([1000], (float)i, stream: stream), stream: stream);
            Assert.That(sum.Item<float>(), Is.EqualTo(1000f * i));
        });
    }

    [Test]
    public void AFunctionIsCompiled()
    {
        var f = Mx.Compile((MlxArray a, MlxArray b) => Mx.Exp(-a) * b + 1f);
        Devices.Agree(() => Mx.Exp(-MlxArray.Create([1f, 2f], 2)) * MlxArray.Create([3f, 4f], 2) + 1f, 1e-5);
        Assert.That(f(MlxArray.Create([1f, 2f], 2), MlxArray.Create([3f, 4f], 2))
            .ToArray<float>(), Is.EqualTo(new[] { (3f / MathF.E) + 1, (4f / (MathF.E * MathF.E)) + 1 }).Within(1e-5f));
    }
}
