using DotMlx.NN;
using DotMlx.Optimizers;
using DotMlx.Training;

namespace DotMlx.Tests.Training;

/// <summary>A training step as one call.</summary>
[TestFixture]
[NonParallelizable]
internal sealed class TrainingStepTests
{
    private static readonly TrainingStepOptions Plain = new() { Seed = 5, MaxGradientNorm = 1 };

    private static TrainingStep Make(TrainingStepOptions options)
    {
        Mx.Random.Seed(3);
        Sequential model = new(new Linear(4, 8), new BatchNorm(8), new ReLU(), new Dropout(0.25f), new Linear(8, 1));
        AdamW optimizer = new(Schedules.CosineDecay(0.05, 100), biasCorrection: true);
        return TrainingStep.Create(model, optimizer, (x, y) => Losses.MseLoss(model.Forward(x), y), options);
    }

    private static (MlxArray X, MlxArray Y) Batch(int step)
    {
        float[] values = [.. Enumerable.Range(0, 32).Select(i => MathF.Sin(i + (step * 0.7f)))];
        MlxArray x = MlxArray.Create(values, 8, 4);
        return (x, Mx.Sum(x, axis: 1, keepdims: true));
    }

    private static float[] Run(TrainingStep step, int from, int to) => [.. Enumerable.Range(from, to - from).Select(i =>
    {
        (MlxArray x, MlxArray y) = Batch(i);
        float loss = step.Run(x, y);
        x.Dispose();
        y.Dispose();
        return loss;
    })];

    [Test]
    public void TrainingReducesTheLossCompiledOrNot()
    {
        using TrainingStep plain = Make(Plain with { Compiled = false }), compiled = Make(Plain);
        float[] a = Run(plain, 0, 30), b = Run(compiled, 0, 30);
        Assert.That(a[^1], Is.LessThan(a[0] / 2));
        Assert.That(b, Is.EqualTo(a).Within(2e-3f));
        Assert.That(compiled.Optimizer.Step.Item<ulong>(), Is.EqualTo(30));
    }

    [Test]
    public void RandomDrawsBetweenStepsChangeNothing([Values] bool compiled)
    {
        using TrainingStep first = Make(Plain with { Compiled = compiled }), second = Make(Plain with { Compiled = compiled });
        float[] a = Run(first, 0, 4);
        List<float> b = [];
        for (int i = 0; i < 4; i++)
        {
            using MlxArray noise = Mx.Random.Normal([3]);
            Mx.Random.Seed((ulong)i);
            b.AddRange(Run(second, i, i + 1));
        }

        Assert.That(b, Is.EqualTo(a));
    }

    [Test]
    public void ASavedRunContinuesAsIfUninterrupted([Values(1, 2)] int accumulation, [Values] bool compiled)
    {
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        TrainingStepOptions options = Plain with { AccumulationSteps = accumulation, Compiled = compiled };
        try
        {
            using TrainingStep straight = Make(options), first = Make(options), second = Make(options with { Seed = 99 });
            float[] all = Run(straight, 0, 8);
            Run(first, 0, 3);
            first.Save(file);
            Run(second, 20, 22);
            second.Load(file);
            Assert.That(Run(second, 3, 8), Is.EqualTo(all[3..]));
            using TrainingStep other = TrainingStep.Create(new Linear(2, 2), new SGD(0.1), x => Mx.Mean(x));
            Assert.That(() => other.Load(file), Throws.InstanceOf<OptimizerStateException>());
        }
        finally
        {
            File.Delete(file + ".safetensors");
        }
    }

    [Test]
    public void AccumulatedBatchesAreOneLargeBatch()
    {
        Linear Model() => new(Mx.Full([1, 4], 0.5f), Mx.Zeros(1));
        Linear a = Model(), b = Model();
        using TrainingStep small = TrainingStep.Create(a, new SGD(0.1), (x, y) => Losses.MseLoss(a.Forward(x), y),
            new() { AccumulationSteps = 2 });
        using TrainingStep large = TrainingStep.Create(b, new SGD(0.1), (x, y) => Losses.MseLoss(b.Forward(x), y));
        (MlxArray x0, MlxArray y0) = Batch(0);
        (MlxArray x1, MlxArray y1) = Batch(1);
        small.Run(x0, y0);
        Assert.That(small.Optimizer.Step.Item<ulong>(), Is.Zero);
        small.Run(x1, y1);
        large.Run(Mx.Concatenate([x0, x1]), Mx.Concatenate([y0, y1]));
        Assert.That(a.Weight.ToArray<float>(), Is.EqualTo(b.Weight.ToArray<float>()).Within(1e-6f));
    }

    [Test]
    public void ModesInBetweenHaveTheirEffect([Values] bool compiled)
    {
        using TrainingStep step = Make(Plain with { Compiled = compiled });
        var model = (Sequential)step.Model;
        Run(step, 0, 2);
        model.Eval();
        Run(step, 2, 3);
        model.Train();
        string before = Optimizers.AllOptimizers.Bits(((Linear)model.Layers[0]).Parameters());
        ((Linear)model.Layers[0]).Freeze();
        Run(step, 3, 5);
        Assert.That(Optimizers.AllOptimizers.Bits(((Linear)model.Layers[0]).Parameters()), Is.EqualTo(before));
        ((Linear)model.Layers[0]).Unfreeze();
        Run(step, 5, 7);
        Assert.That(Optimizers.AllOptimizers.Bits(((Linear)model.Layers[0]).Parameters()), Is.Not.EqualTo(before));
    }

    // Only the cycles without a garbage collection count, because the step must leave nothing to it.
    [TestCase(true, 1, 2000)]
    [TestCase(false, 1, 2000)]
    [TestCase(true, 3, 300)]
    [TestCase(false, 3, 300)]
    public void MemoryStaysFlatWithoutAScopeOrACollection(bool compiled, int accumulation, int steps)
    {
        using TrainingStep step = Make(Plain with { Compiled = compiled, AccumulationSteps = accumulation });
        Run(step, 0, 6);
        HandleCount.Settle();
        long start = LiveArrays.Count;
        int counted = 0;
        for (int i = 0; i < steps; i += accumulation)
        {
            long before = LiveArrays.Count;
            int collections = GC.CollectionCount(0);
            Run(step, i, i + accumulation);
            if (GC.CollectionCount(0) == collections)
            {
                counted++;
                Assert.That(LiveArrays.Count, Is.LessThanOrEqualTo(before), $"step {i}");
            }
        }

        Assert.That(LiveArrays.Count, Is.LessThanOrEqualTo(start));
        Assert.That(counted, Is.GreaterThan(steps / accumulation / 2));
    }

    [Test]
    public void AFrozenLayerMaySurviveSavingAndLoading([Values] bool compiled)
    {
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        TrainingStepOptions options = Plain with { Compiled = compiled };
        try
        {
            using TrainingStep first = Make(options), second = Make(options);
            Run(first, 0, 2);
            ((Linear)((Sequential)first.Model).Layers[0]).Freeze();
            Run(first, 2, 3);
            first.Save(file);
            ((Linear)((Sequential)second.Model).Layers[0]).Freeze();
            second.Load(file);
            Assert.That(Run(second, 3, 5), Is.EqualTo(Run(first, 3, 5)));
            second.RestoreState(first.CaptureState());
            Assert.That(Optimizers.AllOptimizers.Bits(second.CaptureState()),
                Is.EqualTo(Optimizers.AllOptimizers.Bits(first.CaptureState())));
            Assert.That(() => second.RestoreState(new TreeList()), Throws.ArgumentException);
        }
        finally
        {
            File.Delete(file + ".safetensors");
        }
    }

    [Test]
    public void AnUpdateThatThrowsLeavesEverythingAsItWas([Values] bool compiled, [Values(1, 2)] int accumulation)
    {
        bool fails = false;
        Mx.Random.Seed(1);
        Sequential model = new(new Linear(4, 4), new BatchNorm(4), new Dropout(0.5f), new Linear(4, 1));
        SGD optimizer = new(step => fails ? throw new FormatException() : Mx.Full([], 0.1f), momentum: 0.9);
        using TrainingStep step = TrainingStep.Create(
            model, optimizer, x => Mx.Mean(Mx.Square(model.Forward(x))),
            Plain with { Compiled = compiled, AccumulationSteps = accumulation });
        using MlxArray x = Mx.Random.Normal([8, 4]);
        Enumerable.Range(0, (2 * accumulation) - 1).ToList().ForEach(_ => step.Run(x));
        string before = Optimizers.AllOptimizers.Bits(step.CaptureState());

        // A changed graph makes the step call the schedule.
        fails = true;
        ((Linear)model.Layers[0]).Freeze("bias");
        Assert.That(() => step.Run(x), Throws.InstanceOf<FormatException>());
        Assert.That(Optimizers.AllOptimizers.Bits(step.CaptureState()), Is.EqualTo(before));
        fails = false;
        Assert.That(() => step.Run(x), Throws.Nothing);
    }

    [Test]
    public void RandomDrawsOfOtherThreadsChangeNothing()
    {
        using TrainingStep first = Make(Plain with { Compiled = false }), second = Make(Plain with { Compiled = false });
        float[] alone = Run(first, 0, 20);
        bool done = false;

        // The result is evaluated, because each key is computed from the previous one. The loop is bounded, because the steps need not end
        // first.
        Thread other = new(() =>
        {
            for (int i = 0; i < 1_000 && !Volatile.Read(ref done); i++)
            {
                using MlxArray drawn = Mx.Random.Normal([3]);
                drawn.Eval();
            }
        });
        other.Start();
        float[] beside = Run(second, 0, 20);
        Volatile.Write(ref done, true);
        other.Join();
        Assert.That(beside, Is.EqualTo(alone));
    }

    [Test]
    public void ItsStateIsForBetweenTheCalls([Values] bool compiled)
    {
        // A state from the middle of a step would have a new model and an old optimizer, or both would contain tracers.
        Linear model = new(4, 1);
        TrainingStep? step = null;
        Tree? state = null;
        string refusals = "";
        step = TrainingStep.Create(
            model,
            new Adam(0.1),
            (MlxArray x) =>
            {
                foreach (Action inside in (Action[])[() => step!.CaptureState(), () => step!.Save("nothing"), () => step!.RestoreState(state!), () => step!.Run(x)])
                {
                    refusals += Assert.Throws<InvalidOperationException>(() => inside())!.Message.Contains("between calls", StringComparison.Ordinal) ? "+" : "-";
                    refusals += Task.Run(() => Assert.Throws<InvalidOperationException>(() => inside())).Result is null ? "-" : "+";
                }

                return Mx.Mean(Mx.Square(model.Forward(x)));
            },
            Plain with { Compiled = compiled });
        using TrainingStep created = step;
        state = step.CaptureState();
        using MlxArray ones = Mx.Ones(2, 4);
        float first = step.Run(ones);
        Assert.That(refusals, Is.EqualTo("++++++++"));
        step.RestoreState(state);
        Assert.That(step.Run(ones), Is.EqualTo(first));
    }

    [Test]
    public void AStepThatThrowsLeavesEverythingAsItWas([Values] bool compiled)
    {
        bool fails = false;
        Mx.Random.Seed(1);
        Sequential model = new(new Linear(4, 4), new Dropout(0.5f), new Linear(4, 1));
        using TrainingStep step = TrainingStep.Create(
            model, new Adam(0.1), x => fails ? throw new FormatException() : Mx.Mean(Mx.Square(model.Forward(x))),
            Plain with { Compiled = compiled });
        using MlxArray x = Mx.Ones(2, 4), other = Mx.Ones(3, 4);
        step.Run(x);
        string before = Optimizers.AllOptimizers.Bits(step.CaptureState());
        fails = true;
        Assert.That(() => step.Run(other), Throws.InstanceOf<FormatException>());
        Assert.That(Optimizers.AllOptimizers.Bits(step.CaptureState()), Is.EqualTo(before));
        fails = false;
        Assert.That(() => step.Run(other), Throws.Nothing);
        Assert.That(() => step.Run(x, x), Throws.ArgumentException);
    }
}
