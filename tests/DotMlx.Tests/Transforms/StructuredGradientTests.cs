using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Transforms;

/// <summary>Gradients with respect to structures and names, with auxiliary outputs, and the arguments that are refused.</summary>
[TestFixture]
internal sealed partial class StructuredGradientTests
{
    private static MlxArray S(float value) => MlxArray.Scalar(value);

    [Test]
    public void EveryStructureOfArraysCanBeDifferentiatedBy()
    {
        (MlxArray value, (MlxArray x, MlxArray[] rest) gradients) =
            Mx.ValueAndGrad(((MlxArray X, MlxArray[] Others) a) => a.X * a.Others[0] * a.Others[1])((S(2), [S(3), S(5)]));
        Assert.That((value.Item<float>(), gradients.x.Item<float>(), gradients.rest[0].Item<float>(), gradients.rest[1].Item<float>()),
            Is.EqualTo((30f, 15f, 10f, 6f)));
        Dictionary<string, MlxArray> byName =
            Mx.Grad((Dictionary<string, MlxArray> a) => a["x"] * a["y"])(new() { ["x"] = S(2), ["y"] = S(3) });
        Assert.That((byName["x"].Item<float>(), byName["y"].Item<float>()), Is.EqualTo((3f, 2f)));
        TreeDictionary typed = Mx.Grad((TreeDictionary t) => t["w"].Array * t["w"].Array)(new TreeDictionary { ["w"] = S(4) });
        Assert.That(typed["w"].Array.Item<float>(), Is.EqualTo(8f));
        TreeList list = Mx.Grad((TreeList t, string which) => which == "first" ? t[0].Array * 2 : t[1].Array)([S(1), S(2)], "first");
        Assert.That((list[0].Array.Item<float>(), list[1].Array.Item<float>()), Is.EqualTo((2f, 0f)));
        Assert.That(Mx.Grad((Tree t, MlxArray a, MlxArray[] b) => t.Array * a * b[0])(S(1), S(3), [S(7)]).Array.Item<float>(),
            Is.EqualTo(21f));
    }

    [Test]
    public void GradientsByNameAreADictionaryOfTheseNames()
    {
        TreeDictionary arguments = new() { ["x"] = S(2), ["w"] = new TreeDictionary { ["a"] = S(3), ["b"] = S(5) }, ["y"] = S(7) };
        static MlxArray Product(TreeDictionary t) => t["x"].Array * t["w"]["a"].Array * t["w"]["b"].Array * t["y"].Array;
        (MlxArray value, TreeDictionary gradients) = Mx.ValueAndGrad(Product, ["y", "w"])(arguments);
        Assert.That(value.Item<float>(), Is.EqualTo(210f));
        Assert.That(gradients.Keys, Is.EqualTo(new[] { "y", "w" }));
        Assert.That(gradients.Leaves.Select(leaf => leaf.Item<float>()), Is.EqualTo(new[] { 30f, 70f, 42f }));
        Assert.That(Mx.Grad(Product, ["x"])(arguments).Leaves.Single().Item<float>(), Is.EqualTo(105f));
        Assert.That(() => Mx.Grad(Product, []), Throws.ArgumentException.With.Message.Contains("empty"));
        Assert.That(() => Mx.Grad(Product, ["x", "x"]), Throws.ArgumentException.With.Message.Contains("'x'"));
        Assert.That(() => Mx.Grad(Product, ["z"])(arguments),
            Throws.ArgumentException.With.Message.Contains("'z'").And.Message.Contains("'w'"));
    }

    [Test]
    public void AuxiliaryOutputsComeBackBetweenValueAndGradient()
    {
        (MlxArray loss, (MlxArray twice, MlxArray thrice), MlxArray gradient) =
            Mx.ValueAndGrad((MlxArray x) => (x * x, (x * 2, x * 3)))(S(4));
        Assert.That(new[] { loss, twice, thrice, gradient }.Select(a => a.Item<float>()), Is.EqualTo(new[] { 16f, 8f, 12f, 8f }));
        Linear model = new(2, 1);
        (loss, MlxArray prediction, TreeDictionary gradients) = model.ValueAndGrad((MlxArray x, float scale) =>
        {
            MlxArray y = model.Forward(x);
            return (Mx.Sum(y) * scale, y);
        })(Mx.Ones(1, 2), 2f);
        Assert.That(loss.Item<float>(), Is.EqualTo(2 * prediction.Item<float>()).Within(1e-6));
        Assert.That(gradients["bias"].Array.Item<float>(), Is.EqualTo(2f));
    }

    [Test]
    public void IntegersHaveNoGradients()
    {
        Assert.That(() => Mx.Grad(x => x * x)(MlxArray.Create([1, 2])),
            Throws.ArgumentException.With.Message.Contains("int32").And.Message.Contains("AsType"));
        Assert.That(Mx.Grad(x => x * x)(3).Item<float>(), Is.EqualTo(6f), "A .NET number is a floating-point one.");
        Assert.That(() => Mx.Grad((x, y) => x * y, 1)(S(1), Mx.Ones([], DType.Bool)),
            Throws.ArgumentException.With.Message.Contains("bool"));
        Assert.That(Mx.Grad((x, y) => x * y)(S(1), MlxArray.Scalar(3))
            .Item<float>(), Is.EqualTo(3f), "What is not differentiated by may be of any type.");
        Assert.That(() => Mx.Grad((Tree t) => S(1))(new TreeDictionary()), Throws.ArgumentException.With.Message.Contains("no arrays"));
    }

    [Test]
    public void AModelWithoutTrainableParametersListsTheFrozenOnes()
    {
        Linear model = new(2, 1);
        model.Freeze();
        Assert.That(
            () => model.ValueAndGrad(() => Mx.Sum(model.Weight))(),
            Throws.InvalidOperationException.With.Message.Contains("Linear has no trainable parameters").And.Message
                .Contains("weight, bias are frozen").And.Message.Contains("Unfreeze"));
        ReLU empty = new();
        Assert.That(() => empty.ValueAndGrad((MlxArray x) => Mx.Sum(x))(S(1)),
            Throws.InvalidOperationException.With.Message.Contains("no parameters at all"));
    }

    [Test]
    public void MapPairsAnArrayWithASubtree()
    {
        TreeDictionary parameters = new() { ["layers"] = new TreeList { new TreeDictionary { ["w"] = S(2) }, S(3) } };
        Adam optimizer = new(0.1f);
        optimizer.Init(parameters);
        List<string> seen = [];
        Tree summed = Tree.Map(
            (parameter, state) =>
            {
                seen.Add(string.Join(",", ((TreeDictionary)state).Keys));
                return parameter + state["m"].Array + state["v"].Array + 1;
            },
            parameters,
            optimizer.State);
        Assert.That(summed.Flatten().Select(leaf => (leaf.Key, leaf.Value.Item<float>())),
            Is.EqualTo(new[] { ("layers.0.w", 3f), ("layers.1", 4f) }));
        Assert.That(seen, Is.EqualTo(new[] { "m,v", "m,v" }));
        Tree states = Tree.Map((MlxArray _, Tree state) => state, parameters, optimizer.State);
        Assert.That(states.Flatten().Select(leaf => leaf.Key),
            Is.EqualTo(new[] { "layers.0.w.m", "layers.0.w.v", "layers.1.m", "layers.1.v" }));
        Assert.That(() => Tree.Map((MlxArray _, Tree state) => state, parameters, new TreeDictionary()),
            Throws.ArgumentException.With.Message.Contains("'layers'"));
        Assert.That(() => Tree.Map((MlxArray _, Tree state) => null!, parameters, optimizer.State),
            Throws.InvalidOperationException.With.Message.Contains("'layers.0.w'"));
    }

    [Test]
    public void TreesHaveMembersAndConversionsOfTheirOwn()
    {
        TreeDictionary tree = new() { ["a"] = S(1), ["b"] = new TreeList { S(2) } };
        TreeDictionary doubled = tree.Map(leaf => leaf * 2);
        Assert.That(doubled.Map((a, b) => a + b, tree).Leaves.Select(leaf => leaf.Item<float>()), Is.EqualTo(new[] { 3f, 6f }));
        Assert.That(tree.MapWithPath((path, leaf) => leaf * path.Length).Leaves.Select(leaf => leaf.Item<float>()),
            Is.EqualTo(new[] { 1f, 6f }));
        MlxArray array = (MlxArray)tree["a"];
        Assert.That(array, Is.SameAs(tree["a"].Array));
        Assert.That(() => (MlxArray)tree["b"], Throws.InvalidOperationException.With.Message.Contains("'b'"));
        IReadOnlyDictionary<string, Tree> entries = tree;
        IReadOnlyList<Tree> items = (TreeList)tree["b"];
        Assert.That(entries.Keys, Is.EqualTo(new[] { "a", "b" }));
        Assert.That((entries.Count, items.Count, ((MlxArray)items[0]).Item<float>()), Is.EqualTo((2, 1, 2f)));
    }

    [Test]
    public async Task EvalAsyncTakesArraysAndTrees()
    {
        MlxArray a = S(1) + 1, b = S(2) + 1;
        await Mx.EvalAsync(a, b);
        TreeDictionary tree = new() { ["a"] = a + b };
        Task started = Mx.EvalAsync(tree, b * 2);
        Assert.That(tree["a"].Array.Item<float>(), Is.EqualTo(5f), "Reading waits.");
        await started;
    }

    [Test]
    [RequiresMlx("lazy evaluation")]
    public void EvalAsyncIsRefusedInsideATransform()
    {
        MlxArray ready = S(3);
        MlxArray Fails(MlxArray x)
        {
            MlxArray y = x + 1f;
            Assert.That(() => { Mx.EvalAsync(y); },
                Throws.TypeOf<MlxException>().With.Message.Contains("async_eval").And.Message.Contains("Grad"));
            Assert.That(() => { y.EvalAsync(); }, Throws.TypeOf<MlxException>());
            Assert.That(() => { Mx.EvalAsync(new TreeDictionary { ["y"] = y }); }, Throws.TypeOf<MlxException>());
            Assert.That(Mx.EvalAsync(ready).Wait(TimeSpan.FromMinutes(1)));
            return Mx.Exp(y);
        }

        Mx.Eval(ready);
        Assert.That(Mx.Grad((MlxArray x) => Fails(x))(S(1)).Item<float>(), Is.EqualTo(MathF.Exp(2)).Within(1e-5));
        Assert.That(Mx.Compile((MlxArray x) => Fails(x))(S(1)).Item<float>(), Is.EqualTo(MathF.Exp(2)).Within(1e-5));
        Assert.That(Mx.Jvp(Fails, S(1), S(1)).Jvp.Item<float>(), Is.EqualTo(MathF.Exp(2)).Within(1e-5));
    }

    [Test]
    public void ATransformerTakesAnEncoderAndADecoderOfOnesOwn()
    {
        Scaling encoder = new();
        Transformer transformer = new(dims: 8, numHeads: 2, numEncoderLayers: 1, numDecoderLayers: 1, mlpDims: 8, customEncoder: encoder,
            customDecoder: new Adding());
        MlxArray source = Mx.Ones(1, 3, 8), target = Mx.Ones(1, 3, 8);
        Assert.That(transformer.Forward(source, target).ToArray<float>(), Is.All.EqualTo(3f));
        Assert.That(transformer.Parameters().Flatten().Select(item => item.Key), Is.EqualTo(new[] { "encoder.gain", "decoder.shift" }));
        (_, TreeDictionary gradients) = transformer.ValueAndGrad(() => Mx.Mean(transformer.Forward(source, target)))();
        Assert.That(gradients.Leaves.Select(leaf => leaf.Item<float>()), Is.EqualTo(new[] { 1f, 1f }).Within(1e-6));
        transformer.Update(new TreeDictionary { ["encoder"] = new TreeDictionary { ["gain"] = MlxArray.Create([5f]) } });
        Assert.That(encoder.Gain.Item<float>(), Is.EqualTo(5f));
        Transformer mixed = new(dims: 8, numHeads: 2, numEncoderLayers: 1, numDecoderLayers: 1, mlpDims: 8, customEncoder: encoder);
        Assert.That(mixed.Forward(source, target).Shape.ToArray(), Is.EqualTo(new[] { 1, 3, 8 }));
    }

    internal sealed partial class Scaling : Module, ITransformerEncoder
    {
        public MlxArray Gain { get; set; } = MlxArray.Create([2f]);

        public MlxArray Forward(MlxArray x, MlxArray? mask = null) => x * Gain;
    }

    internal sealed partial class Adding : Module, ITransformerDecoder
    {
        public MlxArray Shift { get; set; } = MlxArray.Create([0f]);

        public MlxArray Forward(MlxArray x, MlxArray memory, MlxArray? xMask = null, MlxArray? memoryMask = null) => x + memory + Shift;
    }
}
