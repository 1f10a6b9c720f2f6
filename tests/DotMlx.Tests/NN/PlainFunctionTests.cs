using DotMlx.NN;
using DotMlx.Tests.Operations;

namespace DotMlx.Tests.NN;

/// <summary>Compares activations, losses, and initializers with formulas over doubles, for options without figures.</summary>
public class PlainFunctionTests
{
    private static readonly float[] Points = [-8f, -3.5f, -3f, -1.25f, -1f, -0.5f, -0.25f, 0f, 0.25f, 0.5f, 0.75f, 1f, 2.5f, 3f, 6f, 7.5f];

    private static IEnumerable<TestCaseData> ElementwiseActivations()
    {
        static TestCaseData Case(string name, Func<MlxArray, MlxArray> function, Func<double, double> formula) =>
            new TestCaseData(function, formula).SetArgDisplayNames(name);

        static double Logistic(double x) => 1 / (1 + Math.Exp(-x));
        static double Softplus(double x) => Math.Log(1 + Math.Exp(x));

        yield return Case("sigmoid", Activations.Sigmoid, Logistic);
        yield return Case("relu", Activations.Relu, x => Math.Max(x, 0));
        yield return Case("relu2", Activations.Relu2, x => Math.Pow(Math.Max(x, 0), 2));
        yield return Case("relu6", Activations.Relu6, x => Math.Clamp(x, 0, 6));
        yield return Case("leaky_relu", x => Activations.LeakyRelu(x, 0.2f), x => x > 0 ? x : 0.2 * x);
        yield return Case("elu", x => Activations.Elu(x, 0.3f), x => x > 0 ? x : 0.3 * (Math.Exp(x) - 1));
        yield return Case("celu", x => Activations.Celu(x, 0.3f), x => x > 0 ? x : 0.3 * (Math.Exp(x / 0.3) - 1));
        yield return Case("selu", Activations.Selu, x => 1.0507 * (x > 0 ? x : 1.67326 * (Math.Exp(x) - 1)));
        yield return Case("softplus", Activations.Softplus, Softplus);
        yield return Case("softsign", Activations.Softsign, x => x / (1 + Math.Abs(x)));
        yield return Case("softshrink", x => Activations.Softshrink(x, 1f), x => Math.Abs(x) > 1 ? x - Math.Sign(x) : 0);
        yield return Case("hard_shrink", x => Activations.HardShrink(x, 1f), x => Math.Abs(x) > 1 ? x : 0);
        yield return Case("hard_tanh", x => Activations.HardTanh(x, -2f, 0.5f), x => Math.Clamp(x, -2, 0.5));
        yield return Case("silu", Activations.Silu, x => x * Logistic(x));
        yield return Case("log_sigmoid", Activations.LogSigmoid, x => -Softplus(-x));
        yield return Case("gelu_approx", Activations.GeluApprox,
            x => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))));
        yield return Case("gelu_fast_approx", Activations.GeluFastApprox, x => x * Logistic(1.702 * x));
        yield return Case("mish", Activations.Mish, x => x * Math.Tanh(Softplus(x)));
        yield return Case("hardswish", Activations.HardSwish, x => x * Math.Clamp(x + 3, 0, 6) / 6);
        yield return Case("tanh", Activations.Tanh, Math.Tanh);
        yield return Case("step", x => Activations.Step(x, 0.25f), x => x >= 0.25 ? 1 : 0);
        yield return Case("prelu", Prelu, x => x > 0 ? x : 0.7 * x);
        yield return Case("LeakyReLU", new LeakyReLU().Forward, x => x > 0 ? x : 0.01 * x);
        yield return Case("ELU", new ELU().Forward, x => x > 0 ? x : Math.Exp(x) - 1);
        yield return Case("Softshrink", new Softshrink(2f).Forward, x => Math.Abs(x) > 2 ? x - (2 * Math.Sign(x)) : 0);
        yield return Case("HardShrink", new HardShrink(2f).Forward, x => Math.Abs(x) > 2 ? x : 0);
        yield return Case("Step", new Step(-1f).Forward, x => x >= -1 ? 1 : 0);
        yield return Case("PReLU", new PReLU().Forward, x => x > 0 ? x : 0.25 * x);

        static MlxArray Prelu(MlxArray x)
        {
            using MlxArray slope = MlxArray.Create([0.7f]);
            return Activations.Prelu(x, slope);
        }
    }

    [TestCaseSource(nameof(ElementwiseActivations))]
    public void ActivationFollowsItsFormula(Func<MlxArray, MlxArray> function, Func<double, double> formula)
    {
        using HandleCount handles = HandleCount.NoneLeft();
        using MlxArray x = MlxArray.Create(Points), half = x.AsType(DType.Float16), y = function(x), ofHalf = function(half);
        Numbers.AreClose(y, Points.Select(p => formula(p)));
        Numbers.AreClose(ofHalf, Points.Select(p => formula(p)), 4e-3, "float16");
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(-1)]
    public void ActivationsAlongAnAxisMatchTheirFormulas(int axis)
    {
        using MlxArray x = Numbers.Array(1, 4, 6) * 20;
        PlainGrid plain = new(x);
        int along = axis < 0 ? axis + 2 : axis;
        double[] Line(int[] index) =>
            [.. Enumerable.Range(0, plain.Shape[along]).Select(k => along == 0 ? plain[k, index[1]] : plain[index[0], k])];
        double Softmax(int[] index, int sign)
        {
            double[] line = Line(index);
            return Math.Exp(sign * plain[index]) / line.Sum(v => Math.Exp(sign * v));
        }

        Numbers.AreClose(Activations.Softmax(x, axis), PlainGrid.Of(i => Softmax(i, 1), 4, 6).Values);
        Numbers.AreClose(Activations.Softmin(x, axis), PlainGrid.Of(i => Softmax(i, -1), 4, 6).Values);
        Numbers.AreClose(Activations.LogSoftmax(x, axis), PlainGrid.Of(i => Math.Log(Softmax(i, 1)), 4, 6).Values);
        int[] halved = along == 0 ? [2, 6] : [4, 3];
        PlainGrid glu = PlainGrid.Of(
            i =>
            {
                int[] gate = [.. i];
                gate[along] += halved[along];
                return plain[i] / (1 + Math.Exp(-plain[gate]));
            },
            halved);
        Numbers.AreClose(Activations.Glu(x, axis), glu.Values);
        Numbers.AreClose(new GLU(axis).Forward(x), glu.Values);
    }

    [Test]
    public void CrossEntropyMatchesItsFormulaWithEveryOption(
        [Values(1, -1)] int axis, [Values] bool probabilities, [Values(0f, 0.3f)] float smoothing, [Values] bool weighted,
        [Values] Reduction reduction)
    {
        // The axis has 4 classes, for 2 * 3 examples.
        int[] shape = axis == 1 ? [2, 4, 3] : [2, 3, 4];
        using MlxArray logits = Numbers.Array(1, shape) * 3;
        using MlxArray targets = probabilities
            ? Activations.Softmax(Numbers.Array(2, shape), axis)
            : MlxArray.Create([0, 3, 1, 2, 2, 0], 2, 3);
        using MlxArray weights = Numbers.Array(3, 2, 3) + 2;
        PlainGrid x = new(logits), t = new(targets), w = new(weights);
        double At(PlainGrid grid, int[] i, int c) => axis == 1 ? grid[i[0], c, i[1]] : grid[i[0], i[1], c];
        PlainGrid losses = PlainGrid.Of(
            i =>
            {
                double total = Math.Log(Enumerable.Range(0, 4).Sum(c => Math.Exp(At(x, i, c))));
                double score = probabilities ? Enumerable.Range(0, 4).Sum(c => At(x, i, c) * At(t, i, c)) : At(x, i, (int)t[i]);
                double sum = probabilities ? Enumerable.Range(0, 4).Sum(c => At(t, i, c)) : 1;
                Assert.That(sum, Is.EqualTo(1).Within(1e-6));
                double mean = Enumerable.Range(0, 4).Average(c => At(x, i, c));
                return (total - ((1 - smoothing) * score) - (smoothing * mean)) * (weighted ? w[i] : 1);
            },
            2, 3);
        CheckReduced(Losses.CrossEntropy(logits, targets, weighted ? weights : null, axis, smoothing, reduction), losses, reduction);
    }

    [Test]
    public void BinaryCrossEntropyMatchesItsFormulaWithEveryOption(
        [Values] bool withLogits, [Values] bool weighted, [Values] Reduction reduction)
    {
        // The logarithms of 0 and of 1 - 1 are limited to -100.
        using MlxArray inputs = withLogits ? Numbers.Array(1, 6) * 4 : MlxArray.Create([0f, 1f, 0.2f, 0.9f, 0.5f, 1f]);
        using MlxArray targets = MlxArray.Create([1f, 0f, 1f, 0.25f, 0f, 1f]);
        using MlxArray weights = Numbers.Array(3, 6) + 2;
        PlainGrid x = new(inputs), t = new(targets), w = new(weights);
        PlainGrid losses = PlainGrid.Of(
            i =>
            {
                double loss = withLogits
                    ? Math.Log(1 + Math.Exp(x[i])) - (x[i] * t[i])
                    : -((t[i] * Math.Max(-100, Math.Log(x[i]))) + ((1 - t[i]) * Math.Max(-100, Math.Log(1 - x[i]))));
                return loss * (weighted ? w[i] : 1);
            },
            6);
        CheckReduced(Losses.BinaryCrossEntropy(inputs, targets, weighted ? weights : null, withLogits, reduction), losses, reduction);
    }

    private static IEnumerable<TestCaseData> ElementwiseLosses()
    {
        static TestCaseData Case(string name, Func<MlxArray, MlxArray, Reduction, MlxArray> function,
            Func<double, double, double> formula) =>
            new TestCaseData(function, formula).SetArgDisplayNames(name);

        yield return Case("l1", (x, t, r) => Losses.L1Loss(x, t, r), (x, t) => Math.Abs(x - t));
        yield return Case("mse", (x, t, r) => Losses.MseLoss(x, t, r), (x, t) => (x - t) * (x - t));
        yield return Case("smooth_l1", (x, t, r) => Losses.SmoothL1Loss(x, t, 0.4f, r), (x, t) => Math.Abs(x - t) is var d && d < 0.4
            ? d * d / 0.8
            : d - 0.2);
        yield return Case("huber", (x, t, r) => Losses.HuberLoss(x, t, 0.4f, r), (x, t) => Math.Abs(x - t) is var d && d < 0.4
            ? d * d / 2
            : 0.4 * (d - 0.2));
        yield return Case("hinge", (x, t, r) => Losses.HingeLoss(x, t, r), (x, t) => Math.Max(0, 1 - (x * t)));
        yield return Case("log_cosh", (x, t, r) => Losses.LogCoshLoss(x, t, r), (x, t) => Math.Log(Math.Cosh(x - t)));
        yield return Case(
            "gaussian_nll", (x, t, r) => Losses.GaussianNllLoss(x, t, Mx.Abs(t) * 0.5f, full: true, eps: 0.2f, r),
            (x, t) => Math.Max(0.2, Math.Abs(t) / 2) is var v ? 0.5 * (Math.Log(v) + ((t - x) * (t - x) / v) + Math.Log(2 * Math.PI)) : 0);
        yield return Case(
            "margin_ranking", (x, t, r) => Losses.MarginRankingLoss(x, t, Mx.Sign(t), 0.3f, r),
            (x, t) => Math.Max(0, (-Math.Sign(t) * (x - t)) + 0.3));
    }

    [TestCaseSource(nameof(ElementwiseLosses))]
    public void LossFollowsItsFormula(Func<MlxArray, MlxArray, Reduction, MlxArray> function, Func<double, double, double> formula)
    {
        using MlxArray x = Numbers.Array(1, 3, 4), t = Numbers.Array(2, 3, 4);
        PlainGrid inputs = new(x), targets = new(t);
        foreach (Reduction reduction in Enum.GetValues<Reduction>())
        {
            CheckReduced(function(x, t, reduction), PlainGrid.Of(i => formula(inputs[i], targets[i]), 3, 4), reduction);
        }
    }

    [TestCase(0)]
    [TestCase(1)]
    public void LossesAlongAnAxisMatchTheirFormulas(int axis)
    {
        using MlxArray a = Numbers.Array(1, 4, 4), b = Numbers.Array(2, 4, 4), c = Numbers.Array(3, 4, 4);
        using MlxArray classes = MlxArray.Create([3, 0, 2, 1]);
        PlainGrid x = new(a), y = new(b), z = new(c), t = new(classes);
        double[] Line(PlainGrid grid, int i) => [.. Enumerable.Range(0, 4).Select(k => axis == 0 ? grid[k, i] : grid[i, k])];
        double Distance(PlainGrid other, int i) =>
            Math.Pow(Line(x, i).Zip(Line(other, i), (p, q) => Math.Pow(Math.Abs(p - q), 3)).Sum() + 0.01, 1 / 3.0);
        foreach (Reduction reduction in Enum.GetValues<Reduction>())
        {
            CheckReduced(Losses.NllLoss(a, classes, axis, reduction), PlainGrid.Of(i => -Line(x, i[0])[(int)t[i]], 4), reduction);
            CheckReduced(
                Losses.KlDivLoss(a, b, axis, reduction),
                PlainGrid.Of(i => Line(x, i[0]).Zip(Line(y, i[0]), (p, q) => Math.Exp(q) * (q - p)).Sum(), 4), reduction);
            CheckReduced(
                Losses.CosineSimilarityLoss(a, b, axis, 0.1f, reduction),
                PlainGrid.Of(
                    i =>
                    {
                        double[] p = Line(x, i[0]), q = Line(y, i[0]);
                        return p.Zip(q, (u, v) => u * v).Sum() / Math.Max(0.1, Math.Sqrt(p.Sum(u => u * u)) * Math.Sqrt(q.Sum(v => v * v)));
                    },
                    4),
                reduction);
            CheckReduced(
                Losses.TripletLoss(a, b, c, axis, 3, 0.5f, 0.01f, reduction),
                PlainGrid.Of(i => Math.Max(0, Distance(y, i[0]) - Distance(z, i[0]) + 0.5), 4), reduction);
        }
    }

    [Test]
    public void LossesRefuseWhatDoesNotFit()
    {
        using MlxArray a = Mx.Zeros(2, 3), b = Mx.Zeros(3, 2), three = Mx.Zeros(3);
        Assert.Throws<ArgumentException>(() => Losses.L1Loss(a, b));
        Assert.Throws<ArgumentException>(() => Losses.SmoothL1Loss(a, b));
        Assert.Throws<ArgumentException>(() => Losses.BinaryCrossEntropy(a, b));
        Assert.Throws<ArgumentException>(() => Losses.BinaryCrossEntropy(a, a, three));
        Assert.Throws<ArgumentException>(() => Losses.GaussianNllLoss(a, b, a));
        Assert.Throws<ArgumentException>(() => Losses.GaussianNllLoss(a, a, b));
        Assert.Throws<ArgumentException>(() => Losses.MarginRankingLoss(a, b, a));
        Assert.Throws<ArgumentException>(() => Losses.MarginRankingLoss(a, a, b));
        Assert.Throws<ArgumentException>(() => Losses.CrossEntropy(a, a, three));
        Assert.Throws<ArgumentOutOfRangeException>(() => Losses.CrossEntropy(a, a, labelSmoothing: -0.1f));
        Assert.Throws<ArgumentOutOfRangeException>(() => Losses.L1Loss(a, a, (Reduction)7));
    }

    // A fraction has the exact decimal value: a tenth of ten columns is one, although 0.1f is slightly larger.
    [TestCase(0.1, 10, 1)]
    [TestCase(0.3, 10, 3)]
    [TestCase(0.7, 10, 7)]
    [TestCase(0.25, 6, 2)]
    [TestCase(0, 5, 0)]
    [TestCase(1, 5, 5)]
    public void SparseRowsHaveTheirShareOfZeros(double sparsity, int columns, int zeros)
    {
        using MlxArray shape = Mx.Zeros(8, columns);
        PlainGrid drawn = new(Initializers.Sparse(sparsity, 3f, 0.1f)(shape));
        for (int row = 0; row < 8; row++)
        {
            Assert.That(Enumerable.Range(0, columns).Count(column => drawn[row, column] == 0), Is.EqualTo(zeros), $"row {row}");
        }
    }

    [Test]
    public void InitializersKeepShapeAndDtype()
    {
        using MlxArray square = Mx.Zeros(4, 4);
        Func<DType?, MlxArray>[] makers =
        [
            d => Initializers.Constant(0.5f, d)(square), d => Initializers.Normal(dtype: d)(square),
            d => Initializers.Uniform(dtype: d)(square),
            d => Initializers.Identity(d)(square), d => Initializers.GlorotNormal(d)(square), d => Initializers.GlorotUniform(d)(square),
            d => Initializers.HeNormal(d)(square), d => Initializers.HeUniform(d)(square), d => Initializers.Sparse(0.5f, dtype: d)(square),
        ];
        foreach (Func<DType?, MlxArray> make in makers)
        {
            foreach (DType? dtype in new DType?[] { null, DType.Float16, DType.BFloat16 })
            {
                using MlxArray made = make(dtype);
                Assert.That(made.DType, Is.EqualTo(dtype ?? DType.Float32));
                Assert.That(made.Shape.ToArray(), Is.EqualTo(new[] { 4, 4 }));
            }
        }
    }

    private static void CheckReduced(MlxArray actual, PlainGrid losses, Reduction reduction)
    {
        double[] expected = reduction switch
        {
            Reduction.Mean => [losses.Values.Average()],
            Reduction.Sum => [losses.Values.Sum()],
            _ => losses.Values,
        };
        Assert.That(actual.Shape.ToArray(), Is.EqualTo(reduction == Reduction.None ? losses.Shape : []));
        Numbers.AreClose(actual, expected);
    }
}
