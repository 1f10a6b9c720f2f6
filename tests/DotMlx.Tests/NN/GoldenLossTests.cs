using System.Text.Json;
using DotMlx.NN;

namespace DotMlx.Tests.NN;

/// <summary>Compares every loss with figures of Python's MLX.</summary>
public class GoldenLossTests
{
    private static IEnumerable<TestCaseData> Cases() => Golden.Load("losses.json").GetProperty("cases").EnumerateArray()
        .Select((c, i) => new TestCaseData(c)
            .SetArgDisplayNames($"{i} {c.GetProperty("loss").GetString()} {c.GetProperty("kwargs").GetProperty("reduction").GetString()}"));

    [TestCaseSource(nameof(Cases))]
    public void ALossIsWhatPythonComputes(JsonElement figure)
    {
        using HandleCount handles = HandleCount.NoneLeft();
        List<MlxArray> made = [.. figure.GetProperty("args").EnumerateArray().Select(Golden.Array)];
        MlxArray[] x = [.. made];
        using MlxArray loss = Call(figure.GetProperty("loss").GetString()!, x, new(figure.GetProperty("kwargs"), made));
        Golden.AssertClose(loss, figure.GetProperty("out"));
        made.ForEach(array => array.Dispose());
    }

    internal static MlxArray Call(string loss, MlxArray[] x, Arguments a) => loss switch
    {
        "cross_entropy" => Losses.CrossEntropy(x[0], x[1], a.Array("weights"), a.Int("axis", -1), a.Float("label_smoothing", 0f),
            a.Reduction(Reduction.None)),
        "binary_cross_entropy" =>
            Losses.BinaryCrossEntropy(x[0], x[1], a.Array("weights"), a.Bool("with_logits", true), a.Reduction(Reduction.Mean)),
        "l1_loss" => Losses.L1Loss(x[0], x[1], a.Reduction(Reduction.Mean)),
        "mse_loss" => Losses.MseLoss(x[0], x[1], a.Reduction(Reduction.Mean)),
        "nll_loss" => Losses.NllLoss(x[0], x[1], a.Int("axis", -1), a.Reduction(Reduction.None)),
        "gaussian_nll_loss" =>
            Losses.GaussianNllLoss(x[0], x[1], x[2], a.Bool("full", false), a.Float("eps", 1e-6f), a.Reduction(Reduction.Mean)),
        "kl_div_loss" => Losses.KlDivLoss(x[0], x[1], a.Int("axis", -1), a.Reduction(Reduction.None)),
        "smooth_l1_loss" => Losses.SmoothL1Loss(x[0], x[1], a.Float("beta", 1f), a.Reduction(Reduction.Mean)),
        "triplet_loss" => Losses.TripletLoss(
            x[0], x[1], x[2], a.Int("axis", -1), a.Int("p", 2), a.Float("margin", 1f), a.Float("eps", 1e-6f), a.Reduction(Reduction.None)),
        "hinge_loss" => Losses.HingeLoss(x[0], x[1], a.Reduction(Reduction.None)),
        "huber_loss" => Losses.HuberLoss(x[0], x[1], a.Float("delta", 1f), a.Reduction(Reduction.None)),
        "log_cosh_loss" => Losses.LogCoshLoss(x[0], x[1], a.Reduction(Reduction.None)),
        "cosine_similarity_loss" =>
            Losses.CosineSimilarityLoss(x[0], x[1], a.Int("axis", 1), a.Float("eps", 1e-8f), a.Reduction(Reduction.None)),
        "margin_ranking_loss" => Losses.MarginRankingLoss(x[0], x[1], x[2], a.Float("margin", 0f), a.Reduction(Reduction.None)),
        _ => throw new ArgumentException("No such loss: " + loss),
    };

    [Test]
    public void LargeLogitsAreExact()
    {
        using MlxArray logits = MlxArray.Create([10000f, 10001f], 1, 2);
        using MlxArray target = MlxArray.Create([0], 1);
        Assert.That(Losses.CrossEntropy(logits, target).ToArray<float>()[0], Is.EqualTo(1.3132617f).Within(1e-6));
    }

    [Test]
    public void ShapesThatDoNotFitAreNamed()
    {
        using MlxArray logits = Mx.Zeros(4, 5);
        using MlxArray targets = Mx.Zeros([3], DType.Int32);
        Assert.That(Assert.Throws<ArgumentException>(() => Losses.CrossEntropy(logits, targets))!.Message,
            Does.Contain("(3,)").And.Contain("(4, 5)"));
        Assert.That(Assert.Throws<ArgumentException>(() => Losses.MseLoss(logits, targets))!.Message,
            Does.Contain("(3,)").And.Contain("(4, 5)"));
        Assert.Throws<ArgumentOutOfRangeException>(() => Losses.CrossEntropy(logits, targets, labelSmoothing: 1f));
    }
}
