using System.Text.Json.Nodes;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests;

internal sealed class ConvertTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("a.safetensors", "b.npz")]
    [TestCase("a.npz", "b.safetensors")]
    [TestCase("a.npz", "b.NPZ")]
    [TestCase("a.safetensors", "b.safetensors")]
    public void ArraysStayWhatTheyAre(string from, string to)
    {
        Save(from, Arrays());
        Result result = CommandLine.Run("convert", _folder[from], _folder[to]).Succeeded();
        Assert.That(result.Output, Does.StartWith($"{_folder[to]}: 3 arrays"));
        using ArrayFile written = Mx.Load(new MemoryStream(File.ReadAllBytes(_folder[to])));
        Assert.That(written.Keys, Is.EquivalentTo(Arrays().Keys));
        foreach ((string name, MlxArray array) in Arrays())
        {
            Assert.That(written[name].DType, Is.EqualTo(array.DType));
            Assert.That(Mx.ArrayEqual(written[name], array).Item<bool>(), Is.True, name);
        }

        Assert.That(_folder.Files, Is.EquivalentTo(new[] { from, to }), "no temporary file is left");
    }

    [Test]
    public void OneArrayGoesIntoNpyAndBack()
    {
        Save("a.npz", new() { ["only"] = MlxArray.Create<float>([1, 2], 2) });
        CommandLine.Run("convert", _folder["a.npz"], _folder["a.npy"]).Succeeded();
        CommandLine.Run("convert", _folder["a.npy"], _folder["b.safetensors"]).Succeeded();
        using SafetensorsFile written = Mx.LoadSafetensors(_folder["b.safetensors"]);
        Assert.That(written["arr_0"].ToArray<float>(), Is.EqualTo(new[] { 1f, 2f }));

        Save("two.npz", Arrays());
        CommandLine.Run("convert", _folder["two.npz"], _folder["two.npy"]).AssertRefused("one array", "not 3", ".npz");
    }

    [Test]
    public void MetadataIsKeptWhereTheFormatHasAnyAndElseTold()
    {
        Mx.SaveSafetensors(_folder["a.safetensors"], Arrays(), new Dictionary<string, string> { ["format"] = "mlx", ["note"] = "ä" });
        CommandLine.Run("convert", _folder["a.safetensors"], _folder["b.safetensors"], "--dtype", "float16").Succeeded();
        using SafetensorsFile written = Mx.LoadSafetensors(_folder["b.safetensors"]);
        Assert.That(written.Metadata, Is.EquivalentTo(new Dictionary<string, string> { ["format"] = "mlx", ["note"] = "ä" }));

        Result npz = CommandLine.Run("convert", _folder["a.safetensors"], _folder["b.npz"]).Succeeded();
        Assert.That(npz.Errors, Does.StartWith("note: npz files have no metadata").And.Contain("format").And.Contain("note"));
    }

    [Test]
    public void AFloatingTypeConvertsTheFloatingArraysAlone()
    {
        Save("a.npz", Arrays());
        Result result = CommandLine.Run("convert", _folder["a.npz"], _folder["b.safetensors"], "--dtype", "bfloat16").Succeeded();
        Assert.That(result.Output, Does.Contain("2 converted to bfloat16"));
        using SafetensorsFile written = Mx.LoadSafetensors(_folder["b.safetensors"]);
        Assert.That(written.ToDictionary(item => item.Key, item => item.Value.DType), Is.EquivalentTo(new Dictionary<string, DType>
        {
            ["weight"] = DType.BFloat16, ["half"] = DType.BFloat16, ["ids"] = DType.Int32,
        }));
        Assert.That(written["weight"].AsType(DType.Float32).ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 3, 4, 5, 6 }));
    }

    [Test]
    public void AnIntegerTypeConvertsTheIntegersThatFit()
    {
        Save("a.npz", Arrays());
        CommandLine.Run("convert", _folder["a.npz"], _folder["b.npz"], "--dtype", "int8").Succeeded();
        using ArrayFile written = Mx.Load(_folder["b.npz"]);
        Assert.That(written["ids"].ToArray<sbyte>(), Is.EqualTo(new sbyte[] { 1, -2, 3 }));
        Assert.That(written["weight"].DType, Is.EqualTo(DType.Float32));

        CommandLine.Run("convert", _folder["a.npz"], _folder["c.npz"], "--dtype", "uint64")
            .AssertRefused("'ids'", "-2", "the range of uint64 is 0");
        Save("big.npz", new() { ["n"] = MlxArray.Create<ulong>([ulong.MaxValue], 1) });
        CommandLine.Run("convert", _folder["big.npz"], _folder["c.npz"], "--dtype", "int64").AssertRefused("'n'", "18446744073709551615");
        Assert.That(_folder.Files, Is.EquivalentTo(new[] { "a.npz", "b.npz", "big.npz" }));
    }

    [Test]
    public void NumbersTooLargeForATypeAreRefusedAndInfinitiesAreNot()
    {
        Save("a.npz", new() { ["w"] = MlxArray.Create<float>([1, 70000], 2) });
        CommandLine.Run("convert", _folder["a.npz"], _folder["b.npz"], "--dtype", "float16").AssertRefused("'w'", "too large for float16");
        Save("inf.npz", new() { ["w"] = MlxArray.Create<float>([1, float.PositiveInfinity], 2) });
        CommandLine.Run("convert", _folder["inf.npz"], _folder["b.npz"], "--dtype", "float16").Succeeded();
        using ArrayFile written = Mx.Load(_folder["b.npz"]);
        Assert.That(written["w"].ToArray<Half>(), Is.EqualTo(new[] { (Half)1, Half.PositiveInfinity }));
    }

    [Test]
    public void AnExistingFileIsReplacedOnlyByForce()
    {
        Save("a.npz", Arrays());
        string existing = _folder.Write("b.npz", "mine");
        CommandLine.Run("convert", _folder["a.npz"], existing).AssertRefused(existing, "exists", "--force");
        Assert.That(File.ReadAllText(existing), Is.EqualTo("mine"));

        CommandLine.Run("convert", _folder["a.npz"], existing, "--force").Succeeded();
        using ArrayFile written = Mx.Load(existing);
        Assert.That(written, Has.Count.EqualTo(3));

        CommandLine.Run("convert", _folder["a.npz"], _folder["a.npz"], "--dtype", "float16", "--force").Succeeded();
        using ArrayFile again = Mx.Load(_folder["a.npz"]);
        Assert.That(again["weight"].DType, Is.EqualTo(DType.Float16));
    }

    [Test]
    public void AFailureLeavesTheExistingFileAndNothingElse()
    {
        Save("a.npz", new() { ["w"] = MlxArray.Create<double>([1, 2], 2) });
        string existing = _folder.Write("b.safetensors", "mine");
        CommandLine.Run("convert", _folder["a.npz"], existing, "--force").AssertRefused("'w'", "float64", "--dtype float32");
        File.WriteAllBytes(_folder["cut.npz"], File.ReadAllBytes(_folder["a.npz"])[..60]);
        CommandLine.Run("convert", _folder["cut.npz"], existing, "--force").AssertRefused("cut.npz");
        Assert.That(File.ReadAllText(existing), Is.EqualTo("mine"));
        Assert.That(_folder.Files, Is.EquivalentTo(new[] { "a.npz", "b.safetensors", "cut.npz" }));

        CommandLine.Run("convert", _folder["a.npz"], existing, "--force", "--dtype", "float32").Succeeded();
    }

    [Test]
    public void ATargetThatCannotBeIsRefusedBeforeTheWork()
    {
        Save("a.npz", Arrays());
        CommandLine.Run("convert", _folder["a.npz"], _folder["none/b.npz"]).AssertRefused(_folder["none"], "folder");
        Directory.CreateDirectory(_folder["b.npz"]);
        CommandLine.Run("convert", _folder["a.npz"], _folder["b.npz"], "--force").AssertRefused(_folder["b.npz"], "is a folder");
    }

    [Test]
    public void AShardedModelBecomesOneFile()
    {
        Dictionary<string, string> metadata = new() { ["format"] = "mlx" };
        Mx.SaveSafetensors(_folder["m-1.safetensors"], Arrays().Where(item => item.Key != "half"), metadata);
        Mx.SaveSafetensors(_folder["m-2.safetensors"], Arrays().Where(item => item.Key == "half"), metadata);
        _folder.Write("m.safetensors.index.json",
            """{"metadata":{"total_size":52},"weight_map":{"weight":"m-1.safetensors","half":"m-2.safetensors","ids":"m-1.safetensors"}}""");
        CommandLine.Run("convert", _folder.Path, _folder["one.safetensors"]).Succeeded();
        using SafetensorsFile written = Mx.LoadSafetensors(_folder["one.safetensors"]);
        Assert.That(written.Keys, Is.EquivalentTo(Arrays().Keys));
        Assert.That(written.Metadata, Is.EquivalentTo(metadata));
    }

    [Test]
    public void NumPyIsWarnedOfBfloat16()
    {
        Save("a.safetensors", new() { ["w"] = Mx.Zeros([2], DType.BFloat16) });
        Assert.That(CommandLine.Run("convert", _folder["a.safetensors"], _folder["b.npz"])
            .Succeeded().Errors, Does.StartWith("note: NumPy has no bfloat16"));
    }

    [Test]
    public void GgufKeepsItsMetadataAndGivesItToSafetensors()
    {
        File.WriteAllBytes(_folder["a.gguf"], new GgufBuilder()
            .Text("general.name", "tiny").Texts("tokens", "a", "b").Numbers("sizes", 1, -2).Number("count", 7u).Truth("on", true)
            .Array("w", 0, new byte[24], 2, 3).Array("q.weight", 2, new byte[18], 1, 32)
            .Build());
        CommandLine.Run("convert", _folder["a.gguf"], _folder["b.safetensors"]).Succeeded();
        using SafetensorsFile texts = Mx.LoadSafetensors(_folder["b.safetensors"]);
        Assert.That(texts.Keys, Is.EquivalentTo(new[] { "w", "q.weight", "q.scales", "q.biases" }));
        Assert.That(texts.Metadata, Is.EquivalentTo(new Dictionary<string, string>
        {
            ["general.name"] = "tiny", ["tokens"] = "[\"a\",\"b\"]", ["sizes"] = "[1,-2]", ["count"] = "7", ["on"] = "true",
        }));

        File.WriteAllBytes(_folder["c.gguf"], new GgufBuilder().Text("general.name", "tiny").Numbers("sizes", 1, -2)
            .Number("general.alignment", 32u).Array("w", 0, new byte[24], 2, 3).Build());
        CommandLine.Run("convert", _folder["c.gguf"], _folder["d.gguf"], "--dtype", "float16").Succeeded();
        JsonNode json = CommandLine.Run("inspect", _folder["d.gguf"], "--json").Succeeded().Json;
        Assert.That((string?)json["metadata"]!["general.name"], Is.EqualTo("tiny"));
        Assert.That(json["metadata"]!["sizes"]!.AsArray().Select(size => (int)size!), Is.EqualTo(new[] { 1, -2 }));
        Assert.That((string?)json["arrays"]![0]!["type"], Is.EqualTo("float16"));
    }

    [Test]
    public void GgufTakesTextsAndTheTypesItHas()
    {
        Mx.SaveSafetensors(_folder["a.safetensors"], Arrays(), new Dictionary<string, string> { ["format"] = "mlx" });
        Directory.CreateDirectory(_folder["100%s%n"]);
        string target = _folder[Path.Combine("100%s%n", "b.gguf")];
        CommandLine.Run("convert", _folder["a.safetensors"], target).Succeeded();
        using (GgufFile written = Mx.LoadGguf(target))
        {
            Assert.That(written.Metadata["format"].Text, Is.EqualTo("mlx"));
            Assert.That(written["ids"].ToArray<int>(), Is.EqualTo(new[] { 1, -2, 3 }));
        }

        Save("b.npz", new() { ["w"] = Mx.Zeros([2], DType.BFloat16) });
        CommandLine.Run("convert", _folder["b.npz"], _folder["b.gguf"]).AssertRefused("'w'", "bfloat16", "--dtype float16");
        Save("c.npz", new() { ["w"] = Mx.Zeros([2], DType.UInt32) });
        CommandLine.Run("convert", _folder["c.npz"], _folder["c.gguf"]).AssertRefused("'w'", "uint32", "--dtype int32");
    }

    private static Dictionary<string, MlxArray> Arrays() => new()
    {
        ["weight"] = MlxArray.Create<float>([1, 2, 3, 4, 5, 6], 2, 3),
        ["half"] = Mx.Zeros([1, 4, 2], DType.Float16),
        ["ids"] = MlxArray.Create<int>([1, -2, 3], 3),
    };

    private void Save(string name, Dictionary<string, MlxArray> arrays)
    {
        if (name.EndsWith(".npz", StringComparison.Ordinal))
        {
            Mx.Savez(_folder[name], arrays);
        }
        else
        {
            Mx.SaveSafetensors(_folder[name], arrays);
        }
    }
}
