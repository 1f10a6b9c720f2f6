using System.Collections.Concurrent;
using System.Diagnostics;
using DotMlx.Bindings;
using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Threads;

/// <summary>Threads that use the same arrays and models: a race causes an exception at worst and never ends the process.</summary>
[NonParallelizable]
public class SharedArrayTests
{
    private const int Threads = 16;
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

    private static readonly (string Name, Action<MlxArray[], int> Do)[] Uses =
    [
        ("unary", static (a, i) => Mx.Exp(a[i]).Dispose()),
        ("binary", static (a, i) => (a[i] + a[(i + 1) % a.Length]).Dispose()),
        ("scalar", static (a, i) => (a[i] * 2).Dispose()),
        ("reduce", static (a, i) => Mx.Sum(a[i], axis: 0).Dispose()),
        ("reshape", static (a, i) => a[i].Reshape(-1).Dispose()),
        ("where", static (a, i) => Mx.Where(a[i] > 0, a[i], a[(i + 2) % a.Length])),
        ("concatenate", static (a, i) => Mx.Concatenate([a[i], a[(i + 1) % a.Length]]).Dispose()),
        ("many", static (a, i) => Mx.Stack([.. Enumerable.Repeat(a[i], 100)]).Dispose()),
        ("eval", static (a, i) => a[i].Eval()),
        ("eval all", static (a, _) => Mx.Eval(a)),
        ("eval async", static (a, i) => a[i].EvalAsync().Wait()),
        ("start", static (a, i) => _ = Mx.EvalAsync(a[i])),
        ("read", static (a, i) => _ = a[i].ToArray<float>()),
        ("span", static (a, i) => _ = a[i].Read<float, float>(static values => values[0])),
        ("item", static (a, i) => a[i].Sum().Item<float>()),
        ("print", static (a, i) => a[i].ToString()),
        ("shape", static (a, i) => _ = a[i].Shape[0] + a[i].Size + (int)a[i].DType),
        ("index", static (a, i) => a[i][1..2, ^1].Dispose()),
        ("take", static (a, i) => a[i][MlxArray.Create<int>([1, 0])].Dispose()),
        ("write", static (a, i) => a[i][0] = 1f),
        ("write at", static (a, i) => a[i][MlxArray.Create<int>([1, 0])] = 2f),
        ("share", static (a, i) => a[i].Share().Dispose()),
        ("gradient", static (a, i) => Mx.Grad(static (MlxArray x) => Mx.Sum(x * x))(a[i]).Dispose()),
        ("save", static (a, i) => Mx.Save(Stream.Null, a[i])),
        ("save all", static (a, _) => Mx.SaveSafetensors(Stream.Null, a.Index().ToDictionary(item => $"{item.Index}", item => item.Item))),
    ];

    [Test]
    public void EveryUseBesideDispose() => Stress(Uses, DisposeAndMake, Short);

    [Test]
    [Explicit("takes a minute")]
    public void EveryUseBesideDisposeForAMinute() => Stress(Uses, DisposeAndMake, TimeSpan.FromMinutes(1));

    [Test]
    public void EveryUseBesideWritingInPlace() => Stress(Uses, static (a, i) => a[i][0, 0] = i, Short);

    [Test]
    [Explicit("takes a minute")]
    public void EveryUseBesideWritingInPlaceForAMinute() => Stress(Uses, static (a, i) => a[i][0, 0] = i, TimeSpan.FromMinutes(1));

    [Test]
    public void ArraysDisposedOnAnotherThreadThanTheirOwnAreFreed()
    {
        const int Elements = 10_000;
        const int Count = 100;
        using HandleCount handles = HandleCount.NoneLeft();
        long before = Mx.GetActiveMemory();
        MlxArray[] arrays = [.. Enumerable.Range(0, Count).Select(i => Mx.Full([Elements], (float)i))];
        Mx.Eval(arrays);
        var other = new Thread(() =>
        {
            foreach (MlxArray array in arrays)
            {
                (array + 1).Dispose();
                array.Dispose();
            }
        });
        other.Start();
        other.Join();
        Assert.That(handles.Left, Is.Zero);

        // An old hazard pointer may name the address of one of them; such an array is freed once it is unreachable.
        Assert.That(Mx.GetActiveMemory(), Is.LessThan(before + (Count / 10 * 4 * Elements)));
        Array.Clear(arrays);
        HandleCount.Settle();

        // No array remains; the numbers are kept as constants.
        ActiveMemory.FallsBelow(before, 4 * Elements);
    }

    [Test]
    public void AnArrayAtTheAddressOfAUsedOneIsFreedWhenAnotherThreadDisposesIt()
    {
        const int Rounds = 50;
        const int Bytes = 4 << 20;
        var disposed = new List<MlxArray>();
        int kept = 0;
        for (int i = 0; i < Rounds; i++)
        {
            using (MlxArray used = MlxArray.Create([1f, 2f, 3f, 4f]))
            {
                Mx.Concatenate([used, used]).Dispose();
                Mx.Roll(used, 1).Dispose();
                Mx.Clip(used, used, used).Dispose();
            }

            long before = Mx.GetActiveMemory();
            MlxArray array = MlxArray.Create(new float[Bytes / 4]);
            disposed.Add(array);
            var other = new Thread(array.Dispose);
            other.Start();
            other.Join();
            kept += Mx.GetActiveMemory() - before > Bytes / 2 ? 1 : 0;
        }

        // A pool thread may still protect one of the addresses.
        Assert.That(kept, Is.LessThan(Rounds / 10));
        GC.KeepAlive(disposed);
    }

    [Test]
    public void AnArrayThatIsDisposedDuringACallIsFreedSoonAfterTheCall()
    {
        const int Elements = 8 << 20;
        MlxArray used = MlxArray.Create(new float[Elements]), unused = MlxArray.Create(new float[Elements]);
        using var calling = new ManualResetEventSlim();
        using var end = new ManualResetEventSlim();
        var caller = new Thread(() =>
        {
            // Another thread's array, as in a call that takes long.
            ThreadState thread = ThreadState.Current;
            _ = used.Protect(thread, ref thread.Left);
            _ = unused.NDim;
            calling.Set();
            end.Wait();
            Volatile.Write(ref thread.Left, 0);
        });
        caller.Start();
        calling.Wait();
        long before = ActiveMemory();
        used.Dispose();
        unused.Dispose();
        Assert.That(() => ActiveMemory(), Is.LessThan(before - (3L * Elements)).After(60_000, 5), "the timer has looked for both");
        Assert.That(ActiveMemory(), Is.GreaterThan(before - (7L * Elements)));
        end.Set();
        caller.Join();
        Assert.That(() => ActiveMemory(), Is.LessThan(before - (7L * Elements)).After(60_000, 5));
        GC.KeepAlive(used);
        GC.KeepAlive(unused);

        // Mx.GetActiveMemory would free the arrays itself.
        static unsafe long ActiveMemory()
        {
            nuint bytes = 0;
            MlxError.ThrowIfFailed(Mlxc.mlx_get_active_memory(&bytes), "mlx_get_active_memory");
            return (long)bytes;
        }
    }

    [Test]
    public void AnArrayInUseOnAnotherThreadIsFreedAfterIt()
    {
        MlxArray array = Mx.Ones(1 << 20);
        array.Eval();
        using var reading = new ManualResetEventSlim();
        using var end = new ManualResetEventSlim();
        Task<float> reader = Task.Run(() => array.Read<float, float>(values =>
        {
            reading.Set();
            end.Wait();
            return values[^1];
        }));
        reading.Wait();
        array.Dispose();
        Mx.ClearCache();
        end.Set();
        Assert.That(reader.Result, Is.EqualTo(1f));
        Assert.That(() => array.Item<float>(), Throws.InstanceOf<ObjectDisposedException>());
    }

    // One thread disposes, another collects, and a third sweeps: no array is found twice.
    [Test]
    public void ArraysDisposedDuringACollectionAreFreedOnce()
    {
        using HandleCount handles = HandleCount.NoneLeft();
        using var made = new BlockingCollection<MlxArray>(256);
        using var end = new CancellationTokenSource();
        Thread[] around =
        [
            new(() => Until(static () => GC.Collect(0), end.Token)),
            new(() => Until(static () => ThreadStates.Sweep(), end.Token)),
        ];
        Thread disposer = new(() =>
        {
            foreach (MlxArray array in made.GetConsumingEnumerable())
            {
                array.Dispose();
            }
        });
        Array.ForEach([.. around, disposer], static thread => thread.Start());
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Short)
        {
            made.Add(MlxArray.Create<float>([1, 2]));
        }

        made.CompleteAdding();
        disposer.Join();
        end.Cancel();
        Array.ForEach(around, static thread => thread.Join());
        HandleCount.Settle();
    }

    [Test]
    public void ReadersDuringTrainingSeeConsistentParameters([Values] bool ownsArrays, [Values] bool compiled) =>
        Train(ownsArrays, compiled, Short);

    [Test]
    [Explicit("takes four minutes")]
    public void ReadersDuringAMinuteOfTrainingSeeConsistentParameters([Values] bool ownsArrays, [Values] bool compiled) =>
        Train(ownsArrays, compiled, TimeSpan.FromMinutes(1));

    private static void Train(bool ownsArrays, bool compiled, TimeSpan time)
    {
        var model = new Sequential(new Linear(8, 16), new ReLU(), new Linear(16, 4)) { OwnsArrays = ownsArrays };
        var optimizer = new Adam(1e-3f);
        MlxArray x = Mx.Random.Normal([32, 8]);
        MlxArray y = Mx.Random.Normal([32, 4]);
        Mx.Eval(x, y);
        Func<MlxArray, MlxArray, (MlxArray, TreeDictionary)> gradients = model.ValueAndGrad((MlxArray input, MlxArray target) =>
            Losses.MseLoss(model.Forward(input), target));
        Func<MlxArray, MlxArray> forward = compiled ? Mx.Compile(model.Forward, inputs: [model]) : model.Forward;
        Action<int>[] works =
        [
            .. Enumerable.Repeat<Action<int>>(
                i =>
                {
                    (MlxArray loss, TreeDictionary tree) = gradients(x, y);
                    optimizer.Update(model, tree);
                    Mx.Eval(model.Parameters());
                    loss.Eval();
                },
                1),
            .. Enumerable.Repeat<Action<int>>(i => forward(x).Sum().Item<float>(), Threads - 3),
            i => model.Parameters().Flatten()[0].Value.ToArray<float>(),
            i => optimizer.State.Flatten().Select(item => item.Value.ToString()).ToList(),
        ];
        RunAll(works, time);
    }

    private static void DisposeAndMake(MlxArray[] arrays, int i)
    {
        MlxArray fresh = (i % 3) switch
        {
            0 => Mx.Ones(3, 3),
            1 => Mx.Random.Normal([3, 3]),
            _ => MlxArray.Create<float>([1, 2, 3, 4, 5, 6, 7, 8, 9], 3, 3) + 1,
        };
        Interlocked.Exchange(ref arrays[i], fresh).Dispose();
    }

    /// <summary>First, each kind of use on one thread next to threads that change arrays; then all uses on all threads.</summary>
    private static void Stress((string Name, Action<MlxArray[], int> Do)[] uses, Action<MlxArray[], int> change, TimeSpan time)
    {
        MlxArray[] arrays = [.. Enumerable.Range(0, 8).Select(i => Mx.Full([3, 3], (float)i))];
        Mx.Eval(arrays);
        TimeSpan each = time / (uses.Length + 1);
        foreach ((_, Action<MlxArray[], int> use) in uses)
        {
            Action<int>[] pair = [i => use(arrays, i % 8), i => change(arrays, i % 8), i => use(arrays, i * 5 % 8),
                i => change(arrays, i * 3 % 8)];
            RunAll(pair, each);
        }

        RunAll(
            [.. Enumerable.Range(0, Threads).Select(thread => (Action<int>)(i =>
            {
                if (i % 3 == 0)
                {
                    change(arrays, (i + thread) % 8);
                }
                else
                {
                    uses[(i + thread) % uses.Length].Do(arrays, (i * 3) % 8);
                }
            }))],
            each);
    }

    // The exceptions that a race may cause; any other exception is an error.
    private static bool IsMeant(Exception exception) => exception is ObjectDisposedException
        || (exception is AggregateException { InnerExceptions: var inner } && inner.All(IsMeant));

    private static void RunAll(Action<int>[] works, TimeSpan time)
    {
        var failures = new ConcurrentQueue<Exception>();
        var clock = Stopwatch.StartNew();
        Thread[] threads = [.. works.Select(work => new Thread(() =>
        {
            for (int i = 0; clock.Elapsed < time && failures.IsEmpty; i++)
            {
                try
                {
                    work(i);
                }
                catch (Exception e) when (IsMeant(e))
                {
                }
                catch (Exception e)
                {
                    failures.Enqueue(e);
                }
            }
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        Assert.That(failures, Is.Empty);
    }

    private static void Until(Action action, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            action();
        }
    }
}
