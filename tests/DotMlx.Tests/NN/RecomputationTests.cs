using DotMlx.NN;

namespace DotMlx.Tests.NN;

/// <summary>Modules that recompute the values between inputs and output for the gradient.</summary>
public class RecomputationTests
{
    [Test]
    public void RecomputedModulesHaveTheSameValuesAndGradients()
    {
        Sequential model = new(new Linear(3, 8), new GELU(), new Linear(8, 2));
        ((Module)model.Layers[2]).Freeze(keys: ["bias"]);
        using MlxArray x = Mx.Random.Normal([4, 3]);
        Func<MlxArray, MlxArray> again = model.Checkpoint(model.Forward);
        Golden.AssertClose(again(x), model.Forward(x));

        (MlxArray value, Tree gradients) = model.ValueAndGrad((MlxArray a) => Mx.Mean(Mx.Square(again(a))))(x);
        (MlxArray plainValue, Tree plainGradients) = model.ValueAndGrad((MlxArray a) => Mx.Mean(Mx.Square(model.Forward(a))))(x);
        Golden.AssertClose(value, plainValue);
        Assert.That(gradients.Flatten().Select(leaf => leaf.Key),
            Is.EqualTo(new[] { "layers.0.weight", "layers.0.bias", "layers.2.weight" }));
        foreach ((string path, MlxArray gradient) in gradients.Flatten())
        {
            Golden.AssertClose(gradient, plainGradients.Find(path).Array);
        }

        // The gradient with respect to the argument agrees too.
        Golden.AssertClose(Mx.Grad((MlxArray a) => again(a).Sum())(x), Mx.Grad((MlxArray a) => model.Forward(a).Sum())(x));
    }

    [Test]
    public void TheFunctionRunsOnceMoreForTheGradientAndLeavesTheParametersAlone()
    {
        Linear linear = new(2, 2);
        MlxArray weight = linear.Weight;
        int calls = 0;
        Func<MlxArray, MlxArray, MlxArray> again = linear.Checkpoint((MlxArray a, MlxArray b) =>
        {
            calls++;
            return linear.Forward(a) * b;
        });
        using MlxArray x = Mx.Random.Normal([3, 2]), y = Mx.Random.Normal([3, 2]);
        Golden.AssertClose(again(x, y), linear.Forward(x) * y);
        Assert.That(calls, Is.EqualTo(1));
        MlxArray[] gradients = Mx.Grad((a, b) => again(a, b).Sum(), [0, 1])(x, y);
        Assert.That(calls, Is.EqualTo(3));
        Golden.AssertClose(gradients[1], linear.Forward(x));
        Assert.That(linear.Weight, Is.SameAs(weight));
    }

    [Test]
    public void AnExceptionInsideComesOutAndTheParametersStand()
    {
        Linear linear = new(2, 2);
        MlxArray weight = linear.Weight;
        Func<MlxArray, MlxArray> again = linear.Checkpoint((MlxArray _) => throw new FormatException("inside"));
        using MlxArray x = Mx.Ones(1, 2);
        Assert.That(() => again(x), Throws.TypeOf<FormatException>().With.Message.EqualTo("inside"));
        Assert.That(linear.Weight, Is.SameAs(weight));
        Assert.That(weight.IsDisposed, Is.False);
    }
}
