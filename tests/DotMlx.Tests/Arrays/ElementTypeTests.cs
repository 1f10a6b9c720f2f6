using System.Numerics;

namespace DotMlx.Tests.Arrays;

public class ElementTypeTests
{
    [Test]
    public void BFloat16RoundsToTheNearestEven()
    {
        Assert.Multiple(() =>
        {
            Assert.That((float)(BFloat16)1f, Is.EqualTo(1f));
            Assert.That(((BFloat16)1.00390625f).Bits, Is.EqualTo(0x3F80), "between two numbers, to the even one");
            Assert.That(((BFloat16)1.01171875f).Bits, Is.EqualTo(0x3F82), "between two numbers, to the even one");
            Assert.That(((BFloat16)3.1415926535).Bits, Is.EqualTo(0x4049));
            Assert.That((float)(BFloat16)float.MaxValue, Is.EqualTo(float.PositiveInfinity));
            Assert.That(float.IsNaN((BFloat16)float.NaN), Is.True);
            Assert.That((float)BFloat16.FromBits(0xC000), Is.EqualTo(-2f));
            Assert.That(((BFloat16)0.5f).ToString(), Is.EqualTo("0.5"));
        });
    }

    [Test]
    public void BFloat16ConvertsAsTheLibraryDoes()
    {
        float[] values = [0f, -0f, 1.00390625f, 1.01171875f, -3.14159f, 1e-40f, 3.4e38f, 65504f, float.NegativeInfinity];
        using MlxArray array = MlxArray.Create(values), narrow = array.AsType(DType.BFloat16);
        Assert.That(narrow.ToArray<BFloat16>().Select(v => v.Bits), Is.EqualTo(values.Select(v => ((BFloat16)v).Bits)));
    }

    [Test]
    public void BFloat16ComparesAsNumbers()
    {
        BFloat16 one = (BFloat16)1f, two = (BFloat16)2f, same = (BFloat16)1.0001f, nan = (BFloat16)float.NaN, other = nan,
            zero = (BFloat16)0f, minusZero = (BFloat16)(-0f);
        Assert.Multiple(() =>
        {
            Assert.That(one < two && one <= two && two > one && two >= one && one <= same && one >= same, Is.True);
            Assert.That(one > two || one >= two || two < one || two <= one, Is.False);
            Assert.That(one == same && one != two && zero == minusZero, Is.True);
            Assert.That(nan == other, Is.False, "as for float");
            Assert.That(nan.Equals(other), Is.True, "as for float");
            Assert.That(nan < one || nan > one || nan <= one || nan >= one, Is.False);
            Assert.That(one.CompareTo(two), Is.Negative);
            Assert.That(one.GetHashCode(), Is.EqualTo(same.GetHashCode()));
            Assert.That(one.Equals((object)same) && !one.Equals((object)1f), Is.True);
        });
    }

    [Test]
    public void Complex64IsTwoSingles()
    {
        Complex64 a = new Complex(1.5, -2), real = 3f;
        Complex wide = a;
        Assert.Multiple(() =>
        {
            Assert.That((a.Real, a.Imaginary), Is.EqualTo((1.5f, -2f)));
            Assert.That(wide, Is.EqualTo(new Complex(1.5, -2)));
            Assert.That(real == new Complex64(3, 0) && real != a, Is.True);
        });
        using MlxArray array = MlxArray.Create<Complex64>([a, real]), square = array * array;
        Assert.That(square.ToArray<Complex64>(), Is.EqualTo(new Complex64[] { new(-1.75f, -6), new(9, 0) }));
        Assert.That(square.ToArray<Complex>(), Is.EqualTo(new Complex[] { new(-1.75, -6), 9 }));
    }

    [Test]
    public void ArraysOfAnyRankBecomeArrays()
    {
        Array five = Array.CreateInstance(typeof(int), 1, 2, 1, 3, 1);
        int next = 0;
        foreach (int[] index in (int[][])[.. from i in Enumerable.Range(0, 2) from j in Enumerable.Range(0, 3) select new[]
            { 0, i, 0, j, 0 }])
        {
            five.SetValue(next++, index);
        }

        using MlxArray array = MlxArray.FromArray<int>(five);
        Assert.That(array.Shape.ToArray(), Is.EqualTo(new[] { 1, 2, 1, 3, 1 }));
        Assert.That(array.ToArray<int>(), Is.EqualTo(Enumerable.Range(0, 6)));
        using MlxArray plane = MlxArray.FromArray<float>(new[,] { { 1f, 2f }, { 3f, 4f }, { 5f, 6f } }),
            empty = MlxArray.FromArray<float>(new float[2, 0]);
        Assert.That(plane[2, 0].Item<float>(), Is.EqualTo(5f));
        Assert.That(empty.Shape.ToArray(), Is.EqualTo(new[] { 2, 0 }));
        Assert.That(() => MlxArray.FromArray<float>(five), Throws.ArgumentException.With.Message.Contains("System.Int32[,,,,]"));
        Assert.That(() => MlxArray.FromArray<float>(new float[2][]), Throws.ArgumentException);
        Assert.That(() => MlxArray.FromArray<float>(null!), Throws.ArgumentNullException);
    }

    [Test]
    public void EveryTypeKnowsItsSizeAndItsCategory([Values] DType dtype)
    {
        using MlxArray array = Mx.Zeros([3], dtype, DeviceType.Cpu);
        Assert.That(dtype.ItemSize(), Is.EqualTo(array.NBytes / 3));
        DTypeCategory category = dtype.Category();
        string name = dtype.MlxName();
        Assert.Multiple(() =>
        {
            Assert.That(category, Is.EqualTo(
                name.StartsWith("uint", StringComparison.Ordinal) ? DTypeCategory.UnsignedInteger
                : name.StartsWith("int", StringComparison.Ordinal) ? DTypeCategory.SignedInteger
                : name.Contains("float", StringComparison.Ordinal) ? DTypeCategory.Floating
                : name.StartsWith("complex", StringComparison.Ordinal) ? DTypeCategory.ComplexFloating
                : DTypeCategory.Generic));
            Assert.That(dtype.IsUnsignedInteger(), Is.EqualTo(category == DTypeCategory.UnsignedInteger));
            Assert.That(dtype.IsSignedInteger(), Is.EqualTo(category == DTypeCategory.SignedInteger));
            Assert.That(dtype.IsInteger(), Is.EqualTo(Mx.IsSubDType(dtype, DTypeCategory.Integer)));
            Assert.That(dtype.IsFloating(), Is.EqualTo(Mx.IsSubDType(dtype, DTypeCategory.Floating)));
            Assert.That(dtype.IsInexact(), Is.EqualTo(Mx.IsSubDType(dtype, DTypeCategory.Inexact)));
            Assert.That(DTypeExtensions.ParseDType(name), Is.EqualTo(dtype));
        });
    }

    [Test]
    public void EveryTypeCanBePrintedAndConvertedToNumbers([Values] DType dtype)
    {
        using MlxArray ones = Mx.Ones([2], dtype, DeviceType.Cpu), one = Mx.Ones([], dtype, DeviceType.Cpu),
            zero = Mx.Zeros([], dtype, DeviceType.Cpu);
        string text = dtype == DType.Bool ? "True" : dtype == DType.Complex64 ? "1+0j" : "1";
        Assert.That(ones.ToString(), Is.EqualTo($"array([{text}, {text}], dtype={dtype.MlxName()})"));
        Assert.That((bool)one && !(bool)zero, Is.True);
        Assert.That((Complex)one, Is.EqualTo(Complex.One));
        if (dtype == DType.Complex64)
        {
            Assert.That(() => (double)one, Throws.InvalidOperationException.With.Message.Contains("Mx.Real"));
            return;
        }

        Assert.That(((int)one, (long)one, (float)one, (double)one, (int)zero), Is.EqualTo((1, 1L, 1f, 1d, 0)));
    }

    [Test]
    public void ArraysOfUpToSixDimensionsComeBackAsSuch([Range(1, 7)] int rank)
    {
        int[] shape = [.. Enumerable.Range(1, rank)];
        int size = shape.Aggregate((product, side) => product * side);
        using MlxArray array = MlxArray.Create(Enumerable.Range(0, size).ToArray(), shape);
        if (rank == 7)
        {
            Assert.That(() => array.ToMultidimensionalArray<int>(),
                Throws.TypeOf<NotSupportedException>().With.Message.Contains("7 dimensions"));
            return;
        }

        Array result = array.ToMultidimensionalArray<int>();
        Assert.That(Enumerable.Range(0, rank).Select(result.GetLength), Is.EqualTo(shape));
        Assert.That(result.Cast<int>(), Is.EqualTo(Enumerable.Range(0, size)));
    }
}
