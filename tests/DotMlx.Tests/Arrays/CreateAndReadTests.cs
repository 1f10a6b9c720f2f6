using System.Numerics;

namespace DotMlx.Tests.Arrays;

public class CreateAndReadTests
{
    [Test]
    public void EveryElementTypeComesBackAsItWent()
    {
        RoundTrip<bool>([true, false, true], DType.Bool);
        RoundTrip<byte>([0, 1, 255], DType.UInt8);
        RoundTrip<ushort>([0, 1, 65535], DType.UInt16);
        RoundTrip<uint>([0, 1, uint.MaxValue], DType.UInt32);
        RoundTrip<ulong>([0, 1, ulong.MaxValue], DType.UInt64);
        RoundTrip<sbyte>([-128, 0, 127], DType.Int8);
        RoundTrip<short>([-32768, 0, 32767], DType.Int16);
        RoundTrip<int>([int.MinValue, 0, int.MaxValue], DType.Int32);
        RoundTrip<long>([long.MinValue, 0, long.MaxValue], DType.Int64);
        RoundTrip<Half>([(Half)0.5f, Half.MaxValue, Half.NegativeInfinity], DType.Float16);
        RoundTrip<BFloat16>([(BFloat16)0.5f, (BFloat16)(-3f), (BFloat16)1e30f], DType.BFloat16);
        RoundTrip<float>([0.1f, float.MaxValue, float.NaN], DType.Float32);
        RoundTrip<double>([0.1, double.MaxValue, double.Epsilon], DType.Float64);
        RoundTrip<Complex64>([new(1, -2), new(0, 3), new(-0f, 0)], DType.Complex64);
        RoundTrip<Complex>([new(1, -2), new(0.5, 3), new(7, 0)], DType.Complex64);
    }

    [Test]
    public void ShapeAndSizesDescribeTheArray()
    {
        using var handles = HandleCount.NoneLeft();
        using var a = MlxArray.Create<float>([1, 2, 3, 4, 5, 6], 2, 3);
        Assert.Multiple(() =>
        {
            Assert.That(a.Shape.ToArray(), Is.EqualTo(new[] { 2, 3 }));
            Assert.That(a.NDim, Is.EqualTo(2));
            Assert.That(a.Size, Is.EqualTo(6));
            Assert.That(a.NBytes, Is.EqualTo(24));
            Assert.That(a.ItemSize, Is.EqualTo(4));
            Assert.That(a.DType, Is.EqualTo(DType.Float32));
        });
    }

    [Test]
    public void EmptyArraysAndScalarsCanBeRead()
    {
        using var empty = MlxArray.Create<float>([], 0, 3);
        using var scalar = MlxArray.Scalar(7L);
        Assert.That(empty.ToArray<float>(), Is.Empty);
        Assert.That(empty.Shape.ToArray(), Is.EqualTo(new[] { 0, 3 }));
        Assert.That(scalar.Item<long>(), Is.EqualTo(7));
        Assert.That(scalar.NDim, Is.Zero);
    }

    [Test]
    public void MultidimensionalArraysRoundTrip()
    {
        int[,,] cube = { { { 1, 2 }, { 3, 4 }, { 5, 6 } } };
        using var a = MlxArray.Create(cube);
        Assert.That(a.Shape.ToArray(), Is.EqualTo(new[] { 1, 3, 2 }));
        Assert.That(a.ToArray<int>(), Is.EqualTo(new[] { 1, 2, 3, 4, 5, 6 }));
        Assert.That(a.ToMultidimensionalArray<int>(), Is.EqualTo(cube));
    }

    [Test]
    public void WrongShapeIsRefused() =>
        Assert.That(() => MlxArray.Create<float>([1, 2, 3], 2, 2),
            Throws.ArgumentException.With.Message.Contains("(2,2) holds 4 elements, but 3 were given"));

    [Test]
    public void NegativeShapeIsRefused() =>
        Assert.That(() => MlxArray.Create<float>([1, 2, 3, 4], -2, -2), Throws.ArgumentException.With.Message.Contains("negative"));

    [Test]
    public void WrongTypeOnReadNamesAsType()
    {
        using var a = MlxArray.Create<int>([1]);
        Assert.That(() => a.Item<float>(), Throws.InvalidOperationException.With.Message.Contains("AsType(DType.Float32)"));
        Assert.That(() => a.ToArray<long>(),
            Throws.InvalidOperationException.With.Message.Contains("Item").Or.Message.Contains("AsType(DType.Int64)"));
        Assert.That(() => a.CopyTo<byte>(new byte[1]), Throws.InvalidOperationException.With.Message.Contains("int32"));
    }

    [Test]
    public void ItemOfSeveralElementsIsRefused()
    {
        using var a = MlxArray.Create<int>([1, 2]);
        Assert.That(() => a.Item<int>(), Throws.InvalidOperationException.With.Message.Contains("(2)"));
    }

    [Test]
    public void UnsupportedTypeIsRefused() =>
        Assert.That(() => MlxArray.Create<decimal>([1m]), Throws.TypeOf<NotSupportedException>().With.Message.Contains("Decimal"));

    [Test]
    public void ShortDestinationIsRefused()
    {
        using var a = MlxArray.Create<int>([1, 2, 3]);
        Assert.That(() => a.CopyTo<int>(new int[2]), Throws.ArgumentException.With.Message.Contains("2"));
    }

    [Test]
    public void DisposedArraysSayWhy()
    {
        var a = MlxArray.Create<int>([1, 2, 3]);
        a.Dispose();
        a.Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(a.IsDisposed);
            Assert.That(() => a.ToArray<int>(), Throws.TypeOf<ObjectDisposedException>().With.Message.Contains("MlxScope"));
            Assert.That(() => a.Shape.Length, Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => a.DType, Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => Mx.Eval(a), Throws.TypeOf<ObjectDisposedException>());
        });
    }

    [Test]
    public void ShapeStaysReadableButDisposedIsNoticedAfterItWasRead()
    {
        var a = MlxArray.Create<int>([1, 2, 3]);
        Assert.That(a.Shape.Length, Is.EqualTo(1));
        a.Dispose();
        Assert.That(() => a.NDim, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void LazyArraysAreEvaluatedWhenRead()
    {
        using var a = MlxArray.Create<int>([1, 2, 3]);
        using var lazy = a.AsType(DType.Float32);
        Assert.That(lazy.ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 3 }));
    }

    [Test]
    public void SharingGivesAnIndependentHandle()
    {
        var a = MlxArray.Create<int>([1, 2]);
        using var b = a.Share();
        a.Dispose();
        Assert.That(b.ToArray<int>(), Is.EqualTo(new[] { 1, 2 }));
    }

    [Test]
    public void ElementTypeNamesMatchPython()
    {
        foreach (DType dtype in Enum.GetValues<DType>())
        {
            Assert.That(DTypeExtensions.ParseDType(dtype.MlxName()), Is.EqualTo(dtype));
        }

        Assert.That(() => DTypeExtensions.ParseDType("float8"), Throws.ArgumentException.With.Message.Contains("float8"));
    }

    [TestCase(1.0f, 0x3F80)]
    [TestCase(1.00390625f, 0x3F80)]
    [TestCase(1.01171875f, 0x3F82)]
    [TestCase(-2.5f, 0xC020)]
    [TestCase(float.PositiveInfinity, 0x7F80)]
    [TestCase(3.4e38f, 0x7F80)]
    public void BFloat16RoundsToEven(float value, int bits) => Assert.That(((BFloat16)value).Bits, Is.EqualTo(bits));

    private static void RoundTrip<T>(T[] values, DType dtype)
        where T : unmanaged
    {
        using var a = MlxArray.Create(values);
        using var first = MlxArray.Scalar(values[0]);
        Assert.That(a.DType, Is.EqualTo(dtype));
        Assert.That(a.ToArray<T>(), Is.EqualTo(values), dtype.ToString());
        Assert.That(first.Item<T>(), Is.EqualTo(values[0]), dtype.ToString());
        Assert.That(first.NDim, Is.Zero);
    }
}
