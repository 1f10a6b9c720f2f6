using System.Globalization;
using System.IO.Compression;
using System.Runtime.CompilerServices;

namespace DotMlx.Data.Tests;

/// <summary>Arrays, sequences, and tables as sources, and the errors that a reading loop gets.</summary>
internal sealed class SourceTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("dotmlx-data-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void RowsOfArraysComeInBatchesOfArrays()
    {
        MlxArray x = Mx.Arange(12).Reshape(6, 2), y = Mx.Arange(6);
        MlxArray[][] batches = [.. Dataset.FromArrays(x, y).Batch(4)];
        Assert.That(batches.Select(batch => batch[0].Dim(0)), Is.EqualTo(new[] { 4, 2 }));
        Assert.That(batches[1][0].ToArray<int>(), Is.EqualTo(new[] { 8, 9, 10, 11 }));
        Assert.That(batches[1][1].ToArray<int>(), Is.EqualTo(new[] { 4, 5 }));
    }

    [Test]
    public void ShuffledShardsOfRowsAreTheRowsOfTheirNumbers()
    {
        MlxArray y = Mx.Arange(20);
        int[] numbers = [.. Dataset.Range(20).Shuffle(4).Shard(1, 2).Shuffle(5).Pass(3)];
        int[] rows = [.. Dataset.FromArrays(y, y * 2).Shuffle(4).Shard(1, 2).Shuffle(5).Batch(3).Pass(3)
            .SelectMany(batch => batch[0].ToArray<int>())];
        int[] single = [.. Dataset.FromArrays(y).Shuffle(4).Shard(1, 2).Shuffle(5).Pass(3).Select(example => example[0].Item<int>())];
        Assert.That(rows, Is.EqualTo(numbers));
        Assert.That(single, Is.EqualTo(numbers));
    }

    [Test]
    public void ExamplesMadeByAFunctionAreStacked()
    {
        MlxArray[][] batches = [.. Dataset.Range(5).Select(i => new[] { Mx.Full([2], (float)i), MlxArray.Scalar(i) })
            .Batch(2, dropLast: true)];
        Assert.That(batches, Has.Length.EqualTo(2));
        Assert.That(batches[1][0].ToArray<float>(), Is.EqualTo(new[] { 2f, 2f, 3f, 3f }));
        Assert.That(batches[1][1].ToArray<int>(), Is.EqualTo(new[] { 2, 3 }));
    }

    [Test]
    public void ExamplesOfDifferentShapesAreNamed()
    {
        Dataset<MlxArray[]> data = Dataset.Range(4).Select(i => new[] { Mx.Zeros(i < 3 ? 2 : 3) }).Batch(2);
        DatasetException error = Assert.Throws<DatasetException>(() => data.Count())!;
        Assert.That(error.Message, Does.Contain("Example 1 of the batch has the shapes (3), but the first has (2)").And.Contains("item 2"));
    }

    [Test]
    public void ArraysThatDoNotFitAreRefused() => Assert.That(
        () => Dataset.FromArrays(Mx.Zeros(3, 2), Mx.Zeros(4)), Throws.ArgumentException.With.Message.Contains("(3, 2), (4)"));

    [Test]
    public void SequencesAreReadAnewForEachPass()
    {
        int passes = 0;
        IEnumerable<int> Source()
        {
            passes++;
            yield return 1;
            yield return 2;
        }

        Dataset<int> data = Dataset.From(Source());
        Assert.That(data.Pass(0).Concat(data.Pass(1)), Is.EqualTo(new[] { 1, 2, 1, 2 }));
        Assert.That(passes, Is.EqualTo(2));
        Dataset<int> cached = data.Cache();
        Assert.That(cached.Pass(0).Concat(cached.Pass(1)), Is.EqualTo(new[] { 1, 2, 1, 2 }));
        Assert.That(passes, Is.EqualTo(3));
    }

    [Test]
    public void AnAsynchronousSequenceIsASourceToo()
    {
        Assert.That(Dataset.From(Numbers(4)).Batch(3).Prefetch(1).Select(batch => batch.Sum()), Is.EqualTo(new[] { 3, 3 }));

        static async IAsyncEnumerable<int> Numbers(int count, [EnumeratorCancellation] CancellationToken token = default)
        {
            for (int i = 0; i < count; i++)
            {
                await Task.Yield();
                token.ThrowIfCancellationRequested();
                yield return i;
            }
        }
    }

    [Test]
    public void TablesAreReadByColumnNumberOrName([Values] bool packed)
    {
        string path = Path.Combine(_folder, packed ? "data.csv.gz" : "data.csv");
        Write(path, "height;name\n1.5;\"a;b\"\n2.5;c\n");
        Dataset<(float Height, string Name)> data =
            Dataset.FromCsv(path, row => (row.GetFloat(0), row.GetString(row.GetOrdinal("name"))), delimiter: ';');
        Assert.That(data, Is.EqualTo(new[] { (1.5f, "a;b"), (2.5f, "c") }));
        Assert.That(data.Pass(1, skip: 1), Is.EqualTo(new[] { (2.5f, "c") }));
    }

    [Test]
    public void ARowThatCannotBeReadIsNamed([Values] bool prefetch)
    {
        string path = Path.Combine(_folder, "data.csv");
        Write(path, "1\n2\nthree\n4\n");
        Dataset<float[]> data = Dataset.FromCsv(path, row => row.GetFloat(0), hasHeader: false).Batch(2);
        List<float[]> read = [];
        DatasetException error = Assert.Throws<DatasetException>(() => read.AddRange(Each(prefetch ? data.Prefetch(4) : data, read)))!;
        Assert.That(error.ItemName, Is.EqualTo($"{path}, row 3"));
        Assert.That(error.InnerException, Is.InstanceOf<FormatException>());
        Assert.That(read.Single(), Is.EqualTo(new[] { 1f, 2f }), "what came before the mistake");
        Assert.That(Assert.Throws<DatasetException>(() => Dataset.FromCsv(path + "x", row => 0).Count())!.ItemName, Is.EqualTo(path + "x"));
    }

    [Test]
    public void AFunctionThatFailsNamesItsItem([Values] bool shuffled)
    {
        Dataset<int> numbers = shuffled ? Dataset.Range(9).Shuffle(2) : Dataset.From(Enumerable.Range(0, 9).Where(_ => true));
        Dataset<int> data = numbers.Select(i => i == 4 ? throw new InvalidOperationException("no four") : i);
        DatasetException error = Assert.Throws<DatasetException>(() => data.Count(_ => true))!;
        Assert.That(error.Message, Is.EqualTo("item 4: no four"));
    }

    private static IEnumerable<T> Each<T>(Dataset<T> data, List<T> read)
    {
        foreach (T item in data)
        {
            read.Add(item);
        }

        return [];
    }

    private static void Write(string path, string text)
    {
        using FileStream file = File.Create(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        stream.Write(System.Text.Encoding.UTF8.GetBytes(text.ToString(CultureInfo.InvariantCulture)));
    }
}
