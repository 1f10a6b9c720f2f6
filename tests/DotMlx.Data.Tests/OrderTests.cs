namespace DotMlx.Data.Tests;

/// <summary>Shuffling, batches, shards, and positions: equal numbers give equal items, regardless of where a run starts.</summary>
internal sealed class OrderTests
{
    private static readonly int[] Numbers = [.. Enumerable.Range(0, 23)];

    private static Dataset<int> Indexed => Dataset.From((IReadOnlyList<int>)Numbers);

    private static Dataset<int> Streamed => Dataset.From(Enumerable.Range(0, 23).Where(_ => true));

    [Test]
    public void APassShuffledHasEveryItemOnceAndEachPassItsOwnOrder([Values] bool indexed)
    {
        Dataset<int> data = (indexed ? Indexed : Streamed).Shuffle(7, buffer: 5);
        int[] first = [.. data.Pass(0)];
        Assert.That(first, Is.EquivalentTo(Numbers).And.Not.EqualTo(Numbers));
        Assert.That(data.Pass(0), Is.EqualTo(first));
        Assert.That(data.Pass(1), Is.EquivalentTo(Numbers).And.Not.EqualTo(first));
        Assert.That((indexed ? Indexed : Streamed).Shuffle(8, buffer: 5), Is.Not.EqualTo(first));
    }

    [Test]
    public void TheOrderOfASeedStaysForEver() =>
        Assert.That(Dataset.Range(8).Shuffle(3).Pass(2), Is.EqualTo(new[] { 5, 6, 0, 7, 4, 2, 1, 3 }));

    [TestCase(true, false, new[] { 5, 5, 5, 5, 3 })]
    [TestCase(true, true, new[] { 5, 5, 5, 5 })]
    [TestCase(false, false, new[] { 5, 5, 5, 5, 3 })]
    [TestCase(false, true, new[] { 5, 5, 5, 5 })]
    public void BatchesKeepTheOrderAndTheLastOneIsSmallerOrDropped(bool indexed, bool dropLast, int[] sizes)
    {
        int[][] batches = [.. (indexed ? Indexed : Streamed).Batch(5, dropLast)];
        Assert.That(batches.Select(batch => batch.Length), Is.EqualTo(sizes));
        Assert.That(batches.SelectMany(batch => batch), Is.EqualTo(Numbers[..sizes.Sum()]));
    }

    [Test]
    public void ShardsShareTheItemsOfAPassEqually([Values] bool indexed)
    {
        Dataset<int> all = (indexed ? Indexed : Streamed).Shuffle(1);
        int[][] parts = [.. Enumerable.Range(0, 4).Select(rank => all.Shard(rank, 4).Pass(3).ToArray())];
        Assert.That(parts.Select(part => part.Length), Is.All.EqualTo(5));
        Assert.That(parts.SelectMany(part => part), Is.Unique);
        Assert.That(parts.SelectMany(part => part), Is.EquivalentTo(all.Pass(3).Take(20)));
    }

    [Test]
    public void CountsAreKnownWhereTheSourceKnowsThem()
    {
        Assert.That(Indexed.Shuffle(1).Shard(0, 2).Batch(4).Prefetch(2).Count, Is.EqualTo(3));
        Assert.That(Indexed.Batch(5, dropLast: true).Count, Is.EqualTo(4));
        Assert.That(Streamed.Shuffle(1).Batch(5).Count, Is.Null);
        Assert.That(Streamed.Cache().Count, Is.EqualTo(23));
    }

    /// <summary>
    /// A reader that stops after any batch, and a new one that continues there, give the items of one run, including the random parts.
    /// </summary>
    [Test]
    public void ARestoredReaderGoesOnExactly([Values] bool indexed, [Values] bool prefetch)
    {
        DataReader<string[]> NewReader()
        {
            Dataset<string[]> data = (indexed ? Indexed : Streamed).Shuffle(5, buffer: 6).Shard(1, 2)
                .Select((item, random) => $"{item}:{random.Next(1000)}", seed: 9).Batch(3);
            return (prefetch ? data.Prefetch(2) : data).Read();
        }

        DataReader<string[]> uninterrupted = NewReader();
        List<string[]> expected = [.. uninterrupted.ReadEpoch(), .. uninterrupted.ReadEpoch()];
        for (int stop = 0; stop < expected.Count; stop++)
        {
            DataReader<string[]> first = NewReader();
            List<string[]> read = Read(first, stop);
            DataReader<string[]> second = NewReader();
            second.RestoreState(first.CaptureState());
            while (second.Epoch < 2)
            {
                read.AddRange(second.ReadEpoch());
            }

            Assert.That(read, Is.EqualTo(expected), $"stopped after {stop}");
        }
    }

    [Test]
    public void AReaderThatWasLeftContinuesWithTheNextItem()
    {
        DataReader<int> reader = Indexed.Prefetch(4).Read();
        Assert.That(reader.ReadEpoch().Take(3), Is.EqualTo(new[] { 0, 1, 2 }));
        Assert.That((reader.Epoch, reader.Items), Is.EqualTo((0, 3L)));
        Assert.That(reader.ReadEpoch(), Is.EqualTo(Numbers[3..]));
        Assert.That((reader.Epoch, reader.Items), Is.EqualTo((1, 0L)));
    }

    [Test]
    public void ThePositionIsSavedAsAFileBesideTheModel()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".safetensors");
        DataReader<int> reader = Indexed.Read();
        reader.Seek(3, 17);
        try
        {
            ((TreeDictionary)reader.CaptureState()).Save(path);
            DataReader<int> other = Indexed.Read();
            other.RestoreState(TreeDictionary.Load(path));
            Assert.That((other.Epoch, other.Items), Is.EqualTo((3, 17L)));
        }
        finally
        {
            File.Delete(path);
        }

        Assert.That(() => reader.Seek(0, 24), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => reader.RestoreState(new TreeDictionary()), Throws.ArgumentException.With.Message.Contains("'epoch' and 'items'"));
    }

    [Test]
    public void ProgressAndCancellationComeBetweenItems()
    {
        List<DataProgress> told = [];
        var progress = new Direct(told.Add);
        using var cancellation = new CancellationTokenSource();
        DataReader<int[]> reader = Indexed.Batch(8).Read();
        Assert.That(
            () => reader.ReadEpoch(progress, cancellation.Token)
                .Select((batch, i) => { if (i == 1) { cancellation.Cancel(); } return batch; }).Count(),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(told, Is.EqualTo(new[] { new DataProgress(0, 1, 3), new DataProgress(0, 2, 3) }));
        Assert.That(reader.Items, Is.EqualTo(2));
    }

    private static List<string[]> Read(DataReader<string[]> reader, int count)
    {
        List<string[]> read = [];
        while (read.Count < count)
        {
            read.AddRange(reader.ReadEpoch().Take(count - read.Count));
        }

        return read;
    }

    private sealed class Direct(Action<DataProgress> report) : IProgress<DataProgress>
    {
        public void Report(DataProgress value) => report(value);
    }
}
