using System.Numerics;

namespace DotMlx.Tests.Operations;

/// <summary>The members of arrays compute the functions of the same names.</summary>
public class MemberTests
{
    private static MlxArray Table() => MlxArray.Create<float>([0.5f, 2, 3, 1, 4, 6], 2, 3);

    private static void Gives(string name, MlxArray member, DType dtype, params double[] expected)
    {
        Assert.That(member.DType, Is.EqualTo(dtype), name);
        Assert.That(member.AsType(DType.Float32).ToArray<float>(), Is.EqualTo(expected).Within(1e-6), name);
    }

    private static void GivesElements(string name, Func<MlxArray, MlxArray> member, Func<double, double> expected)
        => Gives(name, member(Table()), DType.Float32, [.. new double[] { 0.5, 2, 3, 1, 4, 6 }.Select(expected)]);

    [Test]
    public void ElementwiseMembersComputeTheirFunctions()
    {
        using MlxScope scope = MlxScope.Begin();
        GivesElements("Abs", a => (-a).Abs(), x => x);
        GivesElements("Square", a => a.Square(), x => x * x);
        GivesElements("Sqrt", a => a.Sqrt(), Math.Sqrt);
        GivesElements("Rsqrt", a => a.Rsqrt(), x => 1 / Math.Sqrt(x));
        GivesElements("Reciprocal", a => a.Reciprocal(), x => 1 / x);
        GivesElements("Exp", a => (a / 6).Exp(), x => Math.Exp(x / 6));
        GivesElements("Log", a => a.Log(), Math.Log);
        GivesElements("Log2", a => a.Log2(), Math.Log2);
        GivesElements("Log10", a => a.Log10(), Math.Log10);
        GivesElements("Log1p", a => a.Log1p(), x => Math.Log(1 + x));
        GivesElements("Sin", a => a.Sin(), Math.Sin);
        GivesElements("Cos", a => a.Cos(), Math.Cos);
        GivesElements("Round", a => (a + 0.26f).Round(1), x => Math.Round(x + 0.3, 1));
        GivesElements("Power", a => a.Power(2), x => x * x);
        GivesElements("FloorDivide", a => a.FloorDivide(2), x => Math.Floor(x / 2));
        MlxArray z = MlxArray.Create([new Complex(1, 2), new Complex(3, -4)]);
        Assert.That(z.Conj().ToArray<Complex>(), Is.EqualTo(new[] { new Complex(1, -2), new Complex(3, 4) }));
        Gives("Real", z.Real, DType.Float32, 1, 3);
        Gives("Imag", z.Imag, DType.Float32, 2, -4);
    }

    [Test]
    public void MembersThatCombineOrCompareComputeTheirFunctions()
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray a = Table();
        MlxArray b = MlxArray.Create<float>([2, 1, 0.5f], 3);
        Gives("MatMul", a.MatMul(b), DType.Float32, 4.5, 9);
        Gives("Power", a.Power(b), DType.Float32, 0.25, 2, Math.Sqrt(3), 1, 4, Math.Sqrt(6));
        Gives("Equal", a.Equal(2), DType.Bool, 0, 1, 0, 0, 0, 0);
        Gives("NotEqual", a.NotEqual(2), DType.Bool, 1, 0, 1, 1, 1, 1);
    }

    [Test]
    public void ReducingMembersComputeTheirFunctions()
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray a = Table();
        Gives("Sum", a.Sum(1), DType.Float32, 5.5, 11);
        Gives("Prod", a.Prod([0, 1]), DType.Float32, 72);
        MlxArray mean = a.Mean(0, keepdims: true);
        Gives("Mean", mean, DType.Float32, 0.75, 3, 4.5);
        Assert.That(mean.Shape.ToArray(), Is.EqualTo(new[] { 1, 3 }));
        Gives("Max", a.Max(), DType.Float32, 6);
        Gives("Min", a.Min(1), DType.Float32, 0.5, 1);
        Gives("All", (a > 0.75f).All(1), DType.Bool, 0, 1);
        Gives("Any", (a > 5).Any(0), DType.Bool, 0, 0, 1);
        Gives("LogSumExp", a.LogSumExp(1), DType.Float32,
            Math.Log(Math.Exp(0.5) + Math.Exp(2) + Math.Exp(3)), Math.Log(Math.Exp(1) + Math.Exp(4) + Math.Exp(6)));
        Gives("Var", MlxArray.Create<float>([1, 2, 3, 6]).Var(), DType.Float32, 3.5);
        Gives("Std", MlxArray.Create<float>([1, 2, 3, 6]).Std(ddof: 1), DType.Float32, Math.Sqrt(14.0 / 3));
        Gives("ArgMax", a.ArgMax(1), DType.UInt32, 2, 2);
        Gives("ArgMin", a.ArgMin(), DType.UInt32, 0);
    }

    [Test]
    public void CumulativeMembersComputeTheirFunctions()
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray a = Table();
        Gives("CumSum", a.CumSum(1), DType.Float32, 0.5, 2.5, 5.5, 1, 5, 11);
        Gives("CumProd", a.CumProd(0, reverse: true), DType.Float32, 0.5, 8, 18, 1, 4, 6);
        Gives("CumMax", MlxArray.Create<float>([1, 3, 2]).CumMax(0), DType.Float32, 1, 3, 3);
        Gives("CumMin", MlxArray.Create<float>([2, 3, 1, 4]).CumMin(0, inclusive: false)[1..], DType.Float32, 2, 2, 1);
        Gives("LogCumSumExp", MlxArray.Create<float>([0, 0, 0]).LogCumSumExp(0), DType.Float32, 0, Math.Log(2), Math.Log(3));
    }

    [Test]
    public void ShapingMembersComputeTheirFunctions()
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray a = Table();
        MlxArray b = MlxArray.Create<float>([2, 1, 0.5f], 3);
        double[] transposed = [0.5, 1, 2, 4, 3, 6];
        Assert.That(a.Reshape(3, 2).Shape.ToArray(), Is.EqualTo(new[] { 3, 2 }));
        Assert.That(a.Flatten().Shape.ToArray(), Is.EqualTo(new[] { 6 }));
        Assert.That(a.ExpandDims(0).Shape.ToArray(), Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(a.ExpandDims(0).Squeeze(0).Shape.ToArray(), Is.EqualTo(new[] { 2, 3 }));
        Gives("MoveAxis", a.MoveAxis(0, 1), DType.Float32, transposed);
        Gives("SwapAxes", a.SwapAxes(0, 1), DType.Float32, transposed);
        Gives("Transpose", a.Transpose(1, 0), DType.Float32, transposed);
        Gives("T", a.T, DType.Float32, transposed);
        Gives("Split", a.Split(3, 1)[2], DType.Float32, 3, 6);
        Gives("Diagonal", a.Diagonal(1), DType.Float32, 2, 6);
        Gives("Diag", MlxArray.Create<float>([2, 1]).Diag(1), DType.Float32, 0, 2, 0, 0, 0, 1, 0, 0, 0);
        Gives("AsType", b.AsType(DType.Int32), DType.Int32, 2, 1, 0);
        Assert.That(b.View(DType.Int32).ToArray<int>(), Is.EqualTo(new[] { 0x40000000, 0x3f800000, 0x3f000000 }));
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
    public void MetalFunctionsSayThatTheyNeedMetal()
    {
        if (Mx.Metal.IsAvailable())
        {
            Assert.That(Mx.Metal.DeviceInfo(), Is.Not.Empty);
            Assert.That(Mx.SetWiredLimit(0), Is.GreaterThanOrEqualTo(0));
            return;
        }

        Assert.That(() => Mx.Metal.StopCapture(), Throws.Exception);
        Assert.That(Mx.Metal.DeviceInfo(), Mx.IsAvailable(MlxDevice.Gpu) ? Is.Not.Empty : Is.Empty);
        Assert.That(Mx.SetWiredLimit(0), Is.Zero);
    }
}
