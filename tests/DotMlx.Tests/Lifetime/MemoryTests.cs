using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace DotMlx.Tests.Lifetime;

[NonParallelizable]
public class MemoryTests
{
    // Small arrays of earlier tests may be freed during a test.
    private const int Others = 4 << 10;

    [Test]
    public void FiguresFollowArrays()
    {
        HandleCount.Settle();
        long before = Mx.GetActiveMemory();
        Mx.ResetPeakMemory();
        var a = MlxArray.Create(new float[1 << 20]);
        var b = a + 1;
        b.Eval();
        Assert.That(Mx.GetActiveMemory() - before, Is.GreaterThan((8 << 20) - Others));
        a.Dispose();
        b.Dispose();
        ActiveMemory.FallsBelow(before, 1 << 20);
        Assert.That(Mx.GetPeakMemory() - before, Is.GreaterThanOrEqualTo(8 << 20));
    }

    [Test]
    public void FreedArraysAreCountedEventually()
    {
        // This simulates a GPU's completion handler that holds a buffer until after the evaluation.
        using HandleCount handles = HandleCount.NoneLeft();
        long before = Mx.GetActiveMemory();
        using Timer timer = MakeAndDisposeLater();
        Assert.That(Mx.GetActiveMemory() - before, Is.GreaterThan((4 << 20) - Others));
        Assert.That(SpinWait.SpinUntil(() => handles.Left == 0, 60_000), Is.True);

        // An old hazard pointer may name the address of the array, which is then freed once it is unreachable.
        HandleCount.Settle();
        ActiveMemory.FallsBelow(before, 1 << 20);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Timer MakeAndDisposeLater()
        {
            MlxArray? held = MlxArray.Create(new float[1 << 20]);
            return new Timer(_ => Interlocked.Exchange(ref held, null)!.Dispose(), null, 200, Timeout.Infinite);
        }
    }

    [Test]
    public void MemoryThatComesAndGoesWithoutGarbageCausesFewCollections()
    {
        using MlxArray one = Mx.Ones(1);
        int before = 0;
        for (int i = 0; i < 110; i++)
        {
            if (i == 10)
            {
                before = GC.CollectionCount(1);
            }

            using MlxArray large = Mx.Full([4 << 20], i);
            large.Eval();
            using MlxArray next = one + i;
            next.Eval();
        }

        Assert.That(GC.CollectionCount(1) - before, Is.LessThan(30));
    }

    [Test]
    public void MemoryThatIsFreedDuringACollectionIsNotMistakenForGarbage()
    {
        // The arrays that another thread has used are freed a little after Dispose, like the temporaries of a GPU after their evaluation.
        using MlxArray one = Mx.Ones(1);
        int before = 0;
        for (int i = 0; i < 110; i++)
        {
            if (i == 10)
            {
                before = GC.CollectionCount(1);
            }

            using (MlxArray large = Mx.Full([4 << 20], i))
            {
                large.Eval();
                Task.Run(() => large.NDim).Wait();
            }

            using MlxArray next = one + i;
            next.Eval();
        }

        Assert.That(GC.CollectionCount(1) - before, Is.LessThan(30));
    }

    [Test]
    public void ReadingKnownValuesEvaluatesNothing()
    {
        using MlxArray known = Mx.Ones(1) + 1;
        known.Eval();
        long before = Evaluation.Count;
        Assert.That(known.Item<float>(), Is.EqualTo(2));
        Assert.That(known.ToArray<float>(), Is.EqualTo(new[] { 2f }));
        Assert.That(Evaluation.Count, Is.EqualTo(before));
    }

    [Test]
    public void LimitsGiveTheOneBefore()
    {
        // The CPU has no cache and stores no limit for it.
        long before = Mx.SetCacheLimit(1 << 20);
        Assert.That(Mx.SetCacheLimit(before), Is.EqualTo(1 << 20).Or.Zero);
        long limit = Mx.GetMemoryLimit();
        Assert.That(Mx.SetMemoryLimit(limit), Is.EqualTo(limit));
        Assert.That(
            () =>
            {
                // A buffer that a GPU's completion handler releases late enters the cache after it was cleared.
                Mx.ClearCache();
                return Mx.GetCacheMemory();
            },
            Is.Zero.After(60_000, 5));
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

        // 400 steps make 1.2 GB of arrays, but one step holds only 4 MB.
        Assert.That(Mx.GetPeakMemory() - before, Is.LessThan(32 << 20));
        Assert.That(state.Item(5), Is.EqualTo(400f));
        state.Dispose();
        HandleCount.Settle();

        // Unoptimized code keeps one or two temporaries alive on its stack.
        ActiveMemory.FallsBelow(before, (2 << 20) + 1);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static MlxArray Step(MlxArray x) => ((x * 2) + 2) / 2;
    }

    [Test]
    public void FinalizersFreeUnreachableArrays()
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
    public void MetricsArePublished()
    {
        using MlxArray a = MlxArray.Create<float>([1, 2]), b = a + 1;
        var heard = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "DotMlx")
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
            heard[instrument.Name] = instrument is Counter<long> ? heard.GetValueOrDefault(instrument.Name) + value : value);
        listener.Start();

        Func<MlxArray, MlxArray> compiled = Mx.Compile((MlxArray x) => x * 2);
        for (int i = 0; i < 3; i++)
        {
            compiled(a).Dispose();
        }

        listener.RecordObservableInstruments();
        long evaluations = heard["dotmlx.evaluations"], created = heard["dotmlx.arrays.created"];
        b.Eval();
        using MlxArray c = MlxArray.Create<float>([3]);
        listener.RecordObservableInstruments();
        Assert.Multiple(() =>
        {
            Assert.That(heard["dotmlx.compile.traces"], Is.EqualTo(1));
            Assert.That(heard["dotmlx.compile.cache_hits"], Is.EqualTo(2));
            Assert.That(heard["dotmlx.evaluations"], Is.EqualTo(evaluations + 1));
            Assert.That(heard["dotmlx.arrays.created"], Is.EqualTo(created + 1));
            Assert.That(heard["dotmlx.arrays.live"], Is.EqualTo(MlxDiagnostics.LiveArrays));
            Assert.That(heard["dotmlx.memory.active"], Is.EqualTo(Mx.GetActiveMemory()).And.Positive);
            Assert.That(heard["dotmlx.memory.peak"], Is.EqualTo(Mx.GetPeakMemory()).And.Positive);
            Assert.That(heard["dotmlx.memory.cache"], Is.EqualTo(Mx.GetCacheMemory()));
        });
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
