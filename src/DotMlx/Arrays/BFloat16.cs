using System.Globalization;
using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// A 16-bit floating-point number with the exponent range of a float and 8 bits of precision; the element of <see cref="DType.BFloat16"/>
/// arrays.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct BFloat16 : IEquatable<BFloat16>, IComparable<BFloat16>, ISpanFormattable
{
    private readonly ushort _bits;

    private BFloat16(ushort bits) => _bits = bits;

    /// <summary>The 16 bits: one sign bit, eight exponent bits, and seven fraction bits.</summary>
    public ushort Bits => _bits;

    /// <summary>Creates the number with the given bits.</summary>
    public static BFloat16 FromBits(ushort bits) => new(bits);

    /// <summary>Rounds to the nearest number, with ties to even, like MLX.</summary>
    public static explicit operator BFloat16(float value)
    {
        uint single = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
        {
            return new BFloat16(0x7FC0);
        }

        uint rounding = 0x7FFF + ((single >> 16) & 1);
        return new BFloat16((ushort)((single + rounding) >> 16));
    }

    /// <summary>Rounds to a float, and then converts the float.</summary>
    public static explicit operator BFloat16(double value) => (BFloat16)(float)value;

    /// <summary>Converts to a float, which is exact.</summary>
    public static implicit operator float(BFloat16 value) => BitConverter.UInt32BitsToSingle((uint)value._bits << 16);

    /// <summary>Whether both numbers are equal (NaN equals nothing; 0 equals -0).</summary>
    public static bool operator ==(BFloat16 left, BFloat16 right) => (float)left == (float)right;

    /// <summary>Whether both numbers differ.</summary>
    public static bool operator !=(BFloat16 left, BFloat16 right) => !(left == right);

    /// <inheritdoc/>
    public bool Equals(BFloat16 other) => ((float)this).Equals(other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BFloat16 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => ((float)this).GetHashCode();

    /// <inheritdoc/>
    public int CompareTo(BFloat16 other) => ((float)this).CompareTo(other);

    /// <summary>Whether the left number is less than the right one.</summary>
    public static bool operator <(BFloat16 left, BFloat16 right) => (float)left < (float)right;

    /// <summary>Whether the left number is greater than the right one.</summary>
    public static bool operator >(BFloat16 left, BFloat16 right) => (float)left > (float)right;

    /// <summary>Whether the left number is less than or equal to the right one.</summary>
    public static bool operator <=(BFloat16 left, BFloat16 right) => (float)left <= (float)right;

    /// <summary>Whether the left number is greater than or equal to the right one.</summary>
    public static bool operator >=(BFloat16 left, BFloat16 right) => (float)left >= (float)right;

    /// <inheritdoc/>
    public override string ToString() => ((float)this).ToString(CultureInfo.InvariantCulture);

    /// <summary>Formats the number like the equal <see cref="float"/>.</summary>
    /// <param name="format">A numeric format string; null for the shortest text.</param>
    /// <param name="formatProvider">Provides the separators; null for those of the current culture.</param>
    /// <exception cref="FormatException">The format isn't valid.</exception>
    public string ToString(string? format, IFormatProvider? formatProvider) => ((float)this).ToString(format, formatProvider);

    /// <summary>Writes the text of the number into a span, if it fits.</summary>
    /// <param name="destination">The span to write to.</param>
    /// <param name="charsWritten">The number of characters that were written.</param>
    /// <param name="format">A numeric format string; empty for the shortest text.</param>
    /// <param name="provider">Provides the separators; null for those of the current culture.</param>
    /// <returns>Whether the text fit.</returns>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        ((float)this).TryFormat(destination, out charsWritten, format, provider);
}
