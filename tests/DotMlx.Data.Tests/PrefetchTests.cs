namespace DotMlx.Data.Tests;

/// <summary>Prefetching runs on another thread, stays within its limit, and ends when the reader stops.</summary>
internal sealed class PrefetchTests
{
    [Test]
    [CancelAfter(30_000)]
    public void ItReadsAheadButNoFurtherThanAskedFor(CancellationToken token)
    {
        int made = 0;
        using IEnumerator<int> reader = Dataset.Range(100).Select(i => { Interlocked.Increment(ref made); return i; })
            .Prefetch(3).GetEnumerator();
        Assert.That(reader.MoveNext(), Is.True);

        // One item was taken, three wait, and the prefetching thread holds one.
        WaitFor(() => Volatile.Read(ref made) == 5, token);
        Thread.Sleep(50);
        Assert.That(Volatile.Read(ref made), Is.EqualTo(5));
        Assert.That(reader.MoveNext(), Is.True);
        WaitFor(() => Volatile.Read(ref made) == 6, token);
        Assert.That(reader.Current, Is.EqualTo(1));
    }

    [Test]
    [CancelAfter(30_000)]
    public void TheWorkIsDoneWhileTheReaderIsBusy(CancellationToken token)
    {
        int readerThread = Environment.CurrentManagedThreadId;
        using var next = new SemaphoreSlim(0);
        List<int> threads = [];
        using IEnumerator<int> reader = Dataset.Range(3)
            .Select(i => { threads.Add(Environment.CurrentManagedThreadId); next.Release(); return i; }).Prefetch(3).GetEnumerator();
        Assert.That(reader.MoveNext(), Is.True);

        // The second and third items are made although the reader doesn't request them.
        for (int i = 0; i < 3; i++)
        {
            next.Wait(token);
        }

        Assert.That(threads, Has.None.EqualTo(readerThread));
        Assert.That(threads.Distinct().Count(), Is.EqualTo(1));
    }

    [Test]
    [CancelAfter(30_000)]
    public void TheThreadEndsWhenTheReaderLeaves(CancellationToken token)
    {
        Thread? worker = null;
        foreach (int item in Dataset.From(Endless(() => worker = Thread.CurrentThread)).Prefetch(2))
        {
            if (item == 5)
            {
                break;
            }
        }

        WaitFor(() => !worker!.IsAlive, token);
        Assert.That(worker!.IsAlive, Is.False);
    }

    [Test]
    public void PrefetchedItemsOutliveAScopeOfTheReader()
    {
        MlxArray y = Mx.Arange(12);
        List<int> sums = [];
        using IEnumerator<MlxArray[]> reader = Dataset.FromArrays(y).Batch(4).Prefetch(2).GetEnumerator();
        while (true)
        {
            using MlxScope scope = MlxScope.Begin();
            if (!reader.MoveNext())
            {
                break;
            }

            sums.Add(Mx.Sum(reader.Current[0]).Item<int>());
        }

        Assert.That(sums, Is.EqualTo(new[] { 6, 22, 38 }));
    }

    private static IEnumerable<int> Endless(Action onThread)
    {
        onThread();
        for (int i = 0; ; i++)
        {
            yield return i;
        }
    }

    private static void WaitFor(Func<bool> reached, CancellationToken token)
    {
        while (!reached())
        {
            token.ThrowIfCancellationRequested();
            Thread.Sleep(1);
        }
    }
}
