using DotMlx.NN;

namespace DotMlx.Tests.NN;

/// <summary>Sharding in a single process: the whole layer is its only part.</summary>
[RequiresMlx("distributed groups")]
public class ShardingTests
{
    [TestCase(ShardingKind.AllToSharded)]
    [TestCase(ShardingKind.ShardedToAll)]
    public void A_layer_sharded_over_one_process_computes_the_same(ShardingKind kind)
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
    public void New_sharded_layers_have_the_shapes_of_their_part()
    {
        Assert.That(new AllToShardedLinear(8, 4).Weight.Shape.ToArray(), Is.EqualTo(new[] { 4, 8 }));
        Assert.That(new ShardedToAllLinear(8, 4, bias: false).Bias, Is.Null);
        Assert.That(new QuantizedAllToShardedLinear(64, 32).TrainableParameters().LeafCount, Is.Zero);
        Assert.That(new QuantizedShardedToAllLinear(64, 32).InputDims, Is.EqualTo(64));
    }

    [Test]
    public void Gradients_of_one_process_are_their_own_average()
    {
        Tree gradients = new Linear(2, 2).Parameters();
        Assert.That(GradientAveraging.Average(gradients), Is.SameAs(gradients));
    }

    [Test]
    public void Segments_of_a_fused_weight_keep_their_order()
    {
        Linear fused = new(4, 6);
        float[] before = fused.Weight.ToArray<float>();
        Sharding.ShardInPlace(fused, ShardingKind.AllToSharded, segments: 3);
        Assert.That(fused.Weight.ToArray<float>(), Is.EqualTo(before));
        Sharding.ShardInPlace(fused, ShardingKind.AllToSharded, segments: new[] { 0.5 });
        Assert.That(fused.Weight.ToArray<float>(), Is.EqualTo(before));
    }
}
