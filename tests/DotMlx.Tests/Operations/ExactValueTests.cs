namespace DotMlx.Tests.Operations;

/// <summary>Values that used to be inexact: scalars that lose digits, NaN, singular matrices, wide integers.</summary>
public class ExactValueTests
{
    [Test]
    [CpuOnly("float64 is on the CPU alone")]
    public void NumbersKeepTheirDoubles()
    {
        using var scope = MlxScope.Begin();
        MlxArray wide = Mx.Zeros([2], DType.Float64);
        MlxArray position = MlxArray.Create<int>([0]);
        Assert.Multiple(() =>
        {
            Assert.That(Mx.Full([1], 0.37, DType.Float64).Item<double>(), Is.EqualTo(0.37));
            Assert.That(Mx.FullLike(wide, 0.1).ToArray<double>(), Is.All.EqualTo(0.1));
            Assert.That(Mx.Pad(wide, 1, constantValues: 0.1).ToArray<double>(), Is.EqualTo(new[] { 0.1, 0, 0, 0.1 }));
            Assert.That(Mx.PutAlongAxis(wide, position, 0.1, 0).ToArray<double>(), Is.EqualTo(new[] { 0.1, 0 }));
            Assert.That(Mx.SliceUpdate(wide, 0.1, position, [0]).ToArray<double>()[0], Is.EqualTo(0.1));
            Assert.That(Mx.Clip(wide, 0.1, 0.3).ToArray<double>(), Is.All.EqualTo(0.1));
            Assert.That(Mx.Where(wide > 1, wide, 0.1).ToArray<double>(), Is.All.EqualTo(0.1));
            Assert.That(wide.At[0].Add(0.1).ToArray<double>()[0], Is.EqualTo(0.1));
            Assert.That(Mx.Full([1], (1L << 40) + 1, DType.Int64).Item<long>(), Is.EqualTo((1L << 40) + 1));
            Assert.That(Mx.Full([2], 3.7, DType.Int32).ToArray<int>(), Is.All.EqualTo(3));
            Assert.That(Mx.Full([1], 7).DType, Is.EqualTo(DType.Int32));
        });
    }

    [Test]
    public void WideIntegersAreCountedExactly()
    {
        using var scope = MlxScope.Begin();
        Assert.Multiple(() =>
        {
            Assert.That(Mx.Arange(1L << 33, (1L << 33) + 2).ToArray<long>(), Is.EqualTo(new[] { 1L << 33, (1L << 33) + 1 }));
            Assert.That(Mx.Arange((1L << 60) + 1, (1L << 60) + 6, 2)
                .ToArray<long>(), Is.EqualTo(new[] { (1L << 60) + 1, (1L << 60) + 3, (1L << 60) + 5 }));
            Assert.That(Mx.Arange((1L << 60) + 1, (1L << 60) - 2, -2)
                .ToArray<long>(), Is.EqualTo(new[] { (1L << 60) + 1, (1L << 60) - 1 }));
            Assert.That(Mx.Arange(0L, 3).DType, Is.EqualTo(DType.Int32));
            Assert.That(Mx.Arange(5L, 3).Size, Is.Zero);
        });
    }

    [TestCase(SearchSide.Left, 3u, 3u, 1u)]
    [TestCase(SearchSide.Right, 3u, 3u, 2u)]
    public void NaNIsSortedLast(SearchSide side, uint among, uint beside, uint two)
    {
        using var scope = MlxScope.Begin();
        MlxArray numbers = MlxArray.Create<float>([1, 2, 3]);
        MlxArray ending = MlxArray.Create<float>([1, 2, 3, float.NaN]);
        MlxArray nan = MlxArray.Create<float>([float.NaN, 2]);
        Assert.That(Search(numbers), Is.EqualTo(new[] { among, two }));
        Assert.That(Search(ending), Is.EqualTo(new[] { side == SearchSide.Left ? beside : 4, two }));

        uint[] Search(MlxArray sequence) => Mx.SearchSorted(sequence, nan, side).ToArray<uint>();
    }

    [Test]
    public void SingularMatricesHaveTheDeterminantZero()
    {
        using var scope = MlxScope.Begin();
        foreach (int n in (int[])[1, 2, 3, 4, 6])
        {
            MlxArray a = Mx.Arange(n * n * 1.0).Reshape(n, n);
            a[n - 1] = a[0] * 2;
            a = n == 1 ? a * 0 : a;
            var (sign, logarithm) = Mx.Linalg.Slogdet(a, DeviceType.Cpu);
            Assert.That(Mx.Linalg.Det(a, DeviceType.Cpu).Item<float>(), Is.Zero);
            Assert.That(sign.Item<float>(), Is.Zero);
            Assert.That(logarithm.Item<float>(), Is.EqualTo(float.NegativeInfinity));
        }
    }

    [Test]
    public void DeterminantsAreThoseOfNumPy()
    {
        using var scope = MlxScope.Begin();
        MlxArray four = MlxArray.Create<float>([4, 1, 2, 0, 1, 3, 0, 1, 2, 0, 5, 1, 0, 1, 1, 2], 4, 4);
        MlxArray exchanged = MlxArray.Create<float>([0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], 4, 4);
        MlxStream cpu = DeviceType.Cpu;
        Assert.Multiple(() =>
        {
            Assert.That(Mx.Linalg.Det(MlxArray.Create<int>([1, 2, 3, 4], 2, 2), cpu).Item<float>(), Is.EqualTo(-2));
            Assert.That(Mx.Linalg.Slogdet(MlxArray.Create<int>([1, 2, 3, 4], 2, 2), cpu).LogAbsDet.Item<float>(),
                Is.EqualTo(MathF.Log(2)).Within(1e-6));
            Assert.That(Mx.Linalg.Det(four, cpu).Item<float>(), Is.EqualTo(55).Within(1e-4));
            Assert.That(Mx.Linalg.Det(exchanged, cpu).Item<float>(), Is.EqualTo(-1));
            Assert.That(Mx.Linalg.Slogdet(Mx.Stack([exchanged, four]), cpu).Sign.ToArray<float>(), Is.EqualTo(new float[] { -1, 1 }));
            Assert.That(Mx.Linalg.Slogdet(Mx.Eye(40) * 0.1, cpu).LogAbsDet.Item<float>(), Is.EqualTo(40 * MathF.Log(0.1f)).Within(1e-3));
            Assert.That(() => Mx.Linalg.Det(Mx.Ones([2, 2], DType.Complex64), cpu), Throws.ArgumentException);
            Assert.That(Mx.Grad((MlxArray a) => Mx.Linalg.Det(a, cpu))(MlxArray.Create<float>([1, 2, 3, 4], 2, 2))
                .ToArray<float>(), Is.EqualTo(new float[] { 4, -3, -2, 1 }));
        });
    }

    [Test]
    public void VectorsOfDifferentLengthHaveNoProduct()
    {
        using var scope = MlxScope.Begin();
        Assert.Multiple(() =>
        {
            Assert.That(() => Mx.VecDot(1, MlxArray.Create<int>([1])), Throws.InstanceOf<ArgumentException>());
            Assert.That(() => Mx.VecDot(MlxArray.Create<int>([1, 2]), MlxArray.Create<int>([1])),
                Throws.ArgumentException.With.Message.Contains("(2) and (1)"));
            Assert.That(Mx.VecDot(Mx.Ones(4, 3), Mx.Ones(3)).ToArray<float>(), Is.All.EqualTo(3));
        });
    }

    [Test]
    public void MasksTakeTheFirstOfTooManyValues()
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Zeros(4);
        a[MlxArray.Create<bool>([true, false, true, false])] = MlxArray.Create<float>([1, 2, 3]);
        Assert.That(a.ToArray<float>(), Is.EqualTo(new float[] { 1, 0, 2, 0 }));
        Assert.That(() => a[new[] { true, true, true, false }] = MlxArray.Create<float>([1, 2]),
            Throws.ArgumentException.With.Message.Contains("only 2"));
    }

    [Test]
    public void NarrowNumbersAreNumbers()
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Zeros([3], DType.UInt8);
        a[0] = (byte)7;
        a[1] = (ushort)8;
        a[2] = (sbyte)9;
        Assert.That(a.ToArray<byte>(), Is.EqualTo(new byte[] { 7, 8, 9 }));
        Assert.That((Mx.Ones([1], DType.Int16) + (short)2).Item<short>(), Is.EqualTo(3));
    }

    [Test]
    public void NoPositionsChangeNothing()
    {
        using var scope = MlxScope.Begin();
        MlxArray a = MlxArray.Create<float>([1, 2]);
        Assert.That(Mx.PutAlongAxis(a, Mx.Zeros([0], DType.Int32), 5, 0).ToArray<float>(), Is.EqualTo(new float[] { 1, 2 }));
        Assert.That(Mx.PutAlongAxis(a, Mx.Zeros([0], DType.Int32), Mx.Zeros(0)).ToArray<float>(), Is.EqualTo(new float[] { 1, 2 }));
        Assert.That(Mx.PutAlongAxis(a, Mx.Zeros(0), Mx.Zeros(0)).ToArray<float>(), Is.EqualTo(new float[] { 1, 2 }));
        Assert.That(Mx.PutAlongAxis(Mx.Zeros(0), Mx.Zeros(0), Mx.Zeros(0)).Size, Is.Zero);
    }

    [Test]
    [RequiresMlx("it has no Fourier transforms")]
    public void TransformsOfNoNamedAxesAreOfAll()
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Arange(8.0).Reshape(2, 2, 2);
        Assert.Multiple(() =>
        {
            Assert.That(Mx.Fft.FFT2(a, axes: null).ToArray<Complex64>(), Is.EqualTo(Mx.Fft.FFTN(a).ToArray<Complex64>()));
            Assert.That(Mx.Fft.IFFT2(a, axes: null).ToArray<Complex64>(), Is.EqualTo(Mx.Fft.IFFTN(a).ToArray<Complex64>()));
            Assert.That(Mx.Fft.RFFT2(a, axes: null).ToArray<Complex64>(), Is.EqualTo(Mx.Fft.RFFTN(a).ToArray<Complex64>()));
            Assert.That(Mx.Fft.FFT2(a).ToArray<Complex64>(), Is.EqualTo(Mx.Fft.FFTN(a, axes: [-2, -1]).ToArray<Complex64>()));
            Numbers.HasShape(Mx.Fft.FFT2(a, [4, 3]), 2, 4, 3);
            Numbers.HasShape(Mx.Fft.FFT2(a, [4, 3], [0, 1]), 4, 3, 2);
            Numbers.HasShape(Mx.Fft.IRFFT2(a, axes: null), 2, 2, 2);
        });
    }

    [Test]
    public void NaNIsPrintedWithoutASign()
    {
        using var scope = MlxScope.Begin();
        MlxArray nan = MlxArray.Create([float.NaN, BitConverter.Int32BitsToSingle(unchecked((int)0xFFC00000))]);
        Assert.That(nan.ToString(), Is.EqualTo("array([nan, nan], dtype=float32)"));
        Assert.That((Mx.Zeros(1) / 0).ToString(), Is.EqualTo("array([nan], dtype=float32)"));
    }

    [Test]
    public void GradientsAreOfFloatingPointNumbers()
    {
        using var scope = MlxScope.Begin();
        Func<MlxArray, MlxArray> gradient = Mx.Grad((MlxArray x) => Mx.Sum(x * 0.5));
        Assert.Multiple(() =>
        {
            Assert.That(() => gradient(MlxArray.Create<int>([1, 2])), Throws.ArgumentException.With.Message.Contains("int32"));
            Assert.That(gradient(3).Item<float>(), Is.EqualTo(0.5f));
            Assert.That(
                () => Mx.Grad((Tree t) => Mx.Sum(t["a"]["w"].Array))(new TreeDictionary
                    { ["a"] = new TreeDictionary { ["n"] = Mx.Ones(1), ["w"] = MlxArray.Create<int>([1]) } }),
                Throws.ArgumentException.With.Message.Contains("'a.w' is int32"));
            Assert.That(gradient(MlxArray.Create<float>([1, 2])).ToArray<float>(), Is.All.EqualTo(0.5f));
        });
    }

    [Test]
    public void ReductionsAndRepetitionsHaveTheShapeThatTheyShould()
    {
        using var scope = MlxScope.Begin();
        Assert.Multiple(() =>
        {
            Assert.That(Mx.LogSumExp(Mx.Ones(1, 2)).Shape.ToArray(), Is.Empty);
            Assert.That(Mx.LogSumExp(Mx.Ones(1, 1, 8)).Item<float>(), Is.EqualTo(1 + Math.Log(8)).Within(1e-6));
            Assert.That(Mx.LogSumExp(Mx.Ones(5, 1, 8), axis: [1, -1]).Shape.ToArray(), Is.EqualTo(new[] { 5 }));
            Assert.That(Mx.LogSumExp(Mx.Ones(1, 1, 1, 8), axis: [1, 2, 3]).Shape.ToArray(), Is.EqualTo(new[] { 1 }));
            Assert.That(Mx.LogSumExp(Mx.Ones(5, 1, 8), axis: [1, 2], keepdims: true).Shape.ToArray(), Is.EqualTo(new[] { 5, 1, 1 }));
            Assert.That(Mx.Linalg.Norm(Mx.Ones(2, 2), keepdims: true).Shape.ToArray(), Is.EqualTo(new[] { 1, 1 }));
            Assert.That(Mx.Linalg.Norm(Mx.Ones(4), keepdims: true).Item<float>(), Is.EqualTo(2));
            Assert.That(Mx.Repeat(Mx.Ones(2, 2, 2), 0, axis: 0).Shape.ToArray(), Is.EqualTo(new[] { 0, 2, 2 }));
            Assert.That(Mx.Repeat(Mx.Ones([2, 3], DType.Int8), 0, axis: -1).Shape.ToArray(), Is.EqualTo(new[] { 2, 0 }));
        });
    }

    [Test]
    public void ComplexNumbersAreInfiniteInEitherPart()
    {
        using var scope = MlxScope.Begin();
        const float Infinity = float.PositiveInfinity;
        MlxArray z = MlxArray.Create<Complex64>([new(1, 2), new(Infinity, 0), new(0, -Infinity), new(float.NaN, 1),
            new(float.NaN, Infinity)]);
        Assert.That(Mx.IsInf(z).ToArray<bool>(), Is.EqualTo(new[] { false, true, true, false, true }));
        Assert.That(Mx.IsFinite(z).ToArray<bool>(), Is.EqualTo(new[] { true, false, false, false, false }));
    }

    [Test]
    public void GeluFollowsPythonInHalfPrecision()
    {
        using var scope = MlxScope.Begin();
        MlxArray x = Mx.Linspace(-4, 4, 801).AsType(DType.Float16);
        MlxArray cubed = Mx.Power(x, 3);
        MlxArray approximation = 0.5 * x * (1 + Mx.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * cubed))));
        MlxArray exact = x * (1 + Mx.Erf(x / Math.Sqrt(2))) / 2;
        Assert.That(Mx.ArrayEqual(DotMlx.NN.Activations.GeluApprox(x), approximation).Item<bool>(), Is.True);
        Assert.That(Mx.ArrayEqual(DotMlx.NN.Activations.Gelu(x), exact).Item<bool>(), Is.True);
    }
}
