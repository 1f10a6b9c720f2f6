using System.Runtime.CompilerServices;

namespace DotMlx.Tests.Memory;

/// <summary>What watches an array never takes a disposed one for a forgotten one, whenever a collection comes.</summary>
[NonParallelizable]
public class HandleGuardTests
{
    private const int Guards = 200;

    // With the two reads of IsForgotten in the other order, 7 to 36 of 100 rounds show it.
    private const int Rounds = 100;
    private const int Sweepers = 4;

    [Test]
    public void AnArrayThatIsDisposedIsNeverForgotten()
    {
        List<HandleGuard> all = [];
        HandleGuard[] current = [];
        int mistakes = 0;
        bool done = false;
        Thread[] sweepers = [.. Enumerable.Range(0, Sweepers).Select(_ => new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                foreach (HandleGuard guard in Volatile.Read(ref current))
                {
                    if (guard.IsForgotten)
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
            DisposeBesideSweepers(guards => Volatile.Write(ref current, guards), all);
        }

        Volatile.Write(ref done, true);
        foreach (Thread sweeper in sweepers)
        {
            sweeper.Join();
        }

        all.ForEach(guard => guard.Discard());
        Assert.That(mistakes, Is.Zero, "a disposed array was taken for a forgotten one: it would have been freed twice");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void DisposeBesideSweepers(Action<HandleGuard[]> show, List<HandleGuard> all)
    {
        MlxArray[] arrays = [.. Enumerable.Range(0, Guards).Select(i => MlxArray.Create([(float)i], 1))];
        HandleGuard[] guards = [.. arrays.Select(array =>
        {
            HandleGuard guard = new(ThreadState.Current);
            guard.Watch(array, 1, count: false);
            return guard;
        })];
        all.AddRange(guards);
        show(guards);
        Thread.Sleep(1);
        for (int i = 0; i < Guards; i++)
        {
            guards[i].Leave();
            arrays[i].Dispose();
            arrays[i] = null!;
        }

        GC.Collect(0);
    }
}
