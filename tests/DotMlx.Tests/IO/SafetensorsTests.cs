using System.Buffers.Binary;
using System.Text;

namespace DotMlx.Tests.IO;

/// <summary>The files are written here by hand, as the format's public description specifies: length, JSON, data.</summary>
[TestFixture]
public class SafetensorsTests : FolderTests
{
    [Test]
    public void AFileWrittenByHandIsRead()
    {
        using var handles = HandleCount.NoneLeft();
        byte[] file = File(
            """{"__metadata__":{"format":"mlx","note":"100 %s%n"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"i":{"dtype":"I8","shape":[3],"data_offsets":[16,19]},"s":{"dtype":"BOOL","shape":[],"data_offsets":[19,20]}}   """,
            [0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64, 1, 255, 3, 1]);
        using SafetensorsFile loaded = Mx.LoadSafetensors(file);
        Assert.That(loaded.Keys, Is.EqualTo(new[] { "w", "i", "s" }));
        Assert.That(loaded["w"].Shape.ToArray(), Is.EqualTo(new[] { 2, 2 }));
        Assert.That(loaded["w"].ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 3, 4 }));
        Assert.That(loaded["i"].ToArray<sbyte>(), Is.EqualTo(new sbyte[] { 1, -1, 3 }));
        Assert.That(loaded["s"].Item<bool>(), Is.True);
        Assert.That(loaded.Metadata["note"], Is.EqualTo("100 %s%n"));
        Assert.That(() => loaded["x"], Throws.TypeOf<KeyNotFoundException>().With.Message.Contains("memory"));
    }

    [Test]
    public void EveryTypeComesBackByteForByte()
    {
        using var handles = HandleCount.NoneLeft();
        Dictionary<string, MlxArray> arrays = AllTypes();
        string path = Path.Combine(Folder, "100%s%n.safetensors");
        Mx.SaveSafetensors(path, arrays, new Dictionary<string, string> { ["k%n"] = "v%s" });
        using SafetensorsFile loaded = Mx.LoadSafetensors(path);
        Assert.That(loaded.Metadata, Is.EqualTo(new Dictionary<string, string> { ["k%n"] = "v%s" }));
        Assert.That(loaded.Keys, Is.EquivalentTo(arrays.Keys));
        foreach ((string key, MlxArray array) in arrays)
        {
            Golden.AssertClose(loaded[key], array, 0, key);
            array.Dispose();
        }

        Assert.That(Directory.GetFiles(Folder), Has.Length.EqualTo(1), "no temporary file is left");
    }

    [Test]
    public void AFileIsADictionaryAndATree()
    {
        using HandleCount handles = HandleCount.NoneLeft();
        string path = Path.Combine(Folder, "model.safetensors");
        using (MlxArray one = MlxArray.Scalar(1f), two = MlxArray.Scalar(2f), three = MlxArray.Scalar(3f))
        {
            Mx.SaveSafetensors(path, new Dictionary<string, MlxArray> { ["layers.0.w"] = one, ["layers.1.w"] = two, ["b"] = three });
        }

        using SafetensorsFile file = Mx.LoadSafetensors(path);
        Assert.That(file.Arrays, Has.Count.EqualTo(3));
        Assert.That(file.TryGetValue("b", out MlxArray? found) && ReferenceEquals(found, file.Arrays["b"])
            && file.ContainsKey("b"), Is.True);
        Assert.That(file.TryGetValue("w", out _) || file.ContainsKey("w"), Is.False);
        Tree tree = file.ToTree();
        Assert.That(tree["layers"][1]["w"].Array, Is.SameAs(file["layers.1.w"]));
        Assert.That(tree.Flatten().Select(leaf => leaf.Value.Item<float>()).Order(), Is.EqualTo(new float[] { 1, 2, 3 }));
        Assert.That(() => file.Array, Throws.InvalidOperationException);
    }

    [Test]
    public void PathsStreamsAndMemoryGiveTheSame()
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray a = MlxArray.Create<float>([1, 2, 3], 3);
        using MemoryStream stream = new();
        stream.WriteByte(7);
        Mx.SaveSafetensors(stream, [KeyValuePair.Create("a", a)]);
        stream.Position = 1;
        using SafetensorsFile fromStream = Mx.LoadSafetensors(stream);
        using SafetensorsFile fromMemory = Mx.LoadSafetensors(stream.ToArray().AsMemory(1));
        using SafetensorsFile fromForwardOnly = Mx.LoadSafetensors(new ForwardOnlyStream(stream.ToArray().AsSpan(1)));
        foreach (SafetensorsFile file in (SafetensorsFile[])[fromStream, fromMemory, fromForwardOnly])
        {
            Assert.That(file.Array.ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 3 }));
        }
    }

    [Test]
    public void TheExtensionIsAddedAndAnExistingFileReplaced()
    {
        using MlxArray a = MlxArray.Create<int>([1], 1);
        using MlxArray b = MlxArray.Create<int>([2], 1);
        string path = Path.Combine(Folder, "weights");
        Mx.SaveSafetensors(path, [KeyValuePair.Create("a", a)]);
        Mx.SaveSafetensors(path, [KeyValuePair.Create("a", b)]);
        using SafetensorsFile loaded = Mx.LoadSafetensors(path + ".safetensors");
        Assert.That(loaded["a"].ToArray<int>(), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public void AFailedSaveLeavesTheOldFile()
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray a = MlxArray.Create<int>([1], 1);
        using MlxArray wide = MlxArray.Create<double>([1], 1);
        using MlxArray empty = MlxArray.Create<int>([], 0);
        string path = Path.Combine(Folder, "w.safetensors");
        Mx.SaveSafetensors(path, [KeyValuePair.Create("a", a)]);
        byte[] before = System.IO.File.ReadAllBytes(path);
        Assert.That(() => Mx.SaveSafetensors(path, [KeyValuePair.Create("%s", empty)]),
            Throws.ArgumentException.With.Message.Contains("'%s'"));
        Assert.That(() => Mx.SaveSafetensors(path, [KeyValuePair.Create("d", wide)]),
            Throws.ArgumentException.With.Message.Contains("float64"));
        Assert.That(() => Mx.SaveSafetensors(path, [KeyValuePair.Create("__metadata__", a)]), Throws.ArgumentException);
        Assert.That(() => Mx.SaveSafetensors(path, [KeyValuePair.Create("a", a), KeyValuePair.Create("a", a)]),
            Throws.ArgumentException.With.Message.Contains("Two"));
        Assert.That(() => Mx.SaveSafetensors(path, [KeyValuePair.Create("a\0b", a)]), Throws.ArgumentException);
        Assert.That(System.IO.File.ReadAllBytes(path), Is.EqualTo(before));
        Assert.That(Directory.GetFiles(Folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void AFailingStreamRaisesItsOwnException()
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray a = MlxArray.Create<float>(new float[1000], 1000);
        Assert.That(
            () => Mx.SaveSafetensors(new FailingStream([], failAfter: 100), [KeyValuePair.Create("a", a)]),
            Throws.TypeOf<IOException>().With.Message.EqualTo("the stream fails %s%n"));
        using MemoryStream good = new();
        Mx.SaveSafetensors(good, [KeyValuePair.Create("a", a)]);
        Assert.That(
            () => Mx.LoadSafetensors(new FailingStream(good.ToArray(), failAfter: 1000)),
            Throws.TypeOf<IOException>().With.Message.EqualTo("the stream fails %s%n"));
    }

    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "8", TestName = "wrong shape")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", "incomplete", TestName = "past the end")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", "overlap",
        TestName = "overlap")]
    [TestCase("""{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}""", "F64", TestName = "unknown type")]
    [TestCase("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", "-1", TestName = "negative size")]
    [TestCase("""{"a":{"dtype":"F32","shape":[4294967297],"data_offsets":[0,4]}}""", "4294967297", TestName = "huge size")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,4]}}""", "bytes",
        TestName = "overflowing product")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}""", "offsets", TestName = "huge offset")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1]}}""", "lacks", TestName = "missing offsets")]
    [TestCase("""{"a":1}""", "lacks", TestName = "no object")]
    [TestCase("""[1]""", "object", TestName = "array")]
    [TestCase("""{"a":""", "JSON", TestName = "cut JSON")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "JSON",
        TestName = "name twice")]
    [TestCase("""{"__metadata__":{"n":1}}""", "metadata", TestName = "number in metadata")]
    public void ABrokenHeaderIsNamed(string header, string fault)
    {
        using var handles = HandleCount.NoneLeft();
        string path = Path.Combine(Folder, "broken%s%n.safetensors");
        System.IO.File.WriteAllBytes(path, File(header, new byte[8]));
        Assert.That(
            () => Mx.LoadSafetensors(path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("broken%s%n").And.Message.Contains(fault));
    }

    [Test]
    public void AGiantHeaderLengthAllocatesNothing()
    {
        byte[] file = new byte[64];
        foreach (ulong length in (ulong[])[ulong.MaxValue, 1ul << 40, 99_000_000, 57])
        {
            BinaryPrimitives.WriteUInt64LittleEndian(file, length);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.That(() => Mx.LoadSafetensors(file), Throws.TypeOf<InvalidDataException>());
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
        }
    }

    [Test]
    public void EmptyFilesAndArraysLoad()
    {
        using var handles = HandleCount.NoneLeft();
        using SafetensorsFile nothing = Mx.LoadSafetensors(File("""{"__metadata__":null}""", []));
        Assert.That(nothing, Is.Empty);
        Assert.That(() => nothing.Array, Throws.InvalidOperationException);
        using SafetensorsFile empty = Mx.LoadSafetensors(File("""{"e":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}}""", []));
        Assert.That(empty["e"].Shape.ToArray(), Is.EqualTo(new[] { 0, 3 }));
    }

    [Test]
    public void DamagedFilesRaiseCleanly()
    {
        using var handles = HandleCount.NoneLeft();
        using MemoryStream stream = new();
        Dictionary<string, MlxArray> arrays = AllTypes();
        Mx.SaveSafetensors(stream, arrays, new Dictionary<string, string> { ["a"] = "b" });
        foreach (MlxArray array in arrays.Values)
        {
            array.Dispose();
        }

        Damage.Check(stream.ToArray(), data => Mx.LoadSafetensors(data).Dispose());
    }

    [Test]
    public void AMissingFileIsNamed() => Assert.That(
        () => Mx.LoadSafetensors(Path.Combine(Folder, "none%s%n.safetensors")),
        Throws.TypeOf<FileNotFoundException>().With.Message.Contains("none%s%n"));

    private static Dictionary<string, MlxArray> AllTypes() => new()
    {
        ["bool"] = MlxArray.Create<bool>([true, false, true], 3),
        ["u8"] = MlxArray.Create<byte>([1, 2, 255], 3),
        ["u16"] = MlxArray.Create<ushort>([1, 65535], 2),
        ["u32"] = MlxArray.Create<uint>([1, uint.MaxValue], 2),
        ["u64"] = MlxArray.Create<ulong>([1, 1ul << 60], 2),
        ["i8"] = MlxArray.Create<sbyte>([-1, 2], 2),
        ["i16"] = MlxArray.Create<short>([-1, 2], 2),
        ["i32"] = MlxArray.Create<int>([-1, 2, 3, 4, 5, 6], 3, 2),
        ["i64"] = MlxArray.Create<long>([-1, long.MinValue], 2),
        ["f16"] = MlxArray.Create<Half>([(Half)1.5, (Half)(-2)], 2),
        ["bf16"] = MlxArray.Create<BFloat16>([(BFloat16)1.5f, (BFloat16)(-2f)], 2),
        ["layers.0.weight"] = MlxArray.Create<float>([1.25f, float.Epsilon, -0f, 1e38f], 2, 2),
        ["c64"] = MlxArray.Create<Complex64>([new(1, 2), new(-3, 4)], 2),
        ["scalar"] = MlxArray.Scalar(3f),
    };

    private static byte[] File(string header, byte[] data)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] file = new byte[8 + text.Length + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)text.Length);
        text.CopyTo(file, 8);
        data.CopyTo(file, 8 + text.Length);
        return file;
    }
}
