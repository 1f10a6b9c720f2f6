namespace DotMlx.Tests.Devices;

public class DeviceTests
{
    [Test]
    public void TheProcessorIsAlwaysThere()
    {
        Assert.That(Mx.IsAvailable(DeviceType.Cpu));
        Assert.That(Mx.DeviceCount(DeviceType.Cpu), Is.GreaterThanOrEqualTo(1));
        Assert.That(Mx.DeviceInfo(MlxDevice.Cpu), Is.Not.Null);
        Assert.That(Mx.IsAvailable(Mx.DefaultDevice()));
    }

    [Test]
    public void DevicesAreValues()
    {
        Assert.That(new MlxDevice(DeviceType.Cpu) == MlxDevice.Cpu);
        Assert.That(MlxDevice.Cpu != MlxDevice.Gpu);
        Assert.That(MlxDevice.Cpu.ToString(), Is.EqualTo("Device(cpu, 0)"));
        Assert.That(() => new MlxDevice(DeviceType.Cpu, -1), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void TheDefaultDeviceCanBeSet()
    {
        MlxDevice before = Mx.DefaultDevice();
        try
        {
            Mx.SetDefaultDevice(DeviceType.Cpu);
            Assert.That(Mx.DefaultDevice(), Is.EqualTo(MlxDevice.Cpu));
            Assert.That(Mx.DefaultStream().Device, Is.EqualTo(MlxDevice.Cpu));
        }
        finally
        {
            Mx.SetDefaultDevice(before);
        }
    }

    [Test]
    public void MissingDevicesSaySo()
    {
        var far = new MlxDevice(DeviceType.Gpu, 77);
        Assert.That(() => Mx.SetDefaultDevice(far), Throws.TypeOf<NotSupportedException>().With.Message.Contains("Device(gpu, 77)"));
        Assert.That(() => Mx.NewStream(far), Throws.TypeOf<NotSupportedException>());
    }

    [Test]
    public void AMissingDeviceSaysWhyItIsMissing()
    {
        Assert.That(Mx.WhyUnavailable(DeviceType.Cpu), Is.Null);
        string why = Mx.WhyUnavailable(new MlxDevice(DeviceType.Gpu, 77))!;
        Assert.That(why, Mx.DeviceCount(DeviceType.Gpu) > 0 ? Does.Contain("numbered from 0") : LibraryInUse.IsReference
            ? Does.Contain("reference library")
            : Does.Contain("built without Metal"));
        Assert.That(() => Mx.NewStream(new MlxDevice(DeviceType.Gpu, 77)),
            Throws.TypeOf<NotSupportedException>().With.Message.EndsWith(why));
        Assert.That(Mx.WhyUnavailable(new MlxDevice(DeviceType.Cpu, 9)), Does.Contain("there is 1 of this kind"));
    }

    [TestCase(0, true, "[metal::load_device] No Metal device available. The GPU is not accessible.",
        "[metal::load_device] No Metal device available. The GPU is not accessible. To compute on the CPU, call Mx.SetDefaultDevice")]
    [TestCase(0, true, "Failed to load the default metallib. ", "Failed to load the default metallib. To compute on the CPU")]
    [TestCase(0, true, null, "MLX doesn't report why.")]
    [TestCase(0, false, "never asked", "this MLX was built without Metal and without CUDA")]
    [TestCase(2, true, "never asked", "there are 2 of this kind")]
    public void TheReasonIsMlxsOwnWhereItHasOne(int count, bool built, string? reported, string expected) =>
        Assert.That(MissingDevice.Reason(new MlxDevice(DeviceType.Gpu, 2), count, built, _ => reported), Does.StartWith(expected));

    [TestCase(DeviceType.Cpu, "0.31.2", false, ExpectedResult = false)]
    [TestCase(DeviceType.Cpu, "0.32.0", false, ExpectedResult = true)]
    [TestCase(DeviceType.Cpu, "0.32.1", false, ExpectedResult = true)]
    [TestCase(DeviceType.Cpu, "0.33.0.dev20261101+abc", false, ExpectedResult = true)]
    [TestCase(DeviceType.Cpu, "of a version that does not say", false, ExpectedResult = true)]
    [TestCase(DeviceType.Cpu, "0.32.3", true, ExpectedResult = false)]
    [TestCase(DeviceType.Gpu, "0.31.2", false, ExpectedResult = true)]
    [TestCase(DeviceType.Gpu, "0.32.1", false, ExpectedResult = true)]
    [TestCase(DeviceType.Gpu, "0.32.3", true, ExpectedResult = false)]
    public bool WhichStreamsAreBoundToTheirThreadFollowsTheVersionOfMlx(DeviceType device, string mlx, bool hasThreadFreeStreams) =>
        Streams.BindsToThread(device, mlx, hasThreadFreeStreams);

    [Test]
    public void StreamsCarryOperations()
    {
        MlxStream stream = Mx.NewStream(MlxDevice.Cpu);
        Assert.That(stream, Is.Not.EqualTo(Mx.DefaultStream(MlxDevice.Cpu)));
        using var a = MlxArray.Create<float>([1, 4]);
        using var root = Mx.Sqrt(a, stream);
        using var onDevice = Mx.Sqrt(a, MlxDevice.Cpu);
        Assert.That(root.ToArray<float>(), Is.EqualTo(new float[] { 1, 2 }));
        Assert.That(onDevice.ToArray<float>(), Is.EqualTo(new float[] { 1, 2 }));
        Mx.Synchronize(stream);
        Mx.Synchronize();
    }

    [Test]
    public async Task StreamScopesFollowAwait()
    {
        MlxStream stream = Mx.NewStream(MlxDevice.Cpu);
        MlxStream outside = Mx.DefaultStream();
        using (Mx.StreamScope(stream))
        {
            Assert.That(Mx.DefaultStream(), Is.EqualTo(stream));
            await Task.Yield();
            Assert.That(Mx.DefaultStream(), Is.EqualTo(stream));
            using (Mx.StreamScope(MlxDevice.Cpu))
            {
                Assert.That(Mx.DefaultStream(), Is.EqualTo(Mx.DefaultStream(MlxDevice.Cpu)));
            }

            using var a = MlxArray.Create<float>([1]) + 1;
            Assert.That(a.Item<float>(), Is.EqualTo(2f));
        }

        Assert.That(Mx.DefaultStream(), Is.EqualTo(outside));
    }

    [Test]
    public void DefaultStreamsCanBeReplaced()
    {
        MlxStream before = Mx.DefaultStream(MlxDevice.Cpu);
        MlxStream other = Mx.NewStream(MlxDevice.Cpu);
        try
        {
            Mx.SetDefaultStream(other);
            Assert.That(Mx.DefaultStream(MlxDevice.Cpu), Is.EqualTo(other));
            using var a = MlxArray.Create<float>([1]) + 1;
            Assert.That(a.Item<float>(), Is.EqualTo(2f));
        }
        finally
        {
            Mx.SetDefaultStream(before);
        }
    }

    [Test]
    public void ThreadLocalStreamsDifferPerThread()
    {
        var local = Mx.NewThreadLocalStream(MlxDevice.Cpu);
        MlxStream mine = local;
        MlxStream? theirs = null;
        var thread = new Thread(() => theirs = local);
        thread.Start();
        thread.Join();
        Assert.That(mine, Is.Not.EqualTo(theirs));
        Assert.That(mine, Is.EqualTo((MlxStream)local));
        Assert.That(Mx.ClearStreams, Throws.TypeOf<NotSupportedException>());
    }

    [Test]
    public void MetalFunctionsWithoutMetalThrow()
    {
        if (Mx.Metal.IsAvailable())
        {
            Assert.Ignore("Metal is there");
        }

        Assert.That(() => Mx.Metal.StartCapture("a%s%n.gputrace"), Throws.ArgumentException.With.Message.Contains("%"));
        Assert.That(() => Mx.Metal.StartCapture("trace.gputrace"), Throws.TypeOf<NotSupportedException>());
    }
}
