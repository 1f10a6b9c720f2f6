using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace DotMlx.LanguageModels.ChatTemplates.Values;

/// <summary>Python's strings, which are sequences of code points, and the text forms of values.</summary>
internal static class PythonText
{
    private static readonly SearchValues<char> SeveralWhenUpper = SearchValues.Create("ßŉﬀﬁﬂﬃﬄﬅﬆ");

    /// <summary>Whether Python's <c>str.isspace</c> and <c>strip</c> treat a character as white space.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1C' and <= '\x1F';

    public static int Length(string text)
    {
        int length = text.Length;
        for (int i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i], text[i + 1]))
                length--;
        }
        return length;
    }

    public static bool IsOfUnits(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0;

    public static List<string> Characters(string text)
    {
        var characters = new List<string>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            bool pair = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]);
            characters.Add(text.Substring(i, pair ? 2 : 1));
            i += pair ? 1 : 0;
        }
        return characters;
    }

    /// <summary>Compares by code point, unlike an ordinal comparison of UTF-16.</summary>
    public static int Compare(string left, string right)
    {
        for (int i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            if (left[i] != right[i])
                return char.IsSurrogate(left[i]) == char.IsSurrogate(right[i]) ? left[i] - right[i] : char.IsSurrogate(left[i]) ? 1 : -1;
        }
        return left.Length - right.Length;
    }

    public static string Write(object? value) => value switch
    {
        string text => text,
        Markup markup => markup.Text,
        Undefined => "",
        _ => Represent(value),
    };

    /// <summary>Python's <c>repr</c>.</summary>
    public static string Represent(object? value)
    {
        var result = new StringBuilder();
        Represent(value, result);
        return result.ToString();
    }

    private static void Represent(object? value, StringBuilder result)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (result.Length > Limits.MaxTextLength)
            throw Limits.TextTooLong();
        switch (value)
        {
            case null:
                result.Append("None");
                break;
            case bool flag:
                result.Append(flag ? "True" : "False");
                break;
            case long or BigInteger:
                result.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
            case double number:
                result.Append(Real(number));
                break;
            case string text:
                Quote(text, result);
                break;
            case Markup markup:
                result.Append("Markup(");
                Quote(markup.Text, result);
                result.Append(')');
                break;
            case List<object?> list:
                Join("[", list, "]", result);
                break;
            case Tuple tuple:
                Join("(", tuple.Items, tuple.Items.Count == 1 ? ",)" : ")", result);
                break;
            case Mapping mapping:
                result.Append('{');
                foreach ((int i, (object? key, object? member)) in mapping.Members.Index())
                {
                    result.Append(i > 0 ? ", " : "");
                    Represent(key, result);
                    result.Append(": ");
                    Represent(member, result);
                }
                result.Append('}');
                break;
            case View view:
                result.Append(view.Represent());
                break;
            case Undefined:
                result.Append("Undefined");
                break;
            case Macro macro:
                result.Append(CultureInfo.InvariantCulture, $"<Macro '{macro.Name}'>");
                break;
            default:
                throw new TemplateFault($"a value of the type '{Python.TypeName(value)}' cannot be written");
        }
    }

    private static void Join(string open, IReadOnlyList<object?> items, string close, StringBuilder result)
    {
        result.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            result.Append(i > 0 ? ", " : "");
            Represent(items[i], result);
        }
        result.Append(close);
    }

    /// <summary>The shortest round-trip representation of a number, in Python's format.</summary>
    public static string Real(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        string shortest = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture), sign = double.IsNegative(number) ? "-" : "";
        int e = shortest.IndexOf('E');
        string plain = e < 0 ? shortest : shortest[..e];
        int point = plain.IndexOf('.');
        int exponent = (e < 0 ? 0 : int.Parse(shortest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))
            + (point < 0 ? plain.Length : point) - 1;
        string digits = plain.Replace(".", "", StringComparison.Ordinal);
        int zeros = digits.Length - digits.TrimStart('0').Length;
        if (zeros == digits.Length)
            return sign + "0.0";
        (digits, exponent) = (digits.Trim('0'), exponent - zeros);
        return exponent switch
        {
            >= 0 and < 16 => $"{sign}{digits.PadRight(exponent + 1, '0')[..(exponent + 1)]}."
                + $"{(digits.Length > exponent + 1 ? digits[(exponent + 1)..] : "0")}",
            >= -4 and < 0 => $"{sign}0.{new string('0', -exponent - 1)}{digits}",
            _ => $"{sign}{digits[0]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e"
                + $"{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}",
        };
    }

    private static void Quote(string text, StringBuilder result)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        result.Append(quote);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (i + 1 < text.Length && char.IsSurrogatePair(c, text[i + 1]))
            {
                int point = char.ConvertToUtf32(c, text[++i]);
                if (IsPrintable(point))
                    result.Append(c).Append(text[i]);
                else
                    result.Append(CultureInfo.InvariantCulture, $"\\U{point:x8}");
                continue;
            }
            _ = c switch
            {
                '\\' => result.Append(@"\\"),
                '\n' => result.Append(@"\n"),
                '\r' => result.Append(@"\r"),
                '\t' => result.Append(@"\t"),
                _ when c == quote => result.Append('\\').Append(c),
                _ when IsPrintable(c) => result.Append(c),
                < '\u0100' => result.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
            };
        }
        result.Append(quote);
    }

    public static bool IsPrintable(int point) => point == ' ' || CharUnicodeInfo.GetUnicodeCategory(point) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.SpaceSeparator);

    /// <summary>Splits at Python's line boundaries.</summary>
    public static List<string> Lines(string text, bool keepEnds = false)
    {
        var lines = new List<string>();
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is not ((>= '\n' and <= '\r') or (>= '\x1C' and <= '\x1E') or '\x85' or '\u2028' or '\u2029'))
                continue;
            int next = text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? i + 2 : i + 1;
            lines.Add(text[start..(keepEnds ? next : i)]);
            start = next;
            i = next - 1;
        }
        if (start < text.Length)
            lines.Add(text[start..]);
        return lines;
    }

    /// <summary>Converts to uppercase, including letters that become several.</summary>
    public static string Upper(string text)
    {
        if (text.AsSpan().IndexOfAny(SeveralWhenUpper) < 0)
            return text.ToUpperInvariant();
        var result = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            _ = c switch
            {
                'ß' => result.Append("SS"),
                'ŉ' => result.Append("ʼN"),
                'ﬀ' => result.Append("FF"),
                'ﬁ' => result.Append("FI"),
                'ﬂ' => result.Append("FL"),
                'ﬃ' => result.Append("FFI"),
                'ﬄ' => result.Append("FFL"),
                'ﬅ' or 'ﬆ' => result.Append("ST"),
                _ => result.Append(c),
            };
        }
        return result.ToString().ToUpperInvariant();
    }

    /// <summary>Converts to lowercase, including the final sigma and the dotted capital I.</summary>
    public static string Lower(string text)
    {
        string lower = text.ToLowerInvariant();
        if (text.AsSpan().IndexOfAny('Σ', '\u0130') < 0)
            return lower;
        var result = new StringBuilder(lower.Length + 4);
        for (int i = 0; i < text.Length; i++)
        {
            bool endsWord = text[i] == 'Σ' && i > 0 && char.IsLetter(text[i - 1]) && (i + 1 == text.Length || !char.IsLetter(text[i + 1]));
            result.Append(endsWord ? "ς" : text[i] == '\u0130' ? "i\u0307" : lower[i].ToString());
        }
        return result.ToString();
    }
}
