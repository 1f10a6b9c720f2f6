using System.Text;

namespace DotMlx.Tests.IO;

/// <summary>The files are written here by hand, as NumPy's public description of the format specifies.</summary>
[TestFixture]
public class NpyTests : FolderTests
{
    [Test]
    public void AFileAsNumPyWritesItIsRead()
    {
        using var handles = HandleCount.NoneLeft();
        byte[] file = File("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }",
            [0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64]);
        using ArrayFile loaded = Mx.Load(file);
        Assert.That(loaded.Array.Shape.ToArray(), Is.EqualTo(new[] { 2, 2 }));
        Assert.That(loaded.Array.ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 3, 4 }));
    }

    [TestCase("{\"shape\": (3,), \"fortran_order\": False, \"descr\": \"|i1\"}", 1, TestName = "other order, quotes, no comma")]
    [TestCase("{'descr': '|i1', 'fortran_order': False, 'shape': (3L,), }", 2, TestName = "version 2, Python 2 integers")]
    [TestCase("{ 'descr' :'<i1','fortran_order':False,'shape':( 3 , ) }   ", 3, TestName = "version 3, spaces")]
    public void UnusualHeadersAreRead(string header, byte version)
    {
        using ArrayFile loaded = Mx.Load(File(header, [1, 2, 255], version));
        Assert.That(loaded.Array.ToArray<sbyte>(), Is.EqualTo(new sbyte[] { 1, 2, -1 }));
    }

    [Test]
    public void FortranOrderScalarsAndBigEndianAreRead()
    {
        using var handles = HandleCount.NoneLeft();
        using ArrayFile fortran =
            Mx.Load(File("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }", [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]));
        Assert.That(fortran.Array.Shape.ToArray(), Is.EqualTo(new[] { 2, 3 }));
        Assert.That(fortran.Array.ToArray<short>(), Is.EqualTo(new short[] { 1, 3, 5, 2, 4, 6 }));
        using ArrayFile scalar = Mx.Load(File("{'descr': '|b1', 'fortran_order': False, 'shape': (), }", [1]));
        Assert.That(scalar.Array.Item<bool>(), Is.True);
        using ArrayFile big = Mx.Load(File("{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }", [0, 0, 1, 0, 255, 255, 255, 255]));
        Assert.That(big.Array.ToArray<int>(), Is.EqualTo(new[] { 256, -1 }));
        using ArrayFile empty = Mx.Load(File("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }", []));
        Assert.That(empty.Array.Shape.ToArray(), Is.EqualTo(new[] { 0, 2 }));
    }

    [CpuOnly("float64")]
    [Test]
    public void SavedArraysRoundTrip()
    {
        using var handles = HandleCount.NoneLeft();
        foreach (MlxArray array in AllTypes())
        {
            string path = Path.Combine(Folder, "100%s%n.npy");
            Mx.Save(path, array);
            using ArrayFile loaded = Mx.Load(path);
            Golden.AssertClose(loaded.Array, array, 0);
            array.Dispose();
        }

        using MlxArray transposedOf = MlxArray.Create<int>([1, 2, 3, 4, 5, 6], 2, 3);
        using MlxArray transposed = Mx.Transpose(transposedOf);
        Mx.Save(Path.Combine(Folder, "t"), transposed);
        using ArrayFile back = Mx.Load(Path.Combine(Folder, "t.npy"));
        Golden.AssertClose(back.Array, transposed, 0);
    }

    [Test]
    public void TheHeaderIsTheOneNumPyExpects()
    {
        using MlxArray array = MlxArray.Create<int>([1, 2, 3, 4, 5, 6], 2, 3);
        using MemoryStream stream = new();
        Mx.Save(stream, array);
        byte[] file = stream.ToArray();
        Assert.That(file[..8], Is.EqualTo(new byte[] { 0x93, 78, 85, 77, 80, 89, 1, 0 }));
        string header = Encoding.ASCII.GetString(file, 10, file[8] | (file[9] << 8));
        Assert.That(header, Does.StartWith("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3").And.EndsWith("\n"));
        Assert.That(file[(10 + header.Length)..],
            Is.EqualTo(new byte[] { 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0 }));
    }

    [Test]
    public void ArraysFollowEachOtherInAStream()
    {
        using MlxArray a = MlxArray.Create<int>([1, 2], 2);
        using MlxArray b = MlxArray.Create<float>([3], 1);
        using MemoryStream stream = new();
        Mx.Save(stream, a);
        Mx.Save(stream, b);
        stream.Position = 0;
        using MlxArray first = Mx.Load(stream);
        using MlxArray second = Mx.Load(stream);
        Assert.That(first.ToArray<int>(), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(second.ToArray<float>(), Is.EqualTo(new float[] { 3 }));
    }

    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", "incomplete")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "shape")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,), }", "4294967296")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647, 2147483647), }", "incomplete")]
    [TestCase("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,), }", "fortran_order")]
    [TestCase("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "|O")]
    [TestCase("{'descr': '<U3%n', 'fortran_order': False, 'shape': (2,), }", "<U3%n")]
    [TestCase("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "records")]
    [TestCase("{'descr': '<f4', 'shape': (2,), }", "lacks")]
    [TestCase("{'descr': '<f4', 'descr': '<f4', 'shape': (2,), }", "repeated")]
    [TestCase("{'descr': '<f4'", "dictionary")]
    [TestCase("", "dictionary")]
    public void ABrokenHeaderIsNamed(string header, string fault)
    {
        string path = Path.Combine(Folder, "broken%s%n.npy");
        System.IO.File.WriteAllBytes(path, File(header, new byte[8]));
        Assert.That(() => Mx.Load(path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("broken%s%n").And.Message.Contains(fault));
    }

    [Test]
    public void DamagedFilesRaiseCleanly()
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray array = MlxArray.Create<float>([1, 2, 3, 4, 5, 6], 2, 3);
        using MemoryStream stream = new();
        Mx.Save(stream, array);
        Damage.Check(stream.ToArray(), data => Mx.Load(data).Dispose());
    }

    [Test]
    public void StreamsFailWithTheirOwnException()
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray a = MlxArray.Create<float>(new float[1000], 1000);
        using MlxArray empty = MlxArray.Create<float>([], 0);
        Assert.That(() => Mx.Save(new FailingStream([], 100), a),
            Throws.TypeOf<IOException>().With.Message.EqualTo("the stream fails %s%n"));
        Assert.That(() => Mx.Save(new MemoryStream(), empty), Throws.ArgumentException.With.Message.Contains("(0)"));
        Assert.That(() => Mx.Save(Path.Combine(Folder, "none", "a.npy"), a), Throws.TypeOf<DirectoryNotFoundException>());
        Assert.That(() => Mx.Load(Path.Combine(Folder, "%s.npy")), Throws.TypeOf<FileNotFoundException>());
        Assert.That(() => Mx.Load(new byte[] { 1, 2, 3 }), Throws.TypeOf<InvalidDataException>());
    }

    internal static MlxArray[] AllTypes() =>
    [
        MlxArray.Create<bool>([true, false, true], 3),
        MlxArray.Create<byte>([1, 2, 255], 3),
        MlxArray.Create<ushort>([1, 65535], 2),
        MlxArray.Create<uint>([1, uint.MaxValue], 2),
        MlxArray.Create<ulong>([1, 1ul << 60], 2),
        MlxArray.Create<sbyte>([-1, 2], 2),
        MlxArray.Create<short>([-1, 2], 2),
        MlxArray.Create<int>([-1, 2, 3, 4, 5, 6], 3, 2),
        MlxArray.Create<long>([-1, long.MinValue], 2),
        MlxArray.Create<Half>([(Half)1.5, (Half)(-2)], 2),
        MlxArray.Create<BFloat16>([(BFloat16)1.5f, (BFloat16)(-2f)], 2),
        MlxArray.Create<float>([1.25f, float.Epsilon, -0f, 1e38f], 2, 2),
        MlxArray.Create<double>([1.25, double.Epsilon], 2),
        MlxArray.Create<Complex64>([new(1, 2), new(-3, 4)], 2),
        MlxArray.Scalar(3f),
    ];

    private static byte[] File(string header, byte[] data, byte version = 1)
    {
        byte[] text = Encoding.UTF8.GetBytes(header + "\n");
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes(text.Length);
        return [0x93, .. "NUMPY"u8, version, 0, .. length, .. text, .. data];
    }
}
