using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using DotMlx.LanguageModels.ChatTemplates.Values;
using Tuple = DotMlx.LanguageModels.ChatTemplates.Values.Tuple;

namespace DotMlx.LanguageModels.ChatTemplates.Functions;

/// <summary>The <c>%</c> operator, <c>str.format</c>, and <c>strftime</c>.</summary>
internal static class Formatting
{
    private static readonly SearchValues<char> SignsAndDigits = SearchValues.Create("+-0123456789");

    /// <summary><c>format % values</c>.</summary>
    public static string Percent(string format, object? values)
    {
        var result = new StringBuilder();
        IReadOnlyList<object?> items = values is Tuple tuple ? tuple.Items : [values];
        int used = 0;
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                result.Append(format[i]);
                continue;
            }
            i++;
            object? value = null;
            bool named = i < format.Length && format[i] == '(';
            if (named)
            {
                int close = format.IndexOf(')', i);
                if (close < 0 || values is not Mapping mapping)
                    throw new TemplateFault("format requires a mapping");
                string key = format[(i + 1)..close];
                value = mapping.TryGet(key, out object? found) ? found : throw new TemplateFault($"the format's key '{key}' is missing");
                i = close + 1;
            }
            int flags = i;
            while (i < format.Length && "-+ 0#".Contains(format[i], StringComparison.Ordinal))
                i++;
            string flag = format[flags..i];
            int width = ReadNumber(format, ref i) ?? 0;
            int? precision = null;
            if (i < format.Length && format[i] == '.')
            {
                i++;
                precision = ReadNumber(format, ref i) ?? 0;
            }
            if (i >= format.Length)
                throw new TemplateFault("incomplete format");
            if (format[i] == '%')
            {
                result.Append('%');
                continue;
            }
            if (!named)
                value = used < items.Count ? items[used++] : throw new TemplateFault("not enough arguments for format string");
            string text = Convert(format[i], value, precision, flag.Contains('+', StringComparison.Ordinal) ? "+"
                : flag.Contains(' ', StringComparison.Ordinal) ? " " : "");
            result.Append(Pad(text, width, flag.Contains('-', StringComparison.Ordinal) ? '<' : '>',
                flag.Contains('0', StringComparison.Ordinal) && "dixXofFeEgG".Contains(format[i], StringComparison.Ordinal)));
        }
        return used < items.Count && values is not Mapping ? throw new TemplateFault("not all arguments converted during string formatting")
            : result.ToString();
    }

    private static int? ReadNumber(string format, ref int i)
    {
        int start = i;
        while (i < format.Length && char.IsAsciiDigit(format[i]))
            i++;
        if (i == start)
            return null;
        return int.TryParse(format.AsSpan(start, i - start), CultureInfo.InvariantCulture, out int number) && number <= 10_000 ? number
            : throw new TemplateFault("a format wider than 10000 characters");
    }

    private static string Convert(char kind, object? value, int? precision, string plus)
    {
        switch (kind)
        {
            case 's' or 'r' or 'a':
                string text = kind == 's' ? PythonText.Write(value) : PythonText.Represent(value);
                return precision is { } most && PythonText.Length(text) > most
                    ? string.Concat(PythonText.Characters(text).Take(most)) : text;
            case 'c':
                return Python.AsText(value) ?? char.ConvertFromUtf32(Python.Index(value));
            case 'd' or 'i' or 'u':
                BigInteger integer = Python.AsInteger(value)
                    ?? (value is double real ? new BigInteger(Math.Truncate(real)) : throw NoNumber(kind, value));
                return (integer.Sign < 0 ? "" : plus) + integer.ToString(CultureInfo.InvariantCulture);
            case 'x' or 'X' or 'o':
                return Radix(Python.AsInteger(value) ?? throw NoNumber(kind, value), kind);
            case 'f' or 'F' or 'e' or 'E' or 'g' or 'G':
                double number = Python.AsDouble(value) ?? throw NoNumber(kind, value);
                return (number < 0 ? "" : plus) + Real(number, kind, precision ?? 6);
            default:
                throw new TemplateFault($"the format '%{kind}' is not supported");
        }
    }

    private static TemplateFault NoNumber(char kind, object? value)
    {
        Python.ThrowIfUndefined(value);
        return new TemplateFault($"%{kind} format: a number is required, not {Python.TypeName(value)}");
    }

    private static string Radix(BigInteger value, char kind)
    {
        BigInteger radix = kind switch { 'o' => 8, 'b' => 2, _ => 16 };
        var digits = new StringBuilder();
        for (BigInteger rest = BigInteger.Abs(value); !rest.IsZero || digits.Length == 0; rest /= radix)
            digits.Insert(0, "0123456789abcdef"[(int)(rest % radix)]);
        string text = (value.Sign < 0 ? "-" : "") + digits;
        return kind == 'X' ? text.ToUpperInvariant() : text;
    }

    private static string Real(double number, char kind, int precision)
    {
        if (!double.IsFinite(number))
            return PythonText.Real(number);
        switch (char.ToLowerInvariant(kind))
        {
            case 'f':
                return number.ToString("F" + Math.Min(precision, 1000), CultureInfo.InvariantCulture);
            case 'e':
                return Exponent(number.ToString((kind == 'E' ? "E" : "e") + Math.Min(precision, 1000), CultureInfo.InvariantCulture));
            default:
                int digits = Math.Max(precision, 1);
                string scientific = number.ToString("e" + (digits - 1), CultureInfo.InvariantCulture);
                int exponent = int.Parse(scientific.AsSpan(scientific.IndexOf('e') + 1), NumberStyles.AllowLeadingSign,
                    CultureInfo.InvariantCulture);
                if (exponent >= -4 && exponent < digits)
                    return WithoutZeros(number.ToString("F" + Math.Max(0, digits - 1 - exponent), CultureInfo.InvariantCulture));
                string mantissa = WithoutZeros(scientific[..scientific.IndexOf('e')]);
                return Exponent(mantissa + (kind == 'G' ? "E" : "e") + scientific[(scientific.IndexOf('e') + 1)..]);
        }
    }

    private static string WithoutZeros(string digits) =>
        digits.Contains('.', StringComparison.Ordinal) ? digits.TrimEnd('0').TrimEnd('.') : digits;

    /// <summary>Shortens .NET's three-digit exponent to at least two digits.</summary>
    private static string Exponent(string text)
    {
        int e = text.IndexOfAny(['e', 'E']);
        string digits = text[(e + 2)..].TrimStart('0').PadLeft(2, '0');
        return text[..(e + 2)] + digits;
    }

    private static string Pad(string text, int width, char side, bool zeros = false, string fill = " ")
    {
        int missing = width - PythonText.Length(text);
        if (missing <= 0)
            return text;
        if (zeros)
        {
            int sign = text.Length > 0 && text[0] is '-' or '+' or ' ' ? 1 : 0;
            return text[..sign] + new string('0', missing) + text[sign..];
        }
        string padding = string.Concat(Enumerable.Repeat(fill, missing)), half = string.Concat(Enumerable.Repeat(fill, missing / 2));
        return side switch { '<' => text + padding, '^' => half + text + string.Concat(Enumerable.Repeat(fill, missing - missing / 2)),
            _ => padding + text };
    }

    /// <summary>Converts the single mapping of <c>format_map</c> to named arguments.</summary>
    public static Arguments OfMapping(Arguments arguments)
    {
        Mapping mapping = arguments.Bind("format_map", "mapping")[0] as Mapping ?? throw new TemplateFault("format_map() takes a mapping");
        return new Arguments([], mapping.Members.Where(member => member.Key is string)
            .ToDictionary(member => (string)member.Key!, member => member.Value));
    }

    /// <summary>
    /// <c>format.format(…)</c>: positional and named fields with members, conversions, and the common format specifications.
    /// </summary>
    public static string Format(string format, Arguments arguments)
    {
        var result = new StringBuilder();
        int next = 0;
        for (int i = 0; i < format.Length; i++)
        {
            char c = format[i];
            if (c is '{' or '}' && i + 1 < format.Length && format[i + 1] == c)
            {
                result.Append(c);
                i++;
            }
            else if (c == '{')
            {
                int close = format.IndexOf('}', i);
                if (close < 0)
                    throw new TemplateFault("a field of the format isn't closed");
                result.Append(Field(format[(i + 1)..close], arguments, ref next));
                i = close;
            }
            else if (c == '}')
                throw new TemplateFault("a single '}' in a format");
            else
                result.Append(c);
        }
        return result.ToString();
    }

    private static string Field(string field, Arguments arguments, ref int next)
    {
        int colon = field.IndexOf(':', StringComparison.Ordinal);
        string specification = colon < 0 ? "" : field[(colon + 1)..], name = colon < 0 ? field : field[..colon];
        char conversion = '\0';
        if (name.Length >= 2 && name[^2] == '!')
            (conversion, name) = (name[^1], name[..^2]);
        int end = name.AsSpan().IndexOfAny('.', '[');
        string first = end < 0 ? name : name[..end], rest = end < 0 ? "" : name[end..];
        object? value;
        if (first.Length == 0 || int.TryParse(first, CultureInfo.InvariantCulture, out _))
        {
            int index = first.Length == 0 ? next++ : int.Parse(first, CultureInfo.InvariantCulture);
            value = index < arguments.Positional.Count ? arguments.Positional[index]
                : throw new TemplateFault($"the format has no argument {index}");
        }
        else if (!arguments.Named.TryGetValue(first, out value))
            throw new TemplateFault($"the format has no argument '{first}'");
        value = Follow(value, rest);
        if (conversion is 'r' or 'a' or 's')
            value = conversion == 's' ? PythonText.Write(value) : PythonText.Represent(value);
        return Specified(value, specification);
    }

    private static object? Follow(object? value, string path)
    {
        for (int i = 0; i < path.Length;)
        {
            int end = path[i] == '.' ? path.AsSpan(i + 1).IndexOfAny('.', '[') : path.IndexOf(']', i) - i - 1;
            if (path[i] == '[' && end < 0)
                throw new TemplateFault("a field of the format isn't closed");
            string part = end < 0 ? path[(i + 1)..] : path.Substring(i + 1, end);
            value = path[i] == '.' ? Members.Attribute(value, part)
                : Members.Item(value, long.TryParse(part, CultureInfo.InvariantCulture, out long index) ? index : part);
            i = end < 0 ? path.Length : i + 1 + end + (path[i] == '[' ? 1 : 0);
        }
        return value;
    }

    private static string Specified(object? value, string specification)
    {
        if (specification.Length == 0)
            return PythonText.Write(value);
        int i = 0;
        string fill = " ";
        char align = '\0';
        if (specification.Length > 1 && specification[1] is '<' or '>' or '^' or '=')
            (fill, align, i) = (specification[..1], specification[1], 2);
        else if (specification[0] is '<' or '>' or '^' or '=')
            (align, i) = (specification[0], 1);
        string plus = i < specification.Length && specification[i] is '+' or '-' or ' ' ? specification[i++].ToString() : "";
        bool zeros = i < specification.Length && specification[i] == '0';
        int width = ReadNumber(specification, ref i) ?? 0;
        bool grouped = i < specification.Length && specification[i] is ',' && i++ >= 0;
        int? precision = null;
        if (i < specification.Length && specification[i] == '.')
        {
            i++;
            precision = ReadNumber(specification, ref i);
        }
        char kind = i < specification.Length ? specification[i++] : '\0';
        if (i < specification.Length)
            throw new TemplateFault($"the format specification '{specification}' is not supported");
        bool isNumber = Python.AsDouble(value) is not null && value is not bool;
        string text = (isNumber, kind) switch
        {
            (_, 's') or (false, '\0') => Convert('s', value, precision, ""),
            (true, '\0') when Python.IsInteger(value) => Convert('d', value, null, plus is "-" ? "" : plus),
            (true, '\0') when precision is null => PythonText.Write(value),
            (_, '\0') => Convert('g', value, precision, plus is "-" ? "" : plus),
            (_, '%') => Convert('f', Python.AsDouble(value) * 100, precision, plus is "-" ? "" : plus) + "%",
            (_, 'b') => Radix(Python.AsInteger(value) ?? throw NoNumber(kind, value), 'b'),
            _ => Convert(kind, value, precision, plus is "-" ? "" : plus),
        };
        if (grouped)
            text = Grouped(text);
        return Pad(text, width, align is '\0' or '=' ? isNumber ? '>' : '<' : align,
            zeros && align == '\0' || align == '=' && fill == "0", fill);
    }

    private static string Grouped(string number)
    {
        int end = number.AsSpan().IndexOfAnyExcept(SignsAndDigits);
        string digits = end < 0 ? number : number[..end], rest = end < 0 ? "" : number[end..];
        int start = digits.Length > 0 && !char.IsAsciiDigit(digits[0]) ? 1 : 0;
        for (int i = digits.Length - 3; i > start; i -= 3)
            digits = digits.Insert(i, ",");
        return digits + rest;
    }

    /// <summary><c>strftime</c> in English.</summary>
    public static string Time(DateTime time, string format)
    {
        var result = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                result.Append(format[i]);
                continue;
            }
            char code = format[++i];
            bool bare = code == '-' && i + 1 < format.Length;
            if (bare)
                code = format[++i];
            string text = TimePart(time, code);
            string trimmed = text.TrimStart('0');
            result.Append(!bare ? text : trimmed.Length > 0 ? trimmed : "0");
        }
        return result.ToString();
    }

    private static string TimePart(DateTime time, char code)
    {
        string In(string format) => time.ToString(format, CultureInfo.InvariantCulture);

        return code switch
        {
            'd' => In("dd"),
            'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'm' => In("MM"),
            'y' => In("yy"),
            'Y' => In("yyyy"),
            'b' or 'h' => In("MMM"),
            'B' => In("MMMM"),
            'a' => In("ddd"),
            'A' => In("dddd"),
            'H' => In("HH"),
            'I' => In("hh"),
            'M' => In("mm"),
            'S' => In("ss"),
            'f' => In("ffffff"),
            'p' => In("tt"),
            'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'u' => time.DayOfWeek == DayOfWeek.Sunday ? "7" : ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'F' => In("yyyy-MM-dd"),
            'D' or 'x' => In("MM/dd/yy"),
            'T' or 'X' => In("HH:mm:ss"),
            'R' => In("HH:mm"),
            'c' => In("ddd MMM ") + time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2) + In(" HH:mm:ss yyyy"),
            'Z' or 'z' => "",
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => throw new TemplateFault($"strftime's '%{code}' is not supported"),
        };
    }
}
