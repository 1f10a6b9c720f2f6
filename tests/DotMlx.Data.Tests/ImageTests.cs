using System.Buffers.Binary;
using System.IO.Compression;
using SkiaSharp;

namespace DotMlx.Data.Tests;

/// <summary>Folders of images, files of MNIST and CIFAR, and functions of images.</summary>
internal sealed class ImageTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("dotmlx-images-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void AFolderOfFoldersGivesImagesAndLabels()
    {
        WriteImage("dog/b.png", 4, 6, SKColors.Red);
        WriteImage("cat/a.png", 4, 6, SKColors.Blue);
        WriteImage("cat/c.jpg", 8, 12, SKColors.White, SKEncodedImageFormat.Jpeg);
        File.WriteAllText(Path.Combine(_folder, "cat", "notes.txt"), "no image");
        ImageFolder images = ImageFolder.Open(_folder, height: 4, width: 6);
        Assert.That(images.Classes, Is.EqualTo(new[] { "cat", "dog" }));

        MlxArray[] batch = images.Examples.Batch(8).Single();
        Assert.That(batch[0].Shape.ToArray(), Is.EqualTo(new[] { 3, 4, 6, 3 }));
        Assert.That(batch[0].DType, Is.EqualTo(DType.UInt8));
        Assert.That(batch[1].ToArray<int>(), Is.EqualTo(new[] { 0, 0, 1 }));
        Assert.That(batch[0][0, 2, 3].ToArray<byte>(), Is.EqualTo(new byte[] { 0, 0, 255 }));
        Assert.That(batch[0][1].ToArray<byte>(), Is.All.GreaterThan(250));
        Assert.That(batch[0][2, 0, 0].ToArray<byte>(), Is.EqualTo(new byte[] { 255, 0, 0 }));
    }

    [Test]
    public void GrayAndTransparentImagesHaveOneAndFourChannels()
    {
        WriteImage("a/a.png", 2, 2, new SKColor(100, 50, 200, 128));
        string path = Path.Combine(_folder, "a", "a.png");
        Assert.That(ImageDecoder.Decode(path, channels: 4)[0, 0].ToArray<byte>(), Is.EqualTo(new byte[] { 100, 50, 200, 128 }).Within(1));
        Assert.That(ImageDecoder.Decode(path, channels: 1)[1, 1].Item<byte>(), Is.EqualTo(82).Within(1));
        Assert.That(() => ImageDecoder.Decode(path, channels: 2),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("RGB"));
    }

    [Test]
    public void ABrokenImageIsNamedAfterTheWholeOnes()
    {
        WriteImage("a/1.png", 2, 2, SKColors.Red);
        string broken = Path.Combine(_folder, "a", "2.png");
        File.WriteAllText(broken, "not a picture");
        int read = 0;
        DatasetException error = Assert.Throws<DatasetException>(() =>
        {
            foreach (MlxArray[] example in ImageFolder.Open(_folder, 2, 2).Examples.Prefetch(3))
            {
                read++;
            }
        })!;
        Assert.That(read, Is.EqualTo(1));
        Assert.That(error.ItemName, Is.EqualTo(broken));
        Assert.That(error.InnerException, Is.InstanceOf<InvalidDataException>());
        Directory.CreateDirectory(Path.Combine(_folder, "empty"));
        Assert.That(() => ImageFolder.Open(Path.Combine(_folder, "empty"), 2, 2),
            Throws.InstanceOf<InvalidDataException>().With.Message.Contains("a folder for each class"));
    }

    [Test]
    public void MnistFilesAreReadPackedOrNot([Values] bool packed)
    {
        byte[] pixels = [.. Enumerable.Range(0, 2 * 28 * 28).Select(i => (byte)i)];
        WriteIdx("train-images-idx3-ubyte", packed, 0x08, [2, 28, 28], pixels);
        WriteIdx("train-labels-idx1-ubyte", packed, 0x08, [2], [7, 3]);
        (MlxArray images, MlxArray labels) = Mnist.Load(_folder);
        Assert.That(images.Shape.ToArray(), Is.EqualTo(new[] { 2, 28, 28 }));
        Assert.That(images.ToArray<byte>(), Is.EqualTo(pixels));
        Assert.That(labels.ToArray<byte>(), Is.EqualTo(new byte[] { 7, 3 }));
        Assert.That(() => Mnist.Load(_folder, train: false),
            Throws.InstanceOf<FileNotFoundException>().With.Message.Contains("t10k-images-idx3-ubyte.gz"));
    }

    [Test]
    public void IdxFilesOfAllTypesLoadAndBrokenOnesAreExplained()
    {
        byte[] floats = new byte[8];
        BinaryPrimitives.WriteSingleBigEndian(floats, 1.5f);
        BinaryPrimitives.WriteSingleBigEndian(floats.AsSpan(4), -2f);
        string path = WriteIdx("floats", false, 0x0D, [2], floats);
        Assert.That(IdxFile.Read(path).ToArray<float>(), Is.EqualTo(new[] { 1.5f, -2f }));
        Assert.That(IdxFile.Read(WriteIdx("shorts", false, 0x0B, [2], [1, 0, 255, 255]))
            .ToArray<short>(), Is.EqualTo(new short[] { 256, -1 }));
        Assert.That(() => IdxFile.Read(WriteIdx("short", false, 0x08, [3], [1])),
            Throws.InstanceOf<InvalidDataException>().With.Message.Contains("ends before"));
        Assert.That(() => IdxFile.Read(WriteIdx("other", false, 0x20, [1], [1])),
            Throws.InstanceOf<InvalidDataException>().With.Message.Contains("not an IDX file"));
    }

    [Test]
    public void CifarFilesBecomeImagesWithTheChannelsLast()
    {
        byte[] record = [9, .. Enumerable.Repeat((byte)1, 1024), .. Enumerable.Repeat((byte)2, 1024), .. Enumerable.Repeat((byte)3, 1024)];
        string path = Path.Combine(_folder, "batch.bin");
        File.WriteAllBytes(path, [.. record, .. record]);
        (MlxArray images, MlxArray labels) = Cifar.Load10(path, path);
        Assert.That(images.Shape.ToArray(), Is.EqualTo(new[] { 4, 32, 32, 3 }));
        Assert.That(images[3, 31, 7].ToArray<byte>(), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(labels.ToArray<byte>(), Is.All.EqualTo(9));

        File.WriteAllBytes(path, [5, .. record]);
        (_, MlxArray fine, MlxArray coarse) = Cifar.Load100(path);
        Assert.That((fine.Item<byte>(), coarse.Item<byte>()), Is.EqualTo(((byte)9, (byte)5)));
        Assert.That(() => Cifar.Load10(path), Throws.InstanceOf<InvalidDataException>().With.Message.Contains("3073"));
    }

    [Test]
    public void ImagesAreMirroredAndCutOneByOne()
    {
        MlxArray batch = Mx.Arange(2 * 3 * 4).Reshape(2, 3, 4, 1);
        Assert.That(Augment.FlipHorizontal(batch)[1, 0].ToArray<int>(), Is.EqualTo(new[] { 15, 14, 13, 12 }));
        Assert.That(Augment.FlipVertical(batch[0])[0].ToArray<int>(), Is.EqualTo(new[] { 8, 9, 10, 11 }));
        Assert.That(Augment.Crop(batch, 1, 2, 2, 2)[1].ToArray<int>(), Is.EqualTo(new[] { 18, 19, 22, 23 }));
        Assert.That(Augment.CenterCrop(batch[0], 1, 2).ToArray<int>(), Is.EqualTo(new[] { 5, 6 }));
        Assert.That(() => Augment.Crop(batch, 2, 0, 2, 2),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("3 rows"));
        Assert.That(Augment.RandomFlipHorizontal(batch, new Random(1), 0).ToArray<int>(), Is.EqualTo(batch.ToArray<int>()));
        Assert.That(Augment.RandomFlipHorizontal(batch, new Random(1), 1)
            .ToArray<int>(), Is.EqualTo(Augment.FlipHorizontal(batch).ToArray<int>()));
    }

    [Test]
    public void EachImageIsCutAtAPlaceOfItsOwnInsideItsPadding()
    {
        const int Count = 32;
        MlxArray images = Mx.BroadcastTo(Mx.Arange(1, 17).Reshape(1, 4, 4, 1), Count, 4, 4, 1) + (100 * Mx.Arange(Count)
            .Reshape(Count, 1, 1, 1));
        MlxArray cut = Augment.RandomCrop(images, 4, 4, new Random(3), padding: 1);
        Assert.That(cut.Shape.ToArray(), Is.EqualTo(new[] { Count, 4, 4, 1 }));
        HashSet<string> places = [];
        for (int i = 0; i < Count; i++)
        {
            // These pixels occur in no other image, and neighboring pixels were neighbors in the image.
            int[] pixels = [.. cut[i].ToArray<int>().Where(p => p > 0)];
            Assert.That(pixels.Select(p => p / 100), Is.All.EqualTo(i));
            Assert.That(pixels.Length, Is.EqualTo(9).Or.EqualTo(12).Or.EqualTo(16));
            places.Add(string.Join(" ", pixels.Select(p => p % 100)));
        }

        Assert.That(places, Has.Count.GreaterThan(4));
    }

    [Test]
    public void NormalizingScalesBytesAndEachChannel()
    {
        MlxArray image = MlxArray.Create<byte>([0, 255], 1, 1, 2);
        Assert.That(Augment.Normalize(image, [0.5f], [0.5f]).ToArray<float>(), Is.EqualTo(new[] { -1f, 1f }).Within(1e-6));
        Assert.That(Augment.Normalize(image.AsType(DType.Float32), [0f, 5f], [1f, 2f])
            .ToArray<float>(), Is.EqualTo(new[] { 0f, 125f }).Within(1e-6));
        Assert.That(() => Augment.Normalize(image, [1f, 1f, 1f], [1f]),
            Throws.ArgumentException.With.Message.Contains("3 numbers for 2 channels"));
    }

    private void WriteImage(string name, int height, int width, SKColor color, SKEncodedImageFormat format = SKEncodedImageFormat.Png)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        bitmap.Erase(color);
        using FileStream file = File.Create(path);
        Assert.That(bitmap.Encode(file, format, 100), Is.True);
    }

    private string WriteIdx(string name, bool packed, byte type, int[] shape, byte[] elements)
    {
        string path = Path.Combine(_folder, packed ? name + ".gz" : name);
        byte[] sizes = new byte[4 * shape.Length];
        for (int i = 0; i < shape.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(sizes.AsSpan(4 * i), shape[i]);
        }

        using FileStream file = File.Create(path);
        using Stream stream = packed ? new GZipStream(file, CompressionLevel.Fastest) : file;
        stream.Write([0, 0, type, (byte)shape.Length, .. sizes, .. elements]);
        return path;
    }
}
