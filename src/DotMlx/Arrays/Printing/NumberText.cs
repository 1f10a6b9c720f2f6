using System.Globalization;
using System.Text;

namespace DotMlx;

/// <summary>Formats numbers like MLX's C++ streams: <c>%g</c> with six digits, or <c>%.nf</c>, with ties to even.</summary>
internal static class NumberText
{
    private const int Digits = 6;

    internal static string Of(double value, int precision)
    {
        if (double.IsNaN(value))
        {
            return "nan";
        }

        if (double.IsInfinity(value))
        {
            return value > 0 ? "inf" : "-inf";
        }

        string sign = double.IsNegative(value) ? "-" : "";
        value = Math.Abs(value);
        return sign + (precision < 0 ? General(value) : Fixed(value, precision));
    }

    internal static string OfComplex(Complex64 value, int precision) =>
        Of(value.Real, precision) + (value.Imaginary >= 0 || float.IsNaN(value.Imaginary)
            ? "+" + Of(value.Imaginary, precision)
            : "-" + Of(-value.Imaginary, precision)) + "j";

    private static string General(double value)
    {
        if (value == 0)
        {
            return "0";
        }

        // Enough digits for Round to recognize a tie.
        string text = value.ToString("E40", CultureInfo.InvariantCulture);
        int mark = text.IndexOf('E', StringComparison.Ordinal);
        int exponent = int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string digits = Round(text[0] + text[2..mark], Digits, out bool carried);
        exponent += carried ? 1 : 0;
        if (exponent is < -4 or >= Digits)
        {
            string fraction = digits[1..].TrimEnd('0');
            string scale = Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
            return $"{digits[0]}{(fraction.Length > 0 ? "." : "")}{fraction}e{(exponent < 0 ? '-' : '+')}{scale}";
        }

        string whole = exponent >= 0 ? digits[..(exponent + 1)] : "0";
        string rest = (exponent >= 0 ? digits[(exponent + 1)..] : new string('0', -exponent - 1) + digits).TrimEnd('0');
        return rest.Length > 0 ? $"{whole}.{rest}" : whole;
    }

    private static string Fixed(double value, int precision)
    {
        string text = value.ToString("F" + (precision + 60).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        int point = text.IndexOf('.', StringComparison.Ordinal);
        string digits = Round(text[..point] + text[(point + 1)..], point + precision, out bool carried);
        point += carried ? 1 : 0;
        digits = carried ? digits + "0" : digits;
        return precision == 0 ? digits[..point] : $"{digits[..point]}.{digits.AsSpan(point, precision)}";
    }

    /// <summary>Rounds to the first digits; a carry out of the first digit gives "100…" of the same length.</summary>
    private static string Round(string digits, int count, out bool carried)
    {
        carried = false;
        var kept = new StringBuilder(digits[..count]);
        ReadOnlySpan<char> rest = digits.AsSpan(count);
        bool odd = count > 0 && ((digits[count - 1] - '0') & 1) == 1;
        bool up = rest[0] > '5' || (rest[0] == '5' && (rest[1..].IndexOfAnyExcept('0') >= 0 || odd));
        for (int i = count - 1; up; i--)
        {
            if (i < 0)
            {
                carried = true;
                kept.Insert(0, '1');
                kept.Length = count;
                break;
            }

            up = kept[i] == '9';
            kept[i] = up ? '0' : (char)(kept[i] + 1);
        }

        return kept.ToString();
    }
}
