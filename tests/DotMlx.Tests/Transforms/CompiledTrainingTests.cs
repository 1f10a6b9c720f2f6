using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Transforms;

/// <summary>A complete compiled training step: a model with dropout, AdamW with a schedule, and the random state.</summary>
[TestFixture]
public class CompiledTrainingTests
{
    private const int Steps = 20;

    [Test]
    public void TheLossesAreThoseOfTheUncompiledStep()
    {
        (float[] compiled, int compiledRuns, float[] compiledWeights) = Train(compile: true);
        (float[] plain, int plainRuns, float[] plainWeights) = Train(compile: false);
        Assert.That(plainRuns, Is.EqualTo(Steps));
        Assert.That(compiledRuns, Is.EqualTo(2), "one run per batch size");
        Assert.That(compiled, Is.EqualTo(plain).Within(1e-5f));
        Assert.That(compiledWeights, Is.EqualTo(plainWeights).Within(1e-5f));
        Assert.That(compiled[^1], Is.LessThan(compiled[0]));
    }

    [Test]
    public void AFailingStepLeavesModelOptimizerAndRandomState()
    {
        Mx.Random.Seed(3);
        Sequential model = Model();
        AdamW optimizer = new(learningRate: 0.01f);
        optimizer.Init(model.TrainableParameters());
        var valueAndGrad = model.ValueAndGrad((MlxArray x) => model.Forward(x).Sum());
        IMlxState[] state = [model, optimizer, Mx.Random.State];
        bool fail = true;
        var step = Mx.Compile(
            (MlxArray x) =>
            {
                (MlxArray loss, TreeDictionary gradients) = valueAndGrad(x);
                model.Update(optimizer.ApplyGradients(gradients, model.TrainableParameters()));
                return fail ? throw new FormatException("no step") : loss;
            },
            state,
            state);
        MlxArray[] before = [.. state.SelectMany(item => item.CaptureState().Leaves)];
        uint[] key = Mx.Random.State.Key.ToArray<uint>();
        using MlxArray x = Mx.Ones(4, 8);
        Assert.Throws<FormatException>(() => step(x));
        MlxArray[] after = [.. state.SelectMany(item => item.CaptureState().Leaves)];
        Assert.That(after, Has.Length.EqualTo(before.Length));
        Assert.That(after.Zip(before).SkipLast(1).All(pair => ReferenceEquals(pair.First, pair.Second)), Is.True);
        Assert.That(Mx.Random.State.Key.ToArray<uint>(), Is.EqualTo(key));
        fail = false;
        Assert.That(float.IsFinite(step(x).Item<float>()), Is.True);
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(1));
    }

    private static Sequential Model() => new(new Linear(8, 16), new ReLU(), new Dropout(0.2f), new Linear(16, 3));

    private static (float[] Losses, int Runs, float[] Weights) Train(bool compile)
    {
        Mx.Random.Seed(11);
        Sequential model = Model();
        AdamW optimizer = new(Schedules.CosineDecay(0.02f, Steps));
        optimizer.Init(model.TrainableParameters());
        int runs = 0;
        var valueAndGrad = model.ValueAndGrad((MlxArray x, MlxArray y) => Losses.CrossEntropy(model.Forward(x), y).Mean());
        MlxArray Step(MlxArray x, MlxArray y)
        {
            runs++;
            (MlxArray loss, TreeDictionary gradients) = valueAndGrad(x, y);
            model.Update(optimizer.ApplyGradients(gradients, model.TrainableParameters()));
            return loss;
        }

        IMlxState[] state = [model, optimizer, Mx.Random.State];
        Func<MlxArray, MlxArray, MlxArray> step = compile ? Mx.Compile(Step, state, state) : Step;
        Random numbers = new(5);
        float[] losses = new float[Steps];
        for (int i = 0; i < Steps; i++)
        {
            int rows = i == 10 ? 8 : 32;
            int[] labels = [.. Enumerable.Range(0, rows).Select(_ => numbers.Next(3))];
            float[] data = [.. labels.SelectMany(label => Enumerable.Range(0, 8)
                .Select(k => (k % 3 == label ? 1f : 0f) + (0.1f * (float)numbers.NextDouble())))];
            using MlxArray x = MlxArray.Create<float>(data, rows, 8);
            using MlxArray y = MlxArray.Create<int>(labels, rows);
            losses[i] = step(x, y).Item<float>();
            Mx.Eval(model.Parameters(), optimizer.State);
        }

        return (losses, runs, [.. model.Parameters().Leaves.SelectMany(leaf => leaf.ToArray<float>())]);
    }
}
