namespace DotMlx.Tests.Operations;

public class DTypeTests
{
    private static readonly DType[] All = Enum.GetValues<DType>();

    [Test]
    public void PromotionIsTheLibrarys([ValueSource(nameof(All))] DType left)
    {
        foreach (DType right in All)
        {
            using MlxArray a = Mx.Zeros([1], left, DeviceType.Cpu);
            using MlxArray b = Mx.Zeros([1], right, DeviceType.Cpu);
            using MlxArray sum = Mx.Maximum(a, b, DeviceType.Cpu);
            Assert.That(Mx.PromoteTypes(left, right), Is.EqualTo(sum.DType), $"{left} with {right}");
        }
    }

    [Test]
    public void NumbersTakeTheArraysType()
    {
        void Check(DType array, MlxArray number, DType expected)
        {
            using MlxArray a = Mx.Ones([2], array, DeviceType.Cpu);
            using MlxArray sum = Mx.Add(a, number, DeviceType.Cpu);
            using MlxArray reversed = Mx.Add(number, a, DeviceType.Cpu);
            using MlxArray chosen = Mx.Where(true, a, number, DeviceType.Cpu);
            Assert.That(sum.DType, Is.EqualTo(expected), $"{array} + {number}");
            Assert.That(reversed.DType, Is.EqualTo(expected), $"{number} + {array}");
            Assert.That(chosen.DType, Is.EqualTo(expected), $"where {array}, {number}");
            Assert.That(Mx.ResultType(a, number), Is.EqualTo(expected));
        }

        Check(DType.Float16, 2, DType.Float16);
        Check(DType.BFloat16, 2.5, DType.BFloat16);
        Check(DType.Float64, 2.5f, DType.Float64);
        Check(DType.UInt64, 1, DType.UInt64);
        Check(DType.Int8, 1, DType.Int8);
        Check(DType.Int32, 1.5, DType.Float32);
        Check(DType.Bool, 1, DType.Int32);
        Check(DType.Bool, true, DType.Bool);
        Check(DType.Float32, new System.Numerics.Complex(1, 1), DType.Complex64);
        Assert.That(Mx.ResultType(1, 2.5), Is.EqualTo(DType.Float32));
        using MlxArray bytes = Mx.Zeros([1], DType.UInt8);
        Assert.That(() => Mx.Add(bytes, 300), Throws.TypeOf<OverflowException>());
        Assert.That(() => Mx.ResultType(), Throws.ArgumentException);
    }

    [Test]
    public void ClipTakesTheArraysType()
    {
        using MlxArray a = Numbers.Ints(-3, 0, 7);
        using MlxArray clipped = Mx.Clip(a, -1, 5);
        using MlxArray below = Mx.Clip(a, null, 5);
        using MlxArray above = Mx.Clip(a, 0, null);
        Assert.That(clipped.ToArray<int>(), Is.EqualTo(new[] { -1, 0, 5 }));
        Assert.That(below.ToArray<int>(), Is.EqualTo(new[] { -3, 0, 5 }));
        Assert.That(above.ToArray<int>(), Is.EqualTo(new[] { 0, 0, 7 }));
    }

    [Test]
    public void CategoriesContainTheirDTypes()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Mx.IsSubDType(DType.Float16, DTypeCategory.Floating), Is.True);
            Assert.That(Mx.IsSubDType(DType.Float16, DTypeCategory.Inexact), Is.True);
            Assert.That(Mx.IsSubDType(DType.Complex64, DTypeCategory.Floating), Is.False);
            Assert.That(Mx.IsSubDType(DType.Complex64, DTypeCategory.Inexact), Is.True);
            Assert.That(Mx.IsSubDType(DType.UInt8, DTypeCategory.Integer), Is.True);
            Assert.That(Mx.IsSubDType(DType.UInt8, DTypeCategory.SignedInteger), Is.False);
            Assert.That(Mx.IsSubDType(DType.Bool, DTypeCategory.Number), Is.False);
            Assert.That(Mx.IsSubDType(DType.Bool, DTypeCategory.Generic), Is.True);
            Assert.That(Mx.IsSubDType(DType.Int8, DType.Int8), Is.True);
            Assert.That(Mx.IsSubDType(DType.Int8, DType.Int16), Is.False);
            Assert.That(Mx.IsSubDType(DTypeCategory.Integer, DTypeCategory.Number), Is.True);
            Assert.That(Mx.IsSubDType(DTypeCategory.Number, DTypeCategory.Integer), Is.False);
            Assert.That(Mx.IsSubDType(DTypeCategory.Generic, DType.Int8), Is.False);
            Assert.That(Mx.CanCast(DType.Int8, DType.Float16), Is.True);
            Assert.That(Mx.CanCast(DType.Float16, DType.Int8), Is.False);
        });
    }

    [Test]
    public void LimitsOfDTypesMatchNumPy()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Mx.FInfo(DType.Float32).Max, Is.EqualTo((double)float.MaxValue));
            Assert.That(Mx.FInfo(DType.Float32).Min, Is.EqualTo((double)float.MinValue));
            Assert.That(Mx.FInfo(DType.Float32).Eps, Is.EqualTo((double)MathF.BitIncrement(1f) - 1));
            Assert.That(Mx.FInfo(DType.Float16).Max, Is.EqualTo(65504.0));
            Assert.That(Mx.FInfo(DType.BFloat16).Max, Is.EqualTo(3.3895313892515355e38));
            Assert.That(Mx.FInfo(DType.BFloat16).Eps, Is.EqualTo(0.0078125));
            Assert.That(Mx.FInfo(DType.Float64).Eps, Is.EqualTo(Math.BitIncrement(1.0) - 1));
            Assert.That(Mx.FInfo(DType.Float64).SmallestNormal, Is.EqualTo(2.2250738585072014e-308));
            Assert.That(Mx.FInfo(DType.Complex64).DType, Is.EqualTo(DType.Float32));
            Assert.That(() => Mx.FInfo(DType.Int8), Throws.ArgumentException);
            Assert.That(Mx.IInfo(DType.Int8), Has.Property("Min").EqualTo(-128).And.Property("Max").EqualTo(127));
            Assert.That(Mx.IInfo(DType.Int64), Has.Property("Min").EqualTo(long.MinValue).And.Property("Max").EqualTo(long.MaxValue));
            Assert.That(Mx.IInfo(DType.UInt64), Has.Property("Min").EqualTo(0).And.Property("Max").EqualTo(ulong.MaxValue));
            Assert.That(Mx.IInfo(DType.UInt16).Max, Is.EqualTo(65535));
            Assert.That(() => Mx.IInfo(DType.Bool), Throws.ArgumentException);
        });
    }

    [Test]
    public void ConstantsMatchPython()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Mx.E, Is.EqualTo(2.718281828459045));
            Assert.That(Mx.Pi, Is.EqualTo(3.141592653589793));
            Assert.That(Mx.EulerGamma, Is.EqualTo(0.5772156649015329));
            Assert.That(Mx.Inf, Is.EqualTo(double.PositiveInfinity));
            Assert.That(Mx.NaN, Is.NaN);
        });
    }
}
