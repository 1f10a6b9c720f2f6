using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels.Tests.Architectures;

/// <summary>
/// MLX's kernel and tables give the same rotary embedding, even for a part of the features, with offsets, and for sequences that begin
/// elsewhere.
/// </summary>
internal sealed class RotaryTests
{
    [Test]
    public void KernelAndTableRotationsAgree(
        [Values(16, 8)] int dims, [Values(0, 37)] int offset, [Values(1, 5)] int length, [Values] bool padded)
    {
        RotaryEmbedding rotary = new(new(dims, RotaryPeriods.Of(Enumerable.Range(1, dims / 2).Select(i => i * 1.5), magnitude: 1.25)),
            headDims: 16);
        int[]? padding = padded ? [3, 0] : null;
        using ForwardPass pass = new(length, offset + 3, padding);
        MlxArray x = Mx.Random.Normal([2, 4, length, 16]);
        Assert.That(Expected.Difference(rotary.ByTables(x, pass), rotary.ByKernel(x, pass)), Is.LessThan(2e-6));
        Assert.That(rotary.ScoreScale, Is.EqualTo(dims == 16 ? 1.25 * 1.25 : 1));
    }

    [Test]
    public void LongTextsHaveOtherPeriods()
    {
        RotaryPeriods two = RotaryPeriods.ByLength([1, 2], [3, 4], limit: 10);
        Assert.That(two.At(10), Is.EqualTo(new[] { 1f, 2f }));
        Assert.That(two.At(11), Is.EqualTo(new[] { 3f, 4f }));

        // The base of dynamic scaling with a factor of 2 at twice the length is 3^(d / (d - 2)) times as large.
        RotaryPeriods growing = RotaryPeriods.Dynamic(4, 100, factor: 2, limit: 8);
        Assert.That(growing.At(8), Is.EqualTo(new[] { 1f, 10f }));
        Assert.That(growing.At(16)[1], Is.EqualTo(Math.Sqrt(100 * 9)).Within(1e-4));
    }
}
