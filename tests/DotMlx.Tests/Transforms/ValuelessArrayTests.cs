using DotMlx.NN;

namespace DotMlx.Tests.Transforms;

/// <summary>Features that only MLX has: vectorization, and compiled graphs whose arrays have no values outside.</summary>
[TestFixture]
[RequiresMlx]
internal sealed class ValuelessArrayTests
{
    [Test]
    public void EveryArrayOfATreeIsMappedOverItsOwnAxis()
    {
        TreeDictionary batch = new()
        {
            ["x"] = MlxArray.Create([1f, 2f, 3f, 4f, 5f, 6f])
                .Reshape(2, 3), ["scale"] = MlxArray.Create([10f, 20f]), ["shift"] = MlxArray.Scalar(1f),
        };
        Func<Tree, Tree> mapped = Mx.Vmap(
            (Tree t) => new TreeDictionary
            {
                ["sum"] = (Mx.Sum(t["x"].Array) * t["scale"].Array) + t["shift"].Array, ["row"] = t["x"].Array * t["scale"].Array,
            },
            path => path == "shift" ? null : 0,
            path => path == "row" ? 1 : 0);
        Tree result = mapped(batch);
        Assert.That(result["sum"].Array.ToArray<float>(), Is.EqualTo(new[] { 61f, 301f }));
        Assert.That(result["row"].Array.Shape.ToArray(), Is.EqualTo(new[] { 3, 2 }));
        Assert.That(result["row"].Array.ToArray<float>(), Is.EqualTo(new[] { 10f, 80f, 20f, 100f, 30f, 120f }));
        Assert.That(() => Mx.Vmap((Tree t) => t, path => path == "shift" ? 0 : null)(batch),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Mx.Vmap((Tree t) => t, _ => null)(batch), Throws.ArgumentException.With.Message.Contains("nothing to map over"));
    }

    [Test]
    public void ACompiledStepThatDoesNotNameItsModelSaysSo()
    {
        Linear model = new(2, 1);
        MlxArray x = Mx.Ones(1, 2);
        Func<MlxArray, MlxArray> step = Mx.Compile((MlxArray input) =>
        {
#pragma warning disable DMLX014 // This is what is tested.
            (MlxArray loss, TreeDictionary gradients) = model.ValueAndGrad(() => Mx.Sum(model.Forward(input)))();
#pragma warning restore DMLX014
            model.Update(model.TrainableParameters().Map((w, g) => w - (0.1f * g), gradients));
            return loss;
        });
        Mx.Eval(step(x));
        Assert.That(
            () => model.Forward(x),
            Throws.InvalidOperationException.With.Message.Contains("'weight' of a Linear").And.Message
                .Contains("Mx.Compile(fun, inputs: [model], outputs: [model])"));
        model.Update(new TreeDictionary { ["weight"] = Mx.Ones(1, 2), ["bias"] = Mx.Zeros(1) });
        Assert.That(model.Forward(x).Item<float>(), Is.EqualTo(2f));
    }

    [Test]
    public void AnArrayThatWasKeptFromACompiledFunctionSaysSo()
    {
        MlxArray? kept = null;
        Mx.Eval(Mx.Compile((MlxArray x) =>
        {
            kept = x * 2;
            return x + 1;
        })(Mx.Ones(3)));
        Assert.That(() => Mx.Eval(kept!), Throws.TypeOf<MlxException>().With.Message.Contains("Return it from the function").And.Message
            .Contains("state of the compiled function"));
        Assert.That(
            () => Mx.Compile((MlxArray x) => x * (x + 1).ToArray<float>()[0])(Mx.Ones(3)),
            Throws.TypeOf<MlxException>().With.Message.Contains("cannot evaluate"));
    }

    [Test]
    public void ACapturedArrayThatIsAlsoAnArgumentSaysSo()
    {
        MlxArray x = Mx.Ones(3);
        Linear model = new(2, 1);
        MlxArray weight = model.Weight;
        Assert.That(
            () => Mx.Compile((MlxArray a) => a + x)(x),
            Throws.TypeOf<MlxException>().With.Message.Contains("captured").And.Message.Contains("In the function, use the argument"));
        IMlxState[] state = [model];
        Assert.That(() => Mx.Compile((MlxArray a) => Mx.MatMul(a, weight.T), state, state)(Mx.Ones(1, 2)),
            Throws.TypeOf<MlxException>().With.Message.Contains("in the state of Linear"));
    }
}
