namespace DotMlx.Data;

/// <summary>Loads MNIST and datasets with the same files, such as Fashion-MNIST.</summary>
public static class Mnist
{
    /// <summary>
    /// Loads images and labels from a folder with the original file names, such as <c>train-images-idx3-ubyte</c>, optionally with
    /// <c>.gz</c> compression.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="train">Whether to load the training set of 60,000 images; if false, the test set of 10,000 images.</param>
    /// <returns>The images, uint8 of shape (count, 28, 28), and the labels, uint8 of shape (count,).</returns>
    /// <exception cref="FileNotFoundException">A file is missing. The message lists the expected names.</exception>
    /// <exception cref="InvalidDataException">A file has another format, or the files don't match.</exception>
    public static (MlxArray Images, MlxArray Labels) Load(string folder, bool train = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string set = train ? "train" : "t10k";
        MlxArray images = IdxFile.Read(Find(folder, $"{set}-images", 3));
        MlxArray labels = IdxFile.Read(Find(folder, $"{set}-labels", 1));
        return images.NDim == 3 && labels.NDim == 1 && images.Dim(0) == labels.Dim(0)
            ? (images, labels)
            : throw new InvalidDataException(
                $"The files of '{set}' in '{folder}' don't belong together: the images have the shape "
                + $"({string.Join(", ", images.Shape.ToArray())}), "
                + $"labels of shape ({string.Join(", ", labels.Shape.ToArray())}).");
    }

    private static string Find(string folder, string name, int dimensions)
    {
        string[] names = [$"{name}-idx{dimensions}-ubyte", $"{name}-idx{dimensions}-ubyte.gz", $"{name}.idx{dimensions}-ubyte",
            $"{name}.idx{dimensions}-ubyte.gz"];
        return names.Select(file => Path.Combine(folder, file)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"'{folder}' has none of {string.Join(", ", names)}.");
    }
}

/// <summary>Loads the binary versions of CIFAR-10 and CIFAR-100.</summary>
public static class Cifar
{
    private const int Side = 32;
    private const int Channels = 3;
    private const int Pixels = Side * Side * Channels;

    /// <summary>Loads files of CIFAR-10, such as <c>data_batch_1.bin</c>.</summary>
    /// <param name="paths">The paths of the files, which are concatenated.</param>
    /// <returns>The images, uint8 of shape (count, 32, 32, 3), and the labels from 0 to 9, uint8 of shape (count,).</returns>
    /// <exception cref="InvalidDataException">The size of a file isn't a multiple of the record size.</exception>
    /// <exception cref="IOException">A file can't be read.</exception>
    public static (MlxArray Images, MlxArray Labels) Load10(params string[] paths)
    {
        (MlxArray images, byte[][] labels) = Load(paths, 1);
        return (images, MlxArray.Create<byte>(labels[0]));
    }

    /// <summary>Loads a file of CIFAR-100, such as <c>train.bin</c>.</summary>
    /// <param name="path">The path of the file.</param>
    /// <returns>
    /// The images, uint8 of shape (count, 32, 32, 3); the fine labels from 0 to 99; and the coarse labels from 0 to 19. Both labels are
    /// uint8 of shape (count,).
    /// </returns>
    /// <exception cref="InvalidDataException">The size of the file isn't a multiple of the record size.</exception>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static (MlxArray Images, MlxArray Labels, MlxArray CoarseLabels) Load100(string path)
    {
        (MlxArray images, byte[][] labels) = Load([path], 2);
        return (images, MlxArray.Create<byte>(labels[1]), MlxArray.Create<byte>(labels[0]));
    }

    private static (MlxArray Images, byte[][] Labels) Load(string[] paths, int labelsEach)
    {
        ArgumentNullException.ThrowIfNull(paths);
        List<byte[]> files = [];
        foreach (string path in paths)
        {
            byte[] bytes = File.ReadAllBytes(path);
            if (bytes.Length == 0 || bytes.Length % (labelsEach + Pixels) != 0)
            {
                throw new InvalidDataException($"'{path}' has {bytes.Length} bytes, which isn't a multiple of the "
                    + $"{labelsEach + Pixels} bytes of a record: it isn't the binary version.");
            }

            files.Add(bytes);
        }

        int count = files.Sum(file => file.Length / (labelsEach + Pixels));
        byte[] pixels = new byte[count * Pixels];
        byte[][] labels = [.. Enumerable.Range(0, labelsEach).Select(_ => new byte[count])];
        int record = 0;
        foreach (byte[] file in files)
        {
            for (int start = 0; start < file.Length; start += labelsEach + Pixels, record++)
            {
                for (int i = 0; i < labelsEach; i++)
                {
                    labels[i][record] = file[start + i];
                }

                file.AsSpan(start + labelsEach, Pixels).CopyTo(pixels.AsSpan(record * Pixels));
            }
        }

        // The file stores color planes, but MLX expects channels last.
        using MlxArray planes = MlxArray.Create<byte>(pixels, count, Channels, Side, Side);
        MlxArray images = Mx.Contiguous(planes.Transpose(0, 2, 3, 1));
        images.Eval();
        return (images, labels);
    }
}
