namespace DotMlx.Tests.Optimizers;

[TestFixture]
internal sealed class CustomOptimizerTests
{
    [Test]
    public void TwoMethodsMakeAnOptimizer()
    {
        NesterovAdam optimizer = new(0.1f);
        TreeDictionary parameters = new TreeDictionary { ["net"] = new TreeList { MlxArray.Scalar(1f) } };
        double w = 1, m = 0, v = 0;
        for (int step = 1; step <= 5; step++)
        {
            double g = Math.Cos(step);
            parameters = optimizer.ApplyGradients(new TreeDictionary { ["net"] = new TreeList { MlxArray.Scalar((float)g) } }, parameters);
            m = (0.9 * m) + (0.1 * g);
            v = (0.999 * v) + (0.001 * g * g);
            double ahead = (0.9 * m / (1 - Math.Pow(0.9, step + 1))) + (0.1 * g / (1 - Math.Pow(0.9, step)));
            w -= 0.1 * ahead / (Math.Sqrt(v / (1 - Math.Pow(0.999, step))) + 1e-8);
            Assert.That(parameters["net"][0].Array.Item<float>(), Is.EqualTo(w).Within(2e-5), $"step {step}");
        }

        Assert.That(optimizer.State.Flatten().Select(item => item.Key),
            Is.EqualTo(new[] { "step", "learning_rate", "net.0.m", "net.0.v" }));
    }

    [Test]
    public void ItSavesAndRestoresLikeTheOthers() => AllOptimizers.AssertContinues(new NesterovAdam(0.1f), new NesterovAdam(0.5f));

    [Test]
    public void ACustomOptimizerCanKeepMasterWeights()
    {
        NesterovAdam optimizer = new(0.001f) { MasterWeights = true };
        TreeDictionary updated = AllOptimizers.Run(optimizer, AllOptimizers.Parameters(DType.BFloat16), 0, 3);
        Assert.That(updated.Leaves.Select(leaf => leaf.DType), Is.All.EqualTo(DType.BFloat16));
        Assert.That(optimizer.State["scale"]["master"].Array.DType, Is.EqualTo(DType.Float32));
    }
}
