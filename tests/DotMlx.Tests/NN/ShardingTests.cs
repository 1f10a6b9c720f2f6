using DotMlx.NN;

namespace DotMlx.Tests.NN;

/// <summary>Sharding in a single process, where the complete layer is the only part.</summary>
[RequiresMlx("distributed groups")]
public class ShardingTests
{
    [TestCase(ShardingKind.AllToSharded)]
    [TestCase(ShardingKind.ShardedToAll)]
    public void ALayerShardedOverOneProcessComputesTheSame(ShardingKind kind)
    {
        Linear whole = new(64, 64);
        using MlxArray x = Mx.Random.Normal([2, 64]);
        Linear part = Sharding.ShardLinear(whole, kind, segments: 2);
        Assert.That(part.Forward(x).ToArray<float>(), Is.EqualTo(whole.Forward(x).ToArray<float>()).Within(1e-5));
        Assert.That((part.InputDims, part.OutputDims), Is.EqualTo((64, 64)));

        QuantizedLinear quantized = QuantizedLinear.FromLinear(whole);
        Linear quantizedPart = Sharding.ShardLinear(quantized, kind);
        Assert.That(quantizedPart.Forward(x).ToArray<float>(), Is.EqualTo(quantized.Forward(x).ToArray<float>()).Within(1e-5));
        quantizedPart.Unfreeze();
        Assert.That(quantizedPart.TrainableParameters().LeafCount, Is.Zero);
    }

    [Test]
    public void NewShardedLayersHaveTheShapesOfTheirPart()
    {
        Assert.That(new AllToShardedLinear(8, 4).Weight.Shape.ToArray(), Is.EqualTo(new[] { 4, 8 }));
        Assert.That(new ShardedToAllLinear(8, 4, bias: false).Bias, Is.Null);
        Assert.That(new QuantizedAllToShardedLinear(64, 32).TrainableParameters().LeafCount, Is.Zero);
        Assert.That(new QuantizedShardedToAllLinear(64, 32).InputDims, Is.EqualTo(64));
    }

    [Test]
    public void AModuleShardedInPlaceKeepsItsLayersAndWhatTheRuleLeavesAlone()
    {
        Sequential model = new(new Linear(4, 6), new Linear(6, 2));
        using MlxArray x = Mx.Random.Normal([3, 4]);
        float[] expected = model.Forward(x).ToArray<float>();
        MlxArray untouched = ((Linear)model.Layers[1]).Weight;
        List<string> asked = [];
        Sharding.ShardInPlace(model, (path, weight) =>
        {
            asked.Add(path);
            return path == "layers.0.weight" ? (weight.NDim - 1, 2) : null;
        });
        Assert.That(asked, Is.EqualTo(new[] { "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias" }));
        Assert.That(model.Forward(x).ToArray<float>(), Is.EqualTo(expected));
        Assert.That(((Linear)model.Layers[1]).Weight, Is.SameAs(untouched));
        Assert.That(() => Sharding.ShardInPlace(model, null!), Throws.ArgumentNullException);
    }

    [Test]
    public void SummedGradientsOfOneProcessAreItsOwn()
    {
        using MlxArray x = Mx.Random.Normal([3]);
        DistributedGroup group = Mx.Distributed.Init();
        Golden.AssertClose(Sharding.SumGradients(x, group), x);
        Golden.AssertClose(Mx.Grad((MlxArray a) => (Sharding.SumGradients(a, group) * a).Sum())(x), x * 2);
    }

    [Test]
    public void GradientsOfOneProcessAreTheirOwnAverage()
    {
        TreeDictionary gradients = new Linear(2, 2).Parameters();
        Assert.That(DotMlx.Optimizers.Gradients.Average(gradients), Is.SameAs(gradients));
    }

    [Test]
    public void AFullyShardedModuleOfOneProcessIsTheModule()
    {
        Linear linear = new(4, 6);
        Assert.That(Sharding.FullyShard(linear), Is.SameAs(linear));

        MlxArray x = Mx.Random.Normal([2, 4]);
        float[] expected = linear.Forward(x).ToArray<float>();
        FullyShardedModule wrapped = new(linear);
        Assert.That(wrapped.Forward(x).ToArray<float>(), Is.EqualTo(expected));
        Assert.That(wrapped.Parameters().Flatten().Select(item => item.Key), Is.EqualTo(new[] { "module.weight", "module.bias" }));
        Assert.That(wrapped.GatherParameters()["weight"].Array.ToArray<float>(), Is.EqualTo(linear.Weight.ToArray<float>()));
        FullyShardedModule half = new(new Linear(4, 6), computeDtype: DType.Float16);
        Assert.That(half.Gathered(() => ((Linear)half.Module).Weight.DType), Is.EqualTo(DType.Float16));
        Assert.That(((Linear)half.Module).Weight.DType, Is.EqualTo(DType.Float32));
        Assert.That(() => new FullyShardedModule(new Sequential()).AsLinear(x), Throws.InvalidOperationException);
    }

    [Test]
    public void ShardedStepsOfOneProcessArePlainSteps()
    {
        TreeDictionary parameters = new TreeDictionary { ["w"] = Mx.Ones(4, 2), ["b"] = Mx.Ones(2) };
        TreeDictionary gradients = new TreeDictionary { ["w"] = Mx.Full([4, 2], 3f), ["b"] = Mx.Full([2], -2f) };
        (TreeDictionary clipped, MlxArray norm) = DotMlx.Optimizers.Gradients.ClipNorm(gradients, 1f);
        (TreeDictionary sharded, MlxArray shardedNorm) = DotMlx.Optimizers.Gradients.ClipNormSharded(gradients, 1f);
        Assert.That(shardedNorm.Item<float>(), Is.EqualTo(norm.Item<float>()).Within(1e-6f));
        Assert.That(sharded["w"].Array.ToArray<float>(), Is.EqualTo(clipped["w"].Array.ToArray<float>()).Within(1e-6f));

        (TreeDictionary updated, MlxArray? stepNorm) = DotMlx.Optimizers.Gradients.FsdpApply(gradients, parameters,
            new DotMlx.Optimizers.SGD(0.5f), maxNorm: 1f);
        TreeDictionary expected = new DotMlx.Optimizers.SGD(0.5f).ApplyGradients(clipped, parameters);
        Assert.That(updated["b"].Array.ToArray<float>(), Is.EqualTo(expected["b"].Array.ToArray<float>()).Within(1e-6f));
        Assert.That(stepNorm!.Item<float>(), Is.EqualTo(norm.Item<float>()).Within(1e-6f));
        Assert.That(() => DotMlx.Optimizers.Gradients.ClipNormSharded(gradients, -1f), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void SegmentsOfAFusedWeightKeepTheirOrder()
    {
        Linear fused = new(4, 6);
        float[] before = fused.Weight.ToArray<float>();
        Sharding.ShardInPlace(fused, ShardingKind.AllToSharded, segments: 3);
        Assert.That(fused.Weight.ToArray<float>(), Is.EqualTo(before));
        Sharding.ShardInPlace(fused, ShardingKind.AllToSharded, segments: new[] { 0.5 });
        Assert.That(fused.Weight.ToArray<float>(), Is.EqualTo(before));
    }
}
