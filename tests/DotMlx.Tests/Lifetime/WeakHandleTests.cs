using System.Runtime.CompilerServices;

namespace DotMlx.Tests.Lifetime;

/// <summary>A disposed array never counts as unreachable, regardless of when a collection occurs.</summary>
[NonParallelizable]
public class WeakHandleTests
{
    private const int Count = 200;

    // With the two reads of IsUnreachable in the other order, 7 to 36 of 100 rounds fail.
    private const int Rounds = 100;
    private const int Sweepers = 4;

    [Test]
    public void ADisposedArrayIsNeverCountedAsUnreachable()
    {
        List<WeakHandle> all = [];
        WeakHandle[] current = [];
        int mistakes = 0;
        bool done = false;
        Thread[] sweepers = [.. Enumerable.Range(0, Sweepers).Select(_ => new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                foreach (WeakHandle weakHandle in Volatile.Read(ref current))
                {
                    if (weakHandle.IsUnreachable)
                    {
                        Interlocked.Increment(ref mistakes);
                    }
                }
            }
        }))];
        foreach (Thread sweeper in sweepers)
        {
            sweeper.Start();
        }

        for (int round = 0; round < Rounds; round++)
        {
            DisposeBesideSweepers(weakHandles => Volatile.Write(ref current, weakHandles), all);
        }

        Volatile.Write(ref done, true);
        foreach (Thread sweeper in sweepers)
        {
            sweeper.Join();
        }

        all.ForEach(weakHandle => weakHandle.Discard());
        Assert.That(mistakes, Is.Zero, "a disposed array counted as unreachable: it would have been freed twice");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void DisposeBesideSweepers(Action<WeakHandle[]> show, List<WeakHandle> all)
    {
        MlxArray[] arrays = [.. Enumerable.Range(0, Count).Select(i => MlxArray.Create([(float)i], 1))];
        WeakHandle[] weakHandles = [.. arrays.Select(array =>
        {
            WeakHandle weakHandle = new(ThreadState.Current);
            weakHandle.Watch(array, 1, count: false);
            return weakHandle;
        })];
        all.AddRange(weakHandles);
        show(weakHandles);
        Thread.Sleep(1);
        for (int i = 0; i < Count; i++)
        {
            weakHandles[i].Leave();
            arrays[i].Dispose();
            arrays[i] = null!;
        }

        GC.Collect(0);
    }
}
