using System.Text;

namespace DotMlx;

/// <summary>Keys as mlx-c takes them.</summary>
internal static class NativeKey
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text in UTF-8 with a zero at the end, for <c>fixed</c>.</summary>
    /// <exception cref="ArgumentException">The text holds a zero character or half of a surrogate pair.</exception>
    internal static byte[] Bytes(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text, name);
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException($"'{text}' holds a zero character, which MLX takes for the end.", name);
        }

        try
        {
            byte[] bytes = new byte[Strict.GetByteCount(text) + 1];
            Strict.GetBytes(text, bytes);
            return bytes;
        }
        catch (EncoderFallbackException exception)
        {
            throw new ArgumentException("The text is no valid Unicode: it holds half of a surrogate pair.", name, exception);
        }
    }
}
