using System.Numerics;

namespace DotMlx.Tests.Arrays;

[CpuOnly("float64")]
public class WeakScalarTests
{
    private static readonly DType[] All = Enum.GetValues<DType>();

    [TestCaseSource(nameof(All))]
    public void BooleansTakeAnyType(DType dtype) => Check(dtype, true, dtype);

    [TestCaseSource(nameof(All))]
    public void IntegersTakeAnyTypeButBool(DType dtype) => Check(dtype, 3, dtype == DType.Bool ? DType.Int32 : dtype);

    [TestCaseSource(nameof(All))]
    public void LongsTakeAnyTypeButBool(DType dtype) => Check(dtype, 3L, dtype == DType.Bool ? DType.Int32 : dtype);

    [TestCaseSource(nameof(All))]
    public void NumbersTakeFloatingTypes(DType dtype)
    {
        DType expected = dtype.IsFloating() ? dtype : dtype == DType.Complex64 ? DType.Complex64 : DType.Float32;
        Check(dtype, 0.5f, expected);
        Check(dtype, 0.5, expected);
        Check(dtype, (Half)0.5, expected);
    }

    [TestCaseSource(nameof(All))]
    public void ComplexNumbersStayComplex(DType dtype)
    {
        // MLX has no complex type that is as wide as float64.
        Check(dtype, new Complex(1, 2), DType.Complex64);
    }

    [TestCase(DType.UInt8, 256)]
    [TestCase(DType.UInt8, -1)]
    [TestCase(DType.Int8, 128)]
    [TestCase(DType.UInt16, 65536)]
    [TestCase(DType.Int16, -32769)]
    [TestCase(DType.UInt32, -1)]
    [TestCase(DType.Int32, 1L << 31)]
    public void IntegersThatDoNotFitRaise(DType dtype, long value)
    {
        using var one = MlxArray.Scalar(1, dtype);
        Assert.That(() => one + value, Throws.TypeOf<OverflowException>().With.Message.Contains(dtype.MlxName()));
    }

    [Test]
    public void LongsOutsideInt32KeepTheirValue()
    {
        using MlxArray flag = MlxArray.Create<bool>([true]);
        using MlxArray sum = flag + (1L << 40);
        using MlxArray unsigned = MlxArray.Create<ulong>([1]) + ulong.MaxValue;
        Assert.That(sum.DType, Is.EqualTo(DType.Int64));
        Assert.That(unsigned.Item<ulong>(), Is.Zero);
    }

    [Test]
    public void AloneTheyHaveTheirDefaultTypes()
    {
        Assert.Multiple(() =>
        {
            Assert.That(((MlxArray)true).DType, Is.EqualTo(DType.Bool));
            Assert.That(((MlxArray)1).DType, Is.EqualTo(DType.Int32));
            Assert.That(((MlxArray)(1L << 40)).DType, Is.EqualTo(DType.Int64));
            Assert.That(((MlxArray)1.5).DType, Is.EqualTo(DType.Float32));
            Assert.That(((MlxArray)1.5f).DType, Is.EqualTo(DType.Float32));
            Assert.That(((MlxArray)new Complex(1, 1)).DType, Is.EqualTo(DType.Complex64));
            Assert.That(((MlxArray)2.5).Item<float>(), Is.EqualTo(2.5f));
            Assert.That(((MlxArray)2.5 + 1).Item<float>(), Is.EqualTo(3.5f));
            Assert.That(((MlxArray)2.5).NDim, Is.Zero);
            Assert.That(((MlxArray)2.5).Size, Is.EqualTo(1));
        });
    }

    [Test]
    public void DoublesKeepTheirPrecisionBesideFloat64()
    {
        using var a = MlxArray.Create<double>([1]);
        using var sum = a + 0.1;
        Assert.That(sum.Item<double>(), Is.EqualTo(1.1));
    }

    [Test]
    public void TheSideDoesNotMatter()
    {
        using var a = MlxArray.Create<Half>([(Half)4]);
        using var left = 2 - a;
        using var right = a / 2;
        Assert.That(left.Item<Half>(), Is.EqualTo((Half)(-2)));
        Assert.That(right.Item<Half>(), Is.EqualTo((Half)2));
    }

    [Test]
    public void ADisposedNumberStaysUsableAndCannotBeChanged()
    {
        MlxArray two = 2;
        two.Dispose();
        Assert.That(two.Item<int>(), Is.EqualTo(2));
        Assert.That(two.IsDisposed, Is.False);
        Assert.That(() => two[Mx.Ellipsis] = 3, Throws.InvalidOperationException);
    }

    [Test]
    public void ZerosOfBothSignsAreDifferentConstants()
    {
        using var one = MlxArray.Create<float>([1]);
        Assert.That((one / 0.0).Item<float>(), Is.EqualTo(float.PositiveInfinity));
        Assert.That((one / -0.0).Item<float>(), Is.EqualTo(float.NegativeInfinity));
    }

    private static void Check(DType dtype, MlxArray number, DType expected)
    {
        using var zero = MlxArray.Scalar(0, dtype);
        using var sum = zero + number;
        Assert.That(sum.DType, Is.EqualTo(expected), $"{dtype} + {number.DType}");
        using var reverse = number + zero;
        Assert.That(reverse.DType, Is.EqualTo(expected));
    }
}
