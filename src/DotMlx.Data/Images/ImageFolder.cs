namespace DotMlx.Data;

/// <summary>Images in one folder per class, such as <c>train/cat/1.png</c> and <c>train/dog/2.jpg</c>.</summary>
public sealed class ImageFolder
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"];

    private ImageFolder(IReadOnlyList<string> classes, Dataset<MlxArray[]> examples) => (Classes, Examples) = (classes, examples);

    /// <summary>The names of the class folders in ordinal order. The label of an example is the index of its class.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>
    /// Examples of two arrays: the image, uint8 of shape (height, width, channels), and the label, an int32 scalar. Images are decoded when
    /// they are read. <c>Prefetch</c> moves decoding to another thread.
    /// </summary>
    public Dataset<MlxArray[]> Examples { get; }

    /// <summary>Lists the images without reading them.</summary>
    /// <param name="path">The folder with one subfolder per class.</param>
    /// <param name="height">The height to which images are resized, in pixels.</param>
    /// <param name="width">The width to which images are resized, in pixels.</param>
    /// <param name="channels">The number of channels: 1 for grayscale, 3 for RGB, or 4 for RGBA.</param>
    /// <returns>The image folder.</returns>
    /// <exception cref="DirectoryNotFoundException">The folder doesn't exist.</exception>
    /// <exception cref="InvalidDataException">No subfolder contains an image.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size isn't positive, or the number of channels isn't 1, 3, or 4.</exception>
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
