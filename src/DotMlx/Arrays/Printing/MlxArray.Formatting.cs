using System.Globalization;

namespace DotMlx;

public sealed unsafe partial class MlxArray : ISpanFormattable
{
    /// <summary>The array with its numbers in a .NET format, evaluated first: <c>$"{loss:F3}"</c> is the number alone for a scalar, and
    /// for others what <see cref="ToString()"/> gives.</summary>
    /// <param name="format">A format of .NET's numbers; none prints as <see cref="ToString()"/>.</param>
    /// <param name="formatProvider">Whose separators are used; null for those of Python.</param>
    /// <exception cref="FormatException">The format is not one of the element type.</exception>
    public string ToString(string? format, IFormatProvider? formatProvider) =>
        string.IsNullOrEmpty(format) || IsDisposed ? ToString() : ArrayText.Of(this, format, formatProvider ?? CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        string text = ToString(format.ToString(), provider);
        bool fits = text.TryCopyTo(destination);
        charsWritten = fits ? text.Length : 0;
        return fits;
    }
}
