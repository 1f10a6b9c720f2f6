using System.Collections.Concurrent;

namespace DotMlx.Tests.Threads;

[NonParallelizable]
public class ThreadTests
{
    private const int Threads = 16;

    // A limit for failing tests, which would hang.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    // The time during which an event must not occur.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);

    [Test]
    public void SixteenThreadsComputeTheSame()
    {
        using var handles = HandleCount.NoneLeft();
        float expected = Work(0);
        var results = new ConcurrentBag<float>();
        RunAll(_ => results.Add(Work(50)));
        Assert.That(results, Has.Count.EqualTo(Threads));
        Assert.That(results, Is.All.EqualTo(expected));
        HandleCount.Settle();

        static float Work(int extra)
        {
            float last = 0;
            for (int round = 0; round <= extra; round++)
            {
                using var scope = MlxScope.Begin();
                var x = MlxArray.Create([.. Enumerable.Range(0, 64).Select(i => i / 64f)], 8, 8);
                var w = x.T * 0.5f;
                for (int i = 0; i < 10; i++)
                {
                    w = Mx.Tanh(Mx.MatMul(w, x)) + 0.1f;
                }

                last = w.Sum().Item<float>();
            }

            return last;
        }
    }

    [Test]
    public void SixteenThreadsComputeTheSameWithoutDisposing()
    {
        var failures = new ConcurrentBag<string>();
        RunAll(seed =>
        {
            var x = MlxArray.Create<float>([seed]);
            for (int i = 0; i < 300; i++)
            {
                // Split has several outputs, whose graph nodes refer to one another, which makes a free on another thread delicate.
                var parts = Mx.Split(Mx.Concatenate([x, x + 1]), 2);
                var y = parts[0] + (parts[1] - parts[0]);
                if (i % 3 == 0 && y.Item<float>() != seed + 1)
                {
                    failures.Add($"{seed}: {y.Item<float>()}");
                }

                if (i % 50 == 0)
                {
                    GC.Collect(0);
                }
            }
        });
        Assert.That(failures, Is.Empty);
    }

    [Test]
    public void SharedLazyArraysAreEvaluatedOnAnyThread()
    {
        using var scope = MlxScope.Begin();
        for (int round = 0; round < 20; round++)
        {
            var shared = Mx.Exp(MlxArray.Create(new float[256])) * 3;
            var sums = new ConcurrentBag<float>();
            RunAll(_ =>
            {
                using var sum = (shared + 1).Sum();
                sums.Add(sum.Item<float>());
            });
            Assert.That(sums, Is.All.EqualTo(1024f));
        }
    }

    [Test]
    public void RacingDisposeIsHarmless()
    {
        for (int i = 0; i < 200; i++)
        {
            var a = MlxArray.Create<int>([i]);
            Parallel.Invoke(a.Dispose, a.Dispose, a.Dispose, a.Dispose);
            Assert.That(a.IsDisposed);
        }
    }

    [Test]
    public async Task ArraysTravelAcrossAwait()
    {
        using var handles = HandleCount.NoneLeft();
        var tasks = Enumerable.Range(0, 32).Select(async seed =>
        {
            using var scope = MlxScope.Begin();
            var x = MlxArray.Create<float>([seed, 1]);
            for (int i = 0; i < 10; i++)
            {
                x += 1;
                await Task.Yield();
                await x.EvalAsync();
                await Task.Delay(i % 3);
            }

            return x.ToArray<float>()[0] - seed;
        });
        Assert.That(await Task.WhenAll(tasks), Is.All.EqualTo(10f));
        HandleCount.Settle();
    }

    [Test]
    public void EvalAsyncUsesNoThreadOfThePool()
    {
        using var scope = MlxScope.Begin();
        MlxArray[] arrays = [.. Enumerable.Range(0, 200).Select(i => MlxArray.Create(new float[1000]) + i)];
        using var release = new ManualResetEventSlim();
        ThreadPool.GetMaxThreads(out int mostBefore, out int ports);
        int most = Math.Max(Environment.ProcessorCount, ThreadPool.ThreadCount);
        Assert.That(ThreadPool.SetMaxThreads(most, ports), Is.True);
        List<Task> busy = [];
        try
        {
            // There is one more item than threads, so it must wait in the queue.
            busy.AddRange(Enumerable.Range(0, most + 1).Select(_ => Task.Run(release.Wait)));
            Assert.That(Task.WaitAll([.. arrays.Select(array => array.EvalAsync())], Patience), Is.True,
                "evaluations wait for threads of the pool");
            Assert.That(ThreadPool.PendingWorkItemCount, Is.GreaterThan(0), "the pool still had a thread");
        }
        finally
        {
            release.Set();
            Task.WaitAll([.. busy]);
            ThreadPool.SetMaxThreads(mostBefore, ports);
        }

        Assert.That(arrays[199].ToArray<float>(), Is.All.EqualTo(199f));
    }

    [Test]
    public async Task EvalAsyncOutlivesItsArrays()
    {
        var a = MlxArray.Create<float>([1]) + 1;
        Task done = a.EvalAsync();
        a.Dispose();
        await done;
        Assert.That(Mx.EvalAsync([]).IsCompletedSuccessfully);
    }

    [Test]
    public void EvalAsyncCanBeCancelled()
    {
        using var a = MlxArray.Create<float>([1]) + 1;
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.That(async () => await a.EvalAsync(source.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(a.Item<float>(), Is.EqualTo(2f));
    }

    [Test]
    public void CancellingEvalAsyncEndsTheWaitAtOnce()
    {
        using HandleCount handles = HandleCount.NoneLeft();
        using MlxArray one = MlxArray.Create<float>([1]), two = one + 1;
        using (OngoingEvaluation other = OngoingEvaluation.Begin())
        {
            using var source = new CancellationTokenSource();
            Task waiting = two.EvalAsync(source.Token);
            Assert.That(waiting.IsCompleted, Is.False);
            source.Cancel();
            Assert.That(() => waiting.Wait(Patience),
                Throws.TypeOf<AggregateException>().With.InnerException.InstanceOf<OperationCanceledException>());
            Assert.That(other.HasEnded, Is.False);
        }

        Assert.That(two.Item<float>(), Is.EqualTo(2f));
    }

    [Test]
    public void BuildingWaitsForNoEvaluation()
    {
        using var scope = MlxScope.Begin();
        using OngoingEvaluation other = OngoingEvaluation.Begin();
        Task<string> building = Task.Run(() =>
        {
            MlxArray sum = Mx.Sum(MlxArray.Create<float>([1, 2, 3], 3) * 2);
            (MlxArray value, MlxArray gradient) = Mx.ValueAndGrad((MlxArray x) => Mx.Sum(x * x))(Mx.Ones(3, 4));
            return string.Join(' ', sum.NDim, sum.DType, value.NDim, gradient.Shape[1]);
        });
        Assert.That(building.Wait(Patience), Is.True, "building waits for the evaluation of another thread");
        Assert.That(building.Result, Is.EqualTo("0 Float32 0 4"));
        Assert.That(other.HasEnded, Is.False);
    }

    [Test]
    public void AStreamIsMadeWhileNothingEvaluates()
    {
        Task<MlxStream> making;
        using (OngoingEvaluation.Begin())
        {
            making = Task.Run(() => Mx.NewStream(MlxDevice.Cpu));
            Assert.That(making.Wait(Moment), Is.False, "a stream goes into tables that the evaluation of another thread reads");
        }

        Assert.That(making.Wait(Patience), Is.True);
        using MlxArray sum = Mx.Sum(Mx.Ones([3], DType.Float32, making.Result), stream: making.Result);
        Assert.That(sum.Item<float>(), Is.EqualTo(3f));
    }

    [Test]
    public void EvalAsyncStartsAndReadingWaits()
    {
        using var scope = MlxScope.Begin();
        var a = Mx.Sin(MlxArray.Create(new float[100_000])) + 2;
        _ = Mx.EvalAsync(a);
        Assert.That(a.ToArray<float>(), Is.All.EqualTo(2f));
    }

    [Test]
    public void ExceptionsReleaseTheLocks()
    {
        RunAll(seed =>
        {
            for (int i = 0; i < 20; i++)
            {
                try
                {
                    using (TraceLock.Enter())
                    {
                        using var a = MlxArray.Create<float>([seed]);
                        Assert.That(a.Item<float>(), Is.EqualTo(seed));
                        throw new InvalidOperationException();
                    }
                }
                catch (InvalidOperationException)
                {
                }

                try
                {
                    Evaluation.Run(() => throw new InvalidOperationException());
                }
                catch (InvalidOperationException)
                {
                }
            }
        });
        Assert.That(TraceLock.IsHeldByCurrentThread, Is.False);
    }

    [Test]
    public void ATransformMayWaitForAnotherThreadThatEvaluates()
    {
        using (TraceLock.Enter())
        {
            float value = Task.Run(() =>
            {
                using var a = MlxArray.Create<float>([1]) + 1;
                return a.Item<float>();
            }).GetAwaiter().GetResult();
            Assert.That(value, Is.EqualTo(2f));
        }
    }

    [Test]
    public unsafe void ThreadsThatOnlyBuildLeaveTheChoiceOfStreamToTheLibrary()
    {
        MlxStream expected = Mx.DefaultStream();
        bool same = false;
        var builder = new Thread(() =>
        {
            using MlxArray a = MlxArray.Create<float>([1, 2, 3, 4], 2, 2);
            using MlxArray b = a + 1;
            using var device = expected.Device.ToNative();
            Bindings.mlx_stream used = default;
            _ = Bindings.Mlxc.mlx_get_default_stream(&used, device.Handle);
            same = Bindings.Mlxc.mlx_stream_equal(used, expected.Handle) != 0;
            _ = Bindings.Mlxc.mlx_stream_free(used);
        });
        builder.Start();
        builder.Join();
        Assert.That(same, Is.True);
    }

    private static void RunAll(Action<int> work)
    {
        var failures = new ConcurrentBag<Exception>();
        var threads = Enumerable.Range(0, Threads).Select(seed => new Thread(() =>
        {
            try
            {
                work(seed);
            }
            catch (Exception exception)
            {
                failures.Add(exception);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.That(failures, Is.Empty);
    }
}
