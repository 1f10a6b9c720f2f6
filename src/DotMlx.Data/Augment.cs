namespace DotMlx.Data;

/// <summary>
/// Image augmentations for one image of shape (height, width, channels) or a batch of shape (count, height, width, channels). Random
/// augmentations take the generator of <c>Select((item, random) =&gt; …, seed)</c> and draw separately for each image of a batch.
/// </summary>
public static class Augment
{
    /// <summary>Flips images left to right.</summary>
    /// <param name="images">One image or a batch, of any dtype.</param>
    /// <returns>An array of the same shape and dtype.</returns>
    /// <exception cref="ArgumentException">The array doesn't have three or four dimensions.</exception>
    public static MlxArray FlipHorizontal(MlxArray images)
    {
        Check(images);
        return Mx.Flip(images, axis: -2);
    }

    /// <summary>Flips images upside down.</summary>
    /// <param name="images">One image or a batch, of any dtype.</param>
    /// <returns>An array of the same shape and dtype.</returns>
    /// <exception cref="ArgumentException">The array doesn't have three or four dimensions.</exception>
    public static MlxArray FlipVertical(MlxArray images)
    {
        Check(images);
        return Mx.Flip(images, axis: -3);
    }

    /// <summary>Flips each image left to right with a given probability.</summary>
    /// <param name="images">One image or a batch, of any dtype.</param>
    /// <param name="random">The random number generator.</param>
    /// <param name="probability">The probability of a flip, from 0 to 1.</param>
    /// <returns>An array of the same shape and dtype.</returns>
    /// <exception cref="ArgumentException">The array doesn't have three or four dimensions.</exception>
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

    /// <summary>Crops images to a rectangle.</summary>
    /// <param name="images">One image or a batch, of any dtype.</param>
    /// <param name="top">The first row.</param>
    /// <param name="left">The first column.</param>
    /// <param name="height">The number of rows.</param>
    /// <param name="width">The number of columns.</param>
    /// <returns>An array of the given height and width, with the same dtype.</returns>
    /// <exception cref="ArgumentException">The array doesn't have three or four dimensions.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rectangle is empty or not inside the image.</exception>
    public static MlxArray Crop(MlxArray images, int top, int left, int height, int width)
    {
        Check(images);
        CheckPart(images, top, height, -3, nameof(height));
        CheckPart(images, left, width, -2, nameof(width));
        return images[Mx.Ellipsis, top..(top + height), left..(left + width), MlxIndex.All];
    }

    /// <summary>Crops images to a centered rectangle.</summary>
    /// <param name="images">One image or a batch, of any dtype.</param>
    /// <param name="height">The number of rows.</param>
    /// <param name="width">The number of columns.</param>
    /// <returns>An array of the given height and width, with the same dtype.</returns>
    /// <exception cref="ArgumentException">The array doesn't have three or four dimensions.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rectangle is empty or larger than the image.</exception>
    public static MlxArray CenterCrop(MlxArray images, int height, int width)
    {
        Check(images);
        return Crop(images, (images.Dim(-3) - height) / 2, (images.Dim(-2) - width) / 2, height, width);
    }

    /// <summary>Crops each image to a rectangle at a random position.</summary>
    /// <param name="images">One image or a batch, of any dtype.</param>
    /// <param name="height">The number of rows.</param>
    /// <param name="width">The number of columns.</param>
    /// <param name="random">The random number generator.</param>
    /// <param name="padding">The zero padding on each side before cropping, in pixels.</param>
    /// <returns>An array of the given height and width, with the same dtype.</returns>
    /// <exception cref="ArgumentException">The array doesn't have three or four dimensions.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The rectangle is empty or larger than the padded image, or the padding is negative.
    /// </exception>
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

        // A single gather by image, row, and column serves the whole batch.
        MlxArray rows = MlxArray.Create(tops, count, 1, 1) + Mx.Arange(height).Reshape(1, height, 1);
        MlxArray columns = MlxArray.Create(lefts, count, 1, 1) + Mx.Arange(width).Reshape(1, 1, width);
        MlxArray cut = padded[Mx.Arange(count).Reshape(count, 1, 1), rows, columns];
        return images.NDim == 3 ? cut[0] : cut;
    }

    /// <summary>
    /// Normalizes each channel: subtracts the mean and divides by the standard deviation. uint8 values from 0 to 255 are first scaled to
    /// [0, 1].
    /// </summary>
    /// <param name="images">One image or a batch, of dtype uint8 or a floating-point dtype.</param>
    /// <param name="mean">The mean of each channel, or one value for all channels.</param>
    /// <param name="standardDeviation">The standard deviation of each channel, or one value for all channels.</param>
    /// <returns>An array of the same shape. The dtype is float32, or float64 for float64 images.</returns>
    /// <exception cref="ArgumentException">
    /// The number of values is neither 1 nor the number of channels, or the array doesn't have three or four dimensions.
    /// </exception>
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
            : throw new ArgumentException($"There are {values.Length} numbers "
            + $"for {images.Dim(-1)} channels; expected one per channel, or one for all channels.", name);
    }

    private static void CheckPart(MlxArray images, int start, int size, int axis, string name)
    {
        if (start < 0 || size <= 0 || start + size > images.Dim(axis))
        {
            throw new ArgumentOutOfRangeException(
                name,
                $"The crop takes {size} from {start}, but the images have {images.Dim(axis)} {(axis == -3 ? "rows" : "columns")}.");
        }
    }

    private static void Check(MlxArray images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.NDim is not (3 or 4))
        {
            throw new ArgumentException(
                $"The images have the shape ({string.Join(", ", images.Shape.ToArray())}); expected (height, width, channels) or "
                + "(batch, height, width, channels).", nameof(images));
        }
    }
}
