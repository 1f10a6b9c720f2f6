namespace DotMlx.Tests.Operations;

/// <summary>Sizes beyond 32 bits are refused before MLX multiplies them.</summary>
public class SizeLimitTests
{
    [Test]
    public void ComputedSizesThatWrapAroundAreRefused()
    {
        using var scope = MlxScope.Begin();
        MlxArray four = Mx.Zeros(4);
        MlxArray wide = Mx.Zeros([1 << 16], DType.Bool);
        MlxArray row = Mx.Zeros([1, 4, 2]);
        MlxArray weight = Mx.Zeros([4, 3, 2]);
        Assert.Multiple(() =>
        {
            Refused(() => Mx.Repeat(four, int.MaxValue), "(4)");
            Refused(() => Mx.Repeat(four, 1 << 30, axis: 0), "4294967296");
            Refused(() => Mx.Tile(four, [2, 1 << 30]), "tile");
            Refused(() => Mx.Pad(four, int.MaxValue), "pad");
            Refused(() => Mx.Pad(four, (int.MaxValue, 0), mode: PadMode.Edge), "pad");
            Refused(() => Mx.Kron(wide, wide), "(65536) and (65536)");
            Refused(() => Mx.Diag(four, int.MaxValue), "diag");
            Refused(() => Mx.Diag(four, int.MinValue), "diag");
            Refused(() => Mx.Conv1d(row, weight, padding: int.MaxValue), "conv");
            Refused(() => Mx.ConvGeneral(row, weight, kernelDilation: int.MaxValue), "conv");
            Refused(() => Mx.ConvTranspose1d(row, weight, stride: int.MaxValue), "conv");
            Refused(() => Mx.Arange(0, 3_000_000_000L, dtype: DType.Int64).Eval(), null);
            Assert.That(() => Mx.Random.Split(Mx.Random.Key(1), -1), Throws.InstanceOf<ArgumentException>());
        });
    }

    [Test]
    [RequiresMlx("it has the elements of every array in memory")]
    public void ReductionsInsideOtherFunctionsAreRefused()
    {
        using var scope = MlxScope.Begin();
        using IDisposable stream = Mx.StreamScope(DeviceType.Cpu);
        MlxArray square = Mx.BroadcastTo(Mx.Zeros([1]), 46400, 46400);
        Assert.Multiple(() =>
        {
            Refused(() => Mx.Linalg.Norm(square), "norm");
            Refused(() => Mx.Linalg.Norm(square, "fro"), "norm");
            Refused(() => Mx.ArrayEqual(square, square), "array_equal");
            Refused(() => Mx.AllClose(square, 0), "allclose");
        });
    }

    [Test]
    public void ShapesWithMoreElementsThanCanBeCountedAreRefused()
    {
        int[] shape = [1 << 16, 1 << 16, 1 << 16, 1 << 16];
        using var scope = MlxScope.Begin();
        MlxArray none = Mx.Zeros(0);
        Assert.Multiple(() =>
        {
            Refused(() => Mx.Zeros(shape), "(65536,65536,65536,65536)");
            Refused(() => Mx.Ones(shape), "count");
            Refused(() => Mx.Full(shape, 1), "count");
            Refused(() => Mx.BroadcastTo(1, shape), "count");
            Refused(() => Mx.Random.Normal(shape), "count");
            Refused(() => Mx.Reshape(none, shape), "count");
            Refused(() => Mx.Reshape(Mx.Zeros(4), -2, -2), "only -1 is allowed");
            Refused(() => Mx.Unflatten(Mx.Zeros(4), 0, [-2, -2]), "only -1 is allowed");
            Refused(() => MlxArray.Create<int>([], 0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF), "count");
            Refused(() => Mx.AsStrided(Mx.Zeros(4), shape, [0, 0, 0, 0]), "count");
        });
    }

    [Test]
    [RequiresMlx("it has the elements of every array in memory")]
    public void LongAxesAreJoinedNoFurther()
    {
        using var scope = MlxScope.Begin();
        MlxArray part = Mx.BroadcastTo(Mx.Zeros([1], DType.Bool), 1 << 30);
        MlxArray square = Mx.BroadcastTo(Mx.Zeros([1], DType.Bool), 46400, 46400);
        MlxArray cube = Mx.BroadcastTo(Mx.Zeros([1]), 2, 46400, 46400);
        Assert.Multiple(() =>
        {
            Refused(() => Mx.Concatenate([part, part, part]), "3221225472");
            Refused(() => Mx.Concatenate([square, square], axis: null), "concatenate");
            Refused(() => Mx.Flatten(square), "(46400,46400)");
            Refused(() => Mx.Flatten(cube, 1), "flatten");
            Refused(() => Mx.Reshape(square, -1), "reshape");
            Refused(() => Mx.Reshape(cube, 2, -1), "reshape");
            Refused(() => Mx.ArgMax(square), "argmax");
            Refused(() => Mx.ArgMin(square), "argmin");
            Refused(() => Mx.Sort(square, axis: null), "sort");
            Refused(() => Mx.ArgSort(square, axis: null), "argsort");
            Refused(() => Mx.Partition(square, 1, axis: null), "partition");
            Refused(() => Mx.ArgPartition(square, 1, axis: null), "argpartition");
            Refused(() => Mx.TopK(square, 1, axis: null), "topk");
            Refused(() => Mx.CumSum(square), "reshape");
            Refused(() => Mx.Median(square), "median");
            Refused(() => Mx.Roll(square, 1), "roll");
            Refused(() => Mx.Repeat(square, 2), "repeat");
            Refused(() => Mx.Take(square, 0), "take");
            Refused(() => Mx.TakeAlongAxis(square, MlxArray.Create<int>([0])), "reshape");
            Refused(() => Mx.Outer(square, square), "outer");
            Refused(() => Mx.Einsum("ij->", square), "einsum");
            Refused(() => Mx.TensorDot(square, square, 2), "tensordot");
            Refused(() => Mx.MatMul(Mx.BroadcastTo(Mx.Zeros([1]), 1 << 16, 1 << 16, 1), Mx.Zeros(1, 2)), "matmul");
            Refused(() => Mx.View(Mx.BroadcastTo(Mx.Zeros([1]), 1 << 30), DType.UInt8), "view");
            Refused(() => Mx.Fft.IRFFT(Mx.BroadcastTo(Mx.Zeros([1], DType.Complex64), (1 << 30) + 2)), "irfft");
            Refused(() => Mx.Dequantize(Mx.BroadcastTo(Mx.Zeros([1], DType.UInt32), 1, 1 << 27), Mx.Ones(1, 1), Mx.Ones(1, 1)),
                "dequantize");
            Assert.That(square.Size, Is.EqualTo(46400L * 46400));
            Assert.That(cube.NBytes, Is.EqualTo(8L * 46400 * 46400));
        });
    }

    [Test]
    [RequiresMlx("it has the elements of every array in memory")]
    [CpuOnly("the limit is that of MLX's CPU code")]
    public void ReductionsOnTheCpuCountTheirElements()
    {
        using var scope = MlxScope.Begin();
        MlxArray square = Mx.BroadcastTo(Mx.Zeros([1], DType.Int8), 46400, 46400);
        foreach (Func<MlxArray> reduce in (Func<MlxArray>[])
            [
                () => Mx.Max(square), () => Mx.Sum(square), () => Mx.Any(square), () => Mx.Mean(square, axis: [0, 1]),
                () => Mx.Max(square, axis: 0),
                () => Mx.Var(square), () => Mx.Std(square, axis: [0, 1]), () => Mx.LogSumExp(square), () => Mx.ArgMax(square, axis: 1),
            ])
        {
            Refused(() => reduce(), "2147483647 elements");
        }
    }

    [Test]
    public void DiagonalsFarOutsideAreEmpty()
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Ones(2, 3);
        Assert.Multiple(() =>
        {
            Assert.That(Mx.Tril(a, int.MinValue).Sum().Item<float>(), Is.Zero);
            Assert.That(Mx.Tril(a, int.MaxValue).Sum().Item<float>(), Is.EqualTo(6));
            Assert.That(Mx.Triu(a, int.MinValue).Sum().Item<float>(), Is.EqualTo(6));
            Assert.That(Mx.Triu(a, int.MaxValue).Sum().Item<float>(), Is.Zero);
            Assert.That(Mx.Eye(2, 3, int.MinValue).Sum().Item<float>(), Is.Zero);
            Assert.That(Mx.Tri(2, 3, int.MinValue).Sum().Item<float>(), Is.Zero);
            Assert.That(Mx.Diagonal(a, int.MinValue).Size, Is.Zero);
            Assert.That(Mx.Roll(MlxArray.Create<int>([1, 2, 3]), int.MinValue, 0).ToArray<int>(), Is.EqualTo(new[] { 3, 1, 2 }));
        });
    }

    private static void Refused(Func<object?> action, string? message) =>
        Assert.That(() => _ = action(), message is null
            ? Throws.InstanceOf<Exception>()
            : Throws.InstanceOf<ArgumentException>().With.Message.Contains(message));

    private static void Refused(Action action, string? message) =>
        Assert.That(() => action(), message is null
            ? Throws.InstanceOf<Exception>()
            : Throws.InstanceOf<ArgumentException>().With.Message.Contains(message));
}
