namespace DotMlx.Tests.Operations;

/// <summary>Members that Python's MLX 0.32 adds to earlier versions.</summary>
public class ArrayApiTests
{
    [Test]
    public void NamesOfTheArrayApiAreThere()
    {
        using var scope = MlxScope.Begin();
        MlxArray half = Mx.Full([1], 0.5);
        MlxArray two = Mx.Full([1], 2.0);
        MlxArray bits = MlxArray.Create<int>([6]);
        MlxArray rows = MlxArray.Create<int>([1, 2, 3, 4], 2, 2);
        (MlxArray Value, double Expected)[] values =
        [
            (Mx.Acos(half), Math.Acos(0.5)), (Mx.Acosh(two), Math.Acosh(2)), (Mx.Asin(half), Math.Asin(0.5)),
            (Mx.Asinh(half), Math.Asinh(0.5)),
            (Mx.Atan(half), Math.Atan(0.5)), (Mx.Atanh(half), Math.Atanh(0.5)), (Mx.Atan2(half, two), Math.Atan2(0.5, 2)),
            (Mx.Pow(two, 3), 8),
            (Mx.BitwiseLeftShift(bits, 1).AsType(DType.Float32), 12), (Mx.BitwiseRightShift(bits, 1).AsType(DType.Float32), 3),
        ];
        Assert.Multiple(() =>
        {
            foreach ((MlxArray value, double expected) in values)
            {
                Assert.That(value.Item<float>(), Is.EqualTo(expected).Within(1e-6));
            }

            Assert.That(Mx.CumulativeSum(rows, 1).ToArray<int>(), Is.EqualTo(new[] { 1, 3, 3, 7 }));
            Assert.That(Mx.CumulativeProd(rows, 0).ToArray<int>(), Is.EqualTo(new[] { 1, 2, 3, 8 }));
            Assert.That(Mx.MatrixTranspose(rows).ToArray<int>(), Is.EqualTo(new[] { 1, 3, 2, 4 }));
            Numbers.HasShape(Mx.Empty(2, 3), 2, 3);
            Assert.That(Mx.Empty([2], DType.Int8).DType, Is.EqualTo(DType.Int8));
            Assert.That(Mx.EmptyLike(rows).ToArray<int>(), Is.All.Zero);
        });
    }

    [Test]
    public void DTypesBelongToTheirKinds()
    {
        using var scope = MlxScope.Begin();
        Assert.Multiple(() =>
        {
            Assert.That(Mx.IsDType(DType.Int8, "signed integer"), Is.True);
            Assert.That(Mx.IsDType(DType.UInt8, "bool", "signed integer"), Is.False);
            Assert.That(Mx.IsDType(DType.UInt8, DType.Bool, DTypeCategory.Floating, "integral"), Is.True);
            Assert.That(Mx.IsDType(DType.Float16, DTypeCategory.Floating), Is.True);
            Assert.That(Mx.IsDType(DType.Complex64, "real floating", "complex floating"), Is.True);
            Assert.That(Mx.IsDType(DType.Bool, "numeric"), Is.False);
            Assert.That(() => Mx.IsDType(DType.Bool, "text"), Throws.ArgumentException.With.Message.Contains("'text'"));
            Assert.That(Mx.ResultType(DType.Int8, DType.UInt8, DType.Float16), Is.EqualTo(DType.Float16));
            Assert.That(Mx.CanCast(Mx.Ones([1], DType.Int8), DType.Int32), Is.True);
            Assert.That(Mx.CanCast(Mx.Ones(1), DType.Int32), Is.False);
        });
    }

    [Test]
    public void CopiesAreMadeAsAsked()
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Ones(2);
        Assert.Multiple(() =>
        {
            Assert.That(Mx.AsArray(a, copy: true).ToArray<float>(), Is.All.EqualTo(1));
            Assert.That(Mx.AsArray(a, copy: false).ToArray<float>(), Is.All.EqualTo(1));
            Assert.That(() => Mx.AsArray(a, DType.Int32, copy: false), Throws.ArgumentException.With.Message.Contains("int32"));
            Assert.That(() => Mx.AsArray(2.5, copy: false), Throws.ArgumentException);
            Assert.That(Mx.AsArray(a, DType.Int32).DType, Is.EqualTo(DType.Int32));
        });
    }

    [Test]
    public void PairsAreTakenOneByOne()
    {
        using var scope = MlxScope.Begin();
        MlxArray image = Mx.Ones(1, 4, 5, 2);
        MlxArray kernel = Mx.Ones(3, 2, 2, 2);
        MlxArray volume = Mx.Ones(1, 4, 4, 4, 1);
        Assert.Multiple(() =>
        {
            Numbers.HasShape(Mx.Conv2d(image, kernel, padding: (1, 0)), 1, 5, 4, 3);
            Numbers.HasShape(Mx.Conv2d(image, kernel, stride: 2, padding: (1, 2)), 1, 3, 4, 3);
            Numbers.HasShape(Mx.Conv2d(image, kernel), 1, 3, 4, 3);
            Numbers.HasShape(Mx.Conv2d(image, kernel, (1, 2), dilation: 2), 1, 2, 2, 3);
            Numbers.HasShape(Mx.ConvTranspose2d(image, kernel, padding: (1, 0)), 1, 3, 6, 3);
            Numbers.HasShape(Mx.Conv3d(volume, Mx.Ones(1, 2, 2, 2, 1), padding: (1, 0, 0)), 1, 5, 3, 3, 1);
            Numbers.HasShape(Mx.ConvTranspose3d(volume, Mx.Ones(1, 2, 2, 2, 1), stride: 2), 1, 8, 8, 8, 1);
            Assert.That(Mx.Linspace(0, 1, 2, false, DType.Float16).ToArray<Half>(), Is.EqualTo(new[] { (Half)0, (Half)0.5 }));
        });
    }

    [Test]
    public void FftShiftsAcceptOneAxis()
    {
        using var scope = MlxScope.Begin();
        MlxArray a = MlxArray.Create<int>([0, 1, 2, 3], 2, 2);
        Assert.That(Mx.Fft.FFTShift(a, 1).ToArray<int>(), Is.EqualTo(new[] { 1, 0, 3, 2 }));
        Assert.That(Mx.Fft.IFFTShift(a, -2).ToArray<int>(), Is.EqualTo(new[] { 2, 3, 0, 1 }));
        Assert.That(Mx.Fft.FFTShift(a).ToArray<int>(), Is.EqualTo(new[] { 3, 2, 1, 0 }));
    }

    [Test]
    public void TheScaleOfAnEncodingCanBeSet()
    {
        using var scope = MlxScope.Begin();
        var encoding = new DotMlx.NN.SinusoidalPositionalEncoding(4);
        MlxArray before = encoding.Forward(Mx.Ones(1));
        Assert.That(encoding.Scale, Is.EqualTo(Math.Sqrt(0.5)));
        encoding.Scale = 2 * encoding.Scale;
        Assert.That(encoding.Forward(Mx.Ones(1)).ToArray<float>(), Is.EqualTo((before * 2).ToArray<float>()).Within(1e-6));
    }

    [Test]
    public void SeveralAxesAreAnArgumentOfTheSameName()
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Ones(2, 3, 4);
        Numbers.HasShape(Mx.Sum(a, axis: [0, 1]), 4);
        Numbers.HasShape(a.Mean(axis: [1, 2], keepdims: true), 2, 1, 1);
        Numbers.HasShape(Mx.ExpandDims(a, axis: [0, 4]), 1, 2, 3, 4, 1);
        Numbers.HasShape(Mx.Squeeze(Mx.Ones(1, 2, 1), axis: [0, 2]), 2);
        Numbers.HasShape(Mx.Linalg.Norm(a, axis: [0, 1]), 4);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void AMaskCanBeSelected(bool causal)
    {
        using var scope = MlxScope.Begin();
        MlxArray q = Mx.Random.Normal([1, 1, 3, 4], key: Mx.Random.Key(1));
        MlxArray attended = Mx.Fast.ScaledDotProductAttention(q, q, q, 1, mask: causal ? "causal" : null);
        MlxArray expected = causal
            ? Mx.Fast.ScaledDotProductAttention(q, q, q, 1, mask: Mx.Tri(3, dtype: DType.Bool))
            : Mx.Fast.ScaledDotProductAttention(q, q, q, 1);
        Assert.That(attended.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()).Within(1e-6));
        var layer = new DotMlx.NN.MultiHeadAttention(4, 2);
        Numbers.HasShape(layer.Forward(Mx.Ones(1, 3, 4), Mx.Ones(1, 3, 4), Mx.Ones(1, 3, 4), mask: causal ? "causal" : null), 1, 3, 4);
        Numbers.HasShape(layer.Forward(Mx.Ones(1, 3, 4), Mx.Ones(1, 3, 4), Mx.Ones(1, 3, 4), null), 1, 3, 4);
    }
}
