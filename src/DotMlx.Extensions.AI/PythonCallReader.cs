using System.Globalization;
using System.Text;
using Microsoft.Extensions.AI;

namespace DotMlx.Extensions.AI;

/// <summary>
/// Reads Python calls whose keyword arguments are literals: <c>[weather(city="Köln", days=2)]</c>, including those inside <c>print(…)</c>.
/// </summary>
internal ref struct PythonCallReader
{
    private const int MaxDepth = 32;

    private readonly ReadOnlySpan<char> _text;
    private int _at;
    private int _depth;

    private PythonCallReader(ReadOnlySpan<char> text) => _text = text;

    /// <summary>Returns the calls, or null if the text contains anything else.</summary>
    internal static List<FunctionCallContent>? Read(string text)
    {
        PythonCallReader reader = new(text);
        try
        {
            return reader.Calls();
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private List<FunctionCallContent> Calls()
    {
        List<FunctionCallContent> calls = [];
        bool isList = TryTake('[');
        do
        {
            calls.Add(Call());
        }
        while (isList ? TryTake(',') : TryTake(';') || (_at < _text.Length));
        if (isList)
        {
            Take(']');
        }
        SkipSpace();
        return _at == _text.Length ? calls : throw new FormatException();
    }

    private FunctionCallContent Call()
    {
        string name = Name();
        Take('(');
        if (name == "print")
        {
            FunctionCallContent inner = Call();
            Take(')');
            return inner;
        }
        Dictionary<string, object?> arguments = [];
        while (!TryTake(')'))
        {
            if (arguments.Count > 0)
            {
                Take(',');
            }
            string key = Name();
            Take('=');
            arguments[key] = Value();
        }
        return ToolCallReader.Call(name, arguments);
    }

    private object? Value()
    {
        SkipSpace();
        if (_at == _text.Length || ++_depth > MaxDepth)
        {
            throw new FormatException();
        }
        object? value = _text[_at] switch
        {
            '"' or '\'' => Text(),
            '[' => List(),
            '{' => Map(),
            '-' or (>= '0' and <= '9') => Number(),
            _ => Name() switch
            {
                "True" or "true" => true,
                "False" or "false" => false,
                "None" or "null" => null,
                _ => throw new FormatException(),
            },
        };
        _depth--;
        return value;
    }

    private List<object?> List()
    {
        Take('[');
        List<object?> items = [];
        while (!TryTake(']'))
        {
            if (items.Count > 0)
            {
                Take(',');
            }
            items.Add(Value());
        }
        return items;
    }

    private Dictionary<string, object?> Map()
    {
        Take('{');
        Dictionary<string, object?> items = [];
        while (!TryTake('}'))
        {
            if (items.Count > 0)
            {
                Take(',');
            }
            string key = Value() as string ?? throw new FormatException();
            Take(':');
            items[key] = Value();
        }
        return items;
    }

    private object Number()
    {
        int start = _at;
        while (_at < _text.Length && (char.IsAsciiDigit(_text[_at]) || "+-.eE".Contains(_text[_at])))
        {
            _at++;
        }
        ReadOnlySpan<char> number = _text[start.._at];
        return long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)
            ? whole
            : double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    private string Text()
    {
        char quote = _text[_at++];
        StringBuilder text = new();
        while (_at < _text.Length && _text[_at] != quote)
        {
            if (_text[_at] == '\\' && ++_at < _text.Length)
            {
                text.Append(_text[_at] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', var other => other });
                _at++;
                continue;
            }
            text.Append(_text[_at++]);
        }
        Take(quote);
        return text.ToString();
    }

    private string Name()
    {
        SkipSpace();
        int start = _at;
        while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || _text[_at] is '_' or '.' or '-'))
        {
            _at++;
        }
        return _at > start ? _text[start.._at].ToString() : throw new FormatException();
    }

    private void Take(char expected)
    {
        if (!TryTake(expected))
        {
            throw new FormatException();
        }
    }

    private bool TryTake(char expected)
    {
        SkipSpace();
        bool found = _at < _text.Length && _text[_at] == expected;
        _at += found ? 1 : 0;
        return found;
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }
    }
}
