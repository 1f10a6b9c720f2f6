using static DotMlx.MetalTests.Inputs;

namespace DotMlx.MetalTests;

/// <summary>
/// The GPU computes the same results as the CPU. A program must never see results that MLX leaves undefined on either device.
/// </summary>
internal sealed class OperationTests
{
    private static readonly Dictionary<string, Func<MlxArray>> Operations = new()
    {
        ["add"] = () => X + Y,
        ["subtract"] = () => X - Row,
        ["multiply"] = () => X * Y,
        ["divide"] = () => X / Positive,
        ["power"] = () => Mx.Power(Positive, 1.5f),
        ["maximum"] = () => Mx.Maximum(X, Y),
        ["minimum"] = () => Mx.Minimum(X, 0.25f),
        ["abs"] = () => Mx.Abs(X),
        ["negative"] = () => -X,
        ["exp"] = () => Mx.Exp(X),
        ["expm1"] = () => Mx.Expm1(X),
        ["log"] = () => Mx.Log(Positive),
        ["log1p"] = () => Mx.Log1p(Positive),
        ["sqrt"] = () => Mx.Sqrt(Positive),
        ["rsqrt"] = () => Mx.Rsqrt(Positive),
        ["square"] = () => Mx.Square(X),
        ["sin"] = () => Mx.Sin(X),
        ["cos"] = () => Mx.Cos(X),
        ["tanh"] = () => Mx.Tanh(X),
        ["arctan2"] = () => Mx.Arctan2(X, Y),
        ["arcsin"] = () => Mx.Arcsin(Small),
        ["erf"] = () => Mx.Erf(X),
        ["erfinv"] = () => Mx.ErfInv(Small),
        ["sigmoid"] = () => Mx.Sigmoid(X),
        ["logaddexp"] = () => Mx.LogAddExp(X, Y),
        ["floor"] = () => Mx.Floor(X * 3),
        ["round"] = () => Mx.Round(X, 1),
        ["clip"] = () => Mx.Clip(X, -0.5f, 0.5f),
        ["where"] = () => Mx.Where(X > Y, X, Y),
        ["sum"] = () => Mx.Sum(X, axis: 1),
        ["mean"] = () => Mx.Mean(X),
        ["var"] = () => Mx.Var(X, axis: 0),
        ["max"] = () => Mx.Max(X, axis: 0),
        ["argmax"] = () => Mx.ArgMax(X, axis: 1),
        ["prod"] = () => Mx.Prod(Small, axis: 1),
        ["logsumexp"] = () => Mx.LogSumExp(X, axis: 1),
        ["cumsum"] = () => Mx.CumSum(X, axis: 1),
        ["softmax"] = () => Mx.Softmax(X, axis: -1),
        ["sort"] = () => Mx.Sort(X, axis: 1),
        ["argsort"] = () => Mx.ArgSort(X, axis: 1),
        ["matmul"] = () => Mx.MatMul(X, Wide),
        ["matmul, transposed"] = () => Mx.MatMul(X, Y.T),
        ["matmul of a vector"] = () => Mx.MatMul(X, Row),
        ["conv2d"] = () => Mx.Conv2d(Images, Filters, padding: 1),
        ["fft"] = () => Mx.Abs(Mx.Fft.FFT(X)),
        ["take"] = () => Mx.Take(X, Places, axis: 0),
        ["write"] = () => Written(),
        ["concatenate"] = () => Mx.Concatenate([X, Y], axis: 1),
        ["transpose"] = () => Mx.Transpose(X) * 1f,
        ["layer norm"] = () => Mx.Fast.LayerNorm(X, Row, Row, 1e-5f),
        ["rms norm"] = () => Mx.Fast.RMSNorm(X, Row, 1e-5f),
        ["attention"] = () => Mx.Fast.ScaledDotProductAttention(Heads(X), Heads(Y), Heads(X), 0.25f),
        ["remainder"] = () => Mx.Remainder(Numbers, 3),
        ["floor divide"] = () => Mx.FloorDivide(Numbers, -3),
        ["float16"] = () => X.AsType(DType.Float16) * Y.AsType(DType.Float16),
        ["bfloat16"] = () => X.AsType(DType.BFloat16) + Y.AsType(DType.BFloat16),
    };

    private static IEnumerable<string> Names => Operations.Keys;

    [TestCaseSource(nameof(Names))]
    [Category("Quick")]
    public void TheGpuAgreesWithTheCpu(string operation) =>
        Devices.Agree(Operations[operation], operation.EndsWith("float16", StringComparison.Ordinal) ? 1e-2 : 2e-4);

    [Test]
    public void LargeProductsMatchTheCpu()
    {
        MlxArray a = Normal(7, 512, 384), b = Normal(8, 384, 640);
        Devices.Agree(() => Mx.MatMul(a, b), 1e-3);
    }

    [Test]
    public void AnIntegersRemainderByZeroIsZero()
    {
        MlxArray numbers = MlxArray.Create([7, -7, 5], 3);
        Assert.That((numbers % 0).ToArray<int>(), Is.EqualTo(new[] { 0, 0, 0 }));
        Assert.That(Mx.DivMod(numbers, 0).Remainder.ToArray<int>(), Is.EqualTo(new[] { 0, 0, 0 }));
    }

    [Test]
    public void ElementsOf64BitsAreWrittenByIndexArrays()
    {
        // Metal's scatter has no kernel for 8-byte elements, so it is computed on the CPU or refused, with the remedy.
        MlxArray numbers = MlxArray.Create([1L, 2L, 3L], 3);
        try
        {
            numbers[MlxArray.Create([0, 2], 2)] = MlxArray.Create([5L, 6L], 2);
            Assert.That(numbers.ToArray<long>(), Is.EqualTo(new[] { 5L, 2L, 6L }));
        }
        catch (NotSupportedException refused)
        {
            Assert.That(refused.Message, Does.Contain("CPU"));
        }
    }

    private static MlxArray Written()
    {
        MlxArray result = X + 0f;
        result[Places] = Y[Places];
        return result;
    }

    private static MlxArray Heads(MlxArray rows) => Mx.Reshape(rows, [1, Rows, 4, 16]).Transpose(0, 2, 1, 3);
}
