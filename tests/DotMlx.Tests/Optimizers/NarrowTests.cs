using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>float16 parameters are updated in float32 and rounded.</summary>
[TestFixture]
internal sealed class NarrowTests
{
    private static readonly string[] Names = [.. AllOptimizers.Names.Where(name => name != "MultiOptimizer")];

    private static OptimizerBase Make(string name) => name switch
    {
        "SGD" => new SGD(0.1, momentum: 0.9),
        "AdamW" => new AdamW(0.01, weightDecay: 0),
        "Lion" => new Lion(0.01),
        "Muon" => new Muon(0.02, weightDecay: 0),
        "Adafactor" => new Adafactor(),
        _ => AllOptimizers.Make(name),
    };

    private static TreeDictionary Values(float value, DType dtype) =>
        new() { ["m"] = Mx.Full([3, 2], value, dtype), ["v"] = Mx.Full([5], value, dtype) };

    [TestCaseSource(nameof(Names))]
    public void AZeroGradientLeavesFloat16Alone(string name)
    {
        OptimizerBase optimizer = Make(name);
        TreeDictionary p = Values(0.75f, DType.Float16);
        for (int i = 0; i < 3; i++)
        {
            p = optimizer.ApplyGradients(Values(0f, DType.Float16), p);
            Assert.That(p.Leaves.SelectMany(leaf => leaf.ToArray<Half>()), Is.All.EqualTo((Half)0.75f));
        }
    }

    [TestCaseSource(nameof(Names))]
    public void ASmallGradientMovesFloat16AsFloat32Would(string name)
    {
        OptimizerBase narrow = Make(name), wide = Make(name);
        TreeDictionary p = Values(0.75f, DType.Float16);
        using MlxArray small = MlxArray.Scalar((Half)1e-4f);
        float gradient = (float)small.Item<Half>();
        for (int i = 0; i < 3; i++)
        {
            TreeDictionary expected = wide.ApplyGradients(Values(gradient, DType.Float32),
                (TreeDictionary)Tree.Map(leaf => leaf.AsType(DType.Float32), p));
            p = narrow.ApplyGradients(Values(gradient, DType.Float16), p);
            Assert.That(AllOptimizers.Bits(p),
                Is.EqualTo(AllOptimizers.Bits(Tree.Map(leaf => leaf.AsType(DType.Float16), expected))), $"step {i}");
            Assert.That(p.Leaves.SelectMany(leaf => leaf.ToArray<Half>()).All(Half.IsFinite));
        }
    }

    [Test]
    public void ClipNormOfFloat16AddsInFloat32()
    {
        (TreeDictionary clipped, MlxArray norm) =
            Gradients.ClipNorm(new TreeDictionary { ["w"] = MlxArray.Create([(Half)300f, (Half)400f]) }, 1);
        Assert.That(clipped["w"].Array.ToArray<Half>(), Is.EqualTo(new[] { (Half)0.6f, (Half)0.8f }));
        Assert.That(norm.Item<float>(), Is.EqualTo(500f));
    }

    [Test]
    public void AFloat16StateOfPythonIsContinuedInFloat32()
    {
        Adam optimizer = new(0.1);
        TreeDictionary p = new() { ["w"] = Mx.Full([2], 1f, DType.Float16) };
        optimizer.State["w"] = new TreeDictionary { ["m"] = Mx.Zeros([2], DType.Float16), ["v"] = Mx.Zeros([2], DType.Float16) };
        TreeDictionary updated = optimizer.ApplyGradients(new TreeDictionary { ["w"] = Mx.Full([2], 1e-4f, DType.Float16) }, p);
        Assert.That(optimizer.State["w"]["v"].Array.DType, Is.EqualTo(DType.Float32));
        Assert.That(optimizer.State["w"]["v"].Array.ToArray<float>(), Is.All.EqualTo(1e-11f).Within(1e-13f));
        Assert.That(updated["w"].Array.DType, Is.EqualTo(DType.Float16));
    }

    [Test]
    public void AWideGradientDoesNotWidenTheParameter()
    {
        SGD optimizer = new(0.5);
        TreeDictionary updated = optimizer.ApplyGradients(
            new TreeDictionary { ["w"] = Mx.Ones([2], DType.Float32) }, new TreeDictionary { ["w"] = Mx.Ones([2], DType.BFloat16) });
        Assert.That(updated["w"].Array.DType, Is.EqualTo(DType.BFloat16));
    }
}
