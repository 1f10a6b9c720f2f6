using DotMlx.Data.Sources;

namespace DotMlx.Data;

/// <summary>Images in folders that are named for what the images show: <c>train/cat/1.png</c>, <c>train/dog/2.jpg</c>.</summary>
public sealed class ImageFolder
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"];

    private ImageFolder(IReadOnlyList<string> classes, Dataset<MlxArray[]> examples) => (Classes, Examples) = (classes, examples);

    /// <summary>The names of the folders in ordinal order; an example's label is the index of its folder.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>
    /// Examples of two arrays: the image, uint8 of shape (height, width, channels), and its label, an int32 scalar. An image is decoded
    /// when its turn comes; <c>Prefetch</c> moves that to another thread.
    /// </summary>
    public Dataset<MlxArray[]> Examples { get; }

    /// <summary>Lists the images; it reads none.</summary>
    /// <param name="path">The folder that holds one folder for each class.</param>
    /// <param name="height">Rows of each image; the images are scaled to it.</param>
    /// <param name="width">Columns of each image.</param>
    /// <param name="channels">1 for gray, 3 for red, green and blue, 4 for those and alpha.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It holds no folder with an image.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or there is no such number of channels.</exception>
    public static ImageFolder Open(string path, int height, int width, int channels = 3)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ImageDecoder.Check(height, width, channels);
        string[] folders = [.. Directory.EnumerateDirectories(path).Order(StringComparer.Ordinal)];
        (string Path, int Label)[] files =
        [
            .. folders.SelectMany((folder, label) => Directory.EnumerateFiles(folder)
                .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
                .Order(StringComparer.Ordinal).Select(file => (file, label))),
        ];
        if (files.Length == 0)
        {
            throw new InvalidDataException(
                $"'{path}' holds no images: expected a folder for each class, with files that end in {string.Join(", ", Extensions)}.");
        }

        return new ImageFolder([.. folders.Select(folder => Path.GetFileName(folder))], new ImageDataset(files, height, width, channels));
    }

    private sealed class ImageDataset((string Path, int Label)[] files, int height, int width, int channels) : IndexedDataset<MlxArray[]>
    {
        internal override int Length => files.Length;

        internal override MlxArray[] Get(int epoch, int index) => DatasetException.Naming(
            index,
            i => new[] { ImageDecoder.Decode(files[i].Path, height, width, channels), MlxArray.Scalar(files[i].Label) },
            i => files[i].Path);

        internal override string NameOf(int epoch, int index) => files[index].Path;
    }
}
