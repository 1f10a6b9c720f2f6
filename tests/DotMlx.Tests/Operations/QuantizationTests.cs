namespace DotMlx.Tests.Operations;

[RequiresMlx("it has no quantized arrays")]
public class QuantizationTests
{
    // A kernel for Hopper GPUs rounds the factors to 10 bits, whatever MLX_ENABLE_TF32 says.
    private const double TensorFloat = 5e-3;

    [TestCase("affine", 64, 8, 0.01)]
    [TestCase("affine", 32, 4, 0.14)]
    [TestCase("mxfp4", 32, 4, 0.3)]
    [TestCase("mxfp8", 32, 8, 0.14)]
    [TestCase("nvfp4", 16, 4, 0.3)]
    public void DequantizingRestoresRoundedValues(string mode, int groupSize, int bits, double tolerance)
    {
        using MlxArray w = Numbers.Array(1, 8, 64);
        (MlxArray packed, MlxArray scales, MlxArray? biases) = Mx.Quantize(w, groupSize, bits, mode);
        Assert.That(biases is null, Is.EqualTo(mode != "affine"));
        using MlxArray unpacked = Mx.Dequantize(packed, scales, biases, groupSize, bits, mode, dtype: DType.Float32);
        Numbers.AreClose(unpacked, w, tolerance);
        using MlxArray x = Numbers.Array(2, 3, 64);
        Numbers.AreClose(
            Mx.QuantizedMatMul(x, packed, scales, biases, true, groupSize, bits, mode), Mx.MatMul(x, Mx.Transpose(unpacked)),
            DeviceInUse.IsGpu ? TensorFloat : 1e-4);
    }

    [Test]
    public void GatheredQuantizedProductsMatchDenseOnes()
    {
        using MlxArray w = Numbers.Array(1, 3, 8, 64);
        using MlxArray x = Numbers.Array(2, 2, 1, 64);
        (MlxArray packed, MlxArray scales, MlxArray? biases) = Mx.Quantize(w);
        using MlxArray chosen = MlxArray.Create<uint>([2, 0]);
        using MlxArray actual = Mx.GatherQMM(x, packed, scales, biases, rhsIndices: chosen);
        using MlxArray unpacked = Mx.Take(Mx.Dequantize(packed, scales, biases), chosen, 0);
        Numbers.AreClose(actual, Mx.MatMul(x, Mx.SwapAxes(unpacked, 1, 2)), 1e-4);
    }

    [Test]
    public void EightBitFloatsRoundTrip()
    {
        using MlxArray x = Numbers.Row(0, 1, -2.5f, 448, 0.0625f);
        using MlxArray bytes = Mx.ToFp8(x);
        using MlxArray back = Mx.FromFp8(bytes, DType.Float32);
        Assert.That(bytes.DType, Is.EqualTo(DType.UInt8));
        Numbers.AreClose(back, x);
        Assert.That(Mx.FromFp8(bytes).DType, Is.EqualTo(DType.BFloat16));
    }

    [Test]
    public void ProductsOfTwoQuantizedOperandsMatchDenseOnes()
    {
        using MlxArray x = Numbers.Array(1, 2, 64);
        using MlxArray w = Numbers.Array(2, 8, 64);
        (MlxArray packed, MlxArray scales, _) = Mx.Quantize(w, mode: "nvfp4");
        try
        {
            using MlxArray product = Mx.QQMM(x, packed, scales);
            product.ToArray<float>();
            Numbers.HasShape(product, 2, 8);
        }
        catch (MlxException exception)
        {
            // Only some GPUs have kernels for it. If MLX itself reports this, the arguments have arrived.
            Assert.That(exception.Message, Does.Contain("QQMatmul").Or.Contain("qqmm"));
        }
    }

    [Test]
    public void ArgumentsAreChecked()
    {
        using MlxArray w = Numbers.Array(1, 8, 64);
        Assert.That(() => Mx.Quantize(w, 48), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Quantize(w, mode: "fp1"), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Quantize(w, mode: "%n"), Throws.ArgumentException);
        Assert.That(() => Mx.Dequantize(w, w), Throws.TypeOf<MlxException>());
    }
}
