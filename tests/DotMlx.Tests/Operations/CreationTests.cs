namespace DotMlx.Tests.Operations;

public class CreationTests
{
    [Test]
    public void RangesTakeTheKindOfTheirNumbers()
    {
        using MlxArray whole = Mx.Arange(2, 9, 3);
        using MlxArray fromZero = Mx.Arange(3);
        using MlxArray real = Mx.Arange(0, 1, 0.25);
        using MlxArray realStop = Mx.Arange(2.5);
        using MlxArray typed = Mx.Arange(3, DType.UInt8);
        using MlxArray down = Mx.Arange(3, 0, -1);
        Assert.That(whole.ToArray<int>(), Is.EqualTo(new[] { 2, 5, 8 }));
        Assert.That(fromZero.ToArray<int>(), Is.EqualTo(new[] { 0, 1, 2 }));
        Assert.That(real.ToArray<float>(), Is.EqualTo(new[] { 0f, 0.25f, 0.5f, 0.75f }));
        Assert.That(realStop.ToArray<float>(), Is.EqualTo(new[] { 0f, 1f, 2f }));
        Assert.That(typed.ToArray<byte>(), Is.EqualTo(new byte[] { 0, 1, 2 }));
        Assert.That(down.ToArray<int>(), Is.EqualTo(new[] { 3, 2, 1 }));
        Assert.That(() => Mx.Arange(0, double.NaN), Throws.TypeOf<MlxException>());
    }

    [Test]
    public void LinspaceIncludesBothEnds()
    {
        using MlxArray closed = Mx.Linspace(0, 1, 5);
        using MlxArray open = Mx.Linspace(0, 1, 4, endpoint: false);
        using MlxArray many = Mx.Linspace(0, 1);
        Numbers.AreClose(closed, [0, 0.25, 0.5, 0.75, 1]);
        Numbers.AreClose(open, [0, 0.25, 0.5, 0.75]);
        Numbers.HasShape(many, 50);
    }

    [Test]
    public void FilledArraysHaveTheGivenValuesAndTypes()
    {
        using MlxArray zeros = Mx.Zeros(2, 3);
        using MlxArray scalar = Mx.Ones();
        using MlxArray typed = Mx.Ones([2], DType.Int16);
        using MlxArray full = Mx.Full([2, 2], 7);
        using MlxArray rows = Mx.Full([2, 2], Numbers.Row(1, 2));
        using MlxArray like = Mx.FullLike(typed, 3);
        using MlxArray zerosLike = Mx.ZerosLike(zeros, DType.UInt8);
        using MlxArray onesLike = Mx.OnesLike(zeros, DType.Float16);
        Numbers.HasShape(zeros, 2, 3);
        Assert.That(scalar.Item<float>(), Is.EqualTo(1));
        Assert.That(typed.ToArray<short>(), Is.EqualTo(new short[] { 1, 1 }));
        Assert.That(full.ToArray<int>(), Is.EqualTo(new[] { 7, 7, 7, 7 }));
        Assert.That(rows.ToArray<float>(), Is.EqualTo(new[] { 1f, 2, 1, 2 }));
        Assert.That(like.ToArray<short>(), Is.EqualTo(new short[] { 3, 3 }));
        Assert.That(zerosLike.DType, Is.EqualTo(DType.UInt8));
        Assert.That(onesLike.DType, Is.EqualTo(DType.Float16));
        Assert.That(() => Mx.Zeros(-1), Throws.ArgumentException);
        Assert.That(() => Mx.Full([3], Numbers.Row(1, 2)), Throws.TypeOf<MlxException>());
    }

    [Test]
    public void AsArrayConvertsArraysAndNumbers()
    {
        using MlxArray row = Numbers.Row(1, 2);
        using MlxArray same = Mx.AsArray(row);
        using MlxArray converted = Mx.AsArray(row, DType.Int32);
        using MlxArray number = Mx.AsArray(2.5);
        using MlxArray typed = Mx.AsArray(2, DType.Float64);
        Assert.That(same.ToArray<float>(), Is.EqualTo(new[] { 1f, 2 }));
        Assert.That(converted.ToArray<int>(), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(number.Item<float>(), Is.EqualTo(2.5f));
        Assert.That(typed.Item<double>(), Is.EqualTo(2));
    }

    [Test]
    public void WindowsMatchTheirFormulas()
    {
        const int M = 6;
        static IEnumerable<double> Window(Func<double, double> at)
            => Enumerable.Range(0, M).Select(n => at(2 * Math.PI * n / (M - 1)));
        using MlxArray bartlett = Mx.Bartlett(M);
        using MlxArray hanning = Mx.Hanning(M);
        using MlxArray hamming = Mx.Hamming(M);
        using MlxArray blackman = Mx.Blackman(M);
        Numbers.AreClose(bartlett, Enumerable.Range(0, M).Select(n => 1 - (2 * Math.Abs(n - ((M - 1) / 2.0)) / (M - 1))));
        Numbers.AreClose(hanning, Window(x => 0.5 - (0.5 * Math.Cos(x))));
        Numbers.AreClose(hamming, Window(x => 0.54 - (0.46 * Math.Cos(x))));
        Numbers.AreClose(blackman, Window(x => 0.42 - (0.5 * Math.Cos(x)) + (0.08 * Math.Cos(2 * x))));
    }
}
