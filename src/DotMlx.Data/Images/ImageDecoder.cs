using SkiaSharp;

namespace DotMlx.Data;

/// <summary>Decodes image files to arrays.</summary>
public static class ImageDecoder
{
    private const int Rgba = 4;

    /// <summary>Decodes a PNG, JPEG, WebP, GIF, or BMP file and resizes the image.</summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="height">The height of the result, in pixels; 0 keeps the original height.</param>
    /// <param name="width">The width of the result, in pixels; 0 keeps the original width.</param>
    /// <param name="channels">The number of channels: 1 for grayscale (BT.601 luma), 3 for RGB, or 4 for RGBA with straight alpha.</param>
    /// <returns>A uint8 array of shape (height, width, channels).</returns>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative, or the number of channels isn't 1, 3, or 4.</exception>
    /// <exception cref="InvalidDataException">The file isn't a supported image.</exception>
    /// <exception cref="IOException">The file can't be read.</exception>
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
            throw new InvalidDataException($"'{path}' isn't an image: expected PNG, JPEG, WebP, GIF, or BMP.");
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
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Expected 1 (gray), 3 (RGB), or 4 (RGBA) channels.");
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
