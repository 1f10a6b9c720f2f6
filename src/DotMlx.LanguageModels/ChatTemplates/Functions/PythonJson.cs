using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using DotMlx.LanguageModels.ChatTemplates.Values;
using Tuple = DotMlx.LanguageModels.ChatTemplates.Values.Tuple;

namespace DotMlx.LanguageModels.ChatTemplates.Functions;

/// <summary><c>tojson</c> as in transformers: Python's <c>json.dumps</c> without HTML escaping and without ASCII escaping.</summary>
internal sealed class PythonJson
{
    private readonly StringBuilder _result = new();
    private readonly bool _ascii, _sorts;
    private readonly string? _indent;
    private readonly string _itemSeparator, _keySeparator;

    private PythonJson(bool ascii, string? indent, (string Item, string Key)? separators, bool sorts)
    {
        (_ascii, _indent, _sorts) = (ascii, indent, sorts);
        (_itemSeparator, _keySeparator) = separators ?? (indent is null ? ", " : ",", ": ");
    }

    public static string Write(object? value, Arguments arguments)
    {
        object?[] bound = arguments.Bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
        bool Flag(int i) => !ReferenceEquals(bound[i], Arguments.Missing) && Python.IsTrue(bound[i]);

        var writer = new PythonJson(Flag(0), ReadIndent(bound[1]), ReadSeparators(bound[2]), Flag(3));
        writer.Write(value, 0);
        return writer._result.ToString();
    }

    private static string? ReadIndent(object? indent)
    {
        if (indent is null || ReferenceEquals(indent, Arguments.Missing))
            return null;
        string text = Python.AsText(indent) ?? new string(' ', Math.Clamp(Python.Index(indent), 0, 1000));
        return text.Length <= 1000 ? text : throw Limits.TextTooLong();
    }

    private static (string, string)? ReadSeparators(object? separators)
    {
        if (separators is null || ReferenceEquals(separators, Arguments.Missing))
            return null;
        IReadOnlyList<object?> pair = Python.Iterate(separators);
        return pair.Count == 2 && Python.AsText(pair[0]) is { } item && Python.AsText(pair[1]) is { } key ? (item, key)
            : throw new TemplateFault("tojson's separators must be a pair of strings");
    }

    private void Write(object? value, int depth)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (_result.Length > Limits.MaxTextLength)
            throw Limits.TextTooLong();
        switch (value)
        {
            case null:
                _result.Append("null");
                break;
            case bool flag:
                _result.Append(flag ? "true" : "false");
                break;
            case long or BigInteger:
                _result.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
            case double number:
                _result.Append(Real(number));
                break;
            case string or Markup:
                Quote(Python.AsText(value)!);
                break;
            case List<object?> or Tuple:
                Write('[', Python.Iterate(value), ']', depth, item => Write(item, depth + 1));
                break;
            case Mapping mapping:
                IEnumerable<object?> keys = _sorts ? Sequences.Ordered([.. mapping.Keys], key => key, reverse: false) : mapping.Keys;
                Write('{', [.. keys], '}', depth, key =>
                {
                    Quote(KeyOf(key));
                    _result.Append(_keySeparator);
                    mapping.TryGet(key, out object? member);
                    Write(member, depth + 1);
                });
                break;
            default:
                throw new TemplateFault($"Object of type {Python.TypeName(value)} is not JSON serializable");
        }
    }

    private void Write<T>(char open, IReadOnlyList<T> items, char close, int depth, Action<T> write)
    {
        _result.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            _result.Append(i > 0 ? _itemSeparator : "");
            NewLine(depth + 1);
            write(items[i]);
        }
        if (items.Count > 0)
            NewLine(depth);
        _result.Append(close);
    }

    private void NewLine(int depth)
    {
        if (_indent is null)
            return;
        _result.Append('\n');
        for (int i = 0; i < depth; i++)
            _result.Append(_indent);
    }

    private static string Real(double number) => double.IsNaN(number) ? "NaN"
        : double.IsInfinity(number) ? number > 0 ? "Infinity" : "-Infinity" : PythonText.Real(number);

    private static string KeyOf(object? key) => key switch
    {
        string text => text,
        null => "null",
        bool flag => flag ? "true" : "false",
        double number => Real(number),
        long or BigInteger => PythonText.Write(key),
        _ => throw new TemplateFault($"keys must be str, int, float, bool or None, not {Python.TypeName(key)}"),
    };

    private void Quote(string text)
    {
        _result.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => _result.Append("\\\""),
                '\\' => _result.Append(@"\\"),
                '\n' => _result.Append(@"\n"),
                '\r' => _result.Append(@"\r"),
                '\t' => _result.Append(@"\t"),
                '\f' => _result.Append(@"\f"),
                '\b' => _result.Append(@"\b"),
                < ' ' => _result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                > '~' when _ascii => _result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => _result.Append(c),
            };
        }
        _result.Append('"');
    }
}
