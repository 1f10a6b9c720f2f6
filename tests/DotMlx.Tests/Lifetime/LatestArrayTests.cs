using System.Runtime.CompilerServices;

namespace DotMlx.Tests.Lifetime;

/// <summary>The latest array of a thread is watched differently from the earlier ones, which other threads must not notice.</summary>
[NonParallelizable]
public class LatestArrayTests
{
    [Test]
    public void TheLatestArrayIsFreedOnceItsThreadDropsIt()
    {
        using HandleCount count = HandleCount.NoneLeft();
        Forget();
        GC.Collect();
        Assert.That(count.Left, Is.Zero, "after a single collection");
    }

    [Test]
    public void IsNoticedByTheNextArrayOfItsThread()
    {
        using HandleCount count = HandleCount.NoneLeft();
        Forget();
        GC.Collect();
        using MlxArray next = MlxArray.Create([1f], 1);
        Assert.That(count.Left, Is.EqualTo(1));
    }

    [Test]
    public void LivesThroughCollectionsWhileItsThreadWaitsAndAfterItsEnd()
    {
        using HandleCount count = HandleCount.NoneLeft();
        MlxArray? array = null;
        WaitingThread.Run(() => array = MlxArray.Create([42f], 1), () =>
        {
            Collect();
            Assert.That(array!.Item<float>(), Is.EqualTo(42));
        });
        Collect();
        Assert.That(array!.Item<float>(), Is.EqualTo(42));
        Assert.That(count.Left, Is.EqualTo(1));
        array.Dispose();
        Assert.That(count.Left, Is.Zero);

        static void Collect()
        {
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                _ = LiveArrays.Count;
            }
        }
    }

    [Test]
    public void MayBeUsedAndDisposedByAFinalizer([Values] bool disposes)
    {
        using HandleCount count = HandleCount.NoneLeft();
        var seen = new StrongBox<float>();
        Make(seen, disposes);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.That(seen.Value, Is.EqualTo(7));
        HandleCount.Settle();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Make(StrongBox<float> seen, bool disposes) => _ = new Finalized(seen, MlxArray.Create([7f], 1), disposes);
    }

    [Test]
    public void MayBeDisposedByAnotherThreadWhileItsThreadMakesTheNext()
    {
        using HandleCount count = HandleCount.NoneLeft();
        HandOver(30_000, static array => array.Dispose());
        Assert.That(count.Left, Is.Zero);
    }

    [Test]
    public void MayBeChangedInPlaceByAnotherThreadWhileItsThreadMakesTheNext()
    {
        using HandleCount count = HandleCount.NoneLeft();
        int wrong = 0;
        HandOver(3_000, array =>
        {
            using MlxArray sum = array + 1f;
            array[0] = 5f;
            if (array.Item<float>() != 5 || sum.Item<float>() == 5)
            {
                wrong++;
            }
        });
        Assert.That(wrong, Is.Zero);
        HandleCount.Settle();
    }

    [Test]
    public void AnotherThreadMayDropAnArrayWhileItsThreadMakesTheNext()
    {
        using HandleCount count = HandleCount.NoneLeft();
        HandOver(20_000, static _ => { });
        HandleCount.Settle();
    }

    [Test]
    public void MayBeDisposedOnTwoThreadsAtOnce()
    {
        using HandleCount count = HandleCount.NoneLeft();
        HandOver(10_000, static array => array.Dispose(), alsoDispose: true);
        Assert.That(count.Left, Is.Zero);
    }

    /// <summary>One thread makes arrays and publishes each immediately, this thread takes them, and a third collects and counts.</summary>
    private static void HandOver(int number, Action<MlxArray> use, bool alsoDispose = false)
    {
        MlxArray? slot = null;
        bool end = false;
        Thread collector = new(() =>
        {
            while (!Volatile.Read(ref end))
            {
                GC.Collect(0);
                _ = LiveArrays.Count;
                Thread.Sleep(1);
            }
        });
        Thread maker = new(() =>
        {
            for (int i = 0; i < number && !Volatile.Read(ref end); i++)
            {
                var array = MlxArray.Create([(float)(i + 10)], 1);
                Volatile.Write(ref slot, array);
                if (alsoDispose)
                {
                    array.Dispose();
                }

                // The next array follows immediately, after a moment, or after this one has been taken.
                switch (i % 3)
                {
                    case 0:
                        Thread.SpinWait(i % 50);
                        MlxArray.Create([0f], 1).Dispose();
                        break;
                    case 1:
                        Thread.SpinWait(i % 200);
                        break;
                    default:
                        break;
                }

                SpinWait.SpinUntil(() => Volatile.Read(ref slot) is null || Volatile.Read(ref end));
            }

            Volatile.Write(ref end, true);
        });
        collector.Start();
        maker.Start();
        try
        {
            while (!Volatile.Read(ref end))
            {
                if (Volatile.Read(ref slot) is { } array)
                {
                    use(array);
                    Volatile.Write(ref slot, null);
                }
            }
        }
        finally
        {
            // The same holds after a failed use of an array.
            Volatile.Write(ref end, true);
            maker.Join();
            collector.Join();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget() => _ = MlxArray.Create([1f], 1);

    private sealed class Finalized(StrongBox<float> seen, MlxArray array, bool disposes)
    {
        ~Finalized()
        {
            seen.Value = array.Item<float>();
            if (disposes)
            {
                array.Dispose();
            }
        }
    }
}
