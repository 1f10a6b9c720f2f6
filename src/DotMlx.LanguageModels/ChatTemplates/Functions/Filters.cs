using System.Globalization;
using System.Numerics;
using System.Text;
using DotMlx.LanguageModels.ChatTemplates.Values;
using Tuple = DotMlx.LanguageModels.ChatTemplates.Values.Tuple;

namespace DotMlx.LanguageModels.ChatTemplates.Functions;

/// <summary>The filters, which follow <c>|</c>.</summary>
internal static class Filters
{
    private delegate object? Filter(Run run, object? value, object?[] arguments);

    private static readonly Dictionary<string, (string[] Parameters, Filter Call)> Fixed = new(StringComparer.Ordinal)
    {
        ["abs"] = ([], (_, value, _) => Absolute(value)),
        ["attr"] = (["name"], (_, value, a) => Attribute(value, a[0])),
        ["batch"] = (["linecount", "fill_with"], (_, value, a) => Sequences.Batch(value, Whole(a[0], "linecount"), a[1])),
        ["capitalize"] = ([], (_, value, _) => TextMethods.Capitalize(PythonText.Write(value))),
        ["center"] = (["width"], (_, value, a) => TextMethods.Center(PythonText.Write(value), Width(Or(a[0], 80L)), " ")),
        ["default"] = (["default_value", "boolean"], (_, value, a) => Default(value, Or(a[0], ""), Or(a[1], false))),
        ["dictsort"] = (["case_sensitive", "by", "reverse"], (_, value, a) => Sequences.SortMapping(
            value, Python.IsTrue(Or(a[0], false)), PythonText.Write(Or(a[1], "key")), Python.IsTrue(Or(a[2], false)))),
        ["escape"] = ([], (_, value, _) => value as Markup ?? new Markup(Markup.Escape(PythonText.Write(value)))),
        ["first"] = ([], (_, value, _) => End(value, last: false)),
        ["float"] = (["default"], (_, value, a) => ToReal(value) ?? Or(a[0], 0.0)),
        ["forceescape"] = ([], (_, value, _) => new Markup(Markup.Escape(PythonText.Write(value)))),
        ["groupby"] = (["attribute", "default", "case_sensitive"], (run, value, a) =>
            Sequences.Group(value, Or(a[0], null), Given(a[1]) ? a[1] : null, Python.IsTrue(Or(a[2], false)))),
        ["indent"] = (["width", "first", "blank"], (run, value, a) =>
            Indent(run, value, Or(a[0], 4L), Python.IsTrue(Or(a[1], false)), Python.IsTrue(Or(a[2], false)))),
        ["int"] = (["default", "base"], (_, value, a) => ToInteger(value, (int)Whole(Or(a[1], 10L), "base")) ?? Or(a[0], 0L)),
        ["items"] = ([], (_, value, _) => Items(value)),
        ["join"] = (["d", "attribute"], (_, value, a) => Join(value, PythonText.Write(Or(a[0], "")), a[1])),
        ["last"] = ([], (_, value, _) => End(value, last: true)),
        ["length"] = ([], (_, value, _) => Python.Length(value)),
        ["list"] = ([], (_, value, _) => new List<object?>(Python.Iterate(value))),
        ["lower"] = ([], (_, value, _) => PythonText.Lower(PythonText.Write(value))),
        ["max"] = (["case_sensitive", "attribute"], (_, value, a) =>
            Sequences.Extreme(value, Python.IsTrue(Or(a[0], false)), a[1], largest: true)),
        ["min"] = (["case_sensitive", "attribute"], (_, value, a) =>
            Sequences.Extreme(value, Python.IsTrue(Or(a[0], false)), a[1], largest: false)),
        ["pprint"] = ([], (_, value, _) => PythonText.Represent(value)),
        ["replace"] = (["old", "new", "count"], (run, value, a) => Replace(value, a)),
        ["reverse"] = ([], (_, value, _) => Reverse(value)),
        ["round"] = (["precision", "method"], (_, value, a) =>
            Round(value, (int)Whole(Or(a[0], 0L), "precision"), PythonText.Write(Or(a[1], "common")))),
        ["safe"] = ([], (_, value, _) => value as Markup ?? new Markup(PythonText.Write(value))),
        ["slice"] = (["slices", "fill_with"], (_, value, a) => Sequences.Slices(value, Whole(a[0], "slices"), a[1])),
        ["sort"] = (["reverse", "case_sensitive", "attribute"], (_, value, a) =>
            Sequences.Sort(value, Python.IsTrue(Or(a[0], false)), Python.IsTrue(Or(a[1], false)), a[2])),
        ["string"] = ([], (_, value, _) => value is Markup ? value : PythonText.Write(value)),
        ["sum"] = (["attribute", "start"], (run, value, a) => Sequences.Sum(run, value, a[0], Or(a[1], 0L))),
        ["title"] = ([], (_, value, _) => Title(PythonText.Write(value))),
        ["trim"] = (["chars"], (_, value, a) => TextMethods.Strip(
            PythonText.Write(value), Or(a[0], null) is { } chars ? PythonText.Write(chars) : null, left: true, right: true)),
        ["truncate"] = (["length", "killwords", "end", "leeway"], (_, value, a) => Truncate(
            PythonText.Write(value), Whole(Or(a[0], 255L), "length"), Python.IsTrue(Or(a[1], false)), PythonText.Write(Or(a[2], "...")),
            Whole(Or(a[3], 5L), "leeway"))),
        ["unique"] = (["case_sensitive", "attribute"], (_, value, a) => Sequences.Unique(value, Python.IsTrue(Or(a[0], false)), a[1])),
        ["upper"] = ([], (_, value, _) => PythonText.Upper(PythonText.Write(value))),
        ["urlencode"] = ([], (_, value, _) => UrlEncode(value)),
        ["wordcount"] = ([], (_, value, _) => WordCount(PythonText.Write(value))),
    };

    private static readonly Dictionary<string, string> Aliases = new(StringComparer.Ordinal)
    {
        ["count"] = "length", ["d"] = "default", ["e"] = "escape",
    };

    private static readonly HashSet<string> Open = ["format", "map", "reject", "rejectattr", "select", "selectattr", "tojson"];

    public static bool Has(string name) => Open.Contains(name) || Fixed.ContainsKey(Aliases.GetValueOrDefault(name, name));

    public static object? Apply(Run run, string name, object? value, Arguments arguments)
    {
        if (Fixed.TryGetValue(Aliases.GetValueOrDefault(name, name), out (string[] Parameters, Filter Call) filter))
            return filter.Call(run, value, arguments.Bind(name, filter.Parameters));
        return name switch
        {
            "tojson" => PythonJson.Write(value, arguments),
            "format" => Formatting.Percent(
                PythonText.Write(value), arguments.Named.Count > 0 ? Named(arguments) : new Tuple(arguments.Positional)),
            "map" => Sequences.Map(run, value, arguments),
            "select" => Sequences.Select(value, arguments, wanted: true, byAttribute: false),
            "reject" => Sequences.Select(value, arguments, wanted: false, byAttribute: false),
            "selectattr" => Sequences.Select(value, arguments, wanted: true, byAttribute: true),
            "rejectattr" => Sequences.Select(value, arguments, wanted: false, byAttribute: true),
            _ => throw new TemplateFault($"the filter '{name}' is not supported"),
        };
    }

    private static Mapping Named(Arguments arguments)
    {
        var mapping = new Mapping();
        foreach ((string name, object? value) in arguments.Named)
            mapping.Set(name, value);
        return mapping;
    }

    private static bool Given(object? argument) => !ReferenceEquals(argument, Arguments.Missing);

    private static object? Or(object? argument, object? standard) => Given(argument) ? argument : standard;

    private static long Whole(object? argument, string name) =>
        Given(argument) ? Python.Index(argument) : throw new TemplateFault($"the argument '{name}' is missing");

    private static int Width(object? argument) =>
        Python.Index(argument) is var width && width <= Limits.MaxTextLength ? width : throw Limits.TextTooLong();

    private static object? Absolute(object? value)
    {
        Python.ThrowIfUndefined(value);
        return Python.AsInteger(value) is { } integer ? Python.Integer(BigInteger.Abs(integer))
            : value is double real ? Math.Abs(real) : throw new TemplateFault($"bad operand type for abs(): '{Python.TypeName(value)}'");
    }

    private static object? Attribute(object? value, object? name)
    {
        // The entries of a dictionary aren't attributes.
        return value is Mapping ? new Undefined($"'dict object' has no attribute '{PythonText.Write(name)}'")
            : Members.Attribute(value, PythonText.Write(name));
    }

    private static object? Default(object? value, object? standard, object? forFalse) =>
        value is Undefined || Python.IsTrue(forFalse) && !Python.IsTrue(value) ? standard : value;

    private static double? ToReal(object? value)
    {
        if (Python.AsDouble(value) is { } number)
            return number;
        string? text = Python.AsText(value)?.Trim();
        return text is not null
            && double.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture,
            out double real)
            ? real : text?.TrimStart('+', '-').ToLowerInvariant() switch
            {
                "inf" or "infinity" => text.StartsWith('-') ? double.NegativeInfinity : double.PositiveInfinity,
                "nan" => double.NaN,
                _ => null,
            };
    }

    private static object? ToInteger(object? value, int radix)
    {
        if (Python.AsInteger(value) is { } integer)
            return Python.Integer(integer);
        if (Python.AsText(value) is { } text && ParseInteger(text.Trim(), radix) is { } parsed)
            return Python.Integer(parsed);
        return ToReal(value) is { } real && double.IsFinite(real) ? Python.Integer(new BigInteger(Math.Truncate(real))) : null;
    }

    private static BigInteger? ParseInteger(string text, int radix)
    {
        bool negative = text.StartsWith('-');
        string digits = text.TrimStart('+', '-').Replace("_", "", StringComparison.Ordinal);
        if (digits.Length is 0 or > 5000 || text.Length - text.TrimStart('+', '-').Length > 1)
            return null;
        string prefix = radix switch { 16 => "0x", 8 => "0o", 2 => "0b", _ => "" };
        if (prefix.Length > 0 && digits.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            digits = digits[2..];
        BigInteger value = 0;
        foreach (char c in digits)
        {
            int digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? char.ToLowerInvariant(c) - 'a' + 10 : 99;
            if (digit >= radix)
                return null;
            value = value * radix + digit;
        }
        return negative ? -value : value;
    }

    private static object? End(object? value, bool last)
    {
        if (value is Generator generator && !last && generator.TryTake(out object? next))
            return next;
        // Only sequences allow access from the end; generators don't.
        IReadOnlyList<object?> items = value is Generator && last
            ? throw new TemplateFault("'generator' object is not reversible") : Python.Iterate(value);
        return items.Count > 0 ? items[last ? ^1 : 0] : new Undefined($"No {(last ? "last" : "first")} item, sequence was empty.");
    }

    private static Generator Items(object? value) => value switch
    {
        Undefined => new Generator([]),
        Mapping mapping => new Generator([.. mapping.Members.Select(member => new Tuple([member.Key, member.Value]))]),
        _ => throw new TemplateFault("Can only get item pairs from a mapping."),
    };

    private static string Join(object? value, string separator, object? attribute)
    {
        IReadOnlyList<object?> items = Python.Iterate(value);
        if (Given(attribute) && attribute is not null)
            items = [.. items.Select(item => Sequences.Follow(item, attribute))];
        return TextMethods.Joined(separator, items);
    }

    private static string Replace(object? value, object?[] arguments)
    {
        if (!Given(arguments[0]) || !Given(arguments[1]))
            throw new TemplateFault("replace needs the arguments 'old' and 'new'");
        int count = Or(arguments[2], null) is { } most ? Python.Index(most) : -1;
        return TextMethods.Replace(PythonText.Write(value), PythonText.Write(arguments[0]), PythonText.Write(arguments[1]), count);
    }

    private static object? Reverse(object? value)
    {
        if (Python.AsText(value) is not { } text)
            return new Generator([.. Python.Iterate(value).Reverse()]);
        List<string> characters = PythonText.Characters(text);
        characters.Reverse();
        return string.Concat(characters);
    }

    private static object? Round(object? value, int precision, string method)
    {
        Python.ThrowIfUndefined(value);
        double number = Python.AsDouble(value) ?? throw new TemplateFault($"'{Python.TypeName(value)}' cannot be rounded");
        if (method is not ("common" or "ceil" or "floor"))
            throw new TemplateFault("method must be common, ceil or floor");
        double scale = Math.Pow(10, precision);
        if (method != "common")
            return (method == "ceil" ? Math.Ceiling(number * scale) : Math.Floor(number * scale)) / scale;
        if (Python.AsInteger(value) is { } integer && precision >= 0)
            return Python.Integer(integer);
        return precision is >= 0 and <= 15
            ? decimal.TryParse(number.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            ? RoundHalfEven(number, precision) : number : Math.Round(number * scale) / scale;
    }

    /// <summary>
    /// Rounds the exact value of the number, as Python does: 2.675 is stored as a slightly smaller number and becomes 2.67.
    /// </summary>
    private static double RoundHalfEven(double number, int precision)
    {
        if (Math.Abs(number) > 1e15)
            return number;
        long bits = BitConverter.DoubleToInt64Bits(Math.Abs(number));
        int exponent = (int)(bits >> 52 & 0x7FF);
        BigInteger mantissa = (bits & 0xFFFFFFFFFFFFF) | (exponent > 0 ? 1L << 52 : 0);
        int shift = Math.Max(exponent, 1) - 1075;
        BigInteger scaled = mantissa * BigInteger.Pow(10, precision), unit = BigInteger.One;
        if (shift > 0)
            scaled <<= shift;
        else
            unit <<= -shift;
        BigInteger quotient = BigInteger.DivRem(scaled, unit, out BigInteger remainder);
        int half = (remainder * 2).CompareTo(unit);
        if (half > 0 || half == 0 && !quotient.IsEven)
            quotient++;
        double result = double.Parse($"{quotient}e-{precision}", CultureInfo.InvariantCulture);
        return number < 0 ? -result : result;
    }

    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        bool begins = true;
        foreach (char c in text)
        {
            result.Append(begins ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c));
            begins = c is '-' or '(' or '{' or '[' or '<' || PythonText.IsSpace(c);
        }
        return result.ToString();
    }

    private static string Truncate(string text, long length, bool killsWords, string end, long leeway)
    {
        long endLength = PythonText.Length(end);
        if (length < endLength || leeway < 0)
            throw new TemplateFault("truncate needs a length of at least that of its end, and a nonnegative leeway");
        List<string> characters = PythonText.Characters(text);
        if (characters.Count <= length + leeway)
            return text;
        string start = string.Concat(characters.Take((int)(length - endLength)));
        int space = killsWords ? -1 : start.LastIndexOf(' ');
        return (space < 0 ? start : start[..space]) + end;
    }

    private static string Indent(Run run, object? value, object? width, bool first, bool blank)
    {
        string indention = Python.AsText(width) ?? new string(' ', Math.Max(0, Width(width)));
        // Jinja concatenates with the value, which must therefore be a string.
        string text = Python.AsText(value)
            ?? (value is Undefined undefined ? throw undefined.Fault()
            : throw new TemplateFault($"indent takes a string, not '{Python.TypeName(value)}'"));
        List<string> lines = PythonText.Lines(text + "\n");
        var result = new StringBuilder();
        foreach ((int i, string line) in lines.Index())
        {
            bool indents = i == 0 ? first : blank || line.Length > 0;
            result.Append(i > 0 ? "\n" : "").Append(indents ? indention : "").Append(line);
            if (result.Length > Limits.MaxTextLength)
                throw Limits.TextTooLong();
        }
        return run.Made(result.ToString());
    }

    private static string UrlEncode(object? value)
    {
        if (value is not (Mapping or List<object?> or Tuple))
            return Quote(PythonText.Write(value), keepsSlash: true);
        IEnumerable<IReadOnlyList<object?>> pairs = value is Mapping mapping
            ? mapping.Members.Select(member => (IReadOnlyList<object?>)[member.Key, member.Value])
            : Python.Iterate(value).Select(Python.Iterate);
        return string.Join('&', pairs.Select(pair => pair.Count == 2
            ? $"{Quote(PythonText.Write(pair[0]), keepsSlash: false)}={Quote(PythonText.Write(pair[1]), keepsSlash: false)}"
            : throw new TemplateFault("urlencode takes pairs")));
    }

    private static string Quote(string text, bool keepsSlash)
    {
        var result = new StringBuilder(text.Length);
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            char c = (char)value;
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-' or '~' || c == '/' && keepsSlash)
                result.Append(c);
            else
                result.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
        }
        return keepsSlash ? result.ToString() : result.Replace("%20", "+").ToString();
    }

    private static long WordCount(string text)
    {
        long count = 0;
        bool inWord = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isWord = Rune.IsLetterOrDigit(rune) || rune.Value == '_';
            count += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }
        return count;
    }
}
