using SkiaSharp;

namespace DotMlx.Data;

/// <summary>Decodes pictures to arrays.</summary>
public static class ImageDecoder
{
    private const int Rgba = 4;

    /// <summary>Reads a PNG, JPEG, WebP, GIF or BMP file and scales it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="height">Rows of the result; 0 keeps the image's own.</param>
    /// <param name="width">Columns of the result; 0 keeps the image's own.</param>
    /// <param name="channels">1 for gray (luma of BT.601), 3 for red, green and blue, 4 for those and alpha, not premultiplied.</param>
    /// <returns>uint8 array of shape (height, width, channels).</returns>
    /// <exception cref="InvalidDataException">The file is no image that can be decoded.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static MlxArray Decode(string path, int height = 0, int width = 0, int channels = 3)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfNegative(height);
        ArgumentOutOfRangeException.ThrowIfNegative(width);
        Check(Math.Max(1, height), Math.Max(1, width), channels);
        using SKData file = SKData.CreateCopy(File.ReadAllBytes(path));
        using SKCodec? codec = SKCodec.Create(file);
        if (codec is null)
        {
            throw new InvalidDataException($"'{path}' is no image: expected PNG, JPEG, WebP, GIF or BMP.");
        }

        var own = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using var image = new SKBitmap(own);
        SKCodecResult result = codec.GetPixels(own, image.GetPixels());
        if (result != SKCodecResult.Success)
        {
            throw new InvalidDataException($"'{path}' cannot be decoded: {result}.");
        }

        SKImageInfo wanted = own.WithSize(width > 0 ? width : own.Width, height > 0 ? height : own.Height);
        if (wanted.Size == own.Size)
        {
            return ToArray(image.GetPixelSpan(), wanted, channels);
        }

        using SKBitmap scaled = image.Resize(wanted, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear))
            ?? throw new InvalidDataException($"'{path}' cannot be scaled to {wanted.Width} by {wanted.Height} pixels.");
        return ToArray(scaled.GetPixelSpan(), wanted, channels);
    }

    internal static void Check(int height, int width, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (channels is not (1 or 3 or 4))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Expected 1 (gray), 3 (RGB) or 4 (RGBA) channels.");
        }
    }

    private static MlxArray ToArray(ReadOnlySpan<byte> pixels, SKImageInfo size, int channels)
    {
        if (channels == Rgba)
        {
            return MlxArray.Create(pixels, size.Height, size.Width, Rgba);
        }

        byte[] values = new byte[size.Height * size.Width * channels];
        for (int pixel = 0; pixel < size.Height * size.Width; pixel++)
        {
            ReadOnlySpan<byte> from = pixels.Slice(pixel * Rgba, Rgba);
            if (channels == 1)
            {
                values[pixel] = (byte)(((299 * from[0]) + (587 * from[1]) + (114 * from[2]) + 500) / 1000);
            }
            else
            {
                from[..3].CopyTo(values.AsSpan(pixel * 3));
            }
        }

        return MlxArray.Create<byte>(values, size.Height, size.Width, channels);
    }
}
