using DotMlx.NN;

namespace DotMlx.Tests.NN;

public class LayerTests
{
    [Test]
    public void LayersRejectArgumentsAndInputsThatMakeNoSense()
    {
        using MlxArray flat = Mx.Zeros(2, 4);
        using MlxArray single = Mx.Zeros(1, 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dropout(1f));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LayerNorm(4, eps: 0f));
        Assert.Throws<ArgumentException>(() => new GroupNorm(3, 4));
        Assert.Throws<ArgumentException>(() => new MultiHeadAttention(8, 3));
        Assert.Throws<ArgumentException>(() => new Conv2d(3, 4, 2, groups: 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MaxPool2d(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SinusoidalPositionalEncoding(3));
        Assert.Throws<ArgumentException>(() => new InstanceNorm(4).Forward(flat));
        Assert.Throws<ArgumentException>(() => new Upsample(2.0).Forward(flat));
        Assert.Throws<ArgumentException>(() => new Dropout2d().Eval().Modules().OfType<Dropout2d>().Single().Forward(flat));
        Assert.That(Assert.Throws<ArgumentException>(() => new BatchNorm(4).Forward(single))!.Message, Does.Contain("(1, 4)"));
    }

    [Test]
    public void DropoutDropsAboutItsShareAndKeepsTheMean()
    {
        using MlxArray x = Mx.Ones(100, 100);
        float[] y = new Dropout(0.3f).Forward(x).ToArray<float>();
        Assert.That(y.Count(v => v == 0) / 10000.0, Is.EqualTo(0.3).Within(0.03));
        Assert.That(y.Where(v => v != 0), Has.All.EqualTo(1 / 0.7f).Within(1e-5));
        using MlxArray image = Mx.Ones(4, 5, 6, 8);
        using MlxArray dropped = new Dropout2d(0.5f).Forward(image);
        using MlxArray sums = Mx.Sum(dropped, [1, 2]);
        Assert.That(sums.ToArray<float>(), Has.All.AnyOf(0f, 60f), "whole channels");
    }

    [Test]
    public void DecodingWithACacheEqualsAttentionOverEverything()
    {
        MultiHeadAttention attention = new(8, 2);
        using MlxArray x = Mx.Random.Normal([1, 5, 8]);
        using MlxArray mask = MultiHeadAttention.CreateAdditiveCausalMask(5);
        float[] whole = attention.Forward(x, x, x, mask).ToArray<float>();
        using KVCache cache = new(step: 2);
        List<float> stepwise = [];
        foreach (MlxArray token in Mx.Split(x, 5, axis: 1))
        {
            stepwise.AddRange(attention.Forward(token, token, token, cache: cache).ToArray<float>());
        }
        Assert.That(cache.Offset, Is.EqualTo(5));
        Assert.That(stepwise, Is.EqualTo(whole).Within(1e-5));
        Assert.That(cache.Trim(2), Is.EqualTo(2));
        Assert.That(cache.Offset, Is.EqualTo(3));
        cache.Reset();
        Assert.That(cache.Offset, Is.Zero);
        using MlxArray first = Mx.Split(x, 5, axis: 1)[0];
        Assert.That(attention.Forward(first, first, first, cache: cache).ToArray<float>(), Is.EqualTo(whole[..8]).Within(1e-5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new KVCache(0));
    }

    [Test]
    public void CheckpointingChangesNothingButMemory()
    {
        TransformerEncoder plain = new(2, 8, 2, 12), recomputing = new(2, 8, 2, 12, checkpoint: true);
        recomputing.Update(plain.Parameters());
        using MlxArray x = Mx.Random.Normal([1, 3, 8]);
        (MlxArray value, Tree gradients) = plain.ValueAndGrad((MlxArray a) => Mx.Sum(plain.Forward(a)))(x);
        (MlxArray again, Tree regained) = recomputing.ValueAndGrad((MlxArray a) => Mx.Sum(recomputing.Forward(a)))(x);
        Assert.That(again.Item<float>(), Is.EqualTo(value.Item<float>()).Within(1e-5));
        foreach ((string path, MlxArray gradient) in gradients.Flatten())
        {
            Assert.That(regained.Find(path).Array.ToArray<float>(), Is.EqualTo(gradient.ToArray<float>()).Within(1e-4), path);
        }
    }

    [Test]
    public void ACustomEncoderTakesPartWithItsParameters()
    {
        TransformerEncoder encoder = new(1, 8, 2, 12);
        Transformer model = new(8, 2, 1, 1, 12, customEncoder: encoder);
        Assert.That(model.Encoder, Is.SameAs(encoder));
        Assert.That(model.Parameters().Find("encoder.ln.weight").Array, Is.SameAs(encoder.Ln.Weight));
    }

    [Test]
    public void TiedEmbeddingsMultiplyByTheTransposedTable()
    {
        Embedding table = new(7, 3);
        using MlxArray x = Mx.Ones(2, 3);
        Assert.That(table.AsLinear(x).Shape.ToArray(), Is.EqualTo(new[] { 2, 7 }));
    }

    [Test]
    public void StepReturnsInt32() =>
        Assert.That(Activations.Step(MlxArray.Create([-1f, 0f, 1f], 3)).ToArray<int>(), Is.EqualTo(new[] { 0, 1, 1 }));

    [Test]
    public void LayersLeaveNoIntermediatesBehind()
    {
        Module[] layers =
        [
            new Linear(4, 4), new GELU(), new GELU(GELUApproximation.Precise), new LayerNorm(4), new RMSNorm(4), new GroupNorm(2, 4),
            new MaxPool1d(2, 1, 1), new Conv1d(4, 4, 3), new RNN(4, 4), new GRU(4, 4), new Upsample(2.0, UpsampleMode.Cubic),
            new TransformerEncoderLayer(4, 2),
        ];
        using MlxArray x = Mx.Random.Normal([2, 6, 4]);
        foreach (Module layer in layers)
        {
            foreach (MlxArray y in LayerFactory.Call(layer, [x]))
            {
                y.Dispose();
            }
            using HandleCount handles = HandleCount.NoneLeft();
            foreach (MlxArray y in LayerFactory.Call(layer, [x]))
            {
                y.Dispose();
            }
        }
    }
}
