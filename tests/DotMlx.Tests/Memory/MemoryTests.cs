using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace DotMlx.Tests.Memory;

[NonParallelizable]
public class MemoryTests
{
    [Test]
    public void FiguresFollowArrays()
    {
        HandleCount.Settle();
        long before = Mx.GetActiveMemory();
        Mx.ResetPeakMemory();
        var a = MlxArray.Create(new float[1 << 20]);
        var b = a + 1;
        b.Eval();
        Assert.That(Mx.GetActiveMemory() - before, Is.GreaterThanOrEqualTo(8 << 20));
        a.Dispose();
        b.Dispose();
        Assert.That(Mx.GetActiveMemory(), Is.LessThan(before + (1 << 20)));
        Assert.That(Mx.GetPeakMemory() - before, Is.GreaterThanOrEqualTo(8 << 20));
    }

    [Test]
    public void LimitsGiveTheOneBefore()
    {
        // The CPU has no cache and keeps no limit for it.
        long before = Mx.SetCacheLimit(1 << 20);
        Assert.That(Mx.SetCacheLimit(before), Is.EqualTo(1 << 20).Or.Zero);
        long limit = Mx.GetMemoryLimit();
        Assert.That(Mx.SetMemoryLimit(limit), Is.EqualTo(limit));
        Mx.ClearCache();
        Assert.That(Mx.GetCacheMemory(), Is.Zero);
        Assert.That(() => Mx.SetCacheLimit(-1), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void LoopsWithoutUsingDoNotGrow()
    {
        HandleCount.Settle();
        long before = Mx.GetActiveMemory();
        Mx.ResetPeakMemory();
        var state = MlxArray.Create(new float[1 << 18]);
        for (int i = 0; i < 400; i++)
        {
            state = Step(state);
            state.Eval();
        }

        // 400 steps make 1.2 GB of arrays; one step holds 4 MB.
        Assert.That(Mx.GetPeakMemory() - before, Is.LessThan(32 << 20));
        Assert.That(state.Item(5), Is.EqualTo(400f));
        state.Dispose();
        HandleCount.Settle();

        // Unoptimised code keeps a temporary or two alive on its stack.
        Assert.That(Mx.GetActiveMemory() - before, Is.LessThanOrEqualTo(2 << 20));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static MlxArray Step(MlxArray x) => ((x * 2) + 2) / 2;
    }

    [Test]
    public void FinalizersFreeWhatWasForgotten()
    {
        using var handles = HandleCount.NoneLeft();
        Forget();
        HandleCount.Settle();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget()
        {
            for (int i = 0; i < 100; i++)
            {
                _ = MlxArray.Create<int>([i]) + 1;
            }
        }
    }

    [Test]
    public void DiagnosticsFindTheLeak()
    {
        MlxArray? leaked;
        using (MlxDiagnostics.RecordAllocations())
        {
            long live = MlxDiagnostics.LiveArrays;
            using (MlxArray.Create<int>([1]))
            {
                leaked = Leak();
                Assert.That(MlxDiagnostics.LiveArrays - live, Is.EqualTo(2));
            }

            var record = MlxDiagnostics.LiveAllocations().Single();
            Assert.That(record.StackTrace.ToString(), Does.Contain(nameof(Leak)));
            Assert.That(record.Shape, Is.EqualTo(new[] { 2, 2 }));
            Assert.That(record.NBytes, Is.EqualTo(8));
            leaked[0] = 5;
            Assert.That(MlxDiagnostics.LiveAllocations(), Has.Count.EqualTo(1));
            leaked.Dispose();
            Assert.That(MlxDiagnostics.LiveAllocations(), Is.Empty);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static MlxArray Leak() => MlxArray.Create<short>([1, 2, 3, 4], 2, 2);
    }

    [Test]
    public void MetricsAreHeard()
    {
        using var a = MlxArray.Create<float>([1, 2]);
        a.Eval();
        var heard = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "DotMlx")
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => heard[instrument.Name] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.That(heard["dotmlx.arrays.live"], Is.GreaterThan(0));
        Assert.That(heard["dotmlx.evaluations"], Is.GreaterThan(0));
        Assert.That(heard, Does.ContainKey("dotmlx.memory.active").And.ContainKey("dotmlx.memory.peak").And.ContainKey("dotmlx.memory.cache"));
    }
}

internal static class MlxArrayReading
{
    internal static float Item(this MlxArray array, int index)
    {
        using MlxArray element = array[index];
        return element.Item<float>();
    }
}
