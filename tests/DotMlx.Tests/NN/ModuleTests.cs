using DotMlx.NN;

namespace DotMlx.Tests.NN;

public class ModuleTests
{
    [Test]
    public void ALlamaBlockHasTheNamesOfTheSameBlockInPython()
    {
        Assert.That(Names(new LlamaBlock()), Is.EqualTo(new[]
        {
            "self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight", "self_attn.o_proj.weight",
            "mlp.gate_proj.weight", "mlp.down_proj.weight", "mlp.up_proj.weight",
            "input_layernorm.weight", "post_attention_layernorm.weight",
        }));
    }

    [Test]
    public void MembersOfEveryKindAreFoundInOrder()
    {
        Assert.That(Names(new Kitchen()), Is.EqualTo(new[]
        {
            "hidden.weight", "hidden.bias", "first.weight", "first.bias", "layers.0.weight", "layers.0.bias", "layers.3.weight",
            "tables.b", "tables.a", "scales.0", "scales.1", "count",
        }));
    }

    [Test]
    public void PositionsOfAListAreKeptByEmptyDictionaries()
    {
        TreeList layers = (TreeList)new Kitchen().Parameters()["layers"];
        Assert.That(layers, Has.Count.EqualTo(4));
        Assert.That(layers[1], Is.InstanceOf<TreeDictionary>().And.Count.Zero);
    }

    [Test]
    public void GenericInheritedAndNestedModulesWork()
    {
        Assert.That(Names(new Derived { Inner = new Linear(2, 2) }), Is.EqualTo(new[] { "inner.weight", "inner.bias", "gain" }));
        Derived.Nested nested = new();
        using MlxArray four = Mx.Ones(4);
        nested.Update(new TreeDictionary { ["bias"] = four });
        Assert.That(nested.Bias, Is.SameAs(four));
    }

    [Test]
    public void UpdateReachesReadOnlyMembersListsAndDictionaries()
    {
        Kitchen model = new();
        Tree doubled = Tree.Map(a => Mx.Add(a, 1), model.Parameters());
        Assert.That(model.Update(doubled), Is.SameAs(model));
        foreach ((string path, MlxArray value) in model.Parameters().Flatten())
        {
            Assert.That(value, Is.SameAs(doubled.Find(path).Array), path);
        }
    }

    [Test]
    public void APartialUpdateChangesOnlyWhatItNames()
    {
        Kitchen model = new();
        MlxArray before = model.First.Weight;
        using MlxArray bias = Mx.Ones(3);
        model.Update(Tree.Unflatten([new("first.bias", bias)]));
        Assert.That(model.First.Bias, Is.SameAs(bias));
        Assert.That(model.First.Weight, Is.SameAs(before));
    }

    [TestCase("first.nothing", "'first.nothing'")]
    [TestCase("layers.9.weight", "'layers.9'")]
    [TestCase("layers.0.weight.deep", "'layers.0.weight'")]
    [TestCase("first", "'first'")]
    public void AStrictUpdateThatFailsNamesThePathAndChangesNothing(string path, string named)
    {
        Kitchen model = new();
        MlxArray[] before = [.. model.Parameters().Leaves];
        using MlxArray good = Mx.Ones(2);
        using MlxArray bad = Mx.Ones(2);
        Exception? error = Assert.Catch(() => model.Update(Tree.Unflatten([new("hidden.bias", good), new(path, bad)])));
        Assert.That(error!.Message, Does.Contain(named));
        Assert.That(model.Parameters().Leaves, Is.EqualTo(before).Using<MlxArray>((a, b) => ReferenceEquals(a, b)));
    }

    [Test]
    public void AShapeThatDiffersIsNamedWithBothShapes()
    {
        Kitchen model = new();
        MlxArray before = model.First.Weight;
        using MlxArray bias = Mx.Ones(3);
        using MlxArray wrong = Mx.Ones(2, 3);
        ArgumentException? error =
            Assert.Throws<ArgumentException>(() => model.Update(Tree.Unflatten([new("first.bias", bias), new("first.weight", wrong)])));
        Assert.That(error!.Message, Does.Contain("'first.weight'").And.Contain("(3, 2)").And.Contain("(2, 3)"));
        Assert.That(model.First.Weight, Is.SameAs(before));
        Assert.That(model.First.Bias, Is.Not.SameAs(bias));
        model.Update(Tree.Unflatten([new("first.weight", wrong), new("first.nothing", bias)]), strict: false);
        Assert.That(model.First.Weight, Is.SameAs(wrong));
    }

    [Test]
    public void FreezingTakesParametersOutOfTrainingAndBuffersStayOut()
    {
        Kitchen model = new();
        Assert.That(Trainable(model), Does.Not.Contain("count").And.Contain("tables.a"));
        model.Freeze(keys: ["bias"]);
        Assert.That(Trainable(model), Is.EqualTo(new[]
        {
            "hidden.weight", "first.weight", "layers.0.weight", "layers.3.weight", "tables.b", "tables.a", "scales.0", "scales.1",
        }));
        model.Freeze();
        Assert.That(Trainable(model), Is.Empty);
        model.First.Unfreeze();
        Assert.That(Trainable(model), Is.EqualTo(new[] { "first.weight", "first.bias" }));
        model.Unfreeze("weight");
        Assert.That(Trainable(model),
            Is.EqualTo(new[] { "hidden.weight", "first.weight", "first.bias", "layers.0.weight", "layers.3.weight" }));
        model.Unfreeze();
        Assert.That(Trainable(model), Has.Count.EqualTo(11).And.Not.Contain("count"));
        model.Freeze(recurse: false);
        Assert.That(Trainable(model), Has.Count.EqualTo(7).And.Not.Contain("tables.a"));
    }

    [Test]
    public void StrictFreezingChecksTheKeysAgainstTheWholeModel()
    {
        Kitchen model = new();
        model.Freeze("bias", strict: true);
        Assert.That(Assert.Throws<KeyNotFoundException>(() => model.Freeze("bais", strict: true))!.Message, Does.Contain("'bais'"));
        Assert.Throws<KeyNotFoundException>(() => model.Unfreeze("bias", recurse: false, strict: true));
    }

    [Test]
    public void EvaluationModeReachesPrivateModules()
    {
        Kitchen model = new();
        Assert.That(model.DropoutTrains, Is.True);
        Assert.That(model.Eval(), Is.SameAs(model));
        Assert.That(model.DropoutTrains, Is.False);
        Assert.That(model.Modules().Select(m => m.Training), Has.All.False);
        model.Train();
        Assert.That(model.DropoutTrains, Is.True);
    }

    [Test]
    public void ModulesAreVisitedInPythonsOrder()
    {
        Kitchen model = new();
        Assert.That(model.Children()
            .Select(c => c.Key), Is.EqualTo(new[] { "hidden", "_dropout", "first", "layers.0", "layers.1", "layers.2", "layers.3" }));
        Assert.That(model.NamedModules().Select(c => c.Key),
            Is.EqualTo(new[] { "", "layers.3", "layers.2", "layers.1", "layers.0", "first", "_dropout", "hidden" }));
        Assert.That(new Sequential(new Sequential(new ReLU()), new Linear(1, 1)).LeafModules()
            .Select(c => c.Key), Is.EqualTo(new[] { "layers.0.layers.0", "layers.1" }));
    }

    [Test]
    public void ModulesCanBeReplacedByPath()
    {
        Kitchen model = new();
        Linear replacement = new(3, 3);
        model.UpdateModules([new("layers.0", replacement), new("first", replacement)]);
        Assert.That(model.Layers[0], Is.SameAs(replacement));
        Assert.That(model.First, Is.SameAs(replacement));

        ArgumentException? error =
            Assert.Throws<ArgumentException>(() => model.UpdateModules([new("layers.0", new Linear(1, 1)), new("first", new ReLU())]));
        Assert.That(error!.Message, Does.Contain("'first'").And.Contain("ReLU").And.Contain("Linear"));
        Assert.That(model.Layers[0], Is.SameAs(replacement), "nothing is changed");
        Assert.Throws<KeyNotFoundException>(() => model.UpdateModules([new("layers.9", replacement)]));
        model.UpdateModules([new("layers.9", replacement)], strict: false);
    }

    [Test]
    public void ApplyAndSetDTypeChangeEveryFloatingParameter()
    {
        Kitchen model = new();
        model.Tables["a"] = Mx.AsType(model.Tables["a"], DType.Int32);
        model.SetDType(DType.Float16);
        Assert.That(model.First.Weight.DType, Is.EqualTo(DType.Float16));
        Assert.That(model.Tables["a"].DType, Is.EqualTo(DType.Int32));
        model.SetDType(DType.Float32, _ => true);
        Assert.That(model.Tables["a"].DType, Is.EqualTo(DType.Float32));
        model.Apply(a => Mx.Reshape(a, -1), (module, key, value) => key is "first" or "weight");
        Assert.That(model.First.Weight.Shape.ToArray(), Is.EqualTo(new[] { 6 }));
    }

    [Test]
    public void AnyArraysCanBeFilteredAndMapped()
    {
        Kitchen kitchen = new();
        Tree biases = kitchen.FilterAndMap(
            (_, key, value) => value is not MlxArray || key == "bias", bias => MlxArray.Scalar((int)bias.Size));
        Assert.That(biases.Flatten().Select(leaf => (leaf.Key, leaf.Value.Item<int>())), Is.EquivalentTo(new[]
        {
            ("hidden.bias", 2), ("first.bias", 3), ("layers.0.bias", 3),
        }));
        Assert.That(kitchen.FilterAndMap(Module.IsParameter).Flatten()
            .Select(leaf => leaf.Key), Is.EqualTo(kitchen.Parameters().Flatten().Select(leaf => leaf.Key)));
        kitchen.First.Freeze();
        Assert.That(
            kitchen.FilterAndMap(Module.IsTrainableParameter).Flatten().Select(leaf => leaf.Key),
            Is.EqualTo(kitchen.TrainableParameters().Flatten().Select(leaf => leaf.Key)).And.None.StartsWith("first."));
    }

    [Test]
    public void AFunctionSeesEveryModuleWithItsPath()
    {
        Kitchen kitchen = new();
        List<string> seen = [];
        Assert.That(kitchen.ApplyToModules((path, module) => seen.Add($"{path}:{module.GetType().Name}")), Is.SameAs(kitchen));
        Assert.That(seen, Is.EquivalentTo(new[]
        {
            ":Kitchen", "hidden:Linear", "_dropout:Dropout", "first:Linear", "layers.0:Linear", "layers.1:Lambda",
            "layers.2:ReLU", "layers.3:Linear",
        }));
    }

    [Test]
    public void StateIsCapturedAndRestoredWithBuffers()
    {
        Kitchen model = new();
        Tree state = model.CaptureState();
        MlxArray? count = model.Count;
        model.Update(Tree.Map(a => Mx.Add(a, 1), model.Parameters()));
        model.Count = null;
        model.Absent = Mx.Ones(1);
        model.RestoreState(state);
        Assert.That(model.Count, Is.SameAs(count));
        Assert.That(model.Absent, Is.Null);
        Assert.That(model.CaptureState().Leaves, Is.EqualTo(state.Leaves).Using<MlxArray>((a, b) => ReferenceEquals(a, b)));
    }

    [Test]
    public void UpdatedParametersOutliveTheScopeOfATrainingStep()
    {
        Linear model = new(2, 2);
        using (MlxScope.Begin())
        {
            model.Update(new TreeDictionary { ["weight"] = Mx.Ones(2, 2) });
        }
        Assert.That(model.Weight.ToArray<float>(), Has.All.EqualTo(1f));
    }

    [Test]
    public void PrintedAsPythonPrints()
    {
        Assert.That(new Sequential(new Linear(2, 3), new Sequential(new ReLU()), new Dropout(0.25f)).ToString()
            .ReplaceLineEndings("\n"), Is.EqualTo(
            "Sequential(\n  (layers.0): Linear(input_dims=2, output_dims=3, bias=True)\n  (layers.1): Sequential(\n    (layers.0): "
            + "ReLU()\n  )\n  (layers.2): Dropout(p=0.25)\n)"));
    }

    [Test]
    public void TheSummaryCountsParameters()
    {
        Kitchen model = new();
        model.First.Freeze();
        string summary = model.Summary();
        Assert.That(summary, Does.Contain("first").And.Contain("weight (3, 2), bias (3,)").And.Contain("Total"));
        string total = summary.TrimEnd().ReplaceLineEndings("\n").Split('\n')[^1];
        Assert.That(total.Split(' ', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(new[] { "Total", "42", "32" }));
        Assert.That(model.ParameterCount(), Is.EqualTo(42));
    }

    [Test]
    public void MembersMayComeLater()
    {
        GrowingModule model = new();
        Assert.That(Names(model), Is.Empty);
        model.Put("first", Mx.Zeros(2));
        model.Put("second", Mx.Ones(3));
        Assert.That(Names(model), Is.EqualTo(new[] { "first", "second" }));
        model.Update(new TreeDictionary { ["second"] = Mx.Zeros(3) });
        Assert.That(model.Parameters()["second"].Array.ToArray<float>(), Is.All.Zero);
    }

    private sealed class GrowingModule : Module
    {
        private readonly Dictionary<string, object> _values = [];

        internal void Put(string name, MlxArray value)
        {
            _values[name] = value;
            MembersChanged();
        }

        protected override void AddMembers(ModuleMembers members)
        {
            base.AddMembers(members);
            foreach (string name in _values.Keys)
            {
                members.Add(ModuleMember.Create<GrowingModule, object>(name, module => module._values[name],
                    (module, value) => module._values[name] = value));
            }
        }
    }

    private static List<string> Names(Module module) => [.. module.Parameters().Flatten().Select(p => p.Key)];

    private static List<string> Trainable(Module module) => [.. module.TrainableParameters().Flatten().Select(p => p.Key)];
}
