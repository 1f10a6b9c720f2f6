using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.NN;

/// <summary>A snapshot keeps a model's values while the training continues.</summary>
public class SnapshotValueTests
{
    [Test]
    public void ASnapshotKeepsItsValuesWhileTheModelTrains([Values] bool ownsArrays)
    {
        var model = new Linear(3, 2) { OwnsArrays = ownsArrays };
        float[] weight = model.Weight.ToArray<float>();
        TreeDictionary snapshot = model.Snapshot();

        Train(model, steps: 3);

        Assert.That(snapshot["weight"].Array.ToArray<float>(), Is.EqualTo(weight));
        Assert.That(model.Weight.ToArray<float>(), Is.Not.EqualTo(weight));
    }

    [Test]
    public void ASnapshotOutlivesTheArraysOfTheModelAndTheScopeItWasTakenIn()
    {
        var model = new Linear(3, 2);
        float[] weight = model.Weight.ToArray<float>();
        TreeDictionary snapshot;
        using (MlxScope.Begin())
        {
            snapshot = model.Snapshot();
        }

        MlxArray shared = snapshot["weight"].Array;
        Assert.That(shared, Is.Not.SameAs(model.Weight));
        model.Weight.Dispose();
        Assert.That(shared.ToArray<float>(), Is.EqualTo(weight));
    }

    [Test]
    public void TheModelOutlivesASnapshotThatIsDisposed()
    {
        var model = new Linear(3, 2);
        float[] weight = model.Weight.ToArray<float>();
        TreeDictionary snapshot = model.Snapshot();
        foreach (MlxArray array in snapshot.Leaves.ToArray())
        {
            array.Dispose();
        }

        Assert.That(model.Weight.ToArray<float>(), Is.EqualTo(weight));
    }

    [Test]
    public void ASnapshotInsideATransformIsRefused()
    {
        var model = new Linear(3, 2);
        Func<MlxArray, MlxArray> taking = x =>
        {
            model.Snapshot();
            return Mx.Sum(x);
        };
        Assert.That(
            () => Mx.Grad(taking)(Mx.Ones(2)),
            Throws.InvalidOperationException.With.Message.Contains("Take it between two steps"));
    }

    private static void Train(Linear model, int steps)
    {
        MlxArray x = Mx.Ones(4, 3);
        var optimizer = new SGD(0.1);
        var step = model.ValueAndGrad((MlxArray input) => Mx.Sum(model.Forward(input)));
        for (int i = 0; i < steps; i++)
        {
            (MlxArray loss, TreeDictionary gradients) = step(x);
            optimizer.Update(model, gradients);
            Mx.Eval(loss, model.Parameters(), optimizer.State);
        }
    }
}
