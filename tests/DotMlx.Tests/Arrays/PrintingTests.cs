namespace DotMlx.Tests.Arrays;

public class PrintingTests
{
    [Test]
    public void PrintsAsPythonDoes()
    {
        using var scope = MlxScope.Begin();
        Assert.Multiple(() =>
        {
            Assert.That(MlxArray.Create<int>([1, 2, 3]).ToString(), Is.EqualTo("array([1, 2, 3], dtype=int32)"));
            Assert.That(MlxArray.Scalar(1.5f).ToString(), Is.EqualTo("array(1.5, dtype=float32)"));
            Assert.That(MlxArray.Create<bool>([true, false]).ToString(), Is.EqualTo("array([True, False], dtype=bool)"));
            Assert.That(MlxArray.Create<float>([], 0).ToString(), Is.EqualTo("array([], dtype=float32)"));
            Assert.That(MlxArray.Create<float>([], 2, 0).ToString(), Is.EqualTo("array([[],\n       []], dtype=float32)"));
            Assert.That(MlxArray.Create<Complex64>([new(1, -2), new(0, 0.5f)])
                .ToString(), Is.EqualTo("array([1-2j, 0+0.5j], dtype=complex64)"));
            Assert.That(MlxArray.Create<sbyte>([-1, 65]).ToString(), Is.EqualTo("array([-1, 65], dtype=int8)"));
            Assert.That(MlxArray.Create([1, 2, 3, 4], 2, 2).T.ToString(), Is.EqualTo("array([[1, 3],\n       [2, 4]], dtype=int32)"));
            Assert.That(
                MlxArray.Create([.. Enumerable.Range(0, 8)], 2, 2, 2).ToString(),
                Is.EqualTo("array([[[0, 1],\n        [2, 3]],\n       [[4, 5],\n        [6, 7]]], dtype=int32)"));
            Assert.That(MlxArray.Create([.. Enumerable.Range(0, 100)])
                .ToString(), Is.EqualTo("array([0, 1, 2, ..., 97, 98, 99], dtype=int32)"));
        });
    }

    [TestCase(0f, "0")]
    [TestCase(-0f, "-0")]
    [TestCase(0.1f, "0.1")]
    [TestCase(1e-5f, "1e-05")]
    [TestCase(1.5e-4f, "0.00015")]
    [TestCase(123456f, "123456")]
    [TestCase(1234567f, "1.23457e+06")]
    [TestCase(999999.5f, "1e+06")]
    [TestCase(100000.5f, "100000")]
    [TestCase(100001.5f, "100002")]
    [TestCase(3.4028235e38f, "3.40282e+38")]
    [TestCase(1.1754944e-38f, "1.17549e-38")]
    [TestCase(float.NaN, "nan")]
    [TestCase(float.NegativeInfinity, "-inf")]
    [TestCase(0.33333334f, "0.333333")]
    [TestCase(2f / 3f, "0.666667")]
    public void NumbersHaveSixSignificantDigits(float value, string expected)
    {
        // The sign bit of .NET's NaN is set, but C's isn't.
        using var a = MlxArray.Scalar(float.IsNaN(value) ? BitConverter.Int32BitsToSingle(0x7FC00000) : value);
        Assert.That(a.ToString(), Is.EqualTo($"array({expected}, dtype=float32)"));
    }

    [Test]
    public void PrecisionFixesTheDigits()
    {
        using var a = MlxArray.Create<float>([0.125f, 1, 9.999f]);
        using (Mx.PrintOptions(2))
        {
            Assert.That(a.ToString(), Is.EqualTo("array([0.12, 1.00, 10.00], dtype=float32)"));
            Assert.That(Mx.GetPrintOptions().Precision, Is.EqualTo(2));
        }

        Assert.That(Mx.GetPrintOptions().Precision, Is.EqualTo(-1));
        Assert.That(() => Mx.SetPrintOptions(-2), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    [RequiresMlx("its printer is not written out")]
    public unsafe void TextIsThatOfTheLibrary()
    {
        using var scope = MlxScope.Begin();
        var random = new Random(1);
        foreach (int[] shape in new int[][] { [5], [7], [3, 9], [2, 3, 4], [8, 8], [] })
        {
            float[] data = [.. Enumerable.Range(0, shape.Aggregate(1, (p, s) => p * s))
                .Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-9, 9))))];
            var a = shape.Length == 0 ? MlxArray.Scalar(data[0]) : MlxArray.Create(data, shape);
            Bindings.mlx_string text = default;
            Assert.That(Bindings.Mlxc.mlx_array_tostring(&text, a.Handle), Is.Zero);
            string expected = System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)Bindings.Mlxc.mlx_string_data(text))!;
            Bindings.Mlxc.mlx_string_free(text);
            Assert.That(a.ToString(), Is.EqualTo(expected));
        }
    }

    [Test]
    public void DisposedArraysPrint()
    {
        var a = MlxArray.Create<int>([1]);
        a.Dispose();
        Assert.That(a.ToString(), Is.EqualTo("array(disposed)"));
    }
}
