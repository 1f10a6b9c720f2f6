namespace DotMlx.Tests.IO;

/// <summary>The files are written here by hand, as the format's public description specifies.</summary>
[TestFixture]
public class GgufTests : FolderTests
{
    [Test]
    public void AFileWrittenByHandIsRead()
    {
        using var handles = HandleCount.NoneLeft();
        using GgufFile loaded = Mx.LoadGguf(Sample());
        Assert.That(loaded.Keys, Is.EqualTo(new[] { "w", "q.weight", "q.scales", "q.biases" }));
        Assert.That(loaded["w"].Shape.ToArray(), Is.EqualTo(new[] { 2, 3 }));
        Assert.That(loaded["w"].ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 3, 4, 5, 6 }));
        Assert.That(loaded["q.scales"].ToArray<Half>(), Is.EqualTo(new[] { (Half)0.5 }));
        Assert.That(loaded.Metadata.Keys, Is.EqualTo(new[] { "name", "tags", "count", "sizes", "on" }));
        Assert.That(loaded.Metadata["name"].Text, Is.EqualTo("100 %s%n ä"));
        Assert.That(loaded.Metadata["tags"].Texts, Is.EqualTo(new[] { "a", "", "ccc" }));
        Assert.That(loaded.Metadata["count"].Array!.Item<uint>(), Is.EqualTo(7));
        Assert.That(loaded.Metadata["sizes"].Array!.ToArray<long>(), Is.EqualTo(new long[] { 1, -2 }));
        Assert.That(loaded.Metadata["on"].Array!.Item<bool>(), Is.True);
    }

    [Test]
    public void SavedArraysRoundTrip()
    {
        using var handles = HandleCount.NoneLeft();
        Dictionary<string, MlxArray> arrays = new()
        {
            ["f32"] = MlxArray.Create<float>([1, 2, 3, 4, 5, 6], 2, 3),
            ["f16 %n"] = MlxArray.Create<Half>([(Half)1.5], 1),
            ["i8"] = MlxArray.Create<sbyte>([-1, 2, 3], 3),
            ["i16"] = MlxArray.Create<short>([-1, 2, 3], 3),
            ["i32"] = MlxArray.Create<int>([-1, 2, 3], 3),
        };
        using MlxArray number = MlxArray.Scalar(2.5f);
        using MlxArray list = MlxArray.Create<ulong>([1, 2], 2);
        Dictionary<string, GgufValue> metadata = new()
            { ["text"] = "ä %s", ["texts"] = new[] { "x", "" }, ["number"] = number, ["list"] = list };
        string path = Path.Combine(Folder, "100%s%n.gguf");
        Mx.SaveGguf(path, arrays, metadata);
        using MemoryStream stream = new();
        Mx.SaveGguf(stream, arrays, metadata);
        stream.Position = 0;
        foreach (GgufFile loaded in (GgufFile[])[Mx.LoadGguf(path), (GgufFile)Mx.Load(path), Mx.LoadGguf(stream),
            (GgufFile)Mx.Load(stream.ToArray())])
        {
            Assert.That(loaded.Keys, Is.EquivalentTo(arrays.Keys));
            foreach ((string key, MlxArray array) in arrays)
            {
                Golden.AssertClose(loaded[key], array, 0, key);
            }

            Assert.That(loaded.Metadata["text"].Text, Is.EqualTo("ä %s"));
            Assert.That(loaded.Metadata["texts"].Texts, Is.EqualTo(new[] { "x", "" }));
            Assert.That(loaded.Metadata["number"].Array!.Item<float>(), Is.EqualTo(2.5f));
            Assert.That(loaded.Metadata["list"].Array!.ToArray<ulong>(), Is.EqualTo(new ulong[] { 1, 2 }));
            loaded.Dispose();
        }

        foreach (MlxArray array in arrays.Values)
        {
            array.Dispose();
        }

        Assert.That(Directory.GetFiles(Folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void ArraysThatCannotBeSavedAreNamed()
    {
        using MlxArray a = MlxArray.Create<long>([1], 1);
        using MlxArray ok = MlxArray.Create<int>([1], 1);
        using MlxArray wide = MlxArray.Create<int>([1], 1, 1);
        string path = Path.Combine(Folder, "a.gguf");
        Assert.That(() => Mx.SaveGguf(path, [KeyValuePair.Create("%s", a)]), Throws.ArgumentException.With.Message.Contains("int64"));
        Assert.That(() => Mx.SaveGguf(path, [], new Dictionary<string, GgufValue> { ["m"] = wide }),
            Throws.ArgumentException.With.Message.Contains("(1,1)"));
        Assert.That(() => Mx.SaveGguf(path, [], new Dictionary<string, GgufValue> { ["general.alignment"] = ok }),
            Throws.ArgumentException);
        Assert.That(Directory.GetFiles(Folder), Is.Empty);
    }

    [Test]
    public void ReadOnlyFilesAreRead()
    {
        string path = Path.Combine(Folder, "r.gguf");
        File.WriteAllBytes(path, Sample());
        File.SetAttributes(path, FileAttributes.ReadOnly);
        using (GgufFile loaded = Mx.LoadGguf(path))
        {
            Assert.That(loaded, Has.Count.EqualTo(4));
        }

        File.SetAttributes(path, FileAttributes.Normal);
        Assert.That(() => Mx.LoadGguf(Path.Combine(Folder, "%s.gguf")), Throws.TypeOf<FileNotFoundException>());
    }

    [Test]
    public void HostileFilesAreRefusedByName()
    {
        void Refused(string fault, Action<GgufBytes> write)
        {
            GgufBytes writer = new();
            write(writer);
            string path = Path.Combine(Folder, "hostile%s%n.gguf");
            File.WriteAllBytes(path, writer.Bytes);
            Assert.That(() => Mx.LoadGguf(path),
                Throws.TypeOf<InvalidDataException>().With.Message.Contains("hostile%s%n").And.Message.Contains(fault));
        }

        Refused("version", w => w.Head(0, 0, version: 1));
        Refused("ends", w => w.Head(ulong.MaxValue, 0));
        Refused("ends", w => w.Head(0, ulong.MaxValue));
        Refused("bytes long", w => w.Head(0, 1).U64(ulong.MaxValue).U64(0));
        Refused("alignment", w => w.Head(0, 1).Text("general.alignment").U32(4).U32(0));
        Refused("elements", w => w.Head(0, 1).Text("a").U32(9).U32(8).U64(1ul << 40).U64(0));
        Refused("elements", w => w.Head(0, 1).Text("a").U32(9).U32(4).U64(ulong.MaxValue / 2).U64(0));
        Refused("uint32", w => w.Head(0, 1).Text("general.alignment").U32(10).U64(64));
        Refused("big-endian", w => w.Head(0, 0, version: 0x03000000));
        Refused("overlap", w => w.Head(2, 0).Text("a").U32(1).U64(8).U32(0).U64(0).Text("b").U32(1).U64(8).U32(0).U64(0).Pad(64));
        Refused("lists", w => w.Head(0, 1).Text("a").U32(9).U32(9).U64(0).U64(0));
        Refused("type number 99", w => w.Head(0, 1).Text("a").U32(99).U64(0));
        Refused("twice", w => w.Head(0, 2).Text("a").U32(0).U8(1).Text("a").U32(0).U8(1));
        Refused("dimensions", w => w.Head(1, 0).Text("a").U32(9).U64(1).U64(1).U64(1));
        Refused("type number 4", w => w.Head(1, 0).Text("a").U32(1).U64(32).U32(4).U64(0).Pad(32));
        Refused("type number 6", w => w.Head(1, 0).Text("a").U32(1).U64(32).U32(6).U64(0).Pad(64));
        Refused("block", w => w.Head(1, 0).Text("a%n").U32(1).U64(31).U32(2).U64(0).Pad(64));
        Refused("block", w => w.Head(1, 0).Text("a").U32(0).U32(2).U64(0).Pad(64));
        Refused("incomplete", w => w.Head(1, 0).Text("a").U32(1).U64(1 << 20).U32(0).U64(0).Pad(64));
        Refused("incomplete", w => w.Head(1, 0).Text("a").U32(1).U64(1).U32(0).U64(ulong.MaxValue).Pad(64));
        Refused("incomplete", w => w.Head(1, 0).Text("a").U32(4).U64(2147483647).U64(2147483647).U64(2147483647).U64(2147483647)
            .U32(0).U64(0).Pad(64));
        Refused("size of 4294967297", w => w.Head(1, 0).Text("a").U32(1).U64(4294967297).U32(24).U64(0).Pad(64));
        Refused("two arrays", w => w.Head(2, 0).Text("a").U32(1).U64(1).U32(0).U64(0).Text("a").U32(1).U64(1).U32(0).U64(0).Pad(64));
        Refused("two arrays", w => w.Head(2, 0).Text("a.weight").U32(1).U64(32).U32(2).U64(0).Text("a.scales").U32(1).U64(1)
            .U32(0).U64(0).Pad(64));
    }

    [Test]
    public void NumbersOf64BitsAreRead()
    {
        using var handles = HandleCount.NoneLeft();
        byte[] file = new GgufBytes().Head(1, 2)
            .Text("exact").U32(12).U64(BitConverter.DoubleToUInt64Bits(1e300))
            .Text("list").U32(9).U32(12).U64(2).U64(BitConverter.DoubleToUInt64Bits(0.1)).U64(0)
            .Text("i64").U32(1).U64(2).U32(27).U64(0).Align().U64(1ul << 40).U64(7).Bytes;
        using GgufFile loaded = Mx.LoadGguf(file);
        Assert.That(loaded["i64"].ToArray<long>(), Is.EqualTo(new long[] { 1L << 40, 7 }));
        Assert.That(loaded.Metadata["exact"].Array!.Item<double>(), Is.EqualTo(1e300));
        Assert.That(loaded.Metadata["list"].Array!.ToArray<double>(), Is.EqualTo(new[] { 0.1, 0 }));
    }

    [Test]
    public void DamagedFilesRaiseCleanly()
    {
        using var handles = HandleCount.NoneLeft();
        Damage.Check(Sample(), data => Mx.LoadGguf(data).Dispose());
    }

    private static byte[] Sample() => new GgufBytes().Head(2, 5)
        .Text("name").U32(8).Text("100 %s%n ä")
        .Text("tags").U32(9).U32(8).U64(3).Text("a").Text("").Text("ccc")
        .Text("count").U32(4).U32(7)
        .Text("sizes").U32(9).U32(11).U64(2).U64(1).U64(unchecked((ulong)-2))
        .Text("on").U32(7).U8(1)
        .Text("w").U32(2).U64(3).U64(2).U32(0).U64(0)
        .Text("q.weight").U32(1).U64(32).U32(2).U64(32)
        .Align()
        .F32(1).F32(2).F32(3).F32(4).F32(5).F32(6).U64(0)
        .U8(0x00).U8(0x38).Pad(16)
        .Bytes;
}
