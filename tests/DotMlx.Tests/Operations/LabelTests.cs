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
