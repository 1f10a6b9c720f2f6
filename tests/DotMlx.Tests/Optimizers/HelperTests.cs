using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>Gradient accumulation, and masters in float32.</summary>
[TestFixture]
internal sealed class HelperTests
{
    private static TreeDictionary One(float value) => new() { ["w"] = MlxArray.Create([value]) };

    [Test]
    public void AccumulatedGradientsEqualThoseOfOneBatch()
    {
        GradientAccumulator accumulator = new(4);
        SGD small = new(0.1f, momentum: 0.9f);
        SGD large = new(0.1f, momentum: 0.9f);
        TreeDictionary a = One(0);
        TreeDictionary b = One(0);
        for (int update = 0; update < 3; update++)
        {
            float sum = 0;
            for (int i = 0; i < 4; i++)
            {
                float gradient = (update * 4) + i;
                sum += gradient;
                bool ready = accumulator.Add(One(gradient), out TreeDictionary? mean);
                Assert.That(ready, Is.EqualTo(i == 3));
                if (mean is not null)
                {
                    a = small.ApplyGradients(mean, a);
                }
            }

            b = large.ApplyGradients(One(sum / 4), b);
        }

        Assert.That(a["w"].Array.Item<float>(), Is.EqualTo(b["w"].Array.Item<float>()).Within(1e-5f));
    }

    [Test]
    public void TheRestCanBeTakenAndPartialTreesAddUp()
    {
        GradientAccumulator accumulator = new(10, average: false);
        Assert.That(accumulator.Take(), Is.Null);
        accumulator.Add(One(1), out _);
        accumulator.Add(new TreeDictionary { ["other"] = MlxArray.Create([5f]) }, out _);
        accumulator.Add(One(2), out _);
        Assert.That(accumulator.Count, Is.EqualTo(3));
        TreeDictionary sum = accumulator.Take()!;
        Assert.That((sum["w"].Array.Item<float>(), sum["other"].Array.Item<float>()), Is.EqualTo((3f, 5f)));
        Assert.That(accumulator.Count, Is.Zero);
        Assert.That(() => new GradientAccumulator(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void AccumulatedGradientsCanBeDiscarded()
    {
        using HandleCount handles = HandleCount.NoneLeft();
        GradientAccumulator accumulator = new(2);
        using MlxArray hundred = MlxArray.Scalar(100f), four = MlxArray.Scalar(4f), six = MlxArray.Scalar(6f);
        Assert.That(accumulator.Steps, Is.EqualTo(2));
        accumulator.Add(new TreeDictionary { ["w"] = hundred }, out _);
        accumulator.Reset();
        Assert.That(accumulator.Count, Is.Zero);
        Assert.That(accumulator.Add(new TreeDictionary { ["w"] = four }, out _), Is.False);
        Assert.That(accumulator.Add(new TreeDictionary { ["w"] = six }, out TreeDictionary? mean), Is.True);
        Assert.That(mean!["w"].Array.Item<float>(), Is.EqualTo(5f));
        mean.DisposeArrays();
        accumulator.Reset();
    }

    [Test]
    public void AccumulationLeavesTheGradientsAloneAndNoHandleBehind()
    {
        GradientAccumulator accumulator = new(3, dtype: DType.Float32);
        TreeDictionary gradient = new() { ["w"] = MlxArray.Create([(Half)1f]) };
        HandleCount.Settle();
        long before = LiveArrays.Count;
        for (int i = 0; i < 6; i++)
        {
            if (accumulator.Add(gradient, out TreeDictionary? mean))
            {
                Assert.That(mean["w"].Array.DType, Is.EqualTo(DType.Float32));
                Assert.That(mean["w"].Array.Item<float>(), Is.EqualTo(1f));
                mean.DisposeArrays();
            }
        }

        Assert.That(gradient["w"].Array.Item<Half>(), Is.EqualTo((Half)1f));
        Assert.That(LiveArrays.Count, Is.EqualTo(before));
    }

    [Test]
    public void MastersKeepUpdatesThatFloat16Loses()
    {
        SGD plain = new(1e-4f);
        SGD mixed = new(1e-4f) { MasterWeights = true };
        TreeDictionary a = new TreeDictionary { ["w"] = MlxArray.Create([(Half)1f]) };
        TreeDictionary b = a.Copy();
        TreeDictionary gradient = new TreeDictionary { ["w"] = MlxArray.Create([(Half)1f]) };
        for (int i = 0; i < 100; i++)
        {
            a = plain.ApplyGradients(gradient, a);
            b = mixed.ApplyGradients(gradient, b);
            Mx.Eval(a, b, plain.State, mixed.State);
        }

        Assert.That((float)a["w"].Array.Item<Half>(), Is.EqualTo(1f), "each step is less than half a unit in the last place");
        Assert.That(b["w"].Array.DType, Is.EqualTo(DType.Float16));
        Assert.That((float)b["w"].Array.Item<Half>(), Is.EqualTo(0.99f).Within(1e-3f));
        Assert.That(mixed.State["w"]["master"].Array.Item<float>(), Is.EqualTo(0.99f).Within(1e-5f));
        Assert.That(mixed.State["w"]["v"].Array.DType, Is.EqualTo(DType.Float32));
    }

    [Test]
    public void StateFromBeforeTheFirstUpdateHasNoMastersAndIsRestored()
    {
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".safetensors");
        try
        {
            TreeDictionary parameters = AllOptimizers.Parameters(DType.BFloat16);
            AdamW first = new(0.001f) { MasterWeights = true };
            first.Init(parameters);
            first.Save(file);
            AdamW second = new(0.5f) { MasterWeights = true };
            second.Load(file, parameters);
            Assert.That(
                AllOptimizers.Bits(AllOptimizers.Run(second, parameters, 0, 3)),
                Is.EqualTo(AllOptimizers.Bits(AllOptimizers.Run(first, parameters, 0, 3))));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public void MastersAreSavedAndRestored() => AllOptimizers.AssertContinues(
        new AdamW(0.001f) { MasterWeights = true }, new AdamW(0.5f) { MasterWeights = true }, DType.BFloat16);
}
