using System.IO.Compression;
using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.IO;

/// <summary>Malicious files, and files with errors that are easily overlooked.</summary>
[TestFixture]
public class HostileFileTests : FolderTests
{
    [Test]
    public void NamesThatAreNoPathsOfOneTreeAreRefused()
    {
        string deep = string.Join('.', Enumerable.Repeat("a", 20_000));
        foreach (string[] names in (string[][])[["a", "a."], ["a.", "a"], ["", "."], [deep], ["b", deep]])
        {
            string path = Write("names.safetensors", TestFiles.Named(names));
            SGD optimizer = new(0.1f);
            foreach (Action load in (Action[])[() => TreeDictionary.Load(path), () => optimizer.Load(path), () => Mx.Load(path).ToTree()])
            {
                Assert.That(load, Throws.TypeOf<InvalidDataException>().With.Message.Contains(path).And.Message.Length.LessThan(500));
            }

            // As names of weights, they aren't the model's; as names of arrays, they are harmless.
            Linear model = new(1, 1);
            Assert.That(() => model.LoadWeights(path), Throws.ArgumentException);
            Assert.That(model.LoadWeights(path, strict: false), Is.SameAs(model));
            using SafetensorsFile flat = Mx.LoadSafetensors(path);
            Assert.That(flat.Keys, Is.EqualTo(names));
            optimizer.State.DisposeArrays();
        }
    }

    [TestCase("")]
    [TestCase(".")]
    [TestCase("a.")]
    [TestCase(".a")]
    public void EmptyNamesAreKeysLikeOthers(string name)
    {
        string path = Write("names.safetensors", TestFiles.Named(name, "b"));
        TreeDictionary tree = TreeDictionary.Load(path);
        Assert.That(tree.LeafCount, Is.EqualTo(2));
        Assert.That(tree["b"].Array.Size, Is.EqualTo(1));
        string again = Path.Combine(Folder, "again.safetensors");
        tree.Save(again);
        TreeDictionary second = TreeDictionary.Load(again);
        Assert.That(second.Flatten().Select(item => item.Key), Is.EqualTo(tree.Flatten().Select(item => item.Key)));
        tree.DisposeArrays();
        second.DisposeArrays();
    }

    [TestCase("model.safetensors.index.json", TestName = "the index itself")]
    [TestCase("other.index.json", TestName = "another index")]
    [TestCase("../outside.safetensors", TestName = "outside")]
    [TestCase("/outside.safetensors", TestName = "absolute")]
    [TestCase("sub/inside.safetensors", TestName = "below")]
    [TestCase("..\\\\outside.safetensors", TestName = "outside, as on Windows")]
    [TestCase("C:outside.safetensors", TestName = "another drive")]
    [TestCase("..", TestName = "the folder above")]
    [TestCase("", TestName = "nothing")]
    public void AnIndexNamesFilesBesideItselfOnly(string file)
    {
        string index = Path.Combine(Folder, "model.safetensors.index.json");
        File.WriteAllText(index, $$$"""{"weight_map":{"weight":"{{{file}}}"}}""");
        Linear model = new(1, 1);
        Assert.That(() => model.LoadWeights(Folder),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(index).And.Message.Contains("'weight'"));
        Assert.That(() => model.LoadWeights(index), Throws.TypeOf<InvalidDataException>());
    }

    [Test]
    public void AnIndexAgreesWithItsFiles()
    {
        string index = Path.Combine(Folder, "model.safetensors.index.json");
        foreach (string name in new[] { "1.safetensors", "2.safetensors" })
        {
            Dictionary<string, MlxArray> arrays = new() { ["weight"] = Mx.Ones(1, 1), [name[..1]] = Mx.Ones(1) };
            Mx.SaveSafetensors(Path.Combine(Folder, name), arrays);
        }

        Linear model = new(1, 1);
        Refuses("""{"weight_map":{"weight":"1.safetensors","bias":"1.safetensors"}}""", "'bias'");
        Refuses(
            """{"weight_map":{"weight":"1.safetensors","2":"2.safetensors"}}""",
            "both '1.safetensors' and '2.safetensors' hold an array 'weight'");
        File.WriteAllText(index, """{"weight_map":{"weight":"2.safetensors"}}""");
        model.LoadWeights(Folder, strict: false);
        Assert.That(model.Weight.Item<float>(), Is.EqualTo(1));
        SafetensorsIndex read = SafetensorsIndex.Read(index);
        Assert.That(read.Places, Is.EqualTo(new Dictionary<string, string> { ["weight"] = "2.safetensors" }));
        Assert.That(read.Files.Select(read.Locate), Is.EqualTo(new[] { Path.Combine(Folder, "2.safetensors") }));

        void Refuses(string text, string fault)
        {
            File.WriteAllText(index, text);
            Assert.That(
                () => model.LoadWeights(Folder, strict: false),
                Throws.TypeOf<InvalidDataException>().With.Message.Contains(index).And.Message.Contains(fault));
        }
    }

    [Test]
    public void GapsInListsTakeNoMoreThanTheirBound()
    {
        string path = Path.Combine(Folder, "gaps.safetensors");
        Mx.SaveSafetensors(path, Enumerable.Range(0, 100).Select(i => KeyValuePair.Create($"a{i}.60000", Mx.Ones(1))));
        long before = GC.GetAllocatedBytesForCurrentThread();
        TreeDictionary tree = TreeDictionary.Load(path);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(20_000_000));
        Assert.That(tree["a0"], Is.TypeOf<TreeList>());
        Assert.That(tree["a1"], Is.TypeOf<TreeDictionary>());
        Assert.That(tree["a1"]["60000"].Array.Item<float>(), Is.EqualTo(1));
    }

    [TestCase("", TestName = "empty")]
    [TestCase("<", TestName = "only an order")]
    [TestCase("<f", TestName = "no size")]
    [TestCase("|", TestName = "only a bar")]
    [TestCase("<f999999999999", TestName = "a huge size")]
    public void AnNpyTypeThatIsNoneIsRefused(string descr) => Assert.That(
        () => Mx.Load(TestFiles.Npy($"{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}", 0, 0, 0, 0)),
        Throws.TypeOf<InvalidDataException>().With.Message.Contains($"'{descr}'"));

    [Test]
    public void AFileThatShrinksWhileItIsReadIsNamed()
    {
        foreach ((string name, byte[] file) in Samples())
        {
            string path = Write(name, file);
            using ByteSource source = ByteSource.Open(path);
            using (FileStream shrink = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            {
                shrink.SetLength(file.Length - 1000);
            }

            Assert.That(
                () => FileFormats.Load(source, path, null, new Transfer()),
                Throws.TypeOf<InvalidDataException>().With.Message.Contains(path).And.Message.Contains("cannot be loaded"));
        }
    }

    [Test]
    public void AStreamThatIsCutIsNamed()
    {
        foreach ((_, byte[] file) in Samples())
        {
            Assert.That(
                () => Mx.Load(new CutStream(file, file.Length - 1000)),
                Throws.TypeOf<InvalidDataException>().With.Message.Contains("'stream' cannot be loaded"));
            Assert.That(() => Mx.Load(new ForwardOnlyStream(file.AsSpan(0, file.Length - 1000))), Throws.TypeOf<InvalidDataException>());
        }
    }

    [Test]
    public void AFifoByItsPathIsRefusedAtOnce()
    {
        foreach (string name in (string[])["a.npy", "a.npz", "a.safetensors", "a.gguf", "a"])
        {
            string path = SpecialFile.Fifo(Path.Combine(Folder, name));
            Assert.That(() => Mx.Load(path), Throws.InstanceOf<IOException>().With.Message.Contains(path).And.Message.Contains("a FIFO"));
            Assert.That(() => Mx.LoadGguf(path), Throws.InstanceOf<IOException>().With.Message.Contains("a FIFO"));
            Assert.That(() => TreeDictionary.Load(path), Throws.InstanceOf<IOException>().With.Message.Contains("a FIFO"));
        }

        Assert.That(() => Mx.Load(Folder), Throws.InstanceOf<IOException>().With.Message.Contains("a folder"));
    }

    [Test]
    public void NonzeroBooleansAreReadAsTrue()
    {
        using ArrayFile npy = Mx.Load(TestFiles.Npy("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }", 0, 2, 255));
        using SafetensorsFile tensors =
            Mx.LoadSafetensors(TestFiles.Safetensors("""{"a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}""", 0, 2, 255));
        using MlxArray expected = MlxArray.Create<bool>([false, true, true], 3);
        foreach (MlxArray loaded in (MlxArray[])[npy.Array, tensors["a"]])
        {
            using MlxArray equal = Mx.ArrayEqual(loaded, expected);
            Assert.That(equal.Item<bool>(), Is.True);
            Assert.That(loaded.ToArray<bool>().Select(value => value ? 1 : 0), Is.EqualTo(new[] { 0, 1, 1 }));
        }
    }

    [Test]
    public void SmallFloatsAreLoadedAsBytesAndSaidToBe()
    {
        string path = Write("f8.safetensors", TestFiles.Safetensors(
            """{"weight":{"dtype":"F8_E4M3","shape":[1,2],"data_offsets":[0,2]},"bias":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}""",
            0x38, 0xC0, 1));
        using SafetensorsFile loaded = Mx.LoadSafetensors(path);
        Assert.That(loaded["weight"].DType, Is.EqualTo(DType.UInt8));
        Assert.That(loaded.Float8Types, Is.EqualTo(new Dictionary<string, string> { ["weight"] = "F8_E4M3" }));
        using MlxArray numbers = Mx.FromFp8(loaded["weight"], DType.Float32);
        Assert.That(numbers.ToArray<float>(), Is.EqualTo(new[] { 1f, -2f }));

        Linear model = new(2, 1);
        Assert.That(
            () => model.LoadWeights(path, strict: false),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("'weight' is F8_E4M3").And.Message.Contains("Mx.FromFp8"));
        Adam optimizer = new(0.1f);
        foreach (Func<Task> load in (Func<Task>[])
            [
                () => Task.Run(() => TreeDictionary.Load(path)), () => TreeDictionary.LoadAsync(path),
                () => Task.Run(() => optimizer.Load(path)), () => optimizer.LoadAsync(path),
                () => model.LoadWeightsAsync(path, strict: false),
            ])
        {
            Assert.That(
                load, Throws.TypeOf<InvalidDataException>().With.Message.Contains("'weight' is F8_E4M3").And.Message
                    .Contains("Mx.FromFp8"));
        }

        foreach (string type in (string[])["F8_E5M2", "F8_E8M0"])
        {
            byte[] other = TestFiles.Safetensors($$$"""{"a":{"dtype":"{{{type}}}","shape":[1],"data_offsets":[0,1]}}""", 1);
            Assert.That(() => Mx.LoadSafetensors(other), Throws.TypeOf<InvalidDataException>().With.Message.Contains(type));
        }
    }

    [Test]
    public void AnUnpairedSurrogateIsRejectedAsAName()
    {
        using MlxArray a = Mx.Ones(1);
        foreach (string key in (string[])["\ud800", "a\udc00b"])
        {
            KeyValuePair<string, MlxArray>[] named = [KeyValuePair.Create(key, a)];
            Dictionary<string, string> texts = new() { ["key"] = key };
            foreach (Action save in (Action[])
                [
                    () => Mx.Savez(new MemoryStream(), named), () => Mx.SavezCompressed(new MemoryStream(), named),
                    () => Mx.SaveSafetensors(new MemoryStream(), named), () => Mx.SaveGguf(new MemoryStream(), named),
                    () => Mx.SaveSafetensors(new MemoryStream(), [], texts),
                    () => Mx.SaveGguf(new MemoryStream(), [], new Dictionary<string, GgufValue> { ["key"] = key }),
                    () => Mx.SaveGguf(new MemoryStream(), [], new Dictionary<string, GgufValue> { [key] = "text" }),
                ])
            {
                Assert.That(save, Throws.ArgumentException.With.Message.Contains("surrogate"));
            }
        }

        Assert.That(
            () => Mx.LoadSafetensors(TestFiles.Named("\\ud800")), Throws.TypeOf<InvalidDataException>().With.Message.Contains("Unicode"));
    }

    [TestCase("[1,1,[1]]", "a list", TestName = "a list in the shape")]
    [TestCase("[1,1,{}]", "an object", TestName = "an object in the shape")]
    [TestCase("[1,\"1\"]", "1", TestName = "a text in the shape")]
    [TestCase("[1,1.5]", "1.5", TestName = "a fraction in the shape")]
    public void AShapeOfSomethingElseIsRefused(string shape, string fault) => Assert.That(
        () => Mx.LoadSafetensors(TestFiles.Safetensors($$$"""{"a":{"dtype":"F32","shape":{{{shape}}},"data_offsets":[0,4]}}""",
            new byte[4])),
        Throws.TypeOf<InvalidDataException>().With.Message.Contains(fault));

    [TestCase("1,", "", TestName = "dimensions without end")]
    [TestCase("1,", "[]", TestName = "dimensions and then a list")]
    public void AShapeIsReadNoFartherThanItsBound(string dimension, string last)
    {
        string shape = string.Concat(Enumerable.Repeat(dimension, 1_000_000)) + (last.Length > 0 ? last : "1");
        byte[] file = TestFiles.Safetensors($$$"""{"a":{"dtype":"F32","shape":[{{{shape}}}],"data_offsets":[0,4]}}""", new byte[4]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => Mx.LoadSafetensors(file), Throws.TypeOf<InvalidDataException>().With.Message.Contains("64 dimensions"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(file.Length + 1_000_000));

        string sizes = string.Concat(Enumerable.Repeat("1, ", 65));
        Assert.That(
            () => Mx.Load(TestFiles.Npy($"{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}", new byte[4])),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("shape"));
    }

    [Test]
    public void SixtyFourDimensionsAreRead()
    {
        string shape = string.Join(',', Enumerable.Repeat("1", 64));
        using SafetensorsFile loaded =
            Mx.LoadSafetensors(TestFiles.Safetensors($$$"""{"a":{"dtype":"F32","shape":[{{{shape}}}],"data_offsets":[0,4]}}""", 0, 0, 128,
                63));
        Assert.That(loaded["a"].NDim, Is.EqualTo(64));
        Assert.That(loaded["a"].Item<float>(), Is.EqualTo(1));
    }

    [Test]
    public void AnArchiveUnpacksToNoMoreThanItsBound()
    {
        using MlxArray zeros = Mx.Zeros(100_000);
        using MemoryStream stream = new();
        Mx.SavezCompressed(stream, [KeyValuePair.Create("a", zeros), KeyValuePair.Create("b", zeros)]);
        byte[] file = stream.ToArray();
        Assert.That(
            () => Mx.Load(file, maxUnpackedBytes: 799_999),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("799999").And.Message.Contains("maxUnpackedBytes"));
        using ArrayFile loaded = Mx.Load(file, maxUnpackedBytes: 1_000_000);
        Assert.That(loaded, Has.Count.EqualTo(2));
    }

    [Test]
    public void AnArchiveThatUnpacksToManyTimesItsSizeIsRefusedBeforeItIsUnpacked()
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            for (int i = 0; i < 3; i++)
            {
                using Stream entry = archive.CreateEntry($"{i}.npy", CompressionLevel.Fastest).Open();
                entry.Write(new byte[100_000]);
                byte[] noise = new byte[200_000];
                new Random(i).NextBytes(noise);
                entry.Write(noise);
            }
        }

        // The central directory contains the unpacked size, 24 bytes after its signature. Deflate could reach the claimed 100 MB.
        byte[] file = stream.ToArray();
        for (int at = 0; (at = file.AsSpan(at).IndexOf((byte[])[0x50, 0x4b, 1, 2]) is >= 0 and var next ? at + next : -1) >= 0; at += 4)
        {
            BitConverter.GetBytes(100_000_000).CopyTo(file, at + 24);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => Mx.Load(file),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("unpacks").And.Message.Contains("300000000"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
    }

    [Test]
    public void AnEntryIsUnpackedNoFartherThanItsHeaderWhenThatIsBroken()
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        using (Stream entry = archive.CreateEntry("a.npy", CompressionLevel.Fastest).Open())
        {
            entry.Write(new byte[20_000_000]);
        }

        byte[] file = stream.ToArray();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => Mx.Load(file), Throws.TypeOf<InvalidDataException>().With.Message.Contains("a.npy"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void ALargeArrayIsUnpackedIntoItsPlace(bool compressed)
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray a = Mx.Arange(2_000_000);
        string path = Path.Combine(Folder, "a.npz");
        (compressed ? (Action<string, MlxArray[]>)Mx.SavezCompressed : Mx.Savez)(path, [a]);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        using ArrayFile loaded = Mx.Load(path);
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(2_000_000), "the array has 8 MB");
        using MlxArray equal = Mx.ArrayEqual(loaded["arr_0"], a);
        Assert.That(equal.Item<bool>(), Is.True);
    }

    [Test]
    public void AnArchivesFoldersAreNoArrays()
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            archive.CreateEntry("layers/");
            using Stream entry = archive.CreateEntry("layers/a.npy").Open();
            entry.Write(TestFiles.Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 0, 0, 128, 63));
        }

        using ArrayFile loaded = Mx.Load(stream.ToArray());
        Assert.That(loaded.Keys, Is.EqualTo(new[] { "layers/a" }));
    }

    [Test]
    public void ATypeWithoutAByteOrderIsTheMachines()
    {
        using ArrayFile loaded = Mx.Load(TestFiles.Npy("{'descr': 'f4', 'fortran_order': False, 'shape': (1,), }", 0, 0, 128, 63));
        Assert.That(loaded.Array.ToArray<float>(), Is.EqualTo(new[] { 1f }));
    }

    [Test]
    public void ComplexNumbersWithTheMostSignificantByteFirstAreRead()
    {
        using ArrayFile loaded =
            Mx.Load(TestFiles.Npy("{'descr': '>c8', 'fortran_order': False, 'shape': (1,), }", 63, 128, 0, 0, 192, 0, 0, 0));
        Assert.That(loaded.Array.ToArray<Complex64>(), Is.EqualTo(new[] { new Complex64(1, -2) }));
    }

    [Test]
    public void ASafetensorsFileMayBeginLikeAnArchive()
    {
        // The header has 19,280 bytes, so that its length reads "PK".
        string header = """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""".PadRight(0x4B50);
        using ArrayFile loaded = Mx.Load(TestFiles.Safetensors(header, 0, 0, 128, 63));
        Assert.That(loaded["a"].Item<float>(), Is.EqualTo(1));
    }

    [Test]
    public void ALongStreamThatCannotSeekGoesThroughATemporaryFile()
    {
        string[] before = Directory.GetFiles(Path.GetTempPath(), "dotmlx-*.tmp");
        const int Count = 20_000_000;
        byte[] header = TestFiles.Safetensors($$$"""{"a":{"dtype":"F32","shape":[{{{Count}}}],"data_offsets":[0,{{{Count * 4}}}]}}""");
        long managed = GC.GetTotalAllocatedBytes(precise: true);
        using (ArrayFile loaded = Mx.Load(new LongStream(header, header.Length + (Count * 4L))))
        {
            Assert.That(loaded["a"].Size, Is.EqualTo(Count));
            using MlxArray last = loaded["a"][Count - 1];
            Assert.That(last.Item<float>(), Is.Zero);
        }

        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - managed, Is.LessThan(200_000_000),
            "the memory for the beginning doubles as it grows");
        Assert.That(Directory.GetFiles(Path.GetTempPath(), "dotmlx-*.tmp"), Is.SubsetOf(before));
    }

    private static List<(string Name, byte[] File)> Samples()
    {
        using MlxArray a = Mx.Ones(1000);
        KeyValuePair<string, MlxArray>[] named = [KeyValuePair.Create("a", a)];
        (string Name, Action<Stream> Save)[] savers =
        [
            ("a.npy", stream => Mx.Save(stream, a)), ("a.npz", stream => Mx.Savez(stream, named)),
            ("a.safetensors", stream => Mx.SaveSafetensors(stream, named)), ("a.gguf", stream => Mx.SaveGguf(stream, named)),
        ];
        List<(string Name, byte[] File)> samples = [];
        foreach ((string name, Action<Stream> save) in savers)
        {
            using MemoryStream stream = new();
            save(stream);
            samples.Add((name, stream.ToArray()));
        }

        return samples;
    }

    private string Write(string name, byte[] file)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, file);
        return path;
    }
}
