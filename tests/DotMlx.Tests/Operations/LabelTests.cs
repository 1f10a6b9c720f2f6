using DotMlx.NN;

namespace DotMlx.Tests.Operations;

/// <summary>Invalid class labels and positions.</summary>
[NonParallelizable]
public class LabelTests
{
    private static readonly (string Name, Func<MlxArray, MlxArray, MlxArray> Loss)[] LossFunctions =
    [
        ("cross entropy", (scores, targets) => Losses.CrossEntropy(scores, targets)),
        ("negative log likelihood", (scores, targets) => Losses.NllLoss(scores, targets)),
        ("fast", (scores, targets) => Mx.Fast.CrossEntropy(scores, targets)),
    ];

    [TestCaseSource(nameof(LossFunctions))]
    public void LabelsOutsideTheClassesAreRejected((string Name, Func<MlxArray, MlxArray, MlxArray> Loss) item)
    {
        using var scope = MlxScope.Begin();
        MlxArray scores = Mx.Zeros(2, 3);
        Assert.Multiple(() =>
        {
            foreach (int wrong in (int[])[9, 3, -1, -100])
            {
                Assert.That(
                    () => item.Loss(scores, MlxArray.Create<int>([0, wrong])),
                    Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains($"target {wrong} isn't one of the 3 classes"));
            }

            Assert.That(() => item.Loss(scores, Mx.Ones(2)),
                Throws.ArgumentException.With.Message.Contains("targets").And.Message.Contains("float32"));
            Numbers.HasShape(item.Loss(scores, MlxArray.Create<int>([0, 2])), 2);
        });
    }

    [Test]
    public void TheRangeOfCheckedLabelsIsKeptUntilTheyAreChanged()
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray four = Mx.Zeros(2, 4), three = Mx.Zeros(2, 3), table = Mx.Zeros(4, 2), labels = MlxArray.Create<int>([3, 1]);
        Losses.CrossEntropy(four, labels);
        Assert.That(labels.Range, Is.EqualTo(new KnownRange(NativeOf(labels), labels.ShapeArray, 1, 3)));
        Assert.That(labels.Shape.ToArray(), Is.EqualTo(new[] { 2 }));
        Losses.CrossEntropy(four, labels);
        Mx.Take(table, labels, 0);
        Assert.That(
            () => Losses.CrossEntropy(three, labels),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("target 3 isn't one of the 3 classes"));

        labels[0] = 4;
        Assert.That(labels.Range, Is.Null);
        labels.Eval();
        Assert.That(() => Losses.CrossEntropy(four, labels), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Mx.Take(table, labels, 0), Throws.TypeOf<ArgumentOutOfRangeException>());
        labels[0] = 0;
        labels.Eval();
        Assert.That(() => Losses.CrossEntropy(three, labels), Throws.Nothing);

        static unsafe nint NativeOf(MlxArray array) => (nint)array.Handle.ctx;
    }

    [Test]
    public void PositionsThatAreNotComputedYetAreCheckedOnDemand()
    {
        using var scope = MlxScope.Begin();
        MlxArray scores = Mx.Zeros(2, 3);
        MlxArray table = Mx.Zeros(4, 2);
        MlxDiagnostics.CheckIndices = true;
        try
        {
            Assert.Multiple(() =>
            {
                Assert.That(() => Losses.CrossEntropy(scores, Later(9)), Throws.TypeOf<ArgumentOutOfRangeException>());
                Assert.That(() => Mx.Take(table, Later(4), 0), Throws.TypeOf<ArgumentOutOfRangeException>());
                Assert.That(() => new Embedding(table).Forward(Later(7)), Throws.TypeOf<ArgumentOutOfRangeException>());
                Assert.That(() => Mx.TakeAlongAxis(table, Later(5).Reshape(2, 1), 0), Throws.TypeOf<ArgumentOutOfRangeException>());
                Assert.That(() => Mx.PutAlongAxis(table, Later(5).Reshape(2, 1), 1, 0), Throws.TypeOf<ArgumentOutOfRangeException>());
                Assert.That(() => Mx.Take(table, Later(2), 0), Throws.Nothing);
            });
        }
        finally
        {
            MlxDiagnostics.CheckIndices = false;
        }

        static MlxArray Later(int position) => MlxArray.Create<int>([0, position - 1]) + MlxArray.Create<int>([0, 1]);
    }
}
