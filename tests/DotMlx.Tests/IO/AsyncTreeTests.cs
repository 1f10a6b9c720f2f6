using DotMlx.NN;
using DotMlx.Optimizers;
using DotMlx.Training;

namespace DotMlx.Tests.IO;

/// <summary>Loading and saving of checkpoints without blocking the caller.</summary>
[TestFixture]
public class AsyncTreeTests : FolderTests
{
    private static readonly CancellationToken Canceled = new(canceled: true);

    [Test]
    public async Task ATreeIsSavedAsItIsAndLoaded()
    {
        using var handles = HandleCount.NoneLeft();
        TreeDictionary tree = new() { ["a.b"] = Mx.Arange(10), ["c"] = new TreeDictionary { ["d"] = Mx.Ones(3) } };
        string path = Path.Combine(Folder, "tree.safetensors");
        Progress saved = new();
        Task saving = tree.SaveAsync(path, new Dictionary<string, string> { ["k"] = "v" }, saved);
        tree.DisposeArrays();
        await saving;
        saved.AssertComplete(52);

        Progress read = new();
        TreeDictionary loaded = await TreeDictionary.LoadAsync(path, read);
        read.AssertComplete(52);
        Assert.That(loaded.Keys, Is.EqualTo(new[] { "a.b", "c" }));
        Assert.That(loaded["a.b"].Array.ToArray<int>(), Is.EqualTo(Enumerable.Range(0, 10)));
        loaded.DisposeArrays();
        using SafetensorsFile file = Mx.LoadSafetensors(path);
        Assert.That(file.Metadata["k"], Is.EqualTo("v"));
    }

    [Test]
    public async Task ASavingThatIsCanceledLeavesTheOldFile()
    {
        string path = Path.Combine(Folder, "old.safetensors");
        File.WriteAllText(path, "old");
        using MlxArray large = Mx.Zeros(4_000_000);
        foreach (Func<Progress, CancellationToken, Task> save in (Func<Progress, CancellationToken, Task>[])
            [
                (progress, token) => new TreeDictionary { ["a"] = large }.SaveAsync(path, null, progress, token),
                (progress, token) => Trained(large).SaveAsync(path, progress, token),
                (progress, token) => Step(large).SaveAsync(path, progress, token),
            ])
        {
            using CancellationTokenSource source = new();
            Progress progress = new(source.Cancel);
            await Progress.AssertCanceled(save(progress, source.Token));
            Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
            Assert.That(Directory.GetFiles(Folder), Has.Length.EqualTo(1));
        }
    }

    [Test]
    public async Task AnOptimizersStateIsSavedAsItIsAndLoaded()
    {
        string path = Path.Combine(Folder, "optimizer");
        using MlxArray weight = Mx.Ones(5);
        Adam optimizer = Trained(weight);
        Task saving = optimizer.SaveAsync(path);
        TreeDictionary parameters = new() { ["w"] = weight };
        optimizer.ApplyGradients(new TreeDictionary { ["w"] = weight }, parameters);
        await saving;

        Adam other = new(0.1f);
        Progress read = new();
        await other.LoadAsync(path, parameters, progress: read);
        Assert.That(read.Last.Done, Is.EqualTo(read.Last.Total));
        Assert.That(other.Step.Item<ulong>(), Is.EqualTo(1));
        Assert.That(other.State.Find("w.m").Array.ToArray<float>(), Has.All.EqualTo(0.1f).Within(1e-6f));

        await Progress.AssertCanceled(optimizer.LoadAsync(path, cancellationToken: Canceled));
        Assert.That(() => optimizer.LoadAsync(path, new TreeDictionary { ["other"] = weight }), Throws.TypeOf<OptimizerStateException>());
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(2), "it is as it was");
    }

    [Test]
    public async Task ATrainingIsSavedAsItIsAndLoaded()
    {
        string path = Path.Combine(Folder, "training");
        using MlxArray x = Mx.Ones(1, 4);
        using TrainingStep step = Step(x);
        step.Run(x, x);
        Task saving = step.SaveAsync(path);
        step.Run(x, x);
        await saving;

        using TrainingStep other = Step(x);
        await other.LoadAsync(path);
        Assert.That(other.Optimizer.Step.Item<ulong>(), Is.EqualTo(1));
        await Progress.AssertCanceled(step.LoadAsync(path, cancellationToken: Canceled));
        Assert.That(step.Optimizer.Step.Item<ulong>(), Is.EqualTo(2), "it is as it was");
    }

    /// <summary>Creates an optimizer that has taken one step with gradients of 1.</summary>
    private static Adam Trained(MlxArray weight)
    {
        Adam optimizer = new(0.1f);
        using MlxArray ones = Mx.OnesLike(weight);
        optimizer.ApplyGradients(new TreeDictionary { ["w"] = ones }, new TreeDictionary { ["w"] = weight });
        return optimizer;
    }

    /// <summary>Creates a training step of a layer that scales each feature of the array.</summary>
    private static TrainingStep Step(MlxArray array)
    {
        LayerNorm model = new((int)array.Size);
        return TrainingStep.Create(model, new SGD(0.1f, momentum: 0.9f), (x, y) => Losses.MseLoss(model.Forward(x), y));
    }
}
