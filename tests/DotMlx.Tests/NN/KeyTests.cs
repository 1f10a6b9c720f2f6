using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.NN;

/// <summary>Every key of a module's dictionary survives every conversion and its inverse, whatever characters it contains.</summary>
[TestFixtureSource(nameof(Keys))]
internal sealed partial class KeyTests(string key)
{
    private string _directory = "";

    public static string[] Keys =>
    [
        "", "0", "00", "01", "-1", "+1", "1.0", "a.b", ".", "..", "enc.0", "\u0663", "_x", "a\\b", "\\", "\\e", "\\.", "a b", "%d", "/",
        "weight", new('k', 3000),
        "999999999999", "1e3", " 1", "__metadata__", "\ud83d\ude00", "\"quoted\"",
    ];

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("dotmlx-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    private string In(string file) => Path.Combine(_directory, file);

    private static MlxArray Input => MlxArray.Create([0.5f, -1f]).Reshape(1, 2);

    private static void AssertSame(Module expected, Module actual)
    {
        IReadOnlyList<KeyValuePair<string, MlxArray>> left = expected.Parameters().Flatten(), right = actual.Parameters().Flatten();
        Assert.That(right.Select(item => item.Key), Is.EqualTo(left.Select(item => item.Key)));
        for (int i = 0; i < left.Count; i++)
        {
            Assert.That(right[i].Value.ToArray<float>(), Is.EqualTo(left[i].Value.ToArray<float>()), left[i].Key);
        }
    }

    [TestCase("w.safetensors")]
    [TestCase("w.npz")]
    public void WeightsWithUnusualKeysRoundTrip(string file)
    {
        Branches saved = new(key), loaded = new(key);
        saved.SaveWeights(In(file));
        loaded.LoadWeights(In(file));
        AssertSame(saved, loaded);
    }

    [Test]
    public void ShardedWeightsComeBack()
    {
        Branches saved = new(key), loaded = new(key);
        saved.SaveShardedWeights(_directory, maxShardBytes: 16);
        loaded.LoadWeights(_directory);
        AssertSame(saved, loaded);
    }

    [Test]
    public void WeightsComeBackByTheNamesOfPython()
    {
        Branches saved = new(key), again = new(key);
        again.LoadWeights(
        [
            new($"layers.{key}.weight", saved.Layers[key].Weight), new($"layers.{key}.bias", saved.Layers[key].Bias!),
            new($"arrays.{key}", saved.Arrays[key]),
        ]);
        AssertSame(saved, again);
    }

    [Test]
    public void CapturedStateComesBack()
    {
        Branches model = new(key);
        Tree before = model.CaptureState();
        float[][] values = [.. before.Leaves.Select(leaf => leaf.ToArray<float>())];
        model.Apply(array => array + 1);
        model.RestoreState(before);
        Assert.That(model.CaptureState().Leaves.Select(leaf => leaf.ToArray<float>()), Is.EqualTo(values));
        Assert.That(model.Layers[key].Weight.ToArray<float>(), Is.EqualTo(values[0]));
    }

    [Test]
    public void ParametersUpdateAndFreezeAndAreFound()
    {
        Branches model = new(key), other = new(key);
        model.Update(other.Parameters());
        AssertSame(other, model);
        foreach ((string path, MlxArray array) in model.Parameters().Flatten())
        {
            Assert.That(model.Parameters().Find(path).Array, Is.SameAs(array));
        }

        foreach ((string path, Module layer) in model.LeafModules())
        {
            Linear replacement = new(2, 2);
            model.UpdateModules([new(path, replacement)]);
            Assert.That(model.Layers[key], Is.SameAs(replacement).And.Not.SameAs(layer));
        }

        model.Freeze(keys: [.. model.FilterAndMap((module, name, value) => value is not Linear && Module.IsParameter(module, name, value))
            .Flatten().Select(item => item.Key)], strict: true);
        Assert.That(model.TrainableParameters().LeafCount, Is.EqualTo(2), "only the layer's");
        Assert.That(model.NamedModules(), Has.Count.EqualTo(2));
    }

    [Test]
    public void AnOptimizerKeepsItsMoments([Values] bool throughFile)
    {
        Branches model = new(key), twin = new(key);
        twin.Update(model.Parameters());
        Adam optimizer = new(0.1f), other = new(0.1f);
        Step(model, optimizer);
        Step(twin, other);
        other.State.Save(In("state"));
        if (throughFile)
        {
            Adam loaded = new(0.1f) { State = TreeDictionary.Load(In("state.safetensors")) };
            other = loaded;
        }

        Step(model, optimizer);
        Step(twin, other);
        AssertSame(model, twin);
    }

    private static void Step(Branches model, Optimizer optimizer)
    {
        MlxArray x = Input;
        optimizer.Update(model, model.ValueAndGrad(() => Mx.Sum(Mx.Square(model.Forward(x))))().Gradients);
        Mx.Eval(model.Parameters(), optimizer.State);
    }

    [Test]
    public void ACompiledStepTrainsAsAPlainOne()
    {
        Branches model = new(key), twin = new(key);
        twin.Update(model.Parameters());
        SGD optimizer = new(0.1f, momentum: 0.9f), other = new(0.1f, momentum: 0.9f);
        IMlxState[] state = [twin, other];
        MlxArray x = Input;
        Func<MlxArray, MlxArray> compiled = Mx.Compile(
            (MlxArray input) =>
            {
                (MlxArray loss, var gradients) = twin.ValueAndGrad(() => Mx.Sum(Mx.Square(twin.Forward(input))))();
                other.Update(twin, gradients);
                return loss;
            },
            state,
            state);
        for (int i = 0; i < 3; i++)
        {
            Step(model, optimizer);
            Mx.Eval(compiled(x));
        }

        foreach ((MlxArray expected, MlxArray actual) in model.Parameters().Leaves.Zip(twin.Parameters().Leaves))
        {
            Assert.That(actual.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()).Within(1e-6));
        }
    }

    [Test]
    public void ALossThatThrowsLeavesTheStatistics()
    {
        Normalized model = new(key);
        MlxArray x = Mx.Random.Normal([4, 3], key: Mx.Random.Key(1));
        var step = model.ValueAndGrad(() => Mx.Sum(model.Norms[key].Forward(x)) * (float)Failure());
        Assert.That(() => step(), Throws.InvalidOperationException);
        Assert.That(model.Norms[key].RunningMean!.ToArray<float>(), Is.All.Zero);

        static double Failure() => throw new InvalidOperationException("The loss fails.");
    }

    [Test]
    public void ATreeWithUnusualKeysRoundTrips()
    {
        Tree deep = new TreeDictionary
        {
            ["d"] = new TreeDictionary
                { [key] = Mx.Full([1], 1f), ["x"] = new TreeList { new TreeDictionary { [key] = Mx.Full([1], 2f) } } },
            [key] = new TreeDictionary { [key] = Mx.Full([1], 3f) },
        };
        Assert.That(deep.Flatten().Select(item => deep.Find(item.Key).Array.Item<float>()), Is.EqualTo(new[] { 1f, 2f, 3f }));
        if (!key.Contains('.', StringComparison.Ordinal) && key != "0")
        {
            // Without this, Python's names don't show which part was a key.
            Assert.That(Tree.StructureEquals(Tree.Unflatten(deep.Flatten()), deep));
        }

        ((TreeDictionary)deep).Save(In("tree"));
        TreeDictionary loaded = TreeDictionary.Load(In("tree.safetensors"));
        Assert.That(Tree.Differences(deep, loaded), Is.Empty);
        Assert.That(loaded["d"]["x"][0][key].Array.Item<float>(), Is.EqualTo(2f));
        List<string> paths = [];
        Tree.MapWithPath(
            (path, leaf) =>
            {
                paths.Add(path);
                return leaf;
            },
            deep);
        Assert.That(paths, Is.EqualTo(deep.Flatten().Select(item => item.Key)));
    }

    [Test]
    public void ATreeWithOnlyThisKeyRoundTrips()
    {
        TreeDictionary tree = new() { [key] = Mx.Full([1], 1f) };
        tree.Save(In("tree"));
        Assert.That(TreeDictionary.Load(In("tree.safetensors"))[key].Array.Item<float>(), Is.EqualTo(1f));

        // The empty path is the tree itself.
        Assert.That(key.Length == 0 ? tree[key] : tree.Find(tree.Flatten()[0].Key), Is.SameAs(tree[key]));
    }

    internal sealed partial class Branches(string key) : Module
    {
        public Dictionary<string, Linear> Layers { get; } = new() { [key] = new Linear(2, 2) };

        public Dictionary<string, MlxArray> Arrays { get; } = new() { [key] = Mx.Random.Normal([2]) };

        public MlxArray Forward(MlxArray x)
        {
            foreach (Linear layer in Layers.Values)
            {
                x = layer.Forward(x);
            }

            foreach (MlxArray array in Arrays.Values)
            {
                x *= array;
            }

            return x;
        }
    }

    internal sealed partial class Normalized(string key) : Module
    {
        public Dictionary<string, BatchNorm> Norms { get; } = new() { [key] = new BatchNorm(3) };
    }
}
