using System.Globalization;
using System.Numerics;

namespace DotMlx.Tests.Operations;

/// <summary>Arrays as .NET numbers: operators with each numeric type, generic math, formats.</summary>
public class NumberInterfaceTests
{
    [Test]
    public void NumbersOfEveryTypeTakeTheArraysType()
    {
        using var scope = MlxScope.Begin();
        MlxArray ints = MlxArray.Create<int>([7]);
        MlxArray halves = Mx.Full([1], 3, DType.Float16);
        Assert.Multiple(() =>
        {
            foreach (MlxArray result in (MlxArray[])[ints * 2, 2 * ints, ints * 2L, ints + 2u, ints - (byte)2, ints % 4,
                15 / (ints * 0 + 5) * 0 + ints, ints * 1UL, (short)3 + ints])
            {
                Assert.That(result.DType, Is.EqualTo(DType.Int32).Or.EqualTo(DType.Float32));
            }

            Assert.That((ints * 2L).DType, Is.EqualTo(DType.Int32));
            Assert.That((ints + 2u).DType, Is.EqualTo(DType.Int32));
            Assert.That((ints * 2f).DType, Is.EqualTo(DType.Float32));
            Assert.That((halves * 2.5f).Item<Half>(), Is.EqualTo((Half)7.5));
            Assert.That((2.5 - halves).Item<Half>(), Is.EqualTo((Half)(-0.5)));
            Assert.That((halves / (BFloat16)2f).DType, Is.EqualTo(DType.Float16));
            Assert.That((7f % halves).Item<Half>(), Is.EqualTo((Half)1));
            Assert.That((halves * Complex.ImaginaryOne).DType, Is.EqualTo(DType.Complex64));
            Assert.That(() => Mx.Ones([1], DType.Int8) + 300, Throws.TypeOf<OverflowException>());
        });
    }

    [Test]
    public void OperatorsHaveASignatureForEachNumber()
    {
        foreach (string name in (string[])["op_Addition", "op_Subtraction", "op_Multiply", "op_Division", "op_Modulus"])
        {
            foreach (Type number in (Type[])[typeof(int), typeof(long), typeof(float), typeof(double)])
            {
                Assert.That(typeof(MlxArray).GetMethod(name, [typeof(MlxArray), number]), Is.Not.Null);
                Assert.That(typeof(MlxArray).GetMethod(name, [number, typeof(MlxArray)]), Is.Not.Null);
            }
        }
    }

    [Test]
    public void GenericMathematicsTakesArrays()
    {
        using var scope = MlxScope.Begin();
        MlxArray x = MlxArray.Create<float>([1, 2]);
        Assert.That(Horner(x, x * 0 + 3).ToArray<float>(), Is.EqualTo(new float[] { 4, 14 }));

        static T Horner<T>(T x, T constant)
            where T : IMultiplyOperators<T, T, T>, IAdditionOperators<T, T, T> => (x * x + constant) * x;
    }

    [Test]
    public void NumbersAreFormatted()
    {
        using var scope = MlxScope.Begin();
        MlxArray loss = MlxArray.Scalar(0.123456f);
        MlxArray row = MlxArray.Create<float>([1, 2.345f]);
        var german = new NumberFormatInfo { NumberDecimalSeparator = "," };
        Assert.Multiple(() =>
        {
            Assert.That(string.Create(CultureInfo.InvariantCulture, $"{loss:F3}"), Is.EqualTo("0.123"));
            Assert.That(loss.ToString("F2", german), Is.EqualTo("0,12"));
            Assert.That(string.Create(CultureInfo.InvariantCulture, $"loss {loss}"), Is.EqualTo("loss array(0.123456, dtype=float32)"));
            Assert.That(row.ToString("F1", null), Is.EqualTo("array([1.0, 2.3], dtype=float32)"));
            Assert.That(MlxArray.Scalar(7).ToString("D3", null), Is.EqualTo("007"));
            Assert.That(MlxArray.Scalar((BFloat16)1.5f).ToString("F2", null), Is.EqualTo("1.50"));
            Assert.That(((BFloat16)1.5f).ToString("F2", CultureInfo.InvariantCulture), Is.EqualTo("1.50"));
            Assert.That(string.Create(CultureInfo.InvariantCulture, $"{(BFloat16)1.5f:F3}"), Is.EqualTo("1.500"));
            Assert.That(() => MlxArray.Scalar(7f).ToString("D3", null), Throws.TypeOf<FormatException>());
        });
    }
}
