namespace DotMlx.Tests.Operations;

/// <summary>Arguments with which MLX divides by zero, reads other memory, or returns numbers without meaning.</summary>
public class RefusedArgumentTests
{
    [Test]
    [RequiresMlx("quantize")]
    public void GroupsOfNoElementsAreRefused()
    {
        using var scope = MlxScope.Begin();
        MlxArray matrix = Numbers.Array(1, 4, 64);
        (MlxArray w, MlxArray scales, MlxArray? biases) = Mx.Quantize(matrix);
        foreach ((int groupSize, int bits) in ((int, int)[])[(0, 4), (-64, 4), (64, 0), (64, -1)])
        {
            Assert.Multiple(() =>
            {
                Refused(() => Mx.Quantize(matrix, groupSize, bits), "must be positive");
                Refused(() => Mx.Dequantize(w, scales, biases, groupSize, bits), "must be positive");
                Refused(() => Mx.QuantizedMatMul(matrix, w, scales, biases, true, groupSize, bits), "must be positive");
            });
        }
    }

    [Test]
    public void ArgumentsThatMlxDividesByAreChecked()
    {
        using var scope = MlxScope.Begin();
        MlxArray noHeads = Mx.Zeros(1, 0, 2, 4);
        Assert.Multiple(() =>
        {
            Assert.That(
                () => Mx.Fast.ScaledDotProductAttention(noHeads, noHeads, noHeads, 1),
                Throws.ArgumentException.With.Message.Contains("(1,0,2,4)"));
            Refused(() => Mx.Random.Permutation(-1), "-1");
            Refused(() => Mx.Random.Categorical(Mx.Zeros(3), numSamples: -1), "-1");
            Assert.That(() => Mx.Pad(Mx.Zeros(0, 3), 1, PadMode.Edge), Throws.ArgumentException.With.Message.Contains("(0,3)"));
            Assert.That(Mx.Pad(Mx.Zeros(0, 3), [(0, 0), (1, 1)], PadMode.Edge).Shape.ToArray(), Is.EqualTo(new[] { 0, 5 }));
        });
    }

    [Test]
    [RequiresMlx("gather_mm and segmented_mm")]
    public void IndicesOfMatricesAreChecked()
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Numbers.Array(1, 2, 3, 4), b = Numbers.Array(2, 3, 4, 5), good = Numbers.Ints(0, 1);
        (MlxArray w, MlxArray scales, MlxArray? biases) = Mx.Quantize(Numbers.Array(3, 2, 4, 64));
        foreach (int index in (int[])[-1, 3, 9, int.MaxValue])
        {
            MlxArray bad = Numbers.Ints(0, index);
            Assert.Multiple(() =>
            {
                Refused(() => Mx.GatherMM(a, b, good, bad), $"Index {index} ");
                Refused(() => Mx.GatherMM(a, b, bad, good), $"Index {index} ");
                Refused(() => Mx.GatherQMM(Numbers.Array(4, 2, 1, 64), w, scales, biases, rhsIndices: bad), $"Index {index} ");
            });
        }

        MlxArray left = Numbers.Array(1, 2, 4), right = Numbers.Array(2, 4, 3);
        Refused(() => Mx.SegmentedMM(left, right, MlxArray.Create<int>([0, 9], 1, 2)), "reaches to 9");
        Refused(() => Mx.SegmentedMM(left, right, MlxArray.Create<int>([-5, 2], 1, 2)), "reaches to -5");
        Numbers.AreClose(Mx.SegmentedMM(left, right, MlxArray.Create<uint>([0, 4], 1, 2))[0], Mx.MatMul(left, right));
    }

    private static void Refused(Func<object?> call, string part) =>
        Assert.That(() => call(), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains(part));

    [Test]
    public void LayersWithoutInputsAreRefused()
    {
        Refused(() => new DotMlx.NN.Linear(0, 3), "inputDims");
        Refused(() => new DotMlx.NN.Bilinear(0, 3, 2), "input1Dims");
    }

    [Test]
    public void SequencesWithoutStepsAreRefused()
    {
        using var scope = MlxScope.Begin();
        foreach (int[] shape in (int[][])[[2, 0, 3], [3]])
        {
            MlxArray x = Mx.Zeros(shape);
            Assert.Multiple(() =>
            {
                foreach (Action forward in (Action[])
                    [
                        () => new DotMlx.NN.RNN(3, 4).Forward(x), () => new DotMlx.NN.GRU(3, 4).Forward(x),
                        () => new DotMlx.NN.LSTM(3, 4).Forward(x),
                    ])
                {
                    Assert.That(() => forward(), Throws.ArgumentException.With.Message.Contains("at least one step").And.Message
                        .Contains($"({string.Join(',', shape)})"));
                }
            });
        }
    }

    [Test]
    public void NothingIsSortedInsideATransform()
    {
        MlxArray none = Mx.Zeros(0, 3);
        Assert.That(Mx.Grad((MlxArray a) => Mx.Sum(Mx.Sort(a, null)))(none).Shape.ToArray(), Is.EqualTo(new[] { 0, 3 }));
        Assert.That(Mx.Grad((MlxArray a) => Mx.Sum(Mx.Partition(a, 0)))(none).Shape.ToArray(), Is.EqualTo(new[] { 0, 3 }));
    }
}
