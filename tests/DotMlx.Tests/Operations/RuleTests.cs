using System.Numerics;

namespace DotMlx.Tests.Operations;

/// <summary>Rules of MLX without figures, with values calculated by hand.</summary>
public class RuleTests
{
    [Test]
    public void DivModRoundsTowardNegativeInfinity()
    {
        // Before 0.32, the quotient is truncated, and the sign of MLX's remainder is that of the dividend on the CPU and that of the
        // divisor on Metal and CUDA. Since 0.32, both follow Python.
        bool down = LibraryInUse.IsMlxSince("0.32");
        float[] quotient = down ? [3, -4, -4, 3] : [3, -3, -3, 3];
        float[] rest = down || DeviceInUse.IsGpu ? [1, 1, -0.5f, -1.5f] : [1, -1, 1.5f, -1.5f];
        int[] wholeRest = down || DeviceInUse.IsGpu ? [1, 1, -1, -1] : [1, -1, 1, -1];
        using var scope = MlxScope.Begin();
        var (q, r) = Mx.DivMod(MlxArray.Create<float>([7, -7, 7.5f, -7.5f]), MlxArray.Create<float>([2, 2, -2, -2]));
        var (wholeQ, wholeR) = Mx.DivMod(MlxArray.Create<int>([7, -7, 7, -7]), MlxArray.Create<int>([2, 2, -2, -2]));
        Assert.Multiple(() =>
        {
            Assert.That(q.ToArray<float>(), Is.EqualTo(quotient));
            Assert.That(r.ToArray<float>(), Is.EqualTo(rest));
            Assert.That(wholeQ.ToArray<int>(), Is.EqualTo(quotient.Select(value => (int)value)));
            Assert.That(wholeR.ToArray<int>(), Is.EqualTo(wholeRest));
        });
    }

    [Test]
    public void TheGradientOfSortGoesBackWhereTheElementsWere()
    {
        using var scope = MlxScope.Begin();
        MlxArray x = MlxArray.Create<float>([3, 1, 2]), g = MlxArray.Create<float>([10, 20, 30]);
        (_, MlxArray[] gradients) = Mx.Vjp(a => [Mx.Sort(a[0])], [x], [g]);
        (_, MlxArray[] right) = Mx.Vjp(a => [Mx.TakeAlongAxis(a[0], Mx.StopGradient(Mx.ArgSort(a[0], 0)), 0)], [x], [g]);

        // Before 0.32, MLX permutes it incorrectly.
        float[] expected = [30, 10, 20];
        Assert.That(right[0].ToArray<float>(), Is.EqualTo(expected));
        Assert.That(gradients[0].ToArray<float>(), Is.EqualTo(expected));
    }

    [Test]
    public void TheGradientOfTheExtremeSoFarGoesToWhereItStands()
    {
        if (!LibraryInUse.IsMlxSince("0.32"))
        {
            Assert.Ignore("Only MLX from 0.32 on has it.");
        }

        using var scope = MlxScope.Begin();
        (_, MlxArray[] ofMax) = Mx.Vjp(a => [Mx.CumMax(a[0], 0)], [MlxArray.Create<float>([1, 3, 2])], [Mx.Ones(3)]);
        (_, MlxArray[] ofMin) = Mx.Vjp(a => [Mx.CumMin(a[0], 0)], [MlxArray.Create<float>([3, 1, 2])], [Mx.Ones(3)]);
        Assert.That(ofMax[0].ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 0 }));
        Assert.That(ofMin[0].ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 0 }));
    }

    [Test]
    public void RemainderHasTheSignOfTheDivisor()
    {
        using var scope = MlxScope.Begin();
        Assert.That(Mx.Remainder(MlxArray.Create<float>([7, -7, 7, -7]), MlxArray.Create<float>([2, 2, -2, -2]))
            .ToArray<float>(), Is.EqualTo(new float[] { 1, 1, -1, -1 }));
        Assert.That(Mx.Remainder(MlxArray.Create<int>([7, -7, 7, -7]), MlxArray.Create<int>([3, 3, -3, -3]))
            .ToArray<int>(), Is.EqualTo(new[] { 1, 2, -2, -1 }));
    }

    [Test]
    public void RepeatingZeroTimesLeavesNothing()
    {
        using var a = Mx.Ones(2, 3);
        using var none = Mx.Repeat(a, 0, 1);
        Assert.That(none.Shape.ToArray(), Is.EqualTo(new[] { 2, 0 }));
    }

    [TestCase(PadMode.Reflect)]
    [TestCase(PadMode.Symmetric)]
    public void NewerPaddingModesAreNamed(PadMode mode)
    {
        using var a = Mx.Ones(3);
        Assert.That(() => Mx.Pad(a, 1, mode), LibraryInUse.IsMlxSince("0.32.1")
            ? Throws.Nothing
            : Throws.TypeOf<MlxException>().With.Message.Contains("padding mode"));
        Assert.That(() => Mx.Pad(a, 1, (PadMode)9), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    [CpuOnly("MLX's kernels for GPUs have these functions of real numbers only")]
    public void InverseHyperbolicFunctionsInvertOnComplexNumbers()
    {
        using var scope = MlxScope.Begin();
        Complex[] z = [new(0.25, 0.5), new(-0.5, 0.25), new(2, -1.5)];
        var a = MlxArray.Create<Complex>(z);
        Golden.AssertClose(Mx.Sinh(Mx.Arcsinh(a)), a);
        Golden.AssertClose(Mx.Cosh(Mx.Arccosh(a)), a);
        Golden.AssertClose(Mx.Tanh(Mx.Arctanh(a)), a);
        Assert.That(Mx.Arcsinh(a).ToArray<Complex64>()[0].Real, Is.EqualTo(0.281396061f).Within(1e-5));
        Assert.That(Mx.Arccosh(MlxArray.Create<Complex>([new(-2.875, -1.9375)]))
            .Item<Complex64>().Imaginary, Is.EqualTo(-2.52887392f).Within(1e-5));
    }

    [Test]
    [CpuOnly("with CUDA, complex numbers are true where neither part is zero")]
    public void ComplexNumbersAreTrueByTheirRealPart()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create<Complex>([new(0, 2), new(1, 0), new(0, 0)]);
        Assert.That(a.AsType(DType.Bool).ToArray<bool>(), Is.EqualTo(new[] { false, true, false }));
        Assert.That(Mx.Where(a, 1, 0).ToArray<int>(), Is.EqualTo(new[] { 0, 1, 0 }));
    }

    [Test]
    [CpuOnly("float64")]
    public void InfinitiesOfDoublesAreReplaced()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create<double>([double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1]);
        Assert.That(Mx.NanToNum(a, 1f, 2f, -3f).ToArray<double>(), Is.EqualTo(new double[] { 1, 2, -3, 1 }));
        Assert.That(Mx.NanToNum(a).ToArray<double>(), Is.EqualTo(new double[] { 0, double.MaxValue, double.MinValue, 1 }));
    }

    [Test]
    public void SubscriptsAreLetters()
    {
        using var a = Mx.Ones(2, 3);
        Assert.That(() => Mx.Einsum("i1->i", a), Throws.TypeOf<MlxException>().With.Message.Contains("letters"));
    }

    [Test]
    public void TheNormCurvesAtZeroToo()
    {
        using var scope = MlxScope.Begin();
        var gradient = Mx.Grad((MlxArray a) => Mx.Grad((MlxArray b) => Mx.Linalg.Norm(b))(a)[1]);
        Assert.That(gradient(MlxArray.Create<float>([3, 0, 4])).ToArray<float>(), Is.EqualTo(new[] { 0, 0.2f, 0 }).Within(1e-6));
    }

    [Test]
    public void CountsOfScalarsAreIntegers()
    {
        using var scope = MlxScope.Begin();
        Assert.That(Mx.CountNonzero(MlxArray.Scalar(2f)).Item<int>(), Is.EqualTo(1));
        Assert.That(Mx.CountNonzero(MlxArray.Create<float>([0, 1, 2])).Item<int>(), Is.EqualTo(2));
    }
}
