using System.Globalization;
using System.Text;
using DotMlx.LanguageModels.ChatTemplates.Values;
using Tuple = DotMlx.LanguageModels.ChatTemplates.Values.Tuple;

namespace DotMlx.LanguageModels.ChatTemplates.Functions;

/// <summary>The methods of Python's strings.</summary>
internal static class TextMethods
{
    private delegate object? Method(string text, Run run, object?[] arguments);

    private static readonly Dictionary<string, (string[] Parameters, int Required, Method Call)> Methods = new(StringComparer.Ordinal)
    {
        ["strip"] = (["chars"], 0, (text, _, a) => Strip(text, Text(a[0]), left: true, right: true)),
        ["lstrip"] = (["chars"], 0, (text, _, a) => Strip(text, Text(a[0]), left: true, right: false)),
        ["rstrip"] = (["chars"], 0, (text, _, a) => Strip(text, Text(a[0]), left: false, right: true)),
        ["upper"] = ([], 0, (text, _, _) => PythonText.Upper(text)),
        ["lower"] = ([], 0, (text, _, _) => PythonText.Lower(text)),
        ["casefold"] = ([], 0, (text, _, _) => text.ToLowerInvariant().Replace("ß", "ss", StringComparison.Ordinal)),
        ["title"] = ([], 0, (text, _, _) => Title(text)),
        ["capitalize"] = ([], 0, (text, _, _) => Capitalize(text)),
        ["swapcase"] = ([], 0, (text, _, _) =>
            string.Concat(text.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)))),
        ["split"] = (["sep", "maxsplit"], 0, (text, run, a) => run.Made(Split(text, Text(a[0]), Count(a[1]), fromRight: false))),
        ["rsplit"] = (["sep", "maxsplit"], 0, (text, run, a) => run.Made(Split(text, Text(a[0]), Count(a[1]), fromRight: true))),
        ["splitlines"] = (["keepends"], 0, (text, run, a) => run.Made([.. PythonText.Lines(text, Given(a[0]) && Python.IsTrue(a[0]))])),
        ["partition"] = (["sep"], 1, (text, _, a) => Partition(text, Text(a[0])!, last: false)),
        ["rpartition"] = (["sep"], 1, (text, _, a) => Partition(text, Text(a[0])!, last: true)),
        ["join"] = (["iterable"], 1, (text, run, a) => run.Made(Join(text, a[0]))),
        ["replace"] = (["old", "new", "count"], 2, (text, run, a) => run.Made(Replace(text, Text(a[0])!, Text(a[1])!, Count(a[2])))),
        ["startswith"] = (["prefix", "start", "end"], 1, (text, _, a) =>
            StartsOrEnds(text, a, (part, affix) => part.StartsWith(affix, StringComparison.Ordinal))),
        ["endswith"] = (["suffix", "start", "end"], 1, (text, _, a) =>
            StartsOrEnds(text, a, (part, affix) => part.EndsWith(affix, StringComparison.Ordinal))),
        ["find"] = (["sub", "start", "end"], 1, (text, _, a) => Find(text, a, last: false)),
        ["rfind"] = (["sub", "start", "end"], 1, (text, _, a) => Find(text, a, last: true)),
        ["index"] = (["sub", "start", "end"], 1, (text, _, a) => Found(Find(text, a, last: false))),
        ["rindex"] = (["sub", "start", "end"], 1, (text, _, a) => Found(Find(text, a, last: true))),
        ["count"] = (["sub", "start", "end"], 1, (text, _, a) => CountOf(Part(text, a[1], a[2]).Text, Text(a[0])!)),
        ["removeprefix"] = (["prefix"], 1, (text, _, a) =>
            Text(a[0]) is { } prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text),
        ["removesuffix"] = (["suffix"], 1, (text, _, a) =>
            Text(a[0]) is { } suffix && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text),
        ["center"] = (["width", "fillchar"], 1, (text, run, a) => run.Made(Center(text, Width(a[0]), Fill(a[1])))),
        ["ljust"] = (["width", "fillchar"], 1, (text, run, a) => run.Made(text + Padding(text, Width(a[0]), Fill(a[1])))),
        ["rjust"] = (["width", "fillchar"], 1, (text, run, a) => run.Made(Padding(text, Width(a[0]), Fill(a[1])) + text)),
        ["zfill"] = (["width"], 1, (text, run, a) => run.Made(ZeroFill(text, Width(a[0])))),
        ["isspace"] = ([], 0, (text, _, _) => text.Length > 0 && text.All(PythonText.IsSpace)),
        ["isdigit"] = ([], 0, (text, _, _) => All(text, rune => CharUnicodeInfo.GetDigitValue(rune.ToString(), 0) >= 0)),
        ["isdecimal"] = ([], 0, (text, _, _) => All(text, rune => Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber)),
        ["isnumeric"] = ([], 0, (text, _, _) => All(text, rune => CharUnicodeInfo.GetNumericValue(rune.ToString(), 0) >= 0)),
        ["isalpha"] = ([], 0, (text, _, _) => All(text, Rune.IsLetter)),
        ["isalnum"] = ([], 0, (text, _, _) =>
            All(text, rune => Rune.IsLetter(rune) || CharUnicodeInfo.GetNumericValue(rune.ToString(), 0) >= 0)),
        ["isascii"] = ([], 0, (text, _, _) => text.All(char.IsAscii)),
        ["isupper"] = ([], 0, (text, _, _) => Tests.IsCased(text, char.IsUpper, char.IsLower)),
        ["islower"] = ([], 0, (text, _, _) => Tests.IsCased(text, char.IsLower, char.IsUpper)),
        ["istitle"] = ([], 0, (text, _, _) => text.Any(char.IsLetter) && Title(text) == text),
        ["expandtabs"] = (["tabsize"], 0, (text, run, a) => run.Made(ExpandTabs(text, Given(a[0]) ? Width(a[0]) : 8))),
    };

    public static Function? Find(string text, string name)
    {
        if (name is "format" or "format_map")
            return new Function(name, (run, arguments) =>
                run.Made(Formatting.Format(text, name == "format" ? arguments : Formatting.OfMapping(arguments))));
        if (!Methods.TryGetValue(name, out (string[] Parameters, int Required, Method Call) method))
            return null;
        return new Function(name, (run, arguments) =>
        {
            run.StepThrough(text);
            object?[] bound = arguments.Bind(name, method.Parameters);
            for (int i = 0; i < method.Required; i++)
            {
                if (!Given(bound[i]))
                    throw new TemplateFault($"{name}() needs the argument '{method.Parameters[i]}'");
            }
            return method.Call(text, run, bound);
        });
    }

    private static bool Given(object? argument) => !ReferenceEquals(argument, Arguments.Missing);

    private static string? Text(object? argument)
    {
        if (argument is null || !Given(argument))
            return null;
        Python.ThrowIfUndefined(argument);
        return Python.AsText(argument) ?? throw new TemplateFault($"expected a string, not '{Python.TypeName(argument)}'");
    }

    private static int Count(object? argument) => argument is null || !Given(argument) ? -1 : Python.Index(argument);

    private static int Width(object? argument) =>
        Python.Index(argument) is var width && width <= Limits.MaxTextLength ? width : throw Limits.TextTooLong();

    private static string Fill(object? argument) => Text(argument) is { } fill
        ? PythonText.Length(fill) == 1 ? fill : throw new TemplateFault("the fill character must be exactly one character long") : " ";

    private static bool All(string text, Func<Rune, bool> test) => text.Length > 0 && text.EnumerateRunes().All(test);

    public static string Strip(string text, string? characters, bool left, bool right)
    {
        Func<string, int, bool> drops = characters is null ? (value, i) => PythonText.IsSpace(value[i]) : Drops(characters);
        int start = 0, end = text.Length;
        while (left && start < end && drops(text, start))
            start++;
        while (right && end > start && drops(text, end - 1))
            end--;
        return text[start..end];
    }

    private static Func<string, int, bool> Drops(string characters)
    {
        if (PythonText.IsOfUnits(characters))
            return (value, i) => characters.Contains(value[i], StringComparison.Ordinal);
        HashSet<string> set = [.. PythonText.Characters(characters)];
        return (value, i) => set.Contains(
            char.IsHighSurrogate(value[i]) && i + 1 < value.Length ? value.Substring(i, 2) : char.IsLowSurrogate(value[i]) && i > 0
                ? value.Substring(i - 1, 2) : value[i].ToString());
    }

    public static string Capitalize(string text)
    {
        if (text.Length == 0)
            return text;
        int first = text.Length > 1 && char.IsSurrogatePair(text[0], text[1]) ? 2 : 1;
        return PythonText.Upper(text[..first]) + PythonText.Lower(text[first..]);
    }

    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        bool inWord = false;
        foreach (char c in text)
        {
            result.Append(inWord ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c));
            inWord = char.IsLetter(c);
        }
        return result.ToString();
    }

    private static List<object?> Split(string text, string? separator, int most, bool fromRight)
    {
        if (separator is { Length: 0 })
            throw new TemplateFault("empty separator");
        var parts = new List<object?>();
        if (separator is null)
            SplitAtSpace(text, most, fromRight, parts);
        else if (fromRight)
        {
            int end = text.Length;
            for (int at; most != parts.Count && end >= separator.Length
                && (at = text.AsSpan(0, end).LastIndexOf(separator)) >= 0; end = at)
                parts.Add(text[(at + separator.Length)..end]);
            parts.Add(text[..end]);
            parts.Reverse();
        }
        else
        {
            int start = 0;
            for (int at; most != parts.Count && (at = text.IndexOf(separator, start, StringComparison.Ordinal)) >= 0;
                start = at + separator.Length)
                parts.Add(text[start..at]);
            parts.Add(text[start..]);
        }
        return parts;
    }

    private static void SplitAtSpace(string text, int most, bool fromRight, List<object?> parts)
    {
        int start = 0, end = text.Length;
        while (true)
        {
            while (start < end && PythonText.IsSpace(text[start]))
                start++;
            while (fromRight && end > start && PythonText.IsSpace(text[end - 1]))
                end--;
            if (start == end)
                break;
            if (parts.Count == most)
            {
                parts.Add(fromRight ? text[..end] : text[start..]);
                break;
            }
            int at = fromRight ? end : start;
            if (fromRight)
            {
                while (at > start && !PythonText.IsSpace(text[at - 1]))
                    at--;
                parts.Add(text[at..end]);
                end = at;
            }
            else
            {
                while (at < end && !PythonText.IsSpace(text[at]))
                    at++;
                parts.Add(text[start..at]);
                start = at;
            }
        }
        if (fromRight)
            parts.Reverse();
    }

    private static Tuple Partition(string text, string separator, bool last)
    {
        if (separator.Length == 0)
            throw new TemplateFault("empty separator");
        int at = last ? text.AsSpan().LastIndexOf(separator) : text.IndexOf(separator, StringComparison.Ordinal);
        return at >= 0 ? new Tuple([text[..at], separator, text[(at + separator.Length)..]])
            : new Tuple(last ? ["", "", text] : [text, "", ""]);
    }

    private static string Join(string separator, object? items)
    {
        IReadOnlyList<object?> parts = Python.Iterate(items);
        for (int i = 0; i < parts.Count; i++)
        {
            if (Python.AsText(parts[i]) is null)
                throw new TemplateFault($"sequence item {i}: expected str instance, {Python.TypeName(parts[i])} found");
        }
        return Joined(separator, parts);
    }

    /// <summary>Joins values after checking the length of the result.</summary>
    public static string Joined(string separator, IReadOnlyList<object?> parts)
    {
        var result = new StringBuilder();
        for (int i = 0; i < parts.Count; i++)
        {
            result.Append(i > 0 ? separator : "").Append(PythonText.Write(parts[i]));
            if (result.Length > Limits.MaxTextLength)
                throw Limits.TextTooLong();
        }
        return result.ToString();
    }

    public static string Replace(string text, string old, string with, int most)
    {
        if (most == 0)
            return text;
        var result = new StringBuilder(text.Length);
        int start = 0, count = 0;
        if (old.Length == 0)
        {
            foreach (string character in PythonText.Characters(text))
            {
                result.Append(count++ < most || most < 0 ? with : "").Append(character);
                CheckLength(result);
            }
            return result.Append(count < most || most < 0 ? with : "").ToString();
        }
        for (int at; (most < 0 || count < most) && (at = text.IndexOf(old, start, StringComparison.Ordinal)) >= 0;
            start = at + old.Length, count++)
        {
            result.Append(text, start, at - start).Append(with);
            CheckLength(result);
        }
        return start == 0 ? text : result.Append(text, start, text.Length - start).ToString();
    }

    private static void CheckLength(StringBuilder result)
    {
        if (result.Length > Limits.MaxTextLength)
            throw Limits.TextTooLong();
    }

    /// <summary>
    /// The part from <paramref name="start"/> to <paramref name="end"/>, both counted in characters, and the position where it begins.
    /// </summary>
    private static (string Text, int Start) Part(string text, object? start, object? end)
    {
        if (!Given(start) && !Given(end) || start is null && end is null)
            return (text, 0);
        int length = PythonText.Length(text);
        int from = Bound(start, 0), to = Bound(end, length);
        if (from > to)
            return ("", -1);
        List<string>? characters = PythonText.IsOfUnits(text) ? null : PythonText.Characters(text);
        return (characters is null ? text[from..to] : string.Concat(characters[from..to]), from);

        int Bound(object? bound, int standard)
        {
            if (bound is null || !Given(bound))
                return standard;
            long index = Python.Index(bound);
            return (int)Math.Clamp(index < 0 ? index + length : index, 0, length);
        }
    }

    private static object StartsOrEnds(string text, object?[] arguments, Func<string, string, bool> test)
    {
        (string part, int start) = Part(text, arguments[1], arguments[2]);
        IReadOnlyList<object?> affixes = arguments[0] is Tuple tuple ? tuple.Items : [arguments[0]];
        return start >= 0 && affixes.Any(affix =>
            test(part, Text(affix) ?? throw new TemplateFault("expected a string or a tuple of strings")));
    }

    private static long Find(string text, object?[] arguments, bool last)
    {
        (string part, int start) = Part(text, arguments[1], arguments[2]);
        string wanted = Text(arguments[0]) ?? throw new TemplateFault("expected a string");
        int at = start < 0 ? -1 : last ? part.AsSpan().LastIndexOf(wanted) : part.IndexOf(wanted, StringComparison.Ordinal);
        return at < 0 ? -1 : start + PythonText.Length(part[..at]);
    }

    private static long Found(long index) => index >= 0 ? index : throw new TemplateFault("substring not found");

    private static long CountOf(string text, string wanted)
    {
        if (wanted.Length == 0)
            return PythonText.Length(text) + 1;
        long count = 0;
        for (int at = 0; (at = text.IndexOf(wanted, at, StringComparison.Ordinal)) >= 0; at += wanted.Length)
            count++;
        return count;
    }

    private static string Padding(string text, int width, string fill) =>
        string.Concat(Enumerable.Repeat(fill, Math.Max(0, width - PythonText.Length(text))));

    public static string Center(string text, int width, string fill)
    {
        int missing = Math.Max(0, width - PythonText.Length(text));
        int left = missing / 2 + (missing & width & 1);
        return string.Concat(Enumerable.Repeat(fill, left)) + text + string.Concat(Enumerable.Repeat(fill, missing - left));
    }

    private static string ZeroFill(string text, int width)
    {
        string zeros = Padding(text, width, "0");
        return text.StartsWith('-') || text.StartsWith('+') ? text[0] + zeros + text[1..] : zeros + text;
    }

    private static string ExpandTabs(string text, int size)
    {
        var result = new StringBuilder(text.Length);
        int column = 0;
        foreach (char c in text)
        {
            if (c == '\t')
            {
                int spaces = size > 0 ? size - column % size : 0;
                result.Append(' ', spaces);
                column += spaces;
                CheckLength(result);
                continue;
            }
            result.Append(c);
            column = c is '\n' or '\r' ? 0 : column + 1;
        }
        return result.ToString();
    }
}
