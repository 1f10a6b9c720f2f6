using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx.Tests.Lifetime;

[NonParallelizable]
public class UnreachableArrayTests
{
    private const int Megabyte = 1 << 20;

    [Test]
    public void ThreadsThatHaveEndedLeaveNothing()
    {
        using HandleCount count = HandleCount.NoneLeft();
        for (int i = 0; i < 8; i++)
        {
            Thread thread = new(() => Forget(100));
            thread.Start();
            thread.Join();
        }

        HandleCount.Settle();
    }

    [Test]
    public void ArraysOutliveTheThreadThatMadeThem()
    {
        using HandleCount count = HandleCount.NoneLeft();
        var made = new MlxArray[100];
        Thread thread = new(() =>
        {
            for (int i = 0; i < made.Length; i++)
            {
                made[i] = MlxArray.Create([(float)i], 1);
            }
        });
        thread.Start();
        thread.Join();
        HandleCount.Settle();
        Assert.That(count.Left, Is.EqualTo(made.Length));
        Assert.That(made.Select(array => array.Item<float>()), Is.EqualTo(Enumerable.Range(0, made.Length)));
        Array.ForEach(made[..50], array => array.Dispose());
        Assert.That(count.Left, Is.EqualTo(50));
        Array.Clear(made);
        HandleCount.Settle();
    }

    [Test]
    public void DisposingArraysOfEndedThreadsDoesNotWaitForReaders()
    {
        using HandleCount count = HandleCount.NoneLeft();
        var made = new MlxArray[64][];
        for (int i = 0; i < made.Length; i++)
        {
            Thread maker = new(() => made[i] = [.. Enumerable.Range(0, 100).Select(k => MlxArray.Create([(float)k], 1))]);
            maker.Start();
            maker.Join();
        }

        HandleCount.Settle();
        Assert.That(count.Left, Is.EqualTo(6400), "and the states of their threads are known to have ended");
        int disposed = 0;
        Thread disposing = new(() =>
        {
            foreach (MlxArray array in made.SelectMany(each => each))
            {
                // An array of this thread that others search for.
                _ = MlxArray.Create([1f], 1);
                array.Dispose();
                Interlocked.Increment(ref disposed);
            }
        });
        Thread looking = new(() =>
        {
            while (disposing.IsAlive)
            {
                int before = Volatile.Read(ref disposed);
                GC.Collect(0);
                _ = LiveArrays.Count;

                // With a core for every thread, collections without a pause would block the other thread.
                SpinWait.SpinUntil(() => Volatile.Read(ref disposed) != before || !disposing.IsAlive);
            }
        }) { IsBackground = true };
        disposing.IsBackground = true;
        disposing.Start();
        looking.Start();
        if (!disposing.Join(TimeSpan.FromMinutes(2)))
        {
            // A deadlock would block every other test too.
            Environment.FailFast("Disposing arrays and looking after them wait for each other.");
        }

        looking.Join();
        HandleCount.Settle();
    }

    /// <summary>A single array is also the thread's latest one, which is watched differently.</summary>
    [Test]
    public void ThreadsThatWaitKeepNothing([Values(1, 1000)] int number)
    {
        using HandleCount count = HandleCount.NoneLeft();
        WaitingThread.Run(() => Forget(number), () =>
        {
            HandleCount.Settle();
            Assert.That(count.Left, Is.Zero, "while the thread is still there");
        });
    }

    /// <summary>
    /// Each thread counts its own freed arrays without a lock, so a thread that sweeps its weak handles must use another counter.
    /// </summary>
    [Test]
    public void UnreachableArraysAreCountedSeparately()
    {
        using HandleCount count = HandleCount.NoneLeft();
        ThreadState? state = null;
        WaitingThread.Run(
            () =>
            {
                state = ThreadState.Current;
                MlxArray.Create([1f], 1).Dispose();
                Forget(100);
            },
            () =>
            {
                HandleCount.Settle();
                Assert.That(count.Left, Is.Zero);
                Assert.That((state!.Created, state.Freed, state.Unreachable), Is.EqualTo((101, 1, 100)));
            });
    }

    [Test]
    public void MemoryComesBackWithoutAnotherCall()
    {
        HandleCount.Settle();
        long before = Active();
        MakeAndForget();
        Assert.That(Active() - before, Is.GreaterThan(15 * Megabyte));

        // No code calls DotMlx again, so a timer must free the arrays.
        bool back = SpinWait.SpinUntil(
            () =>
            {
                GC.Collect();
                Thread.Sleep(10);
                return Active() - before < Megabyte;
            },
            TimeSpan.FromSeconds(60));
        Assert.That(back, "the memory of unreachable arrays is freed");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void MakeAndForget()
        {
            MlxArray array = Mx.Ones(16 * Megabyte / sizeof(float));
            array.Eval();
        }

        static unsafe long Active()
        {
            nuint bytes = 0;
            _ = Mlxc.mlx_get_active_memory(&bytes);
            return (long)bytes;
        }
    }

    [Test]
    public void FinalizersOfOtherObjectsMayUseAndDisposeArrays()
    {
        using HandleCount count = HandleCount.NoneLeft();
        Holder.Seen.Clear();
        Hold(200);
        HandleCount.Settle();
        Assert.That(Holder.Seen, Is.EquivalentTo(Enumerable.Range(0, 200)));
        HandleCount.Settle();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Hold(int number)
        {
            for (int i = 0; i < number; i++)
            {
                _ = new Holder(MlxArray.Create([(float)i], 1), disposes: i % 2 == 0);
            }
        }
    }

    [Test]
    public void DisposingOnManyThreadsAtOnceFreesOnce()
    {
        using HandleCount count = HandleCount.NoneLeft();
        const int threads = 8;
        var arrays = new MlxArray[2000];
        for (int i = 0; i < arrays.Length; i++)
        {
            arrays[i] = MlxArray.Create([1f], 1);
        }

        using var start = new Barrier(threads);
        Thread[] all = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            Array.ForEach(arrays, array => array.Dispose());
        }))];
        Array.ForEach(all, thread => thread.Start());
        Array.ForEach(all, thread => thread.Join());
        Assert.That(arrays.All(array => array.IsDisposed));
        Assert.That(count.Left, Is.Zero);
    }

    [Test]
    public void ArraysSurviveConcurrentCreationDroppingAndCollection()
    {
        using HandleCount count = HandleCount.NoneLeft();
        var handedOver = new ConcurrentQueue<(MlxArray Array, float Value)>();
        int wrong = 0;
        int rounds = 0;
        using var stop = new CancellationTokenSource();
        Thread collector = new(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                int before = Volatile.Read(ref rounds);
                GC.Collect(0);
                _ = LiveArrays.Count;

                // With a core for every thread, collections without a pause would block the other threads.
                SpinWait.SpinUntil(() => Volatile.Read(ref rounds) != before || stop.IsCancellationRequested);
            }
        });
        collector.Start();
        Thread[] makers = [.. Enumerable.Range(0, 4).Select(seed => new Thread(() => Work(seed)))];
        Array.ForEach(makers, thread => thread.Start());
        Array.ForEach(makers, thread => thread.Join());
        stop.Cancel();
        collector.Join();
        while (handedOver.TryDequeue(out (MlxArray Array, float Value) left))
        {
            left.Array.Dispose();
        }

        Assert.That(wrong, Is.Zero, "arrays with another's value");
        HandleCount.Settle();

        void Work(int seed)
        {
            var random = new Random(seed);
            List<(MlxArray Array, float Value)> own = [];
            for (int i = 0; i < 4000; i++)
            {
                Interlocked.Increment(ref rounds);
                float value = random.Next();
                var array = MlxArray.Create([value], 1);
                switch (random.Next(4))
                {
                    case 0:
                        handedOver.Enqueue((array, value));
                        break;
                    case 1:
                        own.Add((array, value));
                        break;
                    case 2:
                        array.Dispose();
                        break;
                    default:
                        break;
                }

                if (random.Next(3) == 0 && handedOver.TryDequeue(out (MlxArray Array, float Value) other))
                {
                    Check(other);
                    other.Array.Dispose();
                }

                if (own.Count > 500)
                {
                    own.ForEach(Check);
                    own.Clear();
                }
            }
        }

        void Check((MlxArray Array, float Value) made)
        {
            if (made.Array.Item<float>() != made.Value)
            {
                Interlocked.Increment(ref wrong);
            }
        }
    }

    [Test]
    public void MemoryMayBeUnpinnedByCodeThatDisposesArrays()
    {
        MlxArray other = MlxArray.Create([1f], 1);
        using var owner = new Owner(64, other.Dispose);
        MlxArray array = MlxArray.FromMemory(owner.Memory, 64);
        array.Eval();
        array.Dispose();
        Assert.That(() => other.IsDisposed, Is.True.After(60_000, 10));
    }

    [Test]
    public void MemoryMayBeUnpinnedByCodeThatWaitsForALock()
    {
        object gate = new();
        int unpinned = 0;
        using var owner = new Owner(64, () =>
        {
            lock (gate)
            {
                Interlocked.Increment(ref unpinned);
            }
        });
        for (int i = 1; i <= 50; i++)
        {
            MlxArray array = MlxArray.FromMemory(owner.Memory, 64);
            array.Eval();
            var disposing = new Thread(array.Dispose);
            lock (gate)
            {
                disposing.Start();

                // If the callback held a lock of the library, it would wait here, because this thread disposes arrays too.
                for (int k = 0; k < 100; k++)
                {
                    MlxArray.Create([1f], 1).Dispose();
                }
            }

            disposing.Join();
            Assert.That(() => Volatile.Read(ref unpinned), Is.EqualTo(i).After(60_000, 5));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(int number)
    {
        for (int i = 0; i < number; i++)
        {
            _ = MlxArray.Create([1f, 2f], 2);
        }
    }

    private sealed class Holder(MlxArray array, bool disposes)
    {
        internal static ConcurrentBag<int> Seen { get; } = [];

        ~Holder()
        {
            Seen.Add((int)array.Item<float>());
            if (disposes)
            {
                array.Dispose();
            }
        }
    }

    /// <summary>Memory whose release runs an action.</summary>
    private sealed class Owner(int length, Action released) : MemoryManager<float>
    {
        private readonly float[] _elements = GC.AllocateArray<float>(length, pinned: true);

        public override Span<float> GetSpan() => _elements;

        public override unsafe MemoryHandle Pin(int elementIndex = 0) => new(Unsafe.AsPointer(ref _elements[elementIndex]), pinnable: this);

        public override void Unpin() => released();

        protected override void Dispose(bool disposing)
        {
        }
    }
}
