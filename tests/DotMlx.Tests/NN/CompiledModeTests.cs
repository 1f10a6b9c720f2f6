using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.NN;

/// <summary>Compiled functions whose model changes its mode between calls.</summary>
public class CompiledModeTests
{
    [Test]
    public void TrainingAndEvaluationHaveAGraphEach()
    {
        Sequential model = new(new Dropout(0.5f), new BatchNorm(8));
        int traces = 0;
        Func<MlxArray, MlxArray> compiled = Mx.Compile(
            (MlxArray a) =>
            {
                traces++;
                return model.Forward(a);
            },
            inputs: [model, Mx.Random.State], outputs: [model, Mx.Random.State]);
        using MlxArray x = Mx.Random.Normal([16, 8]);
        for (int round = 0; round < 2; round++)
        {
            model.Train();
            using MlxArray dropped = compiled(x), again = compiled(x);
            Assert.That(dropped.ToArray<float>(), Is.Not.EqualTo(again.ToArray<float>()), "the masks of dropout differ");
            model.Eval();
            using MlxArray actual = compiled(x), expected = model.Forward(x);
            Assert.That(actual.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()).Within(1e-5));
        }

        // A part alone.
        model.Layers.OfType<BatchNorm>().Single().Train();
        using MlxArray mixed = compiled(x), mean = Mx.Mean(mixed, 0);
        Assert.That(mean.ToArray<float>(), Is.All.Zero.Within(1e-5), "normalized by the batch");
        Assert.That(traces, Is.EqualTo(3));
    }

    [Test]
    public void FrozenParametersAreNotTrained()
    {
        Sequential model = new(new Linear(4, 4), new Linear(4, 1));
        Linear first = (Linear)model.Layers[0], second = (Linear)model.Layers[1];
        Sgd optimizer = new(model);
        Func<MlxArray, MlxArray> step = Mx.Compile((MlxArray a) => optimizer.Step(a), inputs: [model, optimizer.Rule],
            outputs: [model, optimizer.Rule]);
        using MlxArray x = Mx.Random.Normal([8, 4]);
        for (int round = 0; round < 2; round++)
        {
            float[] before = first.Weight.ToArray<float>(), other = second.Weight.ToArray<float>();
            step(x).Dispose();
            Assert.That(first.Weight.ToArray<float>(), Is.Not.EqualTo(before));
            first.Freeze();
            (before, other) = (first.Weight.ToArray<float>(), second.Weight.ToArray<float>());
            step(x).Dispose();
            Assert.That(first.Weight.ToArray<float>(), Is.EqualTo(before), "frozen");
            Assert.That(second.Weight.ToArray<float>(), Is.Not.EqualTo(other));
            first.Unfreeze();
        }
    }

    private sealed class Sgd
    {
        private readonly Sequential _model;
        private readonly Func<MlxArray, (MlxArray Value, TreeDictionary Gradients)> _lossAndGradients;

        internal Sgd(Sequential model)
        {
            _model = model;
            _lossAndGradients = model.ValueAndGrad((MlxArray a) => Mx.Mean(Mx.Square(model.Forward(a))));
            Rule.Init(model.TrainableParameters());
        }

        internal SGD Rule { get; } = new(0.1f);

        internal MlxArray Step(MlxArray x)
        {
            (MlxArray loss, TreeDictionary gradients) = _lossAndGradients(x);
            _model.Update(Rule.ApplyGradients(gradients, _model.TrainableParameters()));
            return loss;
        }
    }
}
