using DotMlx.LanguageModels.FineTuning;
using DotMlx.Optimizers;

namespace DotMlx.LanguageModels.Tests;

/// <summary>The effects of the settings on gradients and updates.</summary>
internal sealed class GradientSettingsTests
{
    private static readonly Example[] Texts = [new([1, 2, 3, 4, 5, 6], 0), new([5, 6, 7, 8, 9, 10], 0)];

    [TestCase(0.01)]
    [TestCase(1e6)]
    public void GradientsAreClippedToTheirNorm(double most)
    {
        const double Rate = 0.5;
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"));
        double free = Move(model, null, Rate), clipped = Move(model, most, Rate);
        Assert.That(free, Is.GreaterThan(0.01 * Rate));
        Assert.That(clipped, Is.EqualTo(Math.Min(most * Rate, free)).Within(1e-4 * clipped));
    }

    [Test]
    public void MastersKeepWhatHalfPrecisionWouldLose()
    {
        (int kept, int changed) = Train(masters: true);
        (_, int without) = Train(masters: false);
        Assert.Multiple(() =>
        {
            Assert.That(kept, Is.GreaterThan(0), "masters that are no float16 numbers");
            Assert.That(changed, Is.GreaterThan(2 * without), "weights that many small updates have moved");
        });
    }

    [Test]
    public void MastersResumeToTheBit()
    {
        string folder = Directory.CreateTempSubdirectory("dotmlx-masters-").FullName;
        try
        {
            float[] whole = Losses(null, 4);
            float[] first = Losses(folder, 2), rest = Losses(folder, 2);
            Assert.That(first.Concat(rest), Is.EqualTo(whole));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Returns the distance by which one step of gradient descent moves the adapter.</summary>
    private static double Move(LanguageModel model, double? most, double rate)
    {
        using FineTuner tuner = new(model, null, new() { Layers = 2, MaxGradientNorm = most, Compiled = false, Seed = 3 }, new SGD(rate));
        using TrainingBatch batch = TrainingBatch.Pad(Texts, 64);
        using MlxScope scope = MlxScope.Begin();
        Dictionary<string, float[]> before = Values(tuner);
        tuner.Step(batch);
        double sum = Values(tuner).Sum(item => item.Value.Zip(before[item.Key], (a, b) => Math.Pow(a - b, 2)).Sum());
        model.Adapter = null;
        return Math.Sqrt(sum);
    }

    private static Dictionary<string, float[]> Values(FineTuner tuner) =>
        tuner.Adapter.Weights.ToDictionary(item => item.Key, item => item.Value.ToArray<float>());

    private static (int Kept, int Changed) Train(bool masters)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"), new() { DType = DType.Float16 });
        using FineTuner tuner = new(
            model, null, new() { Method = FineTuningMethod.Full, Layers = 1, MasterWeights = masters, Compiled = false }, new SGD(2e-4));
        using TrainingBatch batch = TrainingBatch.Pad(Texts, 64);
        using MlxScope scope = MlxScope.Begin();
        MlxArray[] before = [.. tuner.Adapter.Weights.Values.Select(array => array.Share())];
        for (int i = 0; i < 8; i++)
        {
            tuner.Step(batch);
        }
        int changed = tuner.Adapter.Weights.Values.Zip(before, (now, then) => Mx.Sum(Mx.NotEqual(now, then)).Item<int>()).Sum();
        MlxArray[] all = [.. tuner.Optimizer.State.Flatten().Where(item => item.Key.EndsWith("master", StringComparison.Ordinal))
            .Select(item => item.Value)];
        Assert.That(all.Length > 0, Is.EqualTo(masters));
        return (all.Sum(master => Mx.Sum(Mx.NotEqual(master, master.AsType(DType.Float16).AsType(DType.Float32))).Item<int>()), changed);
    }

    private static float[] Losses(string? checkpoints, int steps)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"), new() { DType = DType.Float16 });
        FineTuningSettings settings = new()
        {
            Method = FineTuningMethod.Full, Layers = 1, MasterWeights = true, Compiled = false, CheckpointFolder = checkpoints,
            AccumulationSteps = 3,
        };
        using FineTuner tuner = new(model, null, settings, new AdamW(1e-3));
        using TrainingBatch batch = TrainingBatch.Pad(Texts, 64);
        if (checkpoints is not null)
        {
            tuner.Resume();
        }
        float[] losses = [.. Enumerable.Range(0, steps).Select(_ => tuner.Step(batch))];
        if (checkpoints is not null)
        {
            tuner.SaveCheckpoint();
        }
        return losses;
    }
}
