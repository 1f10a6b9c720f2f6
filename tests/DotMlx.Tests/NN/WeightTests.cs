using DotMlx.NN;

namespace DotMlx.Tests.NN;

public class WeightTests
{
    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("dotmlx-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [TestCase("weights.safetensors")]
    [TestCase("weights.npz")]
    public void WeightsComeBackByName(string file)
    {
        string path = Path.Combine(_directory, file);
        LlamaBlock saved = new(), loaded = new();
        saved.SaveWeights(path);
        Assert.That(loaded.LoadWeights(path), Is.SameAs(loaded));
        AssertSame(saved, loaded);
    }

    [TestCase("M.SAFETENSORS")]
    [TestCase("m.SafeTensors")]
    [TestCase("M.NPZ")]
    public void TheNameIsTakenAsItIsGiven(string file)
    {
        string path = Path.Combine(_directory, file);
        LlamaBlock saved = new(), loaded = new();
        saved.SaveWeights(path);
        Assert.That(Directory.GetFiles(_directory).Select(Path.GetFileName), Is.EqualTo(new[] { file }));
        loaded.LoadWeights(path);
        AssertSame(saved, loaded);
    }

    [Test]
    public void ASafetensorsFileHasPythonsNames()
    {
        string path = Path.Combine(_directory, "weights.safetensors");
        new LlamaBlock().SaveWeights(path);
        using SafetensorsFile file = Mx.LoadSafetensors(path);
        Assert.That(file.Keys,
            Does.Contain("self_attn.q_proj.weight").And.Contain("mlp.gate_proj.weight").And.Contain("input_layernorm.weight"));
    }

    [Test]
    public void ShardsAndTheirIndexAreLoadedAndSaved()
    {
        LlamaBlock saved = new(), loaded = new(), again = new();
        saved.SaveShardedWeights(_directory, maxShardBytes: 1000);
        Assert.That(Directory.GetFiles(_directory, "model-*-of-*.safetensors"), Has.Length.GreaterThan(2));
        Assert.That(File.ReadAllText(Path.Combine(_directory, "model.safetensors.index.json")),
            Does.Contain("\"self_attn.q_proj.weight\": \"model-00001-of-"));
        loaded.LoadWeights(_directory);
        again.LoadWeights(Path.Combine(_directory, "model.safetensors.index.json"));
        AssertSame(saved, loaded);
        AssertSame(saved, again);
    }

    [Test]
    public void StrictLoadingListsTheMismatchesAndChangesNothing()
    {
        Linear model = new(2, 3);
        MlxArray[] before = [.. model.Parameters().Leaves];
        using MlxArray weight = Mx.Ones(3, 2);
        using MlxArray turned = Mx.Ones(2, 3);
        using MlxArray bias = Mx.Ones(3);
        Assert.That(Assert.Throws<ArgumentException>(() => model.LoadWeights([new("weight", weight)]))!.Message,
            Does.Contain("missing").And.Contain("bias"));
        Assert.That(
            Assert.Throws<ArgumentException>(() =>
                model.LoadWeights([new("weight", weight), new("bias", bias), new("deep.extra", bias)]))!.Message,
            Does.Contain("not in the model").And.Contain("deep.extra"));
        Assert.That(
            Assert.Throws<ArgumentException>(() => model.LoadWeights([new("weight", turned), new("bias", bias)]))!.Message,
            Does.Contain("'weight'").And.Contain("(3, 2)").And.Contain("(2, 3)"));
        Assert.That(
            Assert.Throws<ArgumentException>(() => model.LoadWeights([new("weight", turned), new("extra", bias)]))!.Message,
            Does.Contain("'extra' is not in the model").And.Contain("'bias' is missing, expected shape (3,)").And
                .Contain("'weight' has the shape (2, 3), expected (3, 2)"),
            "all of it at once");
        Assert.That(model.Parameters().Leaves, Is.EqualTo(before).Using<MlxArray>((a, b) => ReferenceEquals(a, b)));
        model.LoadWeights([new("bias", bias), new("deep.extra", bias)], strict: false);
        Assert.That(model.Bias, Is.SameAs(bias));
    }

    [Test]
    public void ShardsThatCannotAllBeWrittenLeaveTheOldOnes()
    {
        LlamaBlock saved = new(), other = new(), loaded = new();
        saved.SaveShardedWeights(_directory, maxShardBytes: 1000);
        string last = Directory.GetFiles(_directory, "model-*.safetensors").Order(StringComparer.Ordinal).Last();
        string[] before = [.. Directory.GetFiles(_directory).Order(StringComparer.Ordinal)];

        // A disposed array can't be written, and at that point, other shards have already been written.
        other.PostAttentionLayernorm.Weight.Dispose();
        Assert.Catch(() => other.SaveShardedWeights(_directory, maxShardBytes: 1000));
        Assert.That(Directory.GetFiles(_directory).Order(StringComparer.Ordinal), Is.EqualTo(before), last);
        loaded.LoadWeights(_directory);
        AssertSame(saved, loaded);
    }

    [Test]
    public void UnknownFilesAndIndexesThatPointElsewhereAreRefused()
    {
        Linear model = new(2, 2);
        Assert.Throws<ArgumentException>(() => model.SaveWeights(Path.Combine(_directory, "weights.bin")));
        string index = Path.Combine(_directory, "model.safetensors.index.json");
        File.WriteAllText(index, """{"weight_map": {"weight": "../outside.safetensors"}}""");
        Assert.Throws<InvalidDataException>(() => model.LoadWeights(index));
        File.WriteAllText(index, "[]");
        Assert.Throws<InvalidDataException>(() => model.LoadWeights(index));
    }

    private static void AssertSame(Module expected, Module actual)
    {
        foreach ((string path, MlxArray array) in expected.Parameters().Flatten())
        {
            Assert.That(actual.Parameters().Find(path).Array.ToArray<float>(), Is.EqualTo(array.ToArray<float>()), path);
        }
    }
}
