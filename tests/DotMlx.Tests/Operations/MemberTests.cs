namespace DotMlx.Tests.Operations;

/// <summary>The members of arrays that stand for functions give what the functions give.</summary>
public class MemberTests
{
    private static MlxArray Table() => MlxArray.Create<float>([0.5f, 2, 3, 1, 4, 6], 2, 3);

    private static void Same(string name, MlxArray member, MlxArray function)
    {
        Assert.That(member.DType, Is.EqualTo(function.DType), name);
        Numbers.AreClose(member, function, 0, name);
    }

    [Test]
    public void TheyAreTheFunctions()
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray a = Table();
        MlxArray b = MlxArray.Create<float>([2, 1, 0.5f], 3);
        Same("Abs", a.Abs(), Mx.Abs(a));
        Same("Square", a.Square(), Mx.Square(a));
        Same("Sqrt", a.Sqrt(), Mx.Sqrt(a));
        Same("Rsqrt", a.Rsqrt(), Mx.Rsqrt(a));
        Same("Reciprocal", a.Reciprocal(), Mx.Reciprocal(a));
        Same("Exp", a.Exp(), Mx.Exp(a));
        Same("Log", a.Log(), Mx.Log(a));
        Same("Log2", a.Log2(), Mx.Log2(a));
        Same("Log10", a.Log10(), Mx.Log10(a));
        Same("Log1p", a.Log1p(), Mx.Log1p(a));
        Same("Sin", a.Sin(), Mx.Sin(a));
        Same("Cos", a.Cos(), Mx.Cos(a));
        Same("Conj", a.Conj(), Mx.Conj(a));
        Same("Real", a.Real, Mx.Real(a));
        Same("Imag", a.Imag, Mx.Imag(a));
        Same("Round", a.Round(1), Mx.Round(a, 1));
        Same("Power", a.Power(b), Mx.Power(a, b));
        Same("FloorDivide", a.FloorDivide(b), Mx.FloorDivide(a, b));
        Same("MatMul", a.MatMul(b), Mx.MatMul(a, b));
        Same("Equal", a.Equal(b), Mx.Equal(a, b));
        Same("NotEqual", a.NotEqual(b), Mx.NotEqual(a, b));
        Same("Sum", a.Sum(1), Mx.Sum(a, 1));
        Same("Prod", a.Prod([0, 1]), Mx.Prod(a, [0, 1]));
        Same("Mean", a.Mean(0, keepdims: true), Mx.Mean(a, 0, keepdims: true));
        Same("Max", a.Max(), Mx.Max(a));
        Same("Min", a.Min(1), Mx.Min(a, 1));
        Same("All", a.All(1), Mx.All(a, 1));
        Same("Any", a.Any(), Mx.Any(a));
        Same("LogSumExp", a.LogSumExp(1), Mx.LogSumExp(a, 1));
        Same("Std", a.Std(1, ddof: 1), Mx.Std(a, 1, ddof: 1));
        Same("Var", a.Var(), Mx.Var(a));
        Same("ArgMax", a.ArgMax(1), Mx.ArgMax(a, 1));
        Same("ArgMin", a.ArgMin(), Mx.ArgMin(a));
        Same("CumSum", a.CumSum(1), Mx.CumSum(a, 1));
        Same("CumProd", a.CumProd(0, reverse: true), Mx.CumProd(a, 0, reverse: true));
        Same("CumMax", a.CumMax(1), Mx.CumMax(a, 1));
        Same("CumMin", a.CumMin(1, inclusive: false), Mx.CumMin(a, 1, inclusive: false));
        Same("LogCumSumExp", a.LogCumSumExp(1), Mx.LogCumSumExp(a, 1));
        Same("Reshape", a.Reshape(3, 2), Mx.Reshape(a, 3, 2));
        Same("Flatten", a.Flatten(), Mx.Flatten(a));
        Same("Squeeze", a.ExpandDims(0).Squeeze(0), a);
        Same("MoveAxis", a.MoveAxis(0, 1), Mx.MoveAxis(a, 0, 1));
        Same("SwapAxes", a.SwapAxes(0, 1), Mx.SwapAxes(a, 0, 1));
        Same("Transpose", a.Transpose(1, 0), Mx.Transpose(a, 1, 0));
        Same("T", a.T, Mx.Transpose(a));
        Same("Split", a.Split(3, 1)[2], Mx.Split(a, 3, 1)[2]);
        Same("Diagonal", a.Diagonal(1), Mx.Diagonal(a, 1));
        Same("Diag", b.Diag(1), Mx.Diag(b, 1));
        Same("View", a.View(DType.Int32), Mx.View(a, DType.Int32));
        Same("AsType", a.AsType(DType.Int32), Mx.AsType(a, DType.Int32));
    }

    [Test]
    public void ArraysAreRowsAndPlaces()
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray a = Table();
        List<float> sums = [];
        foreach (MlxArray row in a)
        {
            sums.Add((float)row.Sum());
        }

        ArrayAt at = a.At;
        Assert.That(sums, Is.EqualTo(new[] { 5.5f, 11 }));
        Assert.That(a.GetEnumerator().MoveNext(), Is.True);
        Assert.That((float)at[0, 0].Add(1).Sum(), Is.EqualTo(17.5f));
    }

    [Test]
    public void TheLibraryTellsItsVersion()
        => Assert.That(MlxLibrary.MlxVersion, Does.Match(@"^\d+\.\d+\.\d+"));

    [Test]
    [Category("Metal")]
    [RequiresMlx("it has no GPU")]
    public void WhatNeedsMetalSaysSoElsewhere()
    {
        if (Mx.Metal.IsAvailable())
        {
            Assert.That(Mx.Metal.DeviceInfo(), Is.Not.Empty);
            Assert.That(Mx.SetWiredLimit(0), Is.GreaterThanOrEqualTo(0));
            return;
        }

        Assert.That(() => Mx.Metal.StopCapture(), Throws.Exception);
        Assert.That(() => Mx.Metal.DeviceInfo(), Throws.Nothing);
        Assert.That(() => Mx.SetWiredLimit(0), Throws.Nothing);
    }
}
