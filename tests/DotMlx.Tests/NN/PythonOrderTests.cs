using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.NN;

/// <summary>Results that agree with Python's MLX 0.32.2 to the last bit, because the operations have the same order.</summary>
[TestFixture]
public sealed class PythonOrderTests
{
    // The bits of Python's results for the input below.
    private static readonly (Upsample Layer, uint[] Bits)[] Upsampled =
    [
        (new Upsample(1.5, UpsampleMode.Linear),
            [0xBF8CCCCD, 0xBF5A740E, 0xBF1B4E82, 0xBEB851EC, 0xBF0B851F, 0xBE98BF26, 0xBD53A070, 0x3E47AE14, 0x3C23D700, 0x3E8369D0,
                0x3F00DA74, 0x3F400000]),
        (new Upsample([2, 1.4], UpsampleMode.Cubic),
        [
            0xBF9DF903, 0xBF81CE21, 0xBF2E16EF, 0xBEEB8275, 0xBF5D986A, 0xBF2542A9, 0xBE9F7AAF, 0xBDBB3CE8,
            0xBE8463FE, 0xBD1DC41F, 0x3E97521D, 0x3F03FECB, 0x3DE13CE9, 0x3EA8FAAE, 0x3F2A02A9, 0x3F625869,
        ]),
        (new Upsample(1.5, UpsampleMode.Cubic, alignCorners: true),
            [0xBF8CCCCD, 0xBF63394A, 0xBF128949, 0xBEB851EC, 0xBF0B851F, 0xBEAA4997, 0xBC8E9962, 0x3E47AE14, 0x3C23D700, 0x3E63BEC8,
                0x3F099FB4, 0x3F400000]),
        (new Upsample(0.7, UpsampleMode.Cubic, antialias: true), [0xBEDCAF01, 0x3DA5EF32]),
        (new Upsample(0.7, UpsampleMode.Linear, antialias: true), [0xBECE2DB0, 0x3D57D3E2]),
    ];

    [TestCaseSource(nameof(Upsampled))]
    public void UpsampleTakesItsArgumentsInPythonsOrder((Upsample Layer, uint[] Bits) item)
    {
        using var scope = MlxScope.Begin();
        MlxArray x = MlxArray.Create<float>([-1.1f, -0.73f, -0.36000001f, 0.00999999f, 0.38f, 0.75f], 1, 2, 3, 1);
        Assert.That(item.Layer.Forward(x).ToArray<float>().Select(BitConverter.SingleToUInt32Bits), Is.EqualTo(item.Bits));
    }

    [Test]
    public void MuonOfATallMatrixMatchesPython([Values(DType.Float32, DType.BFloat16)] DType dtype)
    {
        using var scope = MlxScope.Begin();
        const double Rate = 0.02, Momentum = 0.95;
        MlxArray w = ((Mx.Arange(12) * 0.21) - 1.3).Reshape(6, 2).AsType(dtype);
        MlxArray g = Mx.Cos(Mx.Arange(12).AsType(DType.Float32)).Reshape(6, 2).AsType(dtype);
        TreeDictionary weights = new() { ["w"] = w };
        MlxArray updated = new Muon(Rate, Momentum, weightDecay: 0).ApplyGradients(new TreeDictionary { ["w"] = g }, weights)["w"].Array;

        MlxArray v = (Momentum * Mx.ZerosLike(w)) + ((1 - Momentum) * g);
        MlxArray x = ((g * (1 - Momentum)) + (v * Momentum)).T;
        x /= Mx.Linalg.Norm(x, keepdims: true) + 1e-7;
        for (int i = 0; i < 5; i++)
        {
            MlxArray a = Mx.MatMul(x, x.T);
            x = Mx.AddMM(3.4445 * x, Mx.AddMM(-4.7750 * a, a, a, alpha: 2.0315f), x);
        }

        MlxArray expected = w - (Mx.Full([], Rate, DType.Float32).AsType(dtype) * Math.Sqrt(3) * x.T);
        Assert.That(Mx.ArrayEqual(updated, expected).Item<bool>(), Is.True);
    }
}
