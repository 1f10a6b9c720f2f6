namespace DotMlx.Samples.Digits.Tests;

internal sealed class TrainingTests
{
    private static readonly DigitsData Data = DigitsData.Load(DigitsData.DefaultPath);

    [Test]
    public void TheDefaultsRecognizeNinetySevenPercentOfTheHeldOutFifthWithinAMinute()
    {
        using var sample = new Sample();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Sample.Result result = sample.Run();
        clock.Stop();

        result.AssertSucceeded();
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromMinutes(1)));
        var trainer = new Trainer(new TrainingSettings(), Data);
        Checkpoint.Restore(trainer, Checkpoint.Load(sample.CheckpointPath).State, sample.CheckpointPath);
        Assert.That(trainer.EvaluateHeldOut().Accuracy, Is.GreaterThanOrEqualTo(0.97f), result.Output);
        Assert.That(trainer.EvaluateHeldOut().Accuracy, Is.EqualTo(trainer.History[^1].HeldOutAccuracy));
        Assert.That(result.Output,
            Does.Contain("epoch 20/20").And.Contain("examples/s").And.Contain("left").And.Contain("held-out accuracy 9"));
    }

    [Test]
    public void EpochsInTwoRunsGiveTheBitsOfOneRun()
    {
        using var straight = new Sample();
        using var cut = new Sample();
        straight.Run("--epochs=4", "--batch-size=50", "--seed=7").AssertSucceeded();
        cut.Run("--epochs=2", "--batch-size=50", "--seed=7").AssertSucceeded();
        cut.Run("--epochs=2", "--resume").AssertSucceeded();

        Assert.That(Leaves(cut.CheckpointPath), Is.EqualTo(Leaves(straight.CheckpointPath)));
        Assert.That(File.ReadAllBytes(cut.CurvesPath), Is.EqualTo(File.ReadAllBytes(straight.CurvesPath)));
    }

    [Test]
    public void ASeedReproducesARun()
    {
        using var first = new Sample();
        using var same = new Sample();
        using var other = new Sample();
        first.Run("--epochs=1", "--seed=3").AssertSucceeded();
        same.Run("--epochs=1", "--seed=3").AssertSucceeded();
        other.Run("--epochs=1", "--seed=4").AssertSucceeded();

        Assert.That(Leaves(same.CheckpointPath), Is.EqualTo(Leaves(first.CheckpointPath)));
        Assert.That(Leaves(other.CheckpointPath), Is.Not.EqualTo(Leaves(first.CheckpointPath)));
    }

    [TestCaseSource(typeof(OptimizerChoice), nameof(OptimizerChoice.Names))]
    public void EveryOptimizerLearns(string optimizer)
    {
        using var sample = new Sample();
        sample.Run("--epochs=6", "--decay-epochs=6", "--optimizer", optimizer).AssertSucceeded();

        var trainer = new Trainer(Checkpoint.Load(sample.CheckpointPath).Settings, Data);
        Checkpoint.Restore(trainer, Checkpoint.Load(sample.CheckpointPath).State, sample.CheckpointPath);
        Assert.That(trainer.EvaluateHeldOut().Accuracy, Is.GreaterThan(0.9f));
    }

    [Test]
    public void TheScheduleWarmsUpAndFallsToAHundredth()
    {
        DotMlx.Optimizers.Schedule schedule = OptimizerChoice.WarmUpAndCosine(1f, 100);
        float At(int step) => schedule(MlxArray.Scalar((ulong)step)).Item<float>();

        Assert.That(At(0), Is.EqualTo(0.01f).Within(1e-6));
        Assert.That(At(5), Is.EqualTo(0.505f).Within(1e-6));
        Assert.That(At(10), Is.EqualTo(1f).Within(1e-6));
        Assert.That(At(55), Is.EqualTo(0.505f).Within(1e-6));
        Assert.That(At(100), Is.EqualTo(0.01f).Within(1e-6));
        Assert.That(At(5000), Is.EqualTo(0.01f).Within(1e-6));
    }

    [Test]
    public void TheConfusionTableCountsEveryHeldOutDigit()
    {
        var evaluation = new Evaluation(0.5f, [0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 2, 0]);

        Assert.That(evaluation.Correct, Is.EqualTo(4));
        Assert.That(evaluation[0, 1], Is.EqualTo(1));
        Assert.That(evaluation[2, 0], Is.EqualTo(1));
        Assert.That(evaluation.Recall(2), Is.EqualTo(2f / 3));
        Assert.That(evaluation.Recall(9), Is.NaN);
        Assert.That(ConfusionTable.Create(evaluation).Rows, Has.Count.EqualTo(10));
    }

    [Test]
    public void TheDigitsAreSplitFiveToOne()
    {
        Assert.That((Data.Training.Count, Data.HeldOut.Count), Is.EqualTo((1438, 359)));
        Assert.That(Data.Training.Pixels, Is.All.InRange(0f, 1f));
        Assert.That(Data.HeldOut.Labels.Distinct().Order(), Is.EqualTo(Enumerable.Range(0, 10)));
    }

    private static Dictionary<string, string> Leaves(string checkpoint) =>
        Checkpoint.Load(checkpoint).State.Flatten().ToDictionary(leaf => leaf.Key, leaf => Text(leaf.Value));

    private static string Text(MlxArray array) => array.DType switch
    {
        DType.Float32 => $"{array.DType} {string.Join(',', array.Shape.ToArray())} {string.Join(' ', array.ToArray<float>().Select(BitConverter.SingleToInt32Bits))}",
        DType.UInt64 => $"{array.DType} {string.Join(' ', array.ToArray<ulong>())}",
        _ => throw new NotSupportedException($"no checkpoint holds {array.DType}"),
    };
}
