namespace DotMlx.MetalTests;

/// <summary>MLX's memory figures rise with an array and fall when it is freed.</summary>
internal sealed class MemoryTests
{
    private const int Elements = 16 << 20;

    [Test]
    [Category("Quick")]
    public void TheFiguresFollowAnArray()
    {
        Mx.Synchronize();
        Mx.ResetPeakMemory();
        long before = Mx.GetActiveMemory();
        MlxArray array = Mx.Ones([Elements]);
        array.Eval();
        Assert.That(Mx.GetActiveMemory() - before, Is.GreaterThan((4L * Elements) - (4 << 10)));
        Assert.That(Mx.GetPeakMemory(), Is.GreaterThanOrEqualTo(4L * Elements));
        array.Dispose();
        Mx.Synchronize();
        // Metal's completion handlers release buffers on their own thread, after the event that an evaluation waits for.
        Assert.That(() => Mx.GetActiveMemory() - before, Is.LessThan(4L * Elements).After(5).Seconds.PollEvery(20).MilliSeconds);
        TestContext.Out.WriteLine($"active {Mx.GetActiveMemory():N0} B, peak {Mx.GetPeakMemory():N0} B, cache {Mx.GetCacheMemory():N0} B, "
            + $"limit {Mx.GetMemoryLimit():N0} B");
    }

    [Test]
    public void UnreachableArraysAreFreed()
    {
        Mx.Synchronize();
        long before = Mx.GetActiveMemory();
        for (int i = 0; i < 500; i++)
        {
            Mx.Ones([1 << 20]).Eval();
        }

        Assert.That(Mx.GetActiveMemory() - before, Is.LessThan(500L << 22), "half of them and more are gone without a Dispose");
    }

    [Test]
    public void UnreachableArraysDoNotExhaustMetalBuffers()
    {
        // Metal has 499,000 buffers, or as many as the system reports, but the garbage collector sees only small objects.
        for (int i = 0; i < 1_000_000; i++)
        {
            _ = MlxArray.Create([i], 1);
        }

        Assert.That(MlxArray.Create([1f], 1).Item<float>(), Is.EqualTo(1f));
    }

    [Test]
    public void ADeepGraphIsEvaluatedOnASecondaryThread()
    {
        float last = 0;
        var thread = new Thread(() =>
        {
            MlxArray sum = Mx.Zeros(1);
            for (int i = 0; i < 50_000; i++)
            {
                sum += 1f;
            }

            last = sum.Item<float>();
        });
        thread.Start();
        thread.Join();
        Assert.That(last, Is.EqualTo(50_000f));
    }
}
