namespace DotMlx.Tests.Operations;

/// <summary>Every function that takes an axis refuses axes that the array doesn't have.</summary>
public class AxisTests
{
    private static readonly (string Name, Func<MlxArray, int, object> Call)[] Functions =
    [
        ("sum", (a, axis) => Mx.Sum(a, axis)), ("sums", (a, axis) => Mx.Sum(a, [0, axis])), ("prod", (a, axis) => Mx.Prod(a, axis)),
        ("mean", (a, axis) => Mx.Mean(a, axis)), ("max", (a, axis) => Mx.Max(a, axis)), ("min", (a, axis) => Mx.Min(a, axis)),
        ("all", (a, axis) => Mx.All(a, axis)), ("any", (a, axis) => Mx.Any(a, axis)), ("logsumexp", (a, axis) => Mx.LogSumExp(a, axis)),
        ("argmax", (a, axis) => Mx.ArgMax(a, axis)), ("argmin", (a, axis) => Mx.ArgMin(a, axis)), ("var", (a, axis) => Mx.Var(a, axis)),
        ("vars", (a, axis) => Mx.Var(a, [0, axis])), ("std", (a, axis) => Mx.Std(a, axis)), ("median", (a, axis) => Mx.Median(a, axis)),
        ("softmax", (a, axis) => Mx.Softmax(a, axis)), ("softmaxes", (a, axis) => Mx.Softmax(a, [0, axis])),
        ("cumsum", (a, axis) => Mx.CumSum(a, axis)), ("cumprod", (a, axis) => Mx.CumProd(a, axis)),
        ("cummax", (a, axis) => Mx.CumMax(a, axis)),
        ("logcumsumexp", (a, axis) => Mx.LogCumSumExp(a, axis)), ("sort", (a, axis) => Mx.Sort(a, axis)),
        ("argsort", (a, axis) => Mx.ArgSort(a, axis)),
        ("partition", (a, axis) => Mx.Partition(a, 0, axis)), ("argpartition", (a, axis) => Mx.ArgPartition(a, 0, axis)),
        ("topk", (a, axis) => Mx.TopK(a, 1, axis)),
        ("squeeze", (a, axis) => Mx.Squeeze(a, axis)), ("squeezes", (a, axis) => Mx.Squeeze(a, [axis])),
        ("moveaxis", (a, axis) => Mx.MoveAxis(a, axis, 0)), ("moveaxis to", (a, axis) => Mx.MoveAxis(a, 0, axis)),
        ("swapaxes", (a, axis) => Mx.SwapAxes(a, 0, axis)),
        ("flatten", (a, axis) => Mx.Flatten(a, axis)), ("flatten to", (a, axis) => Mx.Flatten(a, 0, axis)),
        ("transpose", (a, axis) => Mx.Transpose(a, 0, axis, 1)), ("unflatten", (a, axis) => Mx.Unflatten(a, axis, [1, -1])),
        ("split", (a, axis) => Mx.Split(a, 1, axis)),
        ("split at", (a, axis) => Mx.Split(a, [1], axis)), ("concatenate", (a, axis) => Mx.Concatenate([a, a], axis)),
        ("repeat", (a, axis) => Mx.Repeat(a, 2, axis)),
        ("roll", (a, axis) => Mx.Roll(a, 1, axis)), ("rolls", (a, axis) => Mx.Roll(a, [1, 1], [0, axis])),
        ("take", (a, axis) => Mx.Take(a, 0, axis)),
        ("take_along_axis", (a, axis) => Mx.TakeAlongAxis(a, Mx.Zeros(a.Shape, DType.Int32), axis)),
        ("put_along_axis", (a, axis) => Mx.PutAlongAxis(a, Mx.Zeros(a.Shape, DType.Int32), 1, axis)),
        ("slice", (a, axis) => Mx.Slice(a, MlxArray.Create<int>([0]), [axis], [1, 1, 1])),
        ("slice_update", (a, axis) => Mx.SliceUpdate(a, Mx.Ones(1, 1, 1), MlxArray.Create<int>([0]), [axis])),
        ("flip", (a, axis) => Mx.Flip(a, axis)),
        ("diff", (a, axis) => Mx.Diff(a, 1, axis)), ("unstack", (a, axis) => Mx.Unstack(a, axis)),
        ("vecdot", (a, axis) => Mx.VecDot(a, a, axis)),
        ("count_nonzero", (a, axis) => Mx.CountNonzero(a, axis)), ("diagonal", (a, axis) => Mx.Diagonal(a, 0, 0, axis)),
        ("trace", (a, axis) => Mx.Trace(a, 0, axis, 1)),
        ("tensordot", (a, axis) => Mx.TensorDot(a, a, [axis], [0])), ("norm", (a, axis) => Mx.Linalg.Norm(a, axis: axis)),
        ("norms", (a, axis) => Mx.Linalg.Norm(a, axis: [0, axis])),
        ("norm fro", (a, axis) => Mx.Linalg.Norm(a, "fro", [0, axis])), ("cross", (a, axis) => Mx.Linalg.Cross(a, a, axis)),
        ("fft", (a, axis) => Mx.Fft.FFT(a, axis: axis)),
        ("fft2", (a, axis) => Mx.Fft.FFT2(a, axes: [0, axis])), ("fftn", (a, axis) => Mx.Fft.FFTN(a, axes: [axis])),
        ("irfft", (a, axis) => Mx.Fft.IRFFT(a, axis: axis)),
        ("fftshift", (a, axis) => Mx.Fft.FFTShift(a, [axis])), ("categorical", (a, axis) => Mx.Random.Categorical(a, axis)),
        ("permutation", (a, axis) => Mx.Random.Permutation(a, axis)),
    ];

    [TestCaseSource(nameof(Functions))]
    public void AxesOutsideAreRefused((string Name, Func<MlxArray, int, object> Call) function)
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Zeros(3, 3, 3);
        foreach (int axis in (int[])[3, -4, 100, -100, int.MaxValue, int.MinValue])
        {
            Assert.That(
                () => function.Call(a, axis), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message
                    .Contains($"Axis {axis} is out of bounds"), $"{function.Name}, {axis}");
        }
    }

    [Test]
    public void NewAxesHaveTheirPlaceInTheResult()
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Zeros(3, 4);
        Assert.Multiple(() =>
        {
            foreach (int[] axes in (int[][])[[-5, -4], [-6, 0], [4, 0], [0, 0], [1, -3], [int.MinValue], [3]])
            {
                Assert.That(() => Mx.ExpandDims(a, axes), Throws.InstanceOf<ArgumentException>(), string.Join(",", axes));
            }

            Assert.That(() => Mx.ExpandDims(a, -4), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.Stack([a, a], 3), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.Stack([a, a], -4), Throws.TypeOf<ArgumentOutOfRangeException>());
            Numbers.HasShape(Mx.ExpandDims(a, [-4, -1]), 1, 3, 4, 1);
            Numbers.HasShape(Mx.Stack([a, a], -3), 2, 3, 4);
        });
    }

    [Test]
    public void RepeatedAxesAreRejected()
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Zeros(1, 1, 2);
        Assert.Multiple(() =>
        {
            Assert.That(() => Mx.Squeeze(a, [0, -3]), Throws.ArgumentException.With.Message.Contains("twice"));
            Assert.That(() => Mx.Sum(a, axis: [0, 0]), Throws.ArgumentException);
            Assert.That(() => Mx.Flip(a, axis: [0, 0]), Throws.ArgumentException);
            Assert.That(() => Mx.Transpose(a, 0, 1, -3), Throws.ArgumentException);
            Assert.That(() => Mx.TensorDot(a, a, [0, 0], [0, 1]), Throws.ArgumentException);
            Assert.That(() => Mx.Fft.FFTN(a, axes: [2, -1]), Throws.ArgumentException);
        });
    }

    [Test]
    public void AxesOfScalarsAreRejected()
    {
        using var scope = MlxScope.Begin();
        MlxArray scalar = Mx.Ones();
        Assert.Multiple(() =>
        {
            Assert.That(() => Mx.Sum(scalar, 0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.Softmax(2.5, -1), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.TensorDot(scalar, scalar, 1), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(Mx.Sum(scalar).Item<float>(), Is.EqualTo(1));
        });
    }

    [Test]
    public void TransposedConvolutionsHaveSpatialAxes()
    {
        using var scope = MlxScope.Begin();
        Assert.That(() => Mx.ConvTranspose1d(Mx.Ones(3), Mx.Ones(1, 2, 1)), Throws.ArgumentException.With.Message.Contains("spatial axes"));
        Assert.That(() => Mx.ConvTranspose2d(Mx.Ones(1, 3, 1), Mx.Ones(1, 2, 2, 1)), Throws.ArgumentException);
    }

    [Test]
    [RequiresMlx("it has no quantized arrays")]
    public void QuantizedProductsAreOfMatrices()
    {
        using var scope = MlxScope.Begin();
        MlxArray row = Mx.Zeros([8], DType.UInt32);
        MlxArray scale = Mx.Ones(1);
        MlxArray weight = Mx.Zeros([2, 8], DType.UInt32);
        MlxArray scales = Mx.Ones(2, 1);
        Assert.Multiple(() =>
        {
            Assert.That(() => Mx.QuantizedMatMul(Mx.Ones(64), row, scale, scale),
                Throws.ArgumentException.With.Message.Contains("matrices"));
            Assert.That(() => Mx.QuantizedMatMul(2f, weight, scales, scales), Throws.ArgumentException);
            Assert.That(() => Mx.GatherQMM(Mx.Ones(64), weight, scales, scales), Throws.ArgumentException);
        });
    }

    [Test]
    public void RollsAddUpOnOneAxis()
    {
        using var scope = MlxScope.Begin();
        MlxArray x = MlxArray.Create<int>([0, 1, 2, 3, 4]);
        MlxArray m = MlxArray.Create<int>([0, 1, 2, 3, 4, 5], 2, 3);
        Assert.Multiple(() =>
        {
            Assert.That(Mx.Roll(x, [1, 1], [0]).ToArray<int>(), Is.EqualTo(new[] { 3, 4, 0, 1, 2 }));
            Assert.That(Mx.Roll(x, [1, 1], 0).ToArray<int>(), Is.EqualTo(new[] { 3, 4, 0, 1, 2 }));
            Assert.That(Mx.Roll(x, [1, 1]).ToArray<int>(), Is.EqualTo(new[] { 3, 4, 0, 1, 2 }));
            Assert.That(Mx.Roll(x, 1, [0, 0]).ToArray<int>(), Is.EqualTo(new[] { 3, 4, 0, 1, 2 }));
            Assert.That(Mx.Roll(m, 1, [0, 1]).ToArray<int>(), Is.EqualTo(new[] { 5, 3, 4, 2, 0, 1 }));
            Assert.That(Mx.Roll(m, [1, -1], [0, 1]).ToArray<int>(), Is.EqualTo(new[] { 4, 5, 3, 1, 2, 0 }));
            Assert.That(Mx.Roll(m, 4).ToArray<int>(), Is.EqualTo(new[] { 2, 3, 4, 5, 0, 1 }));
            Assert.That(Mx.Roll(x, -7, -1).ToArray<int>(), Is.EqualTo(new[] { 2, 3, 4, 0, 1 }));
            Assert.That(() => Mx.Roll(m, [1, 1, 1], [0, 1]), Throws.ArgumentException.With.Message.Contains("3 shifts"));
            Assert.That(Mx.Roll(Mx.Zeros(0, 2), 3, 0).Shape.ToArray(), Is.EqualTo(new[] { 0, 2 }));
        });
    }

    [Test]
    public void PartsOfManyDimensionsAreCopiedOnce()
    {
        using var scope = MlxScope.Begin();
        MlxArray x = Mx.Arange(2 * 3 * 4 * 5L).Reshape(2, 3, 4, 5);
        int[] expected = x[1..2, 1..3, 0..2, 2..5].ToArray<int>();
        MlxArray start = MlxArray.Create<int>([1, 1, 0, 2]);
        Assert.That(Mx.Slice(x, start, [0, 1, 2, 3], [1, 2, 2, 3]).ToArray<int>(), Is.EqualTo(expected));
        Func<MlxArray, MlxArray, MlxArray> traced = Mx.Compile((MlxArray a, MlxArray s) => Mx.Slice(a, s, [0, 1, 2, 3], [1, 2, 2, 3]));
        Assert.That(traced(x, start).ToArray<int>(), Is.EqualTo(expected));
        Func<MlxArray, MlxArray, MlxArray> partly = Mx.Compile((MlxArray a, MlxArray s) => Mx.Slice(a, s, [-1, 1], [1, 2, 2, 3]));
        Assert.That(partly(x, MlxArray.Create<int>([2, 1])).ToArray<int>(), Is.EqualTo(x[..1, 1..3, 0..2, 2..5].ToArray<int>()));
    }
}
