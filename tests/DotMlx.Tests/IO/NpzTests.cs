using System.IO.Compression;

namespace DotMlx.Tests.IO;

[TestFixture]
public class NpzTests : FolderTests
{
    [CpuOnly("float64")]
    [TestCase(false)]
    [TestCase(true)]
    public void SavedArraysRoundTripInOrder(bool compressed)
    {
        using var handles = HandleCount.NoneLeft();
        MlxArray[] arrays = NpyTests.AllTypes();
        KeyValuePair<string, MlxArray>[] named = [.. arrays.Select((array, i) => KeyValuePair.Create($"{i % 3}/%s%n/ä{i}", array))];
        string path = Path.Combine(Folder, "all");
        if (compressed)
        {
            Mx.SavezCompressed(path, named);
        }
        else
        {
            Mx.Savez(path, named);
        }

        using ArrayFile loaded = Mx.Load(path + ".npz");
        Assert.That(loaded.Keys, Is.EqualTo(named.Select(item => item.Key)));
        foreach ((string key, MlxArray array) in named)
        {
            Golden.AssertClose(loaded[key], array, 0, key);
            array.Dispose();
        }

        using ZipArchive archive = ZipFile.OpenRead(path + ".npz");
        Assert.That(archive.Entries.Select(entry => entry.FullName), Is.EqualTo(named.Select(item => item.Key + ".npy")));
    }

    [Test]
    public void PositionalArraysAreNumberedAndEqualArraysGiveEqualFiles()
    {
        using MlxArray a = MlxArray.Create<int>([1], 1);
        using MlxArray b = MlxArray.Create<int>([2], 1);
        string first = Path.Combine(Folder, "first.npz");
        string second = Path.Combine(Folder, "second.npz");
        Mx.Savez(first, a, b);
        Mx.Savez(second, a, b);
        using ArrayFile loaded = Mx.Load(first);
        Assert.That(loaded.Keys, Is.EqualTo(new[] { "arr_0", "arr_1" }));
        Assert.That(() => loaded.Array, Throws.InvalidOperationException.With.Message.Contains("'arr_1'"));
        Assert.That(File.ReadAllBytes(first), Is.EqualTo(File.ReadAllBytes(second)));
        Assert.That(() => Mx.Savez(first, [KeyValuePair.Create("a", a), KeyValuePair.Create("a", a)]), Throws.ArgumentException);
        Assert.That(File.ReadAllBytes(first), Is.EqualTo(File.ReadAllBytes(second)));
    }

    [Test]
    public void AZipBombIsRejected()
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        using (Stream entry = archive.CreateEntry("a.npy").Open())
        {
            entry.Write(new byte[100]);
        }

        // The central directory contains the unpacked size, 24 bytes after its signature.
        byte[] file = stream.ToArray();
        int directory = file.AsSpan().LastIndexOf((byte[])[0x50, 0x4b, 1, 2]);
        BitConverter.GetBytes(0x7fffff00).CopyTo(file, directory + 24);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => Mx.Load(file), Throws.TypeOf<InvalidDataException>().With.Message.Contains("a.npy"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(10_000_000));
    }

    [Test]
    public void EntriesThatShareTheirDataAreRefused()
    {
        using MlxArray a = MlxArray.Create<float>(new float[100], 100);
        using MemoryStream stream = new();
        Mx.SavezCompressed(stream, [KeyValuePair.Create("a", a), KeyValuePair.Create("b", a)]);

        // The central directory contains the packed size, 20 bytes after its signature.
        byte[] file = stream.ToArray();
        int directory = file.AsSpan().LastIndexOf((byte[])[0x50, 0x4b, 1, 2]);
        BitConverter.GetBytes(file.Length - 1).CopyTo(file, directory + 20);
        Assert.That(() => Mx.Load(file), Throws.TypeOf<InvalidDataException>().With.Message.Contains("cannot be loaded"));
    }

    [Test]
    public void OtherContentIsNamed()
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        using (Stream entry = archive.CreateEntry("readme.txt").Open())
        {
            entry.Write("no array"u8);
        }

        Assert.That(() => Mx.Load(stream.ToArray()), Throws.TypeOf<InvalidDataException>().With.Message.Contains("readme.txt"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void DamagedFilesRaiseCleanly(bool compressed)
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray a = MlxArray.Create<float>([.. Enumerable.Range(0, 100).Select(i => (float)i)], 10, 10);
        using MlxArray b = MlxArray.Create<int>([1, 2, 3], 3);
        using MemoryStream stream = new();
        KeyValuePair<string, MlxArray>[] named = [KeyValuePair.Create("a", a), KeyValuePair.Create("b", b)];
        if (compressed)
        {
            Mx.SavezCompressed(stream, named);
        }
        else
        {
            Mx.Savez(stream, named);
        }

        Damage.Check(stream.ToArray(), data => Mx.Load(data).Dispose());
    }
}
