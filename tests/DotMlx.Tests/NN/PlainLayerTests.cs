using DotMlx.NN;
using DotMlx.Tests.Operations;

namespace DotMlx.Tests.NN;

/// <summary>Compares layers with loops over doubles, for options without figures.</summary>
public class PlainLayerTests
{
    [Test]
    public void RNNFollowsItsFormula([Values] bool bias, [Values] bool start, [Values] bool batched)
    {
        RNN layer = new(3, 4, bias, Activations.Relu);
        (MlxArray x, MlxArray? hidden, _) = Sequence(batched, start);
        PlainGrid input = new(layer.Wxh), recurrent = new(layer.Whh);
        Recur(x, layer.Forward(x, hidden), [hidden], (features, states) =>
        {
            double[] h = [.. Enumerable.Range(0, 4)
                .Select(j => Math.Max(0, Dot(input, j, features) + Dot(recurrent, j, states[0]) + Value(layer.Bias, j)))];
            return [h];
        });
    }

    [Test]
    public void GRUFollowsItsFormula([Values] bool bias, [Values] bool start, [Values] bool batched)
    {
        GRU layer = new(3, 4, bias);
        (MlxArray x, MlxArray? hidden, _) = Sequence(batched, start);
        PlainGrid input = new(layer.Wx), recurrent = new(layer.Wh);
        Recur(x, layer.Forward(x, hidden), [hidden], (features, states) =>
        {
            double In(int row) => Dot(input, row, features) + Value(layer.Bias, row);
            double[] h = [.. Enumerable.Range(0, 4).Select(j =>
            {
                double r = Sigmoid(In(j) + Dot(recurrent, j, states[0]));
                double z = Sigmoid(In(4 + j) + Dot(recurrent, 4 + j, states[0]));
                double n = Math.Tanh(In(8 + j) + (r * (Dot(recurrent, 8 + j, states[0]) + Value(layer.Bhn, j))));
                return ((1 - z) * n) + (z * (states[0]?[j] ?? 0));
            })];
            return [h];
        });
    }

    [Test]
    public void LSTMFollowsItsFormula([Values] bool bias, [Values] bool startHidden, [Values] bool startCell)
    {
        LSTM layer = new(3, 4, bias);
        (MlxArray x, MlxArray? hidden, _) = Sequence(true, startHidden);
        (_, _, MlxArray? cell) = Sequence(true, startCell);
        PlainGrid input = new(layer.Wx), recurrent = new(layer.Wh);
        (MlxArray hiddens, MlxArray cells) = layer.Forward(x, hidden, cell);
        double[][] Step(double[] features, double[]?[] states)
        {
            double Gate(int row) => Dot(input, row, features) + Value(layer.Bias, row) + Dot(recurrent, row, states[0]);
            double[] c = [.. Enumerable.Range(0, 4).Select(j =>
                (Sigmoid(Gate(4 + j)) * (states[1]?[j] ?? 0)) + (Sigmoid(Gate(j)) * Math.Tanh(Gate(8 + j))))];
            double[] h = [.. Enumerable.Range(0, 4).Select(j => Sigmoid(Gate(12 + j)) * Math.Tanh(c[j]))];
            return [h, c];
        }

        Recur(x, hiddens, [hidden, cell], Step, 0);
        Recur(x, cells, [hidden, cell], Step, 1);
    }

    [TestCase(2, 2, 0)]
    [TestCase(3, 2, 1)]
    [TestCase(2, 3, 1)]
    [TestCase(3, 1, 0)]
    public void PoolingGoesOverEveryWindow(int kernel, int stride, int padding)
    {
        foreach (int dims in new[] { 1, 2, 3 })
        {
            // The sizes and the windows differ between axes.
            int[] kernels = [.. Enumerable.Range(0, dims).Select(i => kernel + (i == 1 ? 1 : 0))];
            int[] strides = [.. Enumerable.Range(0, dims).Select(i => stride + (i == 2 ? 1 : 0))];
            int[] paddings = [.. Enumerable.Range(0, dims).Select(i => i == 0 ? padding : 0)];
            using MlxArray x = Numbers.Array(dims, [2, .. Enumerable.Range(0, dims).Select(i => 6 + i), 3]);
            (PoolBase max, PoolBase mean) = Pools(kernels, strides, paddings);
            Compare(max.Forward(x), Pool(new(x), kernels, strides, paddings, double.NegativeInfinity, window => window.Max()));
            Compare(mean.Forward(x), Pool(new(x), kernels, strides, paddings, 0, window => window.Average()));
        }
    }

    [Test]
    public void UpsampleSamplesBetweenTheElements(
        [Values] UpsampleMode mode, [Values(0.4, 1.5, 2.0, 2.6)] double scale, [Values(0, 1, 2)] int option)
    {
        bool align = option == 1, antialias = option == 2;
        if (mode == UpsampleMode.Nearest && antialias)
        {
            Assert.Throws<ArgumentException>(() => new Upsample(scale, mode, antialias: true));
            return;
        }

        using MlxArray x = Numbers.Array(1, 2, 5, 7, 2);
        PlainGrid rows = Resample(new(x), 1, scale, mode, align, antialias);
        Compare(new Upsample(scale, mode, align, antialias).Forward(x), Resample(rows, 2, scale, mode, align, antialias), 1e-4);
        Compare(new Upsample([scale, 1.25], mode, align, antialias).Forward(x), Resample(rows, 2, 1.25, mode, align, antialias), 1e-4);
    }

    [Test]
    public void AntialiasingWantsLinearOrCubicWithoutAlignedCorners() =>
        Assert.Throws<ArgumentException>(() => new Upsample(0.5, UpsampleMode.Linear, alignCorners: true, antialias: true));

    [Test]
    public void GroupNormNormalizesEachGroup([Values] bool pytorchCompatible, [Values] bool affine)
    {
        GroupNorm layer = new(2, 6, 1e-3f, affine, pytorchCompatible);
        if (affine)
        {
            layer.Update(new TreeDictionary { ["weight"] = Numbers.Array(3, 6), ["bias"] = Numbers.Array(4, 6) });
        }

        using MlxArray x = Numbers.Array(1, 2, 3, 4, 6);
        PlainGrid plain = new(x);
        int Group(int channel) => pytorchCompatible ? channel / 3 : channel % 2;
        Compare(layer.Forward(x), Normalized(plain, 1e-3, (a, b) => a[0] == b[0] && Group(a[3]) == Group(b[3]), layer.Weight, layer.Bias));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GroupNorm(2, 0));
    }

    [Test]
    public void InstanceNormNormalizesEachChannelOfEachExample([Values] bool affine)
    {
        InstanceNorm layer = new(3, 1e-3f, affine);
        if (affine)
        {
            layer.Update(new TreeDictionary { ["weight"] = Numbers.Array(3, 3), ["bias"] = Numbers.Array(4, 3) });
        }

        using MlxArray x = Numbers.Array(1, 2, 4, 5, 3);
        Compare(layer.Forward(x), Normalized(new(x), 1e-3, (a, b) => a[0] == b[0] && a[3] == b[3], layer.Weight, layer.Bias));
    }

    [Test]
    public void LayerNormWithoutBiasMatchesItsFormula()
    {
        LayerNorm layer = new(4, 1e-3f, bias: false);
        Assert.That(layer.Parameters().Keys, Is.EqualTo(new[] { "weight" }));
        layer.Weight = Numbers.Array(3, 4);
        using MlxArray x = Numbers.Array(1, 2, 3, 4);
        Compare(layer.Forward(x), Normalized(new(x), 1e-3, (a, b) => a[0] == b[0] && a[1] == b[1], layer.Weight, null));
    }

    [Test]
    public void BatchNormMatchesItsFormulaInBothModes([Values] bool tracks, [Values] bool affine, [Values(2, 3, 4)] int dimensions)
    {
        BatchNorm layer = new(3, 1e-3f, momentum: 0.3f, affine, tracks);
        string[] names = [.. affine ? new[] { "weight", "bias" } : [], .. tracks ? new[] { "running_mean", "running_var" } : []];
        Assert.That(layer.Parameters().Keys, Is.EqualTo(names));
        using MlxArray x = Numbers.Array(1, [4, .. Enumerable.Repeat(2, dimensions - 2), 3]);
        PlainGrid plain = new(x);
        double[] mean = new double[3], variance = new double[3];
        int count = plain.Values.Length / 3;
        for (int channel = 0; channel < 3; channel++)
        {
            double[] values = [.. plain.Indices().Where(i => i[^1] == channel).Select(i => plain[i])];
            mean[channel] = values.Average();
            variance[channel] = values.Average(v => (v - mean[channel]) * (v - mean[channel]));
        }

        PlainGrid batch = Normalized(plain, 1e-3, (a, b) => a[^1] == b[^1], null, null);
        Compare(layer.Forward(x), batch);
        if (tracks)
        {
            double[] runningMean = [.. mean.Select(m => 0.3 * m)];
            double[] runningVariance = [.. variance.Select(v => 0.7 + (0.3 * v * count / (count - 1)))];
            Numbers.AreClose(layer.RunningMean!, runningMean);
            Numbers.AreClose(layer.RunningVar!, runningVariance);
            layer.Eval();
            Compare(layer.Forward(x),
                PlainGrid.Of(i => (plain[i] - runningMean[i[^1]]) / Math.Sqrt(runningVariance[i[^1]] + 1e-3), plain.Shape));
        }
        else
        {
            layer.Eval();
            Compare(layer.Forward(x), batch);
        }
    }

    [Test]
    public void AttentionSupportsSeparateKeyAndValueDimensions([Values("none", "boolean", "additive", "causal")] string mask)
    {
        MultiHeadAttention layer = new(8, 2, queryInputDims: 5, keyInputDims: 6, valueInputDims: 7, valueDims: 4,
            valueOutputDims: 3, bias: true);
        using MlxArray queries = Numbers.Array(1, 2, 3, 5);
        using MlxArray keys = Numbers.Array(2, 2, 4, 6);
        using MlxArray values = Numbers.Array(3, 2, 4, 7);
        MlxArray? given = mask switch
        {
            "boolean" => MlxArray.Create([true, false, true, true, true, true, false, false, false, true, true, false], 3, 4),
            "additive" => Numbers.Array(4, 2, 1, 3, 4),
            _ => null,
        };
        MlxArray actual = mask == "causal" ? layer.Forward(queries, keys, values, "causal") : layer.Forward(queries, keys, values, given);
        PlainGrid q = Affine(new(queries), layer.QueryProj), k = Affine(new(keys), layer.KeyProj), v = Affine(new(values), layer.ValueProj);
        PlainGrid? m = given is null ? null : new(given);
        double Score(int b, int head, int i, int j)
        {
            double score = Enumerable.Range(4 * head, 4).Sum(f => q[b, i, f] * k[b, j, f]) / 2;
            return mask switch
            {
                "boolean" => m![i, j] != 0 ? score : double.NegativeInfinity,
                "additive" => score + m![b, 0, i, j],
                "causal" => j <= i + 1 ? score : double.NegativeInfinity,
                _ => score,
            };
        }

        PlainGrid attended = PlainGrid.Of(
            index =>
            {
                int head = index[2] / 2;
                double[] weights = [.. Enumerable.Range(0, 4).Select(j => Math.Exp(Score(index[0], head, index[1], j)))];
                return weights.Select((weight, j) => weight * v[index[0], j, index[2]]).Sum() / weights.Sum();
            },
            2, 3, 4);
        Compare(actual, Affine(attended, layer.OutProj));
    }

    [Test]
    public void AnUnknownMaskIsRefused()
    {
        using MlxArray x = Numbers.Array(1, 1, 2, 4);
        Assert.That(() => new MultiHeadAttention(4, 2).Forward(x, x, x, "casual"),
            Throws.ArgumentException.With.Message.Contains("casual"));
    }

    [Test]
    public void RoPERotatesPairsOfFeatures([Values] bool traditional, [Values(0, 5)] int offset, [Values(4, 6)] int dims)
    {
        using MlxArray x = Numbers.Array(1, 2, 2, 3, 6);
        PlainGrid plain = new(x);
        PlainGrid expected = PlainGrid.Of(
            index =>
            {
                int feature = index[3];
                if (feature >= dims)
                {
                    return plain[index];
                }

                int pair = traditional ? feature / 2 : feature % (dims / 2);
                int first = traditional ? 2 * pair : pair, second = traditional ? (2 * pair) + 1 : pair + (dims / 2);
                double angle = 0.5 * (index[2] + offset) * Math.Pow(100, -2.0 * pair / dims);
                double a = plain[index[0], index[1], index[2], first], b = plain[index[0], index[1], index[2], second];
                return feature == first ? (a * Math.Cos(angle)) - (b * Math.Sin(angle)) : (a * Math.Sin(angle)) + (b * Math.Cos(angle));
            },
            plain.Shape);
        Compare(new RoPE(dims, traditional, 100f, 0.5f).Forward(x, offset), expected);
    }

    [Test]
    public void RoPETakesAPositionPerExample()
    {
        RoPE layer = new(4);
        using MlxArray x = Numbers.Array(1, 2, 1, 3, 4);
        MlxArray[] examples = Mx.Split(x, 2, axis: 0);
        MlxArray expected = Mx.Concatenate([layer.Forward(examples[0], 5), layer.Forward(examples[1], 2)], axis: 0);
        Numbers.AreClose(layer.Forward(x, MlxArray.Create([5, 2])), expected);
        Numbers.AreClose(layer.Forward(examples[0], MlxArray.Scalar(5)), layer.Forward(examples[0], 5));
    }

    [TestCase(2, null, false, false)]
    [TestCase(8, 1f, true, false)]
    [TestCase(8, 0.5f, false, true)]
    public void SinusoidalEncodingsFollowTheirFormula(int dims, float? scale, bool cosFirst, bool fullTurns)
    {
        using MlxArray x = MlxArray.Create([0f, 1f, 2.5f, 19f], 2, 2);
        PlainGrid plain = new(x);
        SinusoidalPositionalEncoding layer = new(dims, 0.001f, 0.5f, scale, cosFirst, fullTurns);
        Assert.That(layer.Parameters().LeafCount, Is.Zero);
        Compare(layer.Forward(x), PlainGrid.Of(
            index =>
            {
                int half = dims / 2, i = index[2] % half;
                double share = half == 1 ? 1 : 1 - ((double)i / (half - 1));
                double frequency = Math.Exp((share * (Math.Log(0.5) - Math.Log(0.001))) + Math.Log(0.001)) * (fullTurns ? 2 * Math.PI : 1);
                double angle = plain[index[0], index[1]] * frequency;
                return (index[2] < half == cosFirst ? Math.Cos(angle) : Math.Sin(angle)) * (scale ?? Math.Sqrt(2.0 / dims));
            },
            2, 2, dims));
    }

    [TestCase(4)]
    [TestCase(6)]
    public void ALiBiTakesAwayWithTheDistance(int heads)
    {
        // The slopes are powers of two, and between them every second slope of the next power.
        double[] slopes = heads == 4
            ? [1 / 4.0, 1 / 16.0, 1 / 64.0, 1 / 256.0]
            : [1 / 4.0, 1 / 16.0, 1 / 64.0, 1 / 256.0, 1 / 2.0, 1 / 8.0];
        using MlxArray scores = Numbers.Array(1, 2, heads, 3, 5);
        using MlxArray mask = Numbers.Array(2, 3, 5);
        PlainGrid plain = new(scores), added = new(mask);
        Compare(new ALiBi().Forward(scores, 2, mask), PlainGrid.Of(
            i => plain[i] - (Math.Abs(i[2] + 2 - i[3]) * slopes[i[1]]) + added[i[2], i[3]], plain.Shape));
    }

    [Test]
    public void ConvolutionLayersHandTheirOptionsOn()
    {
        using MlxArray line = Numbers.Array(1, 2, 9, 4), plane = Numbers.Array(1, 2, 7, 8, 4), space = Numbers.Array(1, 1, 5, 6, 7, 4);
        Check(new Conv1d(4, 6, 3, 2, 1, 2, 2), line, (x, w) => Mx.Conv1d(x, w, 2, 1, 2, 2));
        Check(new Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), 2), plane, (x, w) => Mx.Conv2d(x, w, (2, 1), (1, 0), (1, 2), 2));
        Check(new Conv3d(4, 3, (2, 3, 1), (1, 2, 1), (1, 0, 1)), space, (x, w) => Mx.Conv3d(x, w, (1, 2, 1), (1, 0, 1), (1, 1, 1)));
        Check(new ConvTranspose1d(4, 3, 3, 2, 1, 2, 1), line, (x, w) => Mx.ConvTranspose1d(x, w, 2, 1, 2, 1));
        Check(
            new ConvTranspose2d(4, 3, (3, 2), (2, 3), (1, 0), (1, 2), (1, 2)), plane,
            (x, w) => Mx.ConvTranspose2d(x, w, (2, 3), (1, 0), (1, 2), (1, 2)));
        Check(
            new ConvTranspose3d(4, 3, (2, 3, 2), (2, 1, 2), (1, 0, 1), (1, 1, 1), (1, 0, 1)), space,
            (x, w) => Mx.ConvTranspose3d(x, w, (2, 1, 2), (1, 0, 1), (1, 1, 1), (1, 0, 1)));

        static void Check(ConvolutionBase layer, MlxArray x, Func<MlxArray, MlxArray, MlxArray> function)
        {
            layer.Bias = Numbers.Array(5, layer.Weight.Shape[0]);
            Numbers.AreClose(layer.Forward(x), function(x, layer.Weight) + layer.Bias, what: layer.ToString());
        }
    }

    [Test]
    public void ADecoderLayerWithNormFirstOffMatchesItsFormula()
    {
        TransformerDecoderLayer layer = new(8, 2, 12, activation: Activations.Gelu, normFirst: false);
        using MlxArray x = Numbers.Array(1, 2, 3, 8), memory = Numbers.Array(2, 2, 4, 8), mask = Numbers.Array(3, 3, 3),
            memoryMask = Numbers.Array(4, 3, 4);
        MlxArray first = layer.Ln1.Forward(x + layer.SelfAttention.Forward(x, x, x, mask));
        MlxArray second = layer.Ln2.Forward(first + layer.CrossAttention.Forward(first, memory, memory, memoryMask));
        MlxArray expected = layer.Ln3.Forward(second + layer.Linear2.Forward(Activations.Gelu(layer.Linear1.Forward(second))));
        Numbers.AreClose(layer.Forward(x, memory, mask, memoryMask), expected);
    }

    private static (MlxArray X, MlxArray? Hidden, MlxArray? Cell) Sequence(bool batched, bool start) => (
        batched ? Numbers.Array(1, 2, 5, 3) : Numbers.Array(1, 5, 3),
        start ? batched ? Numbers.Array(2, 2, 4) : Numbers.Array(2, 4) : null,
        start ? batched ? Numbers.Array(3, 2, 4) : Numbers.Array(3, 4) : null);

    /// <summary>Runs a step over every sequence of a batch, and compares one of its states at every position.</summary>
    private static void Recur(MlxArray x, MlxArray actual, MlxArray?[] start, Func<double[], double[]?[], double[][]> step, int shown = 0)
    {
        PlainGrid input = new(x);
        bool batched = input.Shape.Length == 3;
        int batches = batched ? input.Shape[0] : 1, length = input.Shape[^2], features = input.Shape[^1];
        List<double> expected = [];
        for (int b = 0; b < batches; b++)
        {
            double[]?[] states = [.. start.Select(s => s is null ? null : Golden.ToDoubles(s)[(4 * b)..(4 * (b + 1))])];
            for (int t = 0; t < length; t++)
            {
                states = step(input.Values[(((b * length) + t) * features)..(((b * length) + t + 1) * features)], states);
                expected.AddRange(states[shown]!);
            }
        }

        Assert.That(actual.Shape.ToArray(), Is.EqualTo(batched ? new[] { batches, length, 4 } : [length, 4]));
        Numbers.AreClose(actual, expected);
    }

    private static double Dot(PlainGrid matrix, int row, double[]? vector) =>
        vector is null ? 0 : Enumerable.Range(0, vector.Length).Sum(i => matrix[row, i] * vector[i]);

    private static double Value(MlxArray? vector, int index) => vector is null ? 0 : Golden.ToDoubles(vector)[index];

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static (PoolBase Max, PoolBase Mean) Pools(int[] k, int[] s, int[] p) => k.Length switch
    {
        1 => (new MaxPool1d(k[0], s[0], p[0]), new AvgPool1d(k[0], s[0], p[0])),
        2 => (new MaxPool2d((k[0], k[1]), (s[0], s[1]), (p[0], p[1])), new AvgPool2d((k[0], k[1]), (s[0], s[1]), (p[0], p[1]))),
        _ => (new MaxPool3d((k[0], k[1], k[2]), (s[0], s[1], s[2]), (p[0], p[1], p[2])),
            new AvgPool3d((k[0], k[1], k[2]), (s[0], s[1], s[2]), (p[0], p[1], p[2]))),
    };

    private static PlainGrid Pool(PlainGrid x, int[] kernel, int[] stride, int[] padding, double outside,
        Func<IEnumerable<double>, double> reduce)
    {
        int dims = kernel.Length;
        int[] counts = [.. kernel.Select((k, i) => ((x.Shape[i + 1] + (2 * padding[i]) - k) / stride[i]) + 1)];
        return PlainGrid.Of(
            index => reduce(new PlainGrid(kernel).Indices().Select(inside =>
            {
                int[] place = [.. Enumerable.Range(0, dims).Select(i => (index[i + 1] * stride[i]) - padding[i] + inside[i])];
                return place.Select((p, i) => p >= 0 && p < x.Shape[i + 1]).All(there => there)
                    ? x[[index[0], .. place, index[^1]]]
                    : outside;
            })),
            [x.Shape[0], .. counts, x.Shape[^1]]);
    }

    /// <summary>Resizes one axis by the definition: a weighted mean of the neighbors of each position.</summary>
    private static PlainGrid Resample(PlainGrid x, int axis, double scale, UpsampleMode mode, bool align, bool antialias)
    {
        int size = x.Shape[axis], target = (int)(scale * size);
        double widening = antialias && scale < 1 ? 1 / scale : 1;
        double Kernel(double d)
        {
            double a = antialias ? -0.5 : -0.75;
            return mode == UpsampleMode.Linear ? Math.Max(0, 1 - d)
                : d <= 1 ? ((a + 2) * d * d * d) - ((a + 3) * d * d) + 1
                : d < 2 ? (a * d * d * d) - (5 * a * d * d) + (8 * a * d) - (4 * a) : 0;
        }

        int[] shape = [.. x.Shape];
        shape[axis] = target;
        return PlainGrid.Of(
            index =>
            {
                int place = index[axis];
                double At(int neighbor)
                {
                    int[] source = [.. index];
                    source[axis] = Math.Clamp(neighbor, 0, size - 1);
                    return x[source];
                }

                if (mode == UpsampleMode.Nearest)
                {
                    return At(target > size ? (int)Math.Round(((place + 0.5) * size / target) - 0.5) : place * size / target);
                }

                double position = align
                    ? place * (size - 1.0) / Math.Max(1, target - 1)
                    : ((place + 0.5) / scale) - 0.5 + Shift(size, target, scale);
                position = mode == UpsampleMode.Linear && !antialias ? Math.Clamp(position, 0, size - 1) : position;
                int reach = (int)Math.Ceiling(2 * widening) + 1;
                double sum = 0, weights = 0;
                for (int neighbor = (int)Math.Floor(position) - reach; neighbor <= position + reach; neighbor++)
                {
                    double weight = Kernel(Math.Abs(position - neighbor) / widening);
                    if (!antialias || (neighbor >= 0 && neighbor < size))
                    {
                        sum += weight * At(neighbor);
                        weights += weight;
                    }
                }

                return sum / weights;
            },
            shape);
    }

    // Python centers the samples if the size isn't a multiple of the factor.
    private static double Shift(int size, int target, double scale) => (size - (target / scale)) / 2;

    private static PlainGrid Normalized(PlainGrid x, double eps, Func<int[], int[], bool> together, MlxArray? weight, MlxArray? bias)
    {
        int[][] all = [.. x.Indices()];
        return PlainGrid.Of(
            index =>
            {
                double[] group = [.. all.Where(other => together(index, other)).Select(other => x[other])];
                double mean = group.Average(), variance = group.Average(v => (v - mean) * (v - mean));
                double normal = (x[index] - mean) / Math.Sqrt(variance + eps);
                return (normal * (weight is null ? 1 : Value(weight, index[^1]))) + Value(bias, index[^1]);
            },
            x.Shape);
    }

    private static PlainGrid Affine(PlainGrid x, Linear layer)
    {
        PlainGrid weight = new(layer.Weight);
        return PlainGrid.Of(
            i => Enumerable.Range(0, x.Shape[2]).Sum(f => x[i[0], i[1], f] * weight[i[2], f]) + Value(layer.Bias, i[2]),
            x.Shape[0], x.Shape[1], layer.OutputDims);
    }

    private static void Compare(MlxArray actual, PlainGrid expected, double tolerance = 2e-5)
    {
        Assert.That(actual.Shape.ToArray(), Is.EqualTo(expected.Shape));
        Numbers.AreClose(actual, expected.Values, tolerance);
    }
}
