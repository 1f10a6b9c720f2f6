using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests;

internal sealed class InspectTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void SafetensorsFilesAreDescribed()
    {
        string path = _folder["model.safetensors"];
        Mx.SaveSafetensors(path, Arrays(), new Dictionary<string, string> { ["format"] = "mlx", ["note"] = "two\nlines" });
        Result result = CommandLine.Run("inspect", path).Succeeded();
        Assert.That(result.Lines[0], Is.EqualTo($"{path}: safetensors, 3 arrays, 17 elements, 52 B"));
        Assert.That(result.Row("format"), Is.EqualTo(new[] { "format", "mlx" }));
        Assert.That(result.Row("note"), Is.EqualTo(new[] { "note", "two lines" }));
        Assert.That(result.Row("layers.0.weight"), Is.EqualTo(new[] { "layers.0.weight", "float32", "(2, 3)", "24" }));
        Assert.That(result.Row("half"), Is.EqualTo(new[] { "half", "float16", "(1, 4, 2)", "16" }));
        Assert.That(result.Row("ids"), Is.EqualTo(new[] { "ids", "int32", "(3)", "12" }));
    }

    [Test]
    public void JsonOutputContainsAllData()
    {
        string path = _folder["model.safetensors"];
        Mx.SaveSafetensors(path, Arrays(), new Dictionary<string, string> { ["format"] = "mlx" });
        JsonNode json = CommandLine.Run("inspect", path, "--json").Succeeded().Json;
        Assert.That((string?)json["format"], Is.EqualTo("safetensors"));
        Assert.That((long?)json["elements"], Is.EqualTo(17));
        Assert.That((string?)json["metadata"]!["format"], Is.EqualTo("mlx"));
        JsonNode weight = json["arrays"]!.AsArray().Single(array => (string?)array!["name"] == "layers.0.weight")!;
        Assert.That(weight["shape"]!.AsArray().Select(size => (int)size!), Is.EqualTo(new[] { 2, 3 }));
        Assert.That((bool?)weight["loadable"], Is.True);

        Mx.Save(_folder["a.npy"], Mx.Zeros(2));
        Assert.That(CommandLine.Run("inspect", "--json", path, _folder["a.npy"]).Succeeded().Json.AsArray(), Has.Count.EqualTo(2));
    }

    [Test]
    public void NpyAndNpzFilesAreDescribed()
    {
        Mx.Save(_folder["a.npy"], Mx.Zeros(2, 3));
        Assert.That(CommandLine.Run("inspect", _folder["a.npy"]).Succeeded()
            .Row("(the array)"), Is.EqualTo(new[] { "(the array)", "float32", "(2, 3)", "24" }));

        foreach (bool compressed in new[] { false, true })
        {
            string path = _folder["a.npz"];
            (compressed ? (Action<string, IEnumerable<KeyValuePair<string, MlxArray>>>)Mx.SavezCompressed : Mx.Savez)(path, Arrays());
            Result result = CommandLine.Run("inspect", path).Succeeded();
            Assert.That(result.Lines[0], Does.StartWith($"{path}: npz, 3 arrays, 17 elements"));
            Assert.That(result.Row("half"), Is.EqualTo(new[] { "half", "float16", "(1, 4, 2)", "16" }));
        }
    }

    [TestCase("<U5", 2, 40)]
    [TestCase("<c16", 3, 48)]
    public void ATypeOfNumPyThatMlxDoesNotHaveIsTold(string descr, int count, int bytes)
    {
        string header = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({count},), }}\n";
        byte[] prefix = [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0];
        File.WriteAllBytes(_folder["a.npy"], [.. prefix, .. Encoding.ASCII.GetBytes(header), .. new byte[bytes]]);
        Result result = CommandLine.Run("inspect", _folder["a.npy"]).Succeeded();
        Assert.That(result.Row("(the array)"), Is.EqualTo(new[] { "(the array)", descr, $"({count})", $"{bytes}" }));
        Assert.That(result.Errors, Does.StartWith("note: MLX does not load 1 array").And.Contain(descr));
    }

    [Test]
    public void GgufFilesAreDescribed()
    {
        File.WriteAllBytes(_folder["a.gguf"], new GgufBuilder()
            .Text("general.name", "tiny")
            .Texts("tokens", [.. Enumerable.Range(0, 20).Select(i => $"t{i}")])
            .Numbers("sizes", 1, -2, 3)
            .Number("count", 7u).Number("base", 0.5f).Number("exact", 0.25).Truth("on", true)
            .Array("w", 0, new byte[24], 2, 3)
            .Array("q.weight", 2, new byte[36], 2, 32)
            .Array("k.weight", 13, new byte[176], 1, 256)
            .Build());
        Result result = CommandLine.Run("inspect", _folder["a.gguf"]).Succeeded();
        Assert.That(result.Lines[0], Does.Contain("GGUF, 3 arrays, 326 elements, 236 B"));
        Assert.That(result.Row("general.name")[1], Is.EqualTo("tiny"));
        Assert.That(result.Row("tokens")[1], Is.EqualTo("[t0, t1, t2, t3, t4, t5, t6, t7, …] (20 elements)"));
        Assert.That(result.Row("sizes")[1], Is.EqualTo("[1, -2, 3]"));
        Assert.That(result.Row("count")[1], Is.EqualTo("7"));
        Assert.That(result.Row("base")[1], Is.EqualTo("0.5"));
        Assert.That(result.Row("on")[1], Is.EqualTo("true"));
        Assert.That(result.Row("w"), Is.EqualTo(new[] { "w", "float32", "(2, 3)", "24" }));
        Assert.That(result.Row("q.weight"), Is.EqualTo(new[] { "q.weight", "Q4_0", "(2, 32)", "36" }));
        Assert.That(result.Errors, Does.Contain("does not load 1 array").And.Contain("Q5_K"));

        JsonNode json = CommandLine.Run("inspect", _folder["a.gguf"], "--json").Succeeded().Json;
        Assert.That(json["metadata"]!["tokens"]!.AsArray(), Has.Count.EqualTo(20));
        Assert.That((double?)json["metadata"]!["exact"], Is.EqualTo(0.25));
        Assert.That((int?)json["metadata"]!["sizes"]![1], Is.EqualTo(-2));
    }

    [Test]
    public void AShardedModelIsDescribedByItsIndexOrFolder()
    {
        Sharded();
        foreach (string path in new[] { _folder.Path, _folder["model.safetensors.index.json"] })
        {
            Result result = CommandLine.Run("inspect", path).Succeeded();
            Assert.That(result.Lines[0], Does.Contain("sharded safetensors (2 files), 3 arrays, 17 elements"));
            Assert.That(result.Row("half")[^1], Is.EqualTo("model-00002-of-00002.safetensors"));
            Assert.That(result.Row("total_size")[1], Is.EqualTo("52"));
            Assert.That(result.Row("format")[1], Is.EqualTo("mlx"));
        }
    }

    [Test]
    public void AnIndexThatDisagreesWithItsFilesIsRefused()
    {
        Sharded();
        string index = _folder["model.safetensors.index.json"];
        string text = File.ReadAllText(index);

        File.WriteAllText(index, text.Replace("\"ids\"", "\"nonsense\"", StringComparison.Ordinal));
        CommandLine.Run("inspect", index).AssertRefused(index, "'nonsense'", "not in the file it names");

        File.WriteAllText(index, text.Replace(",\"ids\":\"model-00001-of-00002.safetensors\"", "", StringComparison.Ordinal));
        CommandLine.Run("inspect", index).AssertRefused(index, "'ids'", "does not name");

        File.WriteAllText(index, text);
        File.Delete(_folder["model-00002-of-00002.safetensors"]);
        CommandLine.Run("inspect", index).AssertRefused(index, "1 of its 2 files are missing", "model-00002-of-00002.safetensors");

        foreach (string broken in new[] { "", "{", "[]", "{}", "{\"weight_map\": 3}", "{\"weight_map\": {\"a\": 3}}" })
        {
            File.WriteAllText(index, broken);
            CommandLine.Run("inspect", index).AssertRefused(index, "cannot be loaded");
        }
    }

    [Test]
    public void AFolderWithoutAnIndexIsRefused() => CommandLine.Run("inspect", _folder.Path).AssertRefused(_folder.Path, ".index.json");

    [Test]
    public void AFileOfAHundredGigabytesIsReadByItsHeader()
    {
        // The file is sparse: it has that size but takes no space.
        const long Rows = 25_000_000;
        byte[] header = Encoding.UTF8
            .GetBytes($"{{\"big\":{{\"dtype\":\"F32\",\"shape\":[{Rows},1000],\"data_offsets\":[0,{Rows * 4000}]}}}}");
        string path = _folder["big.safetensors"];
        using (FileStream file = File.Create(path))
        {
            byte[] length = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            file.Write(length);
            file.Write(header);
            try
            {
                file.SetLength(8 + header.Length + (Rows * 4000));
            }
            catch (IOException)
            {
                Assert.Ignore("this file system has no sparse files of 100 GB.");
            }
        }

        Result result = CommandLine.Run("inspect", path).Succeeded();
        Assert.That(result.Row("big"), Is.EqualTo(new[] { "big", "float32", "(25000000, 1000)", "100,000,000,000" }));
        Assert.That(result.Lines[0], Does.Contain("25,000,000,000 elements, 100.0 GB"));
    }

    [Test]
    public void NoNativeLibraryIsNeeded()
    {
        Mx.Savez(_folder["a.npz"], Arrays());
        Mx.SaveSafetensors(_folder["a.safetensors"], Arrays());
        Result result = CommandLine.RunProcess("/does/not/exist/libmlxc.so", "inspect", _folder["a.npz"], _folder["a.safetensors"])
            .Succeeded();
        Assert.That(result.Errors, Is.Empty);
        Assert.That(result.Output, Does.Contain("npz, 3 arrays").And.Contain("safetensors, 3 arrays"));
    }

    [Test]
    public void DamagedFilesGiveOneLineThatNamesThem()
    {
        Mx.SaveSafetensors(_folder["a.safetensors"], Arrays());
        Mx.Savez(_folder["a.npz"], Arrays());
        Mx.Save(_folder["a.npy"], Mx.Zeros(2, 3));
        File.WriteAllBytes(_folder["a.gguf"], new GgufBuilder().Text("general.name", "tiny").Array("w", 0, new byte[24], 2, 3).Build());
        foreach (string name in _folder.Files)
        {
            byte[] whole = File.ReadAllBytes(_folder[name]);
            foreach (byte[] damaged in new[] { [], whole[..3], whole[..(whole.Length / 2)], [.. new byte[64], .. whole] })
            {
                File.WriteAllBytes(_folder[name], damaged);
                CommandLine.Run("inspect", _folder[name]).AssertRefused(_folder[name], "cannot be loaded");
            }
        }
    }

    [Test]
    public void DamagedFilesAreShownOrRefusedAndNothingElse()
    {
        Mx.SaveSafetensors(_folder["a.safetensors"], Arrays(), new Dictionary<string, string> { ["format"] = "mlx" });
        Mx.Savez(_folder["a.npz"], Arrays());
        Mx.Save(_folder["a.npy"], Mx.Zeros(2, 3));
        File.WriteAllBytes(_folder["a.gguf"], new GgufBuilder()
            .Text("name", "tiny").Texts("tokens", "a", "b").Numbers("sizes", 1, 2).Number("exact", 0.25).Array("w", 0, new byte[24], 2, 3)
            .Array("k", 13, new byte[176], 256).Build());
        var random = new Random(20261126);
        foreach (string name in _folder.Files)
        {
            byte[] whole = File.ReadAllBytes(_folder[name]);
            int refused = 0;
            for (int i = 0; i < 500; i++)
            {
                byte[] damaged = [.. whole];
                for (int flips = random.Next(1, 4); flips > 0; flips--)
                {
                    damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
                }

                File.WriteAllBytes(_folder[name], i % 3 == 0 ? whole[..random.Next(whole.Length)] : damaged);
                Result result = CommandLine.Run("inspect", _folder[name], i % 2 == 0 ? "--json" : _folder[name]);
                if (result.Exit != 0)
                {
                    result.AssertRefused("cannot be loaded");
                    refused++;
                }
            }

            Assert.That(refused, Is.GreaterThan(100), name);
        }
    }

    [Test]
    public void AnArchiveWithSomethingElseInItIsRefused()
    {
        using (ZipArchive archive = ZipFile.Open(_folder["a.npz"], ZipArchiveMode.Create))
        {
            using StreamWriter writer = new(archive.CreateEntry("readme.txt").Open());
            writer.Write("not an array");
        }

        CommandLine.Run("inspect", _folder["a.npz"]).AssertRefused("a.npz/readme.txt", "npy");
    }

    [Test]
    public void AnArchivesRecordsAreToldAndItsFoldersPassedOver()
    {
        using (ZipArchive archive = ZipFile.Open(_folder["a.npz"], ZipArchiveMode.Create))
        {
            archive.CreateEntry("layers/");
            Write(archive, "layers/w.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", new byte[4]);
            Write(archive, "table.npy",
                "{'descr': [('id', '<i4'), ('name', '<U3', (2,))], 'fortran_order': False, 'shape': (1,), }", new byte[28]);
        }

        Result result = CommandLine.Run("inspect", _folder["a.npz"]).Succeeded();
        Assert.That(result.Row("layers/w"), Is.EqualTo(new[] { "layers/w", "float32", "(1)", "4" }));
        Assert.That(result.Row("table")[1], Is.EqualTo("[('id', '<i4'), ('name', '<U3', (2,))]"));
        Assert.That(result.Errors, Does.StartWith("note: MLX does not load 1 array"));
        CommandLine.Run("convert", _folder["a.npz"], _folder["b.npz"]).AssertRefused("a.npz", "'table'");

        static void Write(ZipArchive archive, string name, string header, byte[] data)
        {
            using Stream entry = archive.CreateEntry(name).Open();
            entry.Write([0x93, .. "NUMPY"u8, 1, 0, .. BitConverter.GetBytes((ushort)(header.Length + 1)),
                .. Encoding.ASCII.GetBytes(header + "\n"), .. data]);
        }
    }

    [TestCase("model.safetensors.index.json")]
    [TestCase("../outside.safetensors")]
    [TestCase("/outside.safetensors")]
    public void AnIndexThatNamesItselfOrAnotherFolderIsRejected(string file)
    {
        string index = _folder.Write("model.safetensors.index.json", $"{{\"weight_map\":{{\"w\":\"{file}\"}}}}");
        foreach (string path in new[] { index, _folder.Path })
        {
            CommandLine.Run("inspect", path).AssertRefused(index, $"'{file}'", "in the index's folder");
            CommandLine.Run("convert", path, _folder["b.npz"]).AssertRefused(index, $"'{file}'");
        }
    }

    [TestCase("")]
    [TestCase("<")]
    [TestCase("f99999999999")]
    public void AnNpyTypeThatIsNoneIsShownOrRefusedAndNothingElse(string descr)
    {
        string header = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}\n";
        File.WriteAllBytes(_folder["a.npy"],
            [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), .. new byte[4]]);
        Assert.That(CommandLine.Run("inspect", _folder["a.npy"]).Succeeded().Errors, Does.StartWith("note: MLX does not load 1 array"));
        CommandLine.Run("convert", _folder["a.npy"], _folder["b.npz"]).AssertRefused("a.npy", "MLX can't load");
    }

    [Test]
    public void SmallFloatsAreSaidToBecomeBytes()
    {
        Float8();
        Result result = CommandLine.Run("inspect", _folder["f8.safetensors"]).Succeeded();
        Assert.That(result.Row("w"), Is.EqualTo(new[] { "w", "F8_E4M3", "(2)", "2" }));
        Assert.That(result.Errors, Does.StartWith("note: MLX has no element type for F8_E4M3").And.Contain("uint8"));

        Assert.That(CommandLine.Run("convert", _folder["f8.safetensors"], _folder["b.npz"])
            .Succeeded().Errors, Does.Contain("F8_E4M3").And.Contain("uint8"));
        using ArrayFile bytes = Mx.Load(_folder["b.npz"]);
        Assert.That(bytes["w"].ToArray<byte>(), Is.EqualTo(new byte[] { 0x38, 0xC0 }));

        Result converted = CommandLine.Run("convert", _folder["f8.safetensors"], _folder["c.npz"], "--dtype", "float32").Succeeded();
        Assert.That(converted.Errors, Is.Empty);
        Assert.That(converted.Output, Does.Contain("1 converted to float32"));
        using ArrayFile numbers = Mx.Load(_folder["c.npz"]);
        Assert.That(numbers["w"].ToArray<float>(), Is.EqualTo(new[] { 1f, -2f }));
    }

    [Test]
    public void ControlCharactersOfAFileDoNotReachTheTerminal()
    {
        Mx.SaveSafetensors(_folder["a.safetensors"], [KeyValuePair.Create("evil\u001b[2Jname", Mx.Zeros(1))]);
        Assert.That(CommandLine.Run("inspect", _folder["a.safetensors"])
            .Succeeded().Output, Does.Not.Contain("\u001b").And.Contain("evil\\u001b[2Jname"));
    }

    private static Dictionary<string, MlxArray> Arrays() => new()
    {
        ["layers.0.weight"] = MlxArray.Create<float>([1, 2, 3, 4, 5, 6], 2, 3),
        ["half"] = Mx.Zeros([1, 4, 2], DType.Float16),
        ["ids"] = MlxArray.Create<int>([1, 2, 3], 3),
    };

    private void Float8()
    {
        byte[] header = Encoding.UTF8.GetBytes("""{"w":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}""");
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        File.WriteAllBytes(_folder["f8.safetensors"], [.. length, .. header, 0x38, 0xC0]);
    }

    private void Sharded()
    {
        Dictionary<string, string> metadata = new() { ["format"] = "mlx" };
        Dictionary<string, MlxArray> arrays = Arrays();
        Mx.SaveSafetensors(_folder["model-00001-of-00002.safetensors"], arrays.Where(item => item.Key != "half"), metadata);
        Mx.SaveSafetensors(_folder["model-00002-of-00002.safetensors"], arrays.Where(item => item.Key == "half"), metadata);
        _folder.Write("model.safetensors.index.json", """
            {"metadata":{"total_size":52},"weight_map":{"layers.0.weight":"model-00001-of-00002.safetensors","half":"model-00002-of-00002.safetensors","ids":"model-00001-of-00002.safetensors"}}
            """);
    }
}
