namespace DotMlx.Tests.Operations;

/// <summary>Values that MLX before 0.32 returns wrong, or needlessly refuses.</summary>
public class CorrectedValueTests
{
    [Test]
    public void NegativeZeroIsFalse()
    {
        foreach (DType dtype in (DType[])[DType.Float16, DType.Float32, DType.Float64])
        {
            using MlxArray zeros = Mx.Full([2, 70], -0.0, dtype, DeviceType.Cpu);
            using var scope = MlxScope.Begin();
            Assert.That(Mx.Any(zeros, stream: DeviceType.Cpu).Item<bool>(), Is.False);
            Assert.That(Mx.Any(zeros, 1, stream: DeviceType.Cpu).ToArray<bool>(), Is.All.False);
            Assert.That(Mx.All(zeros, [0, 1], stream: DeviceType.Cpu).Item<bool>(), Is.False);
            Assert.That(Mx.Any(Mx.Full([3], double.NaN, dtype, DeviceType.Cpu), stream: DeviceType.Cpu).Item<bool>());
        }
    }

    [Test]
    public void OneOffsetServesTheWholeBatch()
    {
        using MlxArray a = Numbers.Array(1, 2, 3, 4), scalar = MlxArray.Scalar(3), one = MlxArray.Create<int>([3]);
        using MlxArray expected = Mx.Fast.RoPE(a, 4, false, 10000, 1, scalar), actual = Mx.Fast.RoPE(a, 4, false, 10000, 1, one);
        Numbers.AreClose(actual, expected);
    }

    [TestCase(false, true, new[] { 1, 3, float.NaN, float.NaN }, new[] { 1, 1, float.NaN, float.NaN })]
    [TestCase(true, true, new[] { float.NaN, float.NaN, float.NaN, 2 }, new[] { float.NaN, float.NaN, float.NaN, 2 })]
    [TestCase(false, false, new[] { float.NegativeInfinity, 1, 3, float.NaN }, new[] { float.PositiveInfinity, 1, 1, float.NaN })]
    public void ExtremesKeepNaN(bool reverse, bool inclusive, float[] largest, float[] smallest)
    {
        using MlxArray a = Numbers.Row(1, 3, float.NaN, 2);
        Assert.That(Mx.CumMax(a, 0, reverse, inclusive).ToArray<float>(), Is.EqualTo(largest));
        Assert.That(Mx.CumMin(a, null, reverse, inclusive).ToArray<float>(), Is.EqualTo(smallest));
    }

    [TestCase(DType.Float16)]
    [TestCase(DType.BFloat16)]
    [TestCase(DType.Float32)]
    [TestCase(DType.Float64)]
    public void InfinitiesBecomeTheLargestNumbers(DType dtype)
    {
        using var scope = MlxScope.Begin();
        using IDisposable stream = Mx.StreamScope(DeviceType.Cpu);
        double largest = Mx.FInfo(dtype).Max;
        MlxArray a = MlxArray.Create<double>([double.PositiveInfinity, double.NegativeInfinity, double.NaN, 1.5]).AsType(dtype);
        Assert.That(Golden.ToDoubles(Mx.NanToNum(a)), Is.EqualTo(new[] { largest, -largest, 0, 1.5 }));
        Assert.That(Golden.ToDoubles(Mx.NanToNum(a, 0.5, 2, -3)), Is.EqualTo(new[] { 2, -3, 0.5, 1.5 }));
    }

    [Test]
    public void RoundingToFarPlacesKeepsTheNumberOrGivesZero()
    {
        MlxArray a = Numbers.Row(1.5f, -2.25f, 1e30f, float.PositiveInfinity, float.NaN);
        Assert.That(Mx.Round(a, 400).ToArray<float>(), Is.EqualTo(a.ToArray<float>()));
        Assert.That(Mx.Round(a, 20).ToArray<float>()[2], Is.EqualTo(1e30f));
        Assert.That(Mx.Round(a, -400).ToArray<float>(), Is.EqualTo(new[] { 0, 0, 0, float.PositiveInfinity, float.NaN }));
        using MlxArray halves = MlxArray.Create<Half>([(Half)65504, (Half)1.5]);
        Assert.That(Mx.Round(halves, 1).ToArray<Half>(), Is.EqualTo(new[] { (Half)65504, (Half)1.5 }));
        Assert.That(Mx.Grad((MlxArray x) => Mx.Sum(Mx.Round(x, 400)))(a).ToArray<float>(), Is.All.Zero);
    }

    [Test]
    [RequiresMlx("cholesky")]
    public void ACholeskyFactorOfAMatrixThatIsNotPositiveDefiniteIsNaN()
    {
        MlxArray good = MlxArray.Create<float>([4, 2, 2, 5], 2, 2);
        MlxArray stacked = Mx.Stack([good, -good, MlxArray.Create<float>([1, 2, 2, 1], 2, 2), Mx.Full([2, 2], float.NaN)]);
        foreach (bool upper in (bool[])[false, true])
        {
            MlxArray factors = Mx.Linalg.Cholesky(stacked, upper, DeviceType.Cpu);
            Numbers.AreClose(factors[0], upper ? [2, 1, 0, 2] : [2, 0, 1, 2]);
            Assert.That(factors[1..].ToArray<float>(), Is.All.NaN);
        }
    }

    [Test]
    public void EinsumBroadcastsAxesOfSizeOne()
    {
        MlxArray a = Numbers.Array(1, 1, 3, 4), b = Numbers.Array(2, 2, 4, 5);
        Numbers.AreClose(Mx.Einsum("bij,bjk->bik", a, b), Mx.MatMul(a, b));
        Numbers.AreClose(Mx.Einsum("...ij,...jk->...ik", a, b), Mx.MatMul(a, b));
        Numbers.AreClose(Mx.Einsum("ij,ij->", Mx.Ones(1, 3), Mx.Ones(2, 3)), [6]);
        Assert.That(
            () => Mx.Einsum("ij,jk->il", Mx.Ones(2, 2), Mx.Ones(2, 2)), Throws.TypeOf<MlxException>().With.Message.Contains("names 'l'"));
        Assert.That(
            () => Mx.Einsum("ij,jk->ik", Mx.Ones(2, 3), Mx.Ones(2, 2)), Throws.TypeOf<MlxException>().With.Message.Contains("Axis 'j'"));
    }

    [Test]
    public void WholeNumbersInCompiledFunctionsKeepTheirDigits()
    {
        MlxArray x = Numbers.Row(0, 1);
        foreach (float number in (float[])[16777215, 12345678, 2147483648f, -98765432, float.MaxValue, 10000000])
        {
            foreach (Func<MlxArray, MlxArray> function in (Func<MlxArray, MlxArray>[])
                [
                    a => a * number, a => a * (long)Math.Clamp(number, -1e9f, 1e9f), a => a * MlxArray.Scalar(number),
                    a => a * Mx.Full([2], number),
                ])
            {
                float[] compiled = Mx.Compile((MlxArray a) => function(Mx.Abs(a)))(x).ToArray<float>();
                Assert.That(compiled, Is.EqualTo(function(x).ToArray<float>()), $"{number}");
            }
        }
    }

    [Test]
    public void RandomIntegersReachTheirBoundsAndStayInside()
    {
        MlxArray key = Mx.Random.Key(3);
        int[] drawn = Mx.Random.RandInt(-5, 5, [20000], key: key).ToArray<int>();
        Assert.That(drawn.Distinct().Order(), Is.EqualTo(Enumerable.Range(-5, 10)));
        Assert.That(drawn.CountBy(static number => number).Select(static group => group.Value), Is.All.InRange(1700, 2300));
        foreach ((long low, long high) in ((long, long)[])[(1 << 24, (1 << 24) + 2), (1L << 40, (1L << 40) + 1024)])
        {
            long[] large = Mx.Random.RandInt(low, high, [1000], DType.Int64, key).ToArray<long>();
            Assert.That(large, Is.All.InRange(low, high - 1));
        }

        Assert.That(Mx.Random.RandInt(0, 2, [1000], DType.Bool, key).ToArray<bool>().Distinct().Count(), Is.EqualTo(2));
        Assert.That(Mx.Random.RandInt(10, -10, [10], key: key).ToArray<int>(), Is.All.EqualTo(10));
        Assert.That(() => Mx.Random.RandInt(0, 2, [1], DType.Float32, key), Throws.TypeOf<MlxException>());
    }

    [TestCase(DType.Bool, DType.Int32)]
    [TestCase(DType.Int16, DType.Int32)]
    [TestCase(DType.UInt8, DType.UInt32)]
    [TestCase(DType.Float16, DType.Float16)]
    public void TheDTypeOfAProductDoesNotDependOnTheSize(DType dtype, DType expected)
    {
        foreach (int size in (int[])[1, 2])
        {
            Assert.That(Mx.Prod(Mx.Ones([size], dtype), 0).DType, Is.EqualTo(expected));
        }
    }

    [Test]
    public void VariancesOfComplexNumbersAreThoseOfTheirParts()
    {
        using MlxArray x = MlxArray.Create<Complex64>([new(1, 2), new(-3, -4), new(0.5f, -0.25f)]);
        Numbers.AreClose(Mx.Var(x), [9.2916667]);
        Numbers.AreClose(Mx.Std(x, 0, ddof: 1), [Math.Sqrt(9.2916667 * 1.5)]);
        Assert.That(Mx.Var(x, [0], keepdims: true).DType, Is.EqualTo(DType.Float32));
    }

    [Test]
    public void ExtremesOfEmptyArraysAreEmptyIfTheReducedAxesAreNot()
    {
        Numbers.HasShape(Mx.Max(Mx.Zeros(0, 2), -1), 0);
        Numbers.HasShape(Mx.Min(Mx.Zeros(0, 3, 2), [1, 2], keepdims: true), 0, 1, 1);
        Assert.That(Mx.Max(Mx.Zeros([0, 2], DType.Int8), 1).DType, Is.EqualTo(DType.Int8));
        Assert.That(() => Mx.Max(Mx.Zeros(2, 0), -1), Throws.TypeOf<MlxException>());
        Numbers.HasShape(Mx.Diag(Mx.Zeros(0)), 0, 0);
        Numbers.HasShape(Mx.Diag(Mx.Zeros(0), -2), 2, 2);
    }

    [Test]
    public void FunctionsOfRealNumbersRefuseComplexOnes()
    {
        using MlxArray z = MlxArray.Create<Complex64>([new(7, 3)]);
        foreach (Func<MlxArray> refused in (Func<MlxArray>[])
            [() => Mx.Expm1(z), () => Mx.Sigmoid(z), () => Mx.Arctan2(z, z), () => Mx.Remainder(z, 2), () => z % z])
        {
            Assert.That(refused, Throws.TypeOf<MlxException>().With.Message.Contains("complex64"));
        }
    }

    [Test]
    [RequiresMlx("it has no matrix decompositions")]
    public void EighReadsTheTriangleThatIsNamed()
    {
        using MlxArray a = MlxArray.Create<float>([1, 999, 2, 3], 2, 2);
        double root = Math.Sqrt(5);
        Numbers.AreClose(Mx.Linalg.Eigvalsh(a, MatrixTriangle.L, DeviceType.Cpu), [2 - root, 2 + root]);
        Numbers.AreClose(Mx.Linalg.Eigh(a, MatrixTriangle.U, DeviceType.Cpu).Values, [2 - Math.Sqrt(998002), 2 + Math.Sqrt(998002)], 1e-5);
    }
}
