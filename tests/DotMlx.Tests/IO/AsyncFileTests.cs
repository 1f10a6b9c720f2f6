using DotMlx.NN;

namespace DotMlx.Tests.IO;

/// <summary>
/// Asynchronous loading and saving doesn't block the caller, reports progress, can be canceled, and takes no memory twice.
/// </summary>
[TestFixture]
public class AsyncFileTests : FolderTests
{
    private const int Count = 8_000_000;

    [TestCase("a.npy")]
    [TestCase("a.npz")]
    [TestCase("b.npz")]
    [TestCase("a.safetensors")]
    [TestCase("a.gguf")]
    public async Task SavedArraysRoundTripAndProgressIsReported(string name)
    {
        using MlxArray a = Mx.Arange(3000);
        using MlxArray b = Mx.Ones(10, 20);
        string path = Path.Combine(Folder, name);
        Dictionary<string, MlxArray> arrays = new() { ["a"] = a, ["b"] = b };
        Progress saved = new();
        await (name switch
        {
            "a.npy" => Mx.SaveAsync(path, a, saved),
            "a.npz" => Mx.SavezAsync(path, arrays, saved),
            "b.npz" => Mx.SavezCompressedAsync(path, arrays, saved),
            "a.safetensors" => Mx.SaveSafetensorsAsync(path, arrays, new Dictionary<string, string> { ["k"] = "v" }, saved),
            _ => Mx.SaveGgufAsync(path, arrays, new Dictionary<string, GgufValue> { ["k"] = "v" }, saved),
        });
        long total = name == "a.npy" ? a.NBytes : a.NBytes + b.NBytes;
        saved.AssertComplete(total);

        Progress read = new();
        using ArrayFile loaded = await Mx.LoadAsync(path, progress: read);
        read.AssertComplete(total);
        Golden.AssertClose(loaded.Values.First(), a, 0);
        if (name == "a.safetensors")
        {
            using SafetensorsFile tensors = await Mx.LoadSafetensorsAsync(path);
            Assert.That(tensors.Metadata["k"], Is.EqualTo("v"));
        }
        else if (name == "a.gguf")
        {
            using GgufFile gguf = await Mx.LoadGgufAsync(path);
            Assert.That(gguf.Metadata["k"].Text, Is.EqualTo("v"));
        }
    }

    [Test]
    public async Task ASavingTakesTheArraysAsTheyAreWhenItBegins()
    {
        using var handles = HandleCount.NoneLeft();
        MlxArray a = Mx.Arange(1000);
        string path = Path.Combine(Folder, "a.safetensors");
        Task saving = Mx.SaveSafetensorsAsync(path, [KeyValuePair.Create("a", a)]);
        a.Dispose();
        await saving;
        using SafetensorsFile loaded = Mx.LoadSafetensors(path);
        using MlxArray expected = Mx.Arange(1000);
        Golden.AssertClose(loaded["a"], expected, 0);
    }

    [Test]
    public async Task ASavingThatIsCanceledLeavesTheOldFile()
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray a = Mx.Zeros(Count);
        string path = Path.Combine(Folder, "a.safetensors");
        File.WriteAllText(path, "old");
        using CancellationTokenSource source = new();
        Progress progress = new(source.Cancel);
        await Progress.AssertCanceled(Mx.SaveSafetensorsAsync(path, [KeyValuePair.Create("a", a)], progress: progress,
            cancellationToken: source.Token));
        Assert.That(progress.Last.Done, Is.LessThan(a.NBytes));
        Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(Folder), Has.Length.EqualTo(1));
    }

    [TestCase("a.npy")]
    [TestCase("a.npz")]
    [TestCase("a.safetensors")]
    [TestCase("a.gguf")]
    public async Task ALoadingThatIsCanceledLeavesNothing(string name)
    {
        string path = Path.Combine(Folder, name);
        using (MlxArray a = Mx.Zeros(1000))
        {
            KeyValuePair<string, MlxArray>[] named = [KeyValuePair.Create("a", a)];
            await (name switch
            {
                "a.npy" => Mx.SaveAsync(path, a),
                "a.npz" => Mx.SavezAsync(path, named),
                "a.safetensors" => Mx.SaveSafetensorsAsync(path, named),
                _ => Mx.SaveGgufAsync(path, named),
            });
        }

        using var handles = HandleCount.NoneLeft();
        await Progress.AssertCanceled(Mx.LoadAsync(path, cancellationToken: new CancellationToken(canceled: true)));

        // The transfer is canceled between the header and the data.
        using CancellationTokenSource source = new();
        using ByteSource file = ByteSource.Open(path);
        Transfer transfer = new(cancellation: source.Token);
        source.Cancel();
        Assert.That(() => FileFormats.Load(file, path, null, transfer), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task AModelIsSavedAndLoaded()
    {
        Linear model = new(4, 3);
        Linear other = new(4, 3);
        Progress saved = new();
        string path = Path.Combine(Folder, "m.safetensors");
        await model.SaveWeightsAsync(path, saved);
        saved.AssertComplete(60);
        Progress read = new();
        Assert.That(await other.LoadWeightsAsync(path, progress: read), Is.SameAs(other));
        read.AssertComplete(60);
        Golden.AssertClose(other.Weight, model.Weight, 0);

        await model.SaveShardedWeightsAsync(Folder, maxShardBytes: 48);
        Linear third = new(4, 3);
        await third.LoadWeightsAsync(Folder);
        Golden.AssertClose(third.Bias!, model.Bias!, 0);
        Assert.That(() => model.SaveWeightsAsync(Path.Combine(Folder, "m.bin")), Throws.ArgumentException);
    }

    [Test]
    public void LoadingTakesTheMemoryOfTheArraysOnce()
    {
        string path = Path.Combine(Folder, "a.safetensors");
        using (MlxArray a = Mx.Zeros(Count))
        {
            Mx.SaveSafetensors(path, [KeyValuePair.Create("a", a)]);
        }

        Mx.ClearCache();
        Mx.ResetPeakMemory();
        long active = Mx.GetActiveMemory();
        long managed = GC.GetTotalAllocatedBytes(precise: true);
        using SafetensorsFile loaded = Mx.LoadSafetensors(path);
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - managed, Is.LessThan(1_000_000));
        Assert.That(Mx.GetPeakMemory() - active, Is.LessThan(Count * 4L * 11 / 10));
    }

    [Test]
    public void SavingCopiesOneArrayAtATimeAndOnlyWhereItsOrderDemandsIt()
    {
        const int Side = 1000;
        using MlxArray straight = Mx.Zeros(Side, Side);
        MlxArray[] turned = [.. Enumerable.Range(0, 8).Select(_ => Mx.Transpose(straight))];
        Mx.Eval(turned);
        Mx.ClearCache();
        Mx.ResetPeakMemory();
        long active = Mx.GetActiveMemory();
        long managed = GC.GetTotalAllocatedBytes(precise: true);
        Mx.SaveSafetensors(Path.Combine(Folder, "a.safetensors"), turned.Select((array, i) => KeyValuePair.Create($"{i}", array)));
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - managed, Is.LessThan(1_000_000));
        Assert.That(Mx.GetPeakMemory() - active, Is.LessThan(Side * Side * 4L * 2));
        foreach (MlxArray array in turned)
        {
            array.Dispose();
        }
    }
}
