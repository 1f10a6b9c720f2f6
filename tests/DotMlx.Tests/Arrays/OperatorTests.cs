using System.Numerics;

namespace DotMlx.Tests.Arrays;

public class OperatorTests
{
    [Test]
    public void OperatorsComputeElementwise()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create<float>([6, -7, 8]);
        var b = MlxArray.Create<float>([4, 2, -3]);
        Assert.Multiple(() =>
        {
            Assert.That((a + b).ToArray<float>(), Is.EqualTo(new float[] { 10, -5, 5 }));
            Assert.That((a - b).ToArray<float>(), Is.EqualTo(new float[] { 2, -9, 11 }));
            Assert.That((a * b).ToArray<float>(), Is.EqualTo(new float[] { 24, -14, -24 }));
            Assert.That((a / b).ToArray<float>(), Is.EqualTo(new float[] { 1.5f, -3.5f, 8f / -3f }).Within(1e-6));
            Assert.That((a % b).ToArray<float>(), Is.EqualTo(new float[] { 2, 1, -1 }));
            Assert.That((-a).ToArray<float>(), Is.EqualTo(new float[] { -6, 7, -8 }));
            Assert.That((+a).ToArray<float>(), Is.EqualTo(new float[] { 6, -7, 8 }));
            Assert.That((a > b).ToArray<bool>(), Is.EqualTo(new[] { true, false, true }));
            Assert.That((a <= b).ToArray<bool>(), Is.EqualTo(new[] { false, true, false }));
            Assert.That((a < 7).ToArray<bool>(), Is.EqualTo(new[] { true, true, false }));
            Assert.That((a >= 6).ToArray<bool>(), Is.EqualTo(new[] { true, false, true }));
            Assert.That(a.Equal(6).ToArray<bool>(), Is.EqualTo(new[] { true, false, false }));
            Assert.That(a.NotEqual(b).ToArray<bool>(), Is.All.True);
        });
    }

    [Test]
    public void IntegerDivisionIsTrueDivision()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create<int>([7]);
        Assert.That((a / 2).Item<float>(), Is.EqualTo(3.5f));
        Assert.That(a.FloorDivide(2).Item<int>(), Is.EqualTo(3));
        a /= 2;
        a += 1;
        Assert.That(a.Item<float>(), Is.EqualTo(4.5f));
    }

    [Test]
    public void BitwiseOperatorsTakeIntegersAndBooleans()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create<int>([12]);
        var t = MlxArray.Create<bool>([true, false]);
        Assert.Multiple(() =>
        {
            Assert.That((a & 10).Item<int>(), Is.EqualTo(8));
            Assert.That((a | 3).Item<int>(), Is.EqualTo(15));
            Assert.That((a ^ 10).Item<int>(), Is.EqualTo(6));
            Assert.That((a << 2).Item<int>(), Is.EqualTo(48));
            Assert.That((a >> 2).Item<int>(), Is.EqualTo(3));
            Assert.That((~a).Item<int>(), Is.EqualTo(~12));
            Assert.That((~t).ToArray<bool>(), Is.EqualTo(new[] { false, true }));
            Assert.That((!t).ToArray<bool>(), Is.EqualTo(new[] { false, true }));
            Assert.That((t & true).ToArray<bool>(), Is.EqualTo(new[] { true, false }));
            Assert.That(() => ~MlxArray.Scalar(1f), Throws.ArgumentException.With.Message.Contains("float32"));
            Assert.That(() => a & 1.5f, Throws.ArgumentException);
            Assert.That(() => !a, Throws.ArgumentException);
        });
    }

    [Test]
    public void EqualityIsThatOfObjects()
    {
        using var a = MlxArray.Create<int>([1]);
        using var b = MlxArray.Create<int>([1]);
#pragma warning disable DMLX012 // This is what is tested.
        Assert.That(a == b, Is.False);
#pragma warning restore DMLX012
        Assert.That(ReferenceEquals(a, a));
    }

    [Test]
    public void BadShapesNameTheFunction()
    {
        using var a = MlxArray.Create<int>([1, 2]);
        using var b = MlxArray.Create<int>([1, 2, 3]);
        Assert.That(() => a + b, Throws.TypeOf<MlxException>()
            .With.Property(nameof(MlxException.Operation)).EqualTo("mlx_add").And.Message.Contains("broadcast"));
        Assert.That(() => a + null!, Throws.ArgumentNullException);
    }

    [Test]
    public void CastsConvertScalars()
    {
        using var scope = MlxScope.Begin();
        Assert.Multiple(() =>
        {
            Assert.That((int)MlxArray.Scalar(2.9f), Is.EqualTo(2));
            Assert.That((long)MlxArray.Scalar((Half)2.5f), Is.EqualTo(2));
            Assert.That((float)MlxArray.Scalar(3), Is.EqualTo(3f));
            Assert.That((double)MlxArray.Scalar(true), Is.EqualTo(1.0));
            Assert.That((bool)MlxArray.Scalar(0.25f), Is.True);
            Assert.That((bool)MlxArray.Scalar((byte)0), Is.False);
            Assert.That((double)MlxArray.Scalar((BFloat16)1.5f), Is.EqualTo(1.5));
            Assert.That((Complex)MlxArray.Scalar(new Complex64(1, 2)), Is.EqualTo(new Complex(1, 2)));
            Assert.That(() => (float)MlxArray.Scalar(new Complex64(1, 2)), Throws.InvalidOperationException);
            Assert.That(() => (int)MlxArray.Scalar(long.MaxValue), Throws.TypeOf<OverflowException>());
            Assert.That(() => (int)MlxArray.Create<int>([1, 2]), Throws.InvalidOperationException);
        });
    }

    [Test]
    public void StridedArraysAreReadRowMajor()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create([.. Enumerable.Range(0, 24)], 2, 3, 4);
        var expected = new List<int>();
        for (int k = 0; k < 4; k++)
        {
            for (int j = 0; j < 3; j++)
            {
                for (int i = 0; i < 2; i++)
                {
                    expected.Add((i * 12) + (j * 4) + k);
                }
            }
        }

        Assert.That(a.T.ToArray<int>(), Is.EqualTo(expected));
        Assert.That(a.T.Shape.ToArray(), Is.EqualTo(new[] { 4, 3, 2 }));
        var backwards = a[.., new Slice(null, null, -1), new Slice(3, 0, -2)];
        Assert.That(backwards.ToArray<int>(), Is.EqualTo(new[] { 11, 9, 7, 5, 3, 1, 23, 21, 19, 17, 15, 13 }));
        Assert.That(MlxArray.Create<int>([7]).BroadcastTo(2, 3).ToArray<int>(), Is.All.EqualTo(7));
        Assert.That(a.T[1, 2].ToArray<int>(), Is.EqualTo(new[] { 9, 21 }));
    }

    [Test]
    public void FromMemoryReadsTheProgramsMemory()
    {
        using var handles = HandleCount.NoneLeft();
        float[] mine = [1, 2, 3, 4];
        using var a = MlxArray.FromMemory(mine.AsMemory(), 2, 2);
        using var sum = a + 1;
        Assert.That(sum.ToArray<float>(), Is.EqualTo(new float[] { 2, 3, 4, 5 }));
        Assert.That(() => MlxArray.FromMemory(mine.AsMemory(), 3), Throws.ArgumentException);
    }
}
