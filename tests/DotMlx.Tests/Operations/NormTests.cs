namespace DotMlx.Tests.Operations;

/// <summary>Norms and cross products, which both libraries support.</summary>
public class NormTests
{
    [Test]
    public void NormsMatchKnownValues()
    {
        using MlxArray a = MlxArray.Create<float>([1, -2, 3, -4], 2, 2);
        Assert.Multiple(() =>
        {
            Numbers.AreClose(Mx.Linalg.Norm(a), [Math.Sqrt(30)]);
            Numbers.AreClose(Mx.Linalg.Norm(a, "fro"), [Math.Sqrt(30)]);
            Numbers.AreClose(Mx.Linalg.Norm(a, axis: -1), [Math.Sqrt(5), 5]);
            Numbers.AreClose(Mx.Linalg.Norm(a, 1), [6]);
            Numbers.AreClose(Mx.Linalg.Norm(a, double.PositiveInfinity), [7]);
            Numbers.AreClose(Mx.Linalg.Norm(a, 3, 0), [Math.Cbrt(28), Math.Cbrt(72)]);
            Numbers.AreClose(Mx.Linalg.Norm(a, 0, 1), [2, 2]);
            Numbers.AreClose(Mx.Linalg.Norm(a, [0, 1]), [Math.Sqrt(30)]);
            Numbers.HasShape(Mx.Linalg.Norm(a, [0, 1], 1, keepdims: true), 1, 1);
            Assert.That(() => Mx.Linalg.Norm(a, "round"), Throws.TypeOf<MlxException>());
            Assert.That(() => Mx.Linalg.Norm(Mx.Zeros(2), "fro"), Throws.TypeOf<MlxException>());
        });
    }

    [Test]
    public void CrossRejectsAxesOfOtherSizes()
        => Assert.That(() => Mx.Linalg.Cross(Mx.Zeros(4), Mx.Zeros(4)), Throws.TypeOf<MlxException>());
}
