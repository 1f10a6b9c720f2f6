namespace DotMlx.Tests.Operations;

public class MatrixTests
{
    [Test]
    public void TensorDotSumsOverTheGivenAxes()
    {
        using MlxArray a = Numbers.Array(1, 3, 4);
        using MlxArray b = Numbers.Array(2, 5, 3);
        Numbers.AreClose(Mx.TensorDot(a, b, [0], [1]), Mx.MatMul(Mx.Transpose(a), Mx.Transpose(b)));
    }

    [CpuOnly("CUDA's gathered products want larger matrices")]
    [Test]
    public void GatheredProductsMatchSeparateOnes()
    {
        using MlxArray a = Numbers.Array(1, 3, 2, 4);
        using MlxArray b = Numbers.Array(2, 2, 4, 5);
        using MlxArray actual = Mx.GatherMM(a, b, MlxArray.Create<uint>([2, 0]), MlxArray.Create<uint>([1, 1]));
        using MlxArray left = Mx.Take(a, Numbers.Ints(2, 0), 0);
        using MlxArray right = Mx.Take(b, Numbers.Ints(1, 1), 0);
        Numbers.AreClose(actual, Mx.MatMul(left, right));
    }

    [Test]
    [RequiresMlx]
    public void SegmentedProductsMatchSeparateOnes()
    {
        using MlxArray a = Numbers.Array(1, 3, 6);
        using MlxArray b = Numbers.Array(2, 6, 2);
        using MlxArray segments = MlxArray.Create<uint>([0, 2, 2, 6], 2, 2);
        using MlxArray actual = Mx.SegmentedMM(a, b, segments);
        MlxArray[] left = Mx.Split(a, [2], 1);
        MlxArray[] right = Mx.Split(b, [2], 0);
        Numbers.AreClose(actual, Mx.Stack([Mx.MatMul(left[0], right[0]), Mx.MatMul(left[1], right[1])]));
    }

    [Test]
    [RequiresMlx]
    public void MaskedBlocksAreLeftOutOfAProduct()
    {
        using MlxArray a = Numbers.Array(1, 64, 64);
        using MlxArray b = Numbers.Array(2, 64, 64);
        using MlxArray mask = MlxArray.Create<bool>([true, false, false, true], 2, 2);
        using MlxArray actual = Mx.BlockMaskedMM(a, b, 32, mask);
        using MlxArray wide = Mx.Repeat(Mx.Repeat(mask, 32, 0), 32, 1);
        Numbers.AreClose(actual, Mx.Where(wide, Mx.MatMul(a, b), 0f), 1e-4);
    }

    [TestCase("ij,jk,kl", "0,1;0,1", 8, 3, 3, 7)]
    [TestCase("ij,jk,kl", "1,2;0,1", 8, 10, 10, 7)]
    public void ContractionPathsMatchNumPy(string subscripts, string expected, int j, int k, int k2, int l)
    {
        (IReadOnlyList<int[]> path, string report) = Mx.EinsumPath(subscripts, Mx.Zeros(5, j),
            Mx.Zeros(k == 3 ? 8 : j, k), Mx.Zeros(k2, l));
        Assert.That(string.Join(';', path.Select(step => string.Join(',', step))), Is.EqualTo(expected));
        Assert.That(report, Does.Contain($"  Complete contraction:  {subscripts}\n").And.Contain("         Naive scaling:  4\n"));
    }

    [Test]
    public void ContractionCostsMatchNumPy()
    {
        (IReadOnlyList<int[]> path, string report) = Mx.EinsumPath("ij,jk,kl->il", Mx.Zeros(2, 3), Mx.Zeros(3, 4), Mx.Zeros(4, 5));
        Assert.That(path, Is.EqualTo(new int[][] { [1, 2], [0, 1] }));
        Assert.That(report, Is.EqualTo(
            "  Complete contraction:  ij,jk,kl->il\n         Naive scaling:  4\n     Optimized scaling:  3\n"
            + "      Naive FLOP count:  360\n  Optimized FLOP count:  180\n"));
        Assert.That(Mx.EinsumPath("ii", Mx.Zeros(5, 5)).Path, Is.EqualTo(new int[][] { [0] }));
        Assert.That(Mx.EinsumPath("...ij,...jk -> ...ik", Mx.Zeros(2, 5, 8), Mx.Zeros(8, 3)).Path, Is.EqualTo(new int[][] { [0, 1] }));
    }

    [TestCase("ij,jk", "name 2 operands")]
    [TestCase("i", "axes")]
    [TestCase("ij->k", "no operand")]
    [TestCase("ij->ii", "twice")]
    [TestCase("i1", "letters")]
    [TestCase("ii", "size")]
    public void PathsCheckTheirSubscripts(string subscripts, string message)
        => Assert.That(() => Mx.EinsumPath(subscripts, Mx.Zeros(2, 3)), Throws.ArgumentException.With.Message.Contains(message));

    [Test]
    public void AttentionChecksItsMask()
    {
        using MlxArray x = Numbers.Array(1, 1, 1, 2, 8);
        Assert.That(() => Mx.Fast.ScaledDotProductAttention(x, x, x, 1, "acausal"), Throws.ArgumentException);
        using MlxArray open = Mx.Fast.ScaledDotProductAttention(x, x, x, 1, Mx.Ones([2, 2], DType.Bool));
        Numbers.AreClose(open, Mx.Fast.ScaledDotProductAttention(x, x, x, 1));
    }
}
