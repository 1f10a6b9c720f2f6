using System.Globalization;
using System.Numerics;
using System.Text;
using DotMlx.LanguageModels.ChatTemplates.Values;

namespace DotMlx.LanguageModels.ChatTemplates.Syntax;

/// <summary>
/// Splits a template into data and the tokens between delimiters. White space is removed as in Jinja with <c>trim_blocks</c> and
/// <c>lstrip_blocks</c>, the settings of transformers.
/// </summary>
internal sealed class Lexer
{
    private static readonly string[] Operators =
        ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|",
            ",", ";"];

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;

    private Lexer(string source) => _source = source;

    public static List<Token> Tokenize(string source)
    {
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        // Jinja drops the last newline.
        var lexer = new Lexer(source.EndsWith('\n') ? source[..^1] : source);
        lexer.ReadAll();
        return lexer._tokens;
    }

    private TemplateFault Broken(string what) => new(what, _line);

    private char At(int offset) => _position + offset < _source.Length ? _source[_position + offset] : '\0';

    private bool Follows(string text) => _source.AsSpan(_position).StartsWith(text, StringComparison.Ordinal);

    private void Advance(int count)
    {
        _line += _source.AsSpan(_position, count).Count('\n');
        _position += count;
    }

    private void SkipSpace()
    {
        int end = _position;
        while (end < _source.Length && PythonText.IsSpace(_source[end]))
            end++;
        Advance(end - _position);
    }

    private void Add(TokenKind kind, object value) => _tokens.Add(new Token(kind, value, _line));

    private void ReadAll()
    {
        while (_position < _source.Length)
        {
            int start = NextDelimiter(_position);
            if (start < 0)
            {
                AddData(_source[_position..]);
                Advance(_source.Length - _position);
                break;
            }
            char kind = _source[start + 1], sign = start + 2 < _source.Length ? _source[start + 2] : '\0';
            AddData(WithoutSpaceBefore(start, kind, sign));
            Advance(start - _position);
            Advance(sign == '-' || sign == '+' && kind != '{' ? 3 : 2);
            switch (kind)
            {
                case '#':
                    SkipComment();
                    break;
                case '{':
                    Add(TokenKind.VariableBegin, "{{");
                    ReadTokens("}}", TokenKind.VariableEnd);
                    break;
                case var _ when IsRaw():
                    ReadRaw();
                    break;
                default:
                    Add(TokenKind.BlockBegin, "{%");
                    ReadTokens("%}", TokenKind.BlockEnd);
                    break;
            }
        }
        Add(TokenKind.End, "");
    }

    private int NextDelimiter(int from)
    {
        while ((from = _source.IndexOf('{', from)) >= 0 && from + 1 < _source.Length)
        {
            if (_source[from + 1] is '{' or '%' or '#')
                return from;
            from++;
        }
        return -1;
    }

    private void AddData(string text)
    {
        if (text.Length > 0)
            Add(TokenKind.Data, text);
    }

    /// <summary>Returns the data up to a delimiter, without the white space that the delimiter removes.</summary>
    private string WithoutSpaceBefore(int start, char kind, char sign)
    {
        string text = _source[_position..start];
        if (sign == '-')
        {
            int length = text.Length;
            while (length > 0 && PythonText.IsSpace(text[length - 1]))
                length--;
            return text[..length];
        }
        if (sign == '+' || kind == '{')
            return text;
        int lineStart = text.LastIndexOf('\n') + 1;
        bool startsLine = lineStart > 0 || _position == 0 || _source[_position - 1] == '\n';
        return startsLine && text.Skip(lineStart).All(PythonText.IsSpace) ? text[..lineStart] : text;
    }

    private void SkipComment()
    {
        int end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
            throw Broken("a comment does not end");
        char sign = end > _position ? _source[end - 1] : '\0';
        Advance(end + 2 - _position);
        TrimAfter(sign);
    }

    /// <summary>Removes all white space after a minus, and the newline after a block that has no plus.</summary>
    private void TrimAfter(char sign)
    {
        if (sign == '-')
            SkipSpace();
        else if (sign != '+' && At(0) == '\n')
            Advance(1);
    }

    private bool IsRaw()
    {
        int at = _position;
        while (at < _source.Length && PythonText.IsSpace(_source[at]))
            at++;
        if (!_source.AsSpan(at).StartsWith("raw", StringComparison.Ordinal))
            return false;
        at += 3;
        while (at < _source.Length && PythonText.IsSpace(_source[at]))
            at++;
        return _source.AsSpan(at).StartsWith("%}", StringComparison.Ordinal)
            || _source.AsSpan(at).StartsWith("-%}", StringComparison.Ordinal);
    }

    private void ReadRaw()
    {
        int close = _source.IndexOf("%}", _position, StringComparison.Ordinal);
        bool trims = _source[close - 1] == '-';
        Advance(close + 2 - _position);
        if (trims)
            SkipSpace();
        for (int start = _position; (start = _source.IndexOf("{%", start, StringComparison.Ordinal)) >= 0; start += 2)
        {
            int at = start + 2;
            char sign = at < _source.Length ? _source[at] : '\0';
            at += sign is '-' or '+' ? 1 : 0;
            while (at < _source.Length && PythonText.IsSpace(_source[at]))
                at++;
            if (!_source.AsSpan(at).StartsWith("endraw", StringComparison.Ordinal))
                continue;
            at += 6;
            while (at < _source.Length && PythonText.IsSpace(_source[at]))
                at++;
            char endSign = at < _source.Length && _source[at] is '-' or '+' ? _source[at++] : '\0';
            if (!_source.AsSpan(at).StartsWith("%}", StringComparison.Ordinal))
                continue;
            AddData(WithoutSpaceBefore(start, '%', sign));
            Advance(at + 2 - _position);
            TrimAfter(endSign);
            return;
        }
        throw Broken("a raw block isn't closed");
    }

    private void ReadTokens(string close, TokenKind closing)
    {
        var open = new Stack<char>();
        while (true)
        {
            SkipSpace();
            if (_position >= _source.Length)
                throw Broken($"the template ends where '{close}' is expected");
            if (open.Count == 0 && (Follows(close)
                || At(0) is '-' or '+' && _source.AsSpan(_position + 1).StartsWith(close, StringComparison.Ordinal)
                && (At(0) == '-' || closing == TokenKind.BlockEnd)))
            {
                char sign = At(0);
                Add(closing, close);
                Advance(sign is '-' or '+' ? 3 : 2);
                if (closing == TokenKind.BlockEnd)
                    TrimAfter(sign);
                else if (sign == '-')
                    SkipSpace();
                return;
            }
            ReadToken(open);
        }
    }

    private void ReadToken(Stack<char> open)
    {
        char first = At(0);
        if (first is '"' or '\'')
            ReadText(first);
        else if (char.IsAsciiDigit(first))
            ReadNumber();
        else if (first == '_' || char.IsLetter(first))
        {
            int length = 1;
            while (At(length) == '_' || char.IsLetterOrDigit(At(length)))
                length++;
            Add(TokenKind.Name, _source.Substring(_position, length));
            Advance(length);
        }
        else
        {
            string symbol = Operators.FirstOrDefault(Follows) ?? throw Broken($"unexpected character '{first}'");
            Balance(symbol[0], open);
            Add(TokenKind.Operator, symbol);
            Advance(symbol.Length);
        }
    }

    private void Balance(char symbol, Stack<char> open)
    {
        if (symbol is '(' or '[' or '{')
            open.Push(symbol switch { '(' => ')', '[' => ']', _ => '}' });
        else if (symbol is ')' or ']' or '}' && (!open.TryPop(out char expected) || expected != symbol))
            throw Broken($"unexpected '{symbol}'");
    }

    private void ReadNumber()
    {
        int length = 1;
        if (At(0) == '0' && At(1) is 'x' or 'X' or 'o' or 'O' or 'b' or 'B')
        {
            length = 2;
            while (char.IsAsciiHexDigit(At(length)) || At(length) == '_')
                length++;
            int radix = char.ToLowerInvariant(At(1)) switch { 'x' => 16, 'o' => 8, _ => 2 };
            BigInteger value = 0;
            foreach (char digit in _source.AsSpan(_position + 2, length - 2))
            {
                if (digit != '_')
                    value = Convert.ToInt32(digit.ToString(), 16) is var number && number < radix ? value * radix + number
                        : throw Broken("a broken number");
            }
            Add(TokenKind.Integer, Python.Integer(value));
            Advance(length);
            return;
        }
        while (char.IsAsciiDigit(At(length)) || At(length) == '_')
            length++;
        int integerLength = length;
        // "1.5" is one number; the "1" of "x.1.5" is an index.
        bool afterDot = _position > 0 && _source[_position - 1] == '.';
        if (!afterDot && At(length) == '.' && char.IsAsciiDigit(At(length + 1)))
        {
            length++;
            while (char.IsAsciiDigit(At(length)) || At(length) == '_')
                length++;
        }
        int sign = At(length + 1) is '+' or '-' ? 1 : 0;
        if (!afterDot && At(length) is 'e' or 'E' && char.IsAsciiDigit(At(length + 1 + sign)))
        {
            length += 1 + sign;
            while (char.IsAsciiDigit(At(length)) || At(length) == '_')
                length++;
        }
        if (length > 5000)
            throw Broken("a number of more than 5000 digits");
        string digits = _source.Substring(_position, length).Replace("_", "", StringComparison.Ordinal);
        if (length == integerLength)
            Add(TokenKind.Integer, Python.Integer(BigInteger.Parse(digits, CultureInfo.InvariantCulture)));
        else
            Add(TokenKind.Real, double.Parse(digits, CultureInfo.InvariantCulture));
        Advance(length);
    }

    private void ReadText(char quote)
    {
        int end = _position + 1;
        while (end < _source.Length && _source[end] != quote)
            end += _source[end] == '\\' ? 2 : 1;
        if (end >= _source.Length)
            throw Broken("a string does not end");
        Add(TokenKind.Text, Unescape(_source.AsSpan(_position + 1, end - _position - 1)));
        Advance(end + 1 - _position);
    }

    /// <summary>Resolves Python's escape sequences. Other backslashes are kept.</summary>
    private string Unescape(ReadOnlySpan<char> text)
    {
        if (!text.Contains('\\'))
            return text.ToString();
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                result.Append(text[i]);
                continue;
            }
            i++;
            switch (text[i])
            {
                case '\n':
                    break;
                case '\\' or '\'' or '"':
                    result.Append(text[i]);
                    break;
                case 'x':
                    result.Append(CodePoint(text, ref i, 2));
                    break;
                case 'u':
                    result.Append(CodePoint(text, ref i, 4));
                    break;
                case 'U':
                    result.Append(CodePoint(text, ref i, 8));
                    break;
                case 'N':
                    throw new TemplateFault("a character by name (\\N) is not supported", _line);
                case >= '0' and <= '7':
                    int value = 0, first = i;
                    for (; i < text.Length && i < first + 3 && text[i] is >= '0' and <= '7'; i++)
                        value = value * 8 + text[i] - '0';
                    i--;
                    result.Append((char)value);
                    break;
                case > '\x7F':
                    // In Jinja, a non-ASCII character after a backslash becomes an escaped backslash and an escape sequence.
                    int point = char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? char.ConvertToUtf32(text[i], text[++i]) : text[i];
                    result.Append('\\').Append(point <= 0xFF ? $"x{point:x2}" : point <= 0xFFFF ? $"u{point:x4}" : $"U{point:x8}");
                    break;
                default:
                    int control = "abfnrtv".IndexOf(text[i], StringComparison.Ordinal);
                    result.Append(control >= 0 ? "\a\b\f\n\r\t\v"[control].ToString() : $"\\{text[i]}");
                    break;
            }
        }
        return result.ToString();
    }

    private string CodePoint(ReadOnlySpan<char> text, ref int i, int digits)
    {
        if (i + digits >= text.Length
            || !int.TryParse(text.Slice(i + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int point)
            || point is < 0 or > 0x10FFFF)
            throw Broken("a string has a broken escape");
        i += digits;
        return point is >= 0xD800 and <= 0xDFFF || point <= 0xFFFF ? ((char)point).ToString() : char.ConvertFromUtf32(point);
    }
}
