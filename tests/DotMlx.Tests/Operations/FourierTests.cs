using System.Numerics;

namespace DotMlx.Tests.Operations;

[RequiresMlx("it has no Fourier transforms")]
public class FourierTests
{
    [Test]
    [RequiresNewerMlxc("it has no norms")]
    public void TransformsMatchTheirSums()
    {
        using MlxArray a = Numbers.Array(1, 6);
        float[] x = a.ToArray<float>();
        IEnumerable<Complex> sums = Enumerable.Range(0, 6).Select(
            k => x.Select((value, n) => value * Complex.Exp(new Complex(0, -2 * Math.PI * k * n / 6))).Aggregate((s, t) => s + t));
        Numbers.AreClose(Mx.Fft.FFT(a), sums.SelectMany(z => new[] { z.Real, z.Imaginary }));
        Numbers.AreClose(Mx.Fft.FFT(a, norm: FFTNorm.Forward), sums.SelectMany(z => new[] { z.Real / 6, z.Imaginary / 6 }));
        Numbers.AreClose(Mx.Fft.RFFT(a), sums.Take(4).SelectMany(z => new[] { z.Real, z.Imaginary }));
    }

    [TestCase(FFTNorm.Backward)]
    [TestCase(FFTNorm.Ortho)]
    [TestCase(FFTNorm.Forward)]
    public void InverseTransformsRestoreTheInput(FFTNorm norm)
    {
        if (LibraryInUse.IsMlxcV060 && norm != FFTNorm.Backward)
        {
            Assert.That(() => Mx.Fft.FFT(Mx.Ones(4), norm: norm), Throws.TypeOf<NotSupportedException>().With.Message.Contains("v0.6.0"));
            return;
        }

        using MlxArray a = Numbers.Array(1, 2, 4, 6);
        using MlxArray z = Mx.AsType(a, DType.Complex64);
        Numbers.AreClose(Mx.Fft.IFFT(Mx.Fft.FFT(a, norm: norm), norm: norm), z);
        Numbers.AreClose(Mx.Fft.IRFFT(Mx.Fft.RFFT(a, axis: 1, norm: norm), axis: 1, norm: norm), a);
        Numbers.AreClose(Mx.Fft.IFFT2(Mx.Fft.FFT2(a, norm: norm), norm: norm), z);
        Numbers.AreClose(Mx.Fft.IRFFT2(Mx.Fft.RFFT2(a, norm: norm), norm: norm), a);
        Numbers.AreClose(Mx.Fft.IFFTN(Mx.Fft.FFTN(a, norm: norm), norm: norm), z);
        Numbers.AreClose(Mx.Fft.IRFFTN(Mx.Fft.RFFTN(a, norm: norm), norm: norm), a);
    }

    [Test]
    public void SizesAndAxesSelectTheTransform()
    {
        using MlxArray a = Numbers.Array(1, 4, 6);
        Numbers.HasShape(Mx.Fft.FFT(a, 8), 4, 8);
        Numbers.HasShape(Mx.Fft.RFFT(a, 5, 0), 3, 6);
        Numbers.HasShape(Mx.Fft.FFTN(a, [2, 3], [0, 1]), 2, 3);
        Numbers.HasShape(Mx.Fft.FFT2(a, [3, 3]), 3, 3);
        Numbers.AreClose(Mx.Fft.FFTN(a, axes: [1]), Mx.Fft.FFT(a));
        Assert.That(() => Mx.Fft.FFTN(a, [2, 3]), Throws.ArgumentException);
        Assert.That(() => Mx.Fft.FFTN(a, [2], [0, 1]), Throws.ArgumentException);
        Assert.That(() => Mx.Fft.FFT(a, axis: 2), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Mx.Fft.FFT(a, 0), Throws.TypeOf<MlxException>());
    }

    [Test]
    [RequiresNewerMlxc("it has no frequencies")]
    public void FrequenciesMatchNumPy()
    {
        Numbers.AreClose(Mx.Fft.FFTFreq(5, 0.5), [0, 0.4, 0.8, -0.8, -0.4]);
        Numbers.AreClose(Mx.Fft.RFFTFreq(4), [0, 0.25, 0.5]);
    }

    [Test]
    public void ShiftsMoveTheZeroFrequency()
    {
        using MlxArray a = MlxArray.Create<int>([0, 1, 2, 3, 4, 5], 2, 3);
        Assert.That(Mx.Fft.FFTShift(a, [1]).ToArray<int>(), Is.EqualTo(new[] { 2, 0, 1, 5, 3, 4 }));
        Assert.That(Mx.Fft.IFFTShift(Mx.Fft.FFTShift(a)).ToArray<int>(), Is.EqualTo(a.ToArray<int>()));
    }

    private static readonly TestCaseData[] RealTransforms =
    [
        new TestCaseData((MlxArray a) => Mx.Fft.RFFT(a, 5)).SetArgDisplayNames("rfft"),
        new TestCaseData((MlxArray a) => Mx.Fft.RFFT2(a)).SetArgDisplayNames("rfft2"),
        new TestCaseData((MlxArray a) => Mx.Fft.RFFTN(a, [3, 5, 7], [2, 0, 1])).SetArgDisplayNames("rfftn"),
        new TestCaseData((MlxArray a) => Mx.Fft.IRFFT(a)).SetArgDisplayNames("irfft"),
        new TestCaseData((MlxArray a) => Mx.Fft.IRFFT(a, 3, 0)).SetArgDisplayNames("irfft odd"),
        new TestCaseData((MlxArray a) => Mx.Fft.IRFFT(a, 9, 1)).SetArgDisplayNames("irfft odd padded"),
        new TestCaseData((MlxArray a) => Mx.Fft.IRFFT2(a, norm: FFTNorm.Ortho)).SetArgDisplayNames("irfft2"),
        new TestCaseData((MlxArray a) => Mx.Fft.IRFFTN(a, [4, 3, 5], [0, 1, 2])).SetArgDisplayNames("irfftn odd"),
    ];

    [TestCaseSource(nameof(RealTransforms))]
    public void AVectorizedRealTransformIsThatOfEachElement(Func<MlxArray, MlxArray> transform)
    {
        using MlxArray a = Numbers.Array(2, 3, 4, 5, 6);
        foreach (int axis in new[] { 0, 3 })
        {
            using MlxArray batch = Mx.MoveAxis(a, 0, axis);
            using MlxArray actual = Mx.Vmap(transform, inAxes: axis)(batch);
            using MlxArray expected = Mx.Stack([transform(a[0]), transform(a[1]), transform(a[2])]);
            Assert.That(actual.Shape.ToArray(), Is.EqualTo(expected.Shape.ToArray()));
            Assert.That(Mx.Max(Mx.Abs(actual - expected)).Item<float>(), Is.LessThan(1e-5f));
        }
    }

    [TestCaseSource(nameof(RealTransforms))]
    public void TheGradientOfARealTransformIsThatOfDifferences(Func<MlxArray, MlxArray> transform)
    {
        using MlxArray a = Numbers.Array(2, 4, 5, 6), direction = Numbers.Array(3, 4, 5, 6);
        MlxArray Loss(MlxArray x) => Mx.Sum(Mx.Square(Mx.Abs(transform(x))));
        double expected = (Loss(a + 0.01f * direction).Item<float>() - Loss(a - 0.01f * direction).Item<float>()) / 0.02;
        double actual = Mx.Sum(Mx.Grad(Loss)(a) * direction).Item<float>();
        Assert.That(actual, Is.EqualTo(expected).Within(2).Percent);
    }
}
