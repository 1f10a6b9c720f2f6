using System.Globalization;

namespace DotMlx;

public sealed unsafe partial class MlxArray : ISpanFormattable
{
    /// <summary>
    /// Evaluates the array and formats its numbers with a .NET format. For a scalar, <c>$"{loss:F3}"</c> is only the number; other arrays
    /// have the layout of <see cref="ToString()"/>.
    /// </summary>
    /// <param name="format">A .NET numeric format; null or empty for the format of <see cref="ToString()"/>.</param>
    /// <param name="formatProvider">Provides the separators; null for Python's separators.</param>
    /// <exception cref="FormatException">The format isn't valid for the element type.</exception>
    public string ToString(string? format, IFormatProvider? formatProvider) =>
        string.IsNullOrEmpty(format) || IsDisposed
            ? ToString()
            : ArrayText.Of(this, format, formatProvider ?? CultureInfo.InvariantCulture);

    /// <summary>Writes the text of the array into a span, if it fits.</summary>
    /// <param name="destination">The span to write to.</param>
    /// <param name="charsWritten">The number of characters that were written.</param>
    /// <param name="format">The format of the elements; empty for Python's.</param>
    /// <param name="provider">Provides the separators; null for Python's separators.</param>
    /// <returns>Whether the text fit.</returns>
    /// <exception cref="FormatException">The format isn't valid for the element type.</exception>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        string text = ToString(format.ToString(), provider);
        bool fits = text.TryCopyTo(destination);
        charsWritten = fits ? text.Length : 0;
        return fits;
    }
}
