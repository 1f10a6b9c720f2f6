namespace DotMlx.Tests.IO;

/// <summary>Loading from and saving to streams without blocking the caller.</summary>
[TestFixture]
public class AsyncStreamTests
{
    private static readonly string[] Formats = ["npy", "npz", "compressed", "safetensors", "gguf"];

    private static Task Save(string format, Stream stream, MlxArray array, Progress? progress = null,
        CancellationToken cancellation = default)
    {
        Dictionary<string, MlxArray> arrays = new() { ["a"] = array };
        return format switch
        {
            "npy" => Mx.SaveAsync(stream, array, progress, cancellation),
            "npz" => Mx.SavezAsync(stream, arrays, progress, cancellation),
            "compressed" => Mx.SavezCompressedAsync(stream, arrays, progress, cancellation),
            "safetensors" => Mx.SaveSafetensorsAsync(stream, arrays, new Dictionary<string, string> { ["k"] = "v" },
                progress, cancellation),
            _ => Mx.SaveGgufAsync(stream, arrays, new Dictionary<string, GgufValue> { ["k"] = "v" }, progress, cancellation),
        };
    }

    [TestCaseSource(nameof(Formats))]
    public async Task OnlyAsynchronousFunctionsOfTheStreamAreUsed(string format)
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray a = Mx.Arange(3000);
        using AsyncOnlyStream target = new();
        Progress saved = new();
        await Save(format, target, a, saved);
        saved.AssertComplete(a.NBytes);

        Progress read = new();
        using ArrayFile loaded = await Mx.LoadAsync(new AsyncOnlyStream(target.Written), progress: read);
        read.AssertComplete(a.NBytes);
        Golden.AssertClose(loaded.Array, a, 0);
        if (format == "safetensors")
        {
            using SafetensorsFile tensors = await Mx.LoadSafetensorsAsync(new AsyncOnlyStream(target.Written));
            Assert.That(tensors.Metadata["k"], Is.EqualTo("v"));
        }
        else if (format == "gguf")
        {
            using GgufFile gguf = await Mx.LoadGgufAsync(new AsyncOnlyStream(target.Written));
            Assert.That(gguf.Metadata["k"].Text, Is.EqualTo("v"));
        }
    }

    [TestCaseSource(nameof(Formats))]
    public async Task AStreamThatHangsIsGivenUp(string format)
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray a = Mx.Random.Normal([3000]);
        using MemoryStream whole = new();
        await Save(format, whole, a);
        using CancellationTokenSource source = new();
        Task<ArrayFile> loading = Mx.LoadAsync(new AsyncOnlyStream(whole.ToArray(), hangsAfter: 1000), cancellationToken: source.Token);
        Task saving = Save(format, new AsyncOnlyStream(hangsAfter: 0), a, cancellation: source.Token);
        Assert.That(loading.IsCompleted || saving.IsCompleted, Is.False);
        await source.CancelAsync();
        await Progress.AssertCanceled(loading);
        await Progress.AssertCanceled(saving);
    }

    [TestCaseSource(nameof(Formats))]
    public async Task AStreamThatSeeksGetsTheBytesOfTheSynchronousForm(string format)
    {
        using MlxArray a = Mx.Arange(3000);
        using MemoryStream later = new();
        using MemoryStream now = new();
        await Save(format, later, a);
        KeyValuePair<string, MlxArray>[] arrays = [KeyValuePair.Create("a", a)];
        switch (format)
        {
            case "npy":
                Mx.Save(now, a);
                break;
            case "npz":
                Mx.Savez(now, arrays);
                break;
            case "compressed":
                Mx.SavezCompressed(now, arrays);
                break;
            case "safetensors":
                Mx.SaveSafetensors(now, arrays, new Dictionary<string, string> { ["k"] = "v" });
                break;
            default:
                Mx.SaveGguf(now, arrays, new Dictionary<string, GgufValue> { ["k"] = "v" });
                break;
        }

        Assert.That(later.ToArray(), Is.EqualTo(now.ToArray()));
    }

    [Test]
    public async Task ArraysFollowEachOtherInAStream()
    {
        using MemoryStream stream = new();
        using MlxArray a = Mx.Arange(5);
        using MlxArray b = Mx.Ones(2, 2);
        await Mx.SaveAsync(stream, a);
        await Mx.SaveAsync(stream, b);
        stream.Position = 0;
        using ArrayFile first = await Mx.LoadAsync(stream);
        using ArrayFile second = await Mx.LoadAsync(stream);
        Golden.AssertClose(first.Array, a, 0);
        Golden.AssertClose(second.Array, b, 0);
        Assert.That(stream.Position, Is.EqualTo(stream.Length));
    }

    [Test]
    public async Task ExceptionsOfTheStreamArePassedOn()
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray a = Mx.Arange(3000);
        using MemoryStream whole = new();
        await Mx.SaveSafetensorsAsync(whole, [KeyValuePair.Create("a", a)]);
        Assert.That(async () => await Mx.LoadAsync(new FailingStream(whole.ToArray(), 1000)),
            Throws.InstanceOf<IOException>().With.Message.Contains("%s%n"));
        Assert.That(
            async () => await Mx.SaveSafetensorsAsync(new FailingStream([], 1000), [KeyValuePair.Create("a", a)]),
            Throws.InstanceOf<IOException>().With.Message.Contains("%s%n"));
        using AsyncOnlyStream unreadable = new();
        Assert.That(() => { _ = Mx.LoadAsync(unreadable); }, Throws.ArgumentException);
    }
}
