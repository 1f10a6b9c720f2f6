using DotMlx.NN;

namespace DotMlx.Tests.NN;

public class ValueAndGradTests
{
    [Test]
    public void GradientsHaveTheStructureOfTheTrainableParameters()
    {
        LlamaBlock model = new();
        model.Mlp.Freeze();
        using MlxArray x = Mx.Random.Normal([3, 8]);
        (MlxArray value, Tree gradients) = model.ValueAndGrad((MlxArray input) => Mx.Sum(model.Forward(input)))(x);
        Assert.That(value.NDim, Is.Zero);
        Assert.That(Tree.Differences(model.TrainableParameters(), gradients), Is.Empty);
        Assert.That(gradients.Find("self_attn.q_proj.weight").Array.Shape.ToArray(), Is.EqualTo(new[] { 8, 8 }));
    }

    [Test]
    public void TheParametersAreTheSameObjectsAfterwards()
    {
        Linear model = new(2, 1);
        MlxArray weight = model.Weight;
        using MlxArray x = Mx.Ones(4, 2);
        (_, Tree gradients) = model.ValueAndGrad((MlxArray a, MlxArray b) => Mx.Sum(Mx.Multiply(model.Forward(a), b)))(x, 2f);
        Assert.That(model.Weight, Is.SameAs(weight));
        Assert.That(gradients["weight"].Array.ToArray<float>(), Is.EqualTo(new[] { 8f, 8f }));
    }

    [Test]
    public void AuxiliaryOutputsComeBackAsValues()
    {
        Linear model = new(2, 1);
        using MlxArray x = Mx.Ones(4, 2);
        (MlxArray value, (MlxArray prediction, string note), Tree gradients) = model.ValueAndGrad((MlxArray a) =>
        {
            MlxArray y = model.Forward(a);
            return (Mx.Sum(y), (y, "aux"));
        })(x);
        Assert.That(note, Is.EqualTo("aux"));
        Assert.That(prediction.ToArray<float>().Sum(), Is.EqualTo(value.Item<float>()).Within(1e-5));
        Assert.That(gradients.LeafCount, Is.EqualTo(2));
    }

    [Test]
    public void ValueAndGradAcceptsLossesOfTreesAndThreeArrays()
    {
        Linear model = new(2, 1);
        using MlxArray x = Mx.Ones(1, 2);
        Tree batch = new TreeDictionary { ["x"] = x };
        (_, Tree fromTree) = model.ValueAndGrad((Tree t) => Mx.Sum(model.Forward(t["x"].Array)))(batch);
        (_, Tree fromThree) = model.ValueAndGrad((MlxArray a, MlxArray b, MlxArray c) =>
            Mx.Sum(Mx.Multiply(Mx.Multiply(model.Forward(a), b), c)))(x, 3f, 2f);
        Assert.That(fromTree["weight"].Array.ToArray<float>(), Is.EqualTo(new[] { 1f, 1f }));
        Assert.That(fromThree["weight"].Array.ToArray<float>(), Is.EqualTo(new[] { 6f, 6f }));
    }

    [Test]
    public void RunningStatisticsUpdatedInsideSurvive()
    {
        BatchNorm norm = new(2);
        using MlxArray x = MlxArray.Create([1f, 2f, 3f, 6f], 2, 2);
        (_, Tree gradients) = norm.ValueAndGrad((MlxArray a) => Mx.Sum(norm.Forward(a)))(x);
        Assert.That(gradients.Flatten().Select(p => p.Key), Is.EqualTo(new[] { "weight", "bias" }));
        Assert.That(norm.RunningMean!.ToArray<float>(), Is.EqualTo(new[] { 0.2f, 0.4f }).Within(1e-6));
        Assert.That(norm.RunningVar!.ToArray<float>(), Is.EqualTo(new[] { 1.1f, 1.7f }).Within(1e-6));
    }

    [Test]
    public void AnExceptionInsideRestoresEverything()
    {
        BatchNorm norm = new(2);
        MlxArray[] before = [.. norm.CaptureState().Leaves];
        using MlxArray x = MlxArray.Create([1f, 2f, 3f, 6f], 2, 2);
        Assert.Throws<TimeZoneNotFoundException>(() => norm.ValueAndGrad((MlxArray a) =>
        {
            norm.Forward(a);
            throw new TimeZoneNotFoundException();
#pragma warning disable CS0162 // The delegate needs a result type.
            return a;
#pragma warning restore CS0162
        })(x));
        Assert.That(norm.CaptureState().Leaves, Is.EqualTo(before).Using<MlxArray>((a, b) => ReferenceEquals(a, b)));
    }

    [Test]
    public void DropoutDrawsAMaskUnderDifferentiation()
    {
        Sequential model = new(new Linear(16, 16), new Dropout(0.5f));
        using MlxArray x = Mx.Ones(1, 16);
        (_, Tree gradients) = model.ValueAndGrad((MlxArray a) => Mx.Sum(model.Forward(a)))(x);
        float[] bias = gradients.Find("layers.0.bias").Array.ToArray<float>();
        Assert.That(bias, Has.All.EqualTo(0f).Or.All.AnyOf(0f, 2f));
        Assert.That(bias.Distinct().Count(), Is.EqualTo(2));
    }
}
