namespace DotMlx.Data;

/// <summary>
/// Functions of images: one, of shape (height, width, channels), or a batch, (count, height, width, channels). Those that draw take the
/// generator of <c>Select((item, random) =&gt; …, seed)</c>, and draw anew for each image of a batch.
/// </summary>
public static class Augment
{
    /// <summary>Mirrors left and right.</summary>
    /// <param name="images">One image or a batch, any dtype.</param>
    /// <returns>An array of the same shape and dtype.</returns>
    public static MlxArray FlipHorizontal(MlxArray images)
    {
        Check(images);
        return Mx.Flip(images, axis: -2);
    }

    /// <summary>Mirrors top and bottom.</summary>
    /// <param name="images">One image or a batch, any dtype.</param>
    /// <returns>An array of the same shape and dtype.</returns>
    public static MlxArray FlipVertical(MlxArray images)
    {
        Check(images);
        return Mx.Flip(images, axis: -3);
    }

    /// <summary>Mirrors left and right, each image or not.</summary>
    /// <param name="images">One image or a batch, any dtype.</param>
    /// <param name="random">Decides.</param>
    /// <param name="probability">How likely an image is mirrored, from 0 to 1.</param>
    /// <returns>An array of the same shape and dtype.</returns>
    public static MlxArray RandomFlipHorizontal(MlxArray images, Random random, double probability = 0.5)
    {
        Check(images);
        ArgumentNullException.ThrowIfNull(random);
        bool[] mirrored = new bool[images.NDim == 4 ? images.Dim(0) : 1];
        for (int i = 0; i < mirrored.Length; i++)
        {
            mirrored[i] = random.NextDouble() < probability;
        }

        return images.NDim == 3
            ? mirrored[0] ? FlipHorizontal(images) : images.Share()
            : Mx.Where(MlxArray.Create(mirrored, mirrored.Length, 1, 1, 1), FlipHorizontal(images), images);
    }

    /// <summary>Cuts out a part.</summary>
    /// <param name="images">One image or a batch, any dtype.</param>
    /// <param name="top">The first row.</param>
    /// <param name="left">The first column.</param>
    /// <param name="height">How many rows.</param>
    /// <param name="width">How many columns.</param>
    /// <returns>An array of the same dtype with that height and width.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside the image.</exception>
    public static MlxArray Crop(MlxArray images, int top, int left, int height, int width)
    {
        Check(images);
        CheckPart(images, top, height, -3, nameof(height));
        CheckPart(images, left, width, -2, nameof(width));
        return images[Mx.Ellipsis, top..(top + height), left..(left + width), MlxIndex.All];
    }

    /// <summary>Cuts out the middle.</summary>
    /// <param name="images">One image or a batch, any dtype.</param>
    /// <param name="height">How many rows.</param>
    /// <param name="width">How many columns.</param>
    /// <returns>An array of the same dtype with that height and width.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The image is smaller.</exception>
    public static MlxArray CenterCrop(MlxArray images, int height, int width)
    {
        Check(images);
        return Crop(images, (images.Dim(-3) - height) / 2, (images.Dim(-2) - width) / 2, height, width);
    }

    /// <summary>Cuts out a part at a random place, a new one for each image.</summary>
    /// <param name="images">One image or a batch, any dtype.</param>
    /// <param name="height">How many rows.</param>
    /// <param name="width">How many columns.</param>
    /// <param name="random">Decides the places.</param>
    /// <param name="padding">Zeros added on every side before.</param>
    /// <returns>An array of the same dtype with that height and width.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The padded image is smaller, or the padding is negative.</exception>
    public static MlxArray RandomCrop(MlxArray images, int height, int width, Random random, int padding = 0)
    {
        Check(images);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        MlxArray batch = images.NDim == 3 ? images[Mx.NewAxis] : images;
        MlxArray padded = padding == 0 ? batch : Mx.Pad(batch, [(0, 0), (padding, padding), (padding, padding), (0, 0)]);
        CheckPart(padded, 0, height, -3, nameof(height));
        CheckPart(padded, 0, width, -2, nameof(width));
        int count = padded.Dim(0);
        int[] tops = new int[count], lefts = new int[count];
        for (int i = 0; i < count; i++)
        {
            tops[i] = random.Next(padded.Dim(1) - height + 1);
            lefts[i] = random.Next(padded.Dim(2) - width + 1);
        }

        // One gather for the whole batch: image, row and column of each pixel.
        MlxArray rows = MlxArray.Create(tops, count, 1, 1) + Mx.Arange(height).Reshape(1, height, 1);
        MlxArray columns = MlxArray.Create(lefts, count, 1, 1) + Mx.Arange(width).Reshape(1, 1, width);
        MlxArray cut = padded[Mx.Arange(count).Reshape(count, 1, 1), rows, columns];
        return images.NDim == 3 ? cut[0] : cut;
    }

    /// <summary>Subtracts a mean from each channel and divides by a standard deviation. Integers from 0 to 255 become 0 to 1 before.</summary>
    /// <param name="images">One image or a batch. uint8, which is divided by 255, or a floating dtype.</param>
    /// <param name="mean">One number for each channel, or one for all.</param>
    /// <param name="standardDeviation">One number for each channel, or one for all.</param>
    /// <returns>An array of the same shape, float32 for uint8.</returns>
    /// <exception cref="ArgumentException">There are as many numbers as neither 1 nor the channels.</exception>
    public static MlxArray Normalize(MlxArray images, float[] mean, float[] standardDeviation)
    {
        Check(images);
        MlxArray scaled = images.DType == DType.UInt8 ? images.AsType(DType.Float32) / 255f : images;
        return (scaled - PerChannel(mean, images, nameof(mean))) / PerChannel(standardDeviation, images, nameof(standardDeviation));
    }

    private static MlxArray PerChannel(float[] values, MlxArray images, string name)
    {
        ArgumentNullException.ThrowIfNull(values, name);
        return values.Length == 1 || values.Length == images.Dim(-1)
            ? MlxArray.Create(values)
            : throw new ArgumentException($"There are {values.Length} numbers for {images.Dim(-1)} channels; expected one for each, or one for all.", name);
    }

    private static void CheckPart(MlxArray images, int start, int size, int axis, string name)
    {
        if (start < 0 || size <= 0 || start + size > images.Dim(axis))
        {
            throw new ArgumentOutOfRangeException(
                name, $"Cannot cut {size} from {start} on out of {images.Dim(axis)} {(axis == -3 ? "rows" : "columns")}.");
        }
    }

    private static void Check(MlxArray images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.NDim is not (3 or 4))
        {
            throw new ArgumentException(
                $"The images have the shape ({string.Join(", ", images.Shape.ToArray())}); expected (height, width, channels) or a batch of those.", nameof(images));
        }
    }
}
