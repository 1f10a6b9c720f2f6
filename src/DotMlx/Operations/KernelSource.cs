using System.Globalization;
using System.Text;

namespace DotMlx;

/// <summary>
/// Rewrites the source of a kernel so that MLX can report its errors. A compiler error quotes lines of the source, and mlx-c passes the
/// error to printf as the format, so "x % n" would write through an invalid pointer. Each '%' is therefore followed by a character that
/// prevents a conversion. This doesn't change the program: it is a comment in code and an escape in a literal.
/// </summary>
internal ref struct KernelSource
{
    /// <summary>
    /// The words whose condition or message the compiler repeats in its own form: without comments, and with escapes resolved.
    /// </summary>
    private static readonly string[] Conditions =
    [
        "static_assert", "_Static_assert", "enable_if", "enable_if_t", "diagnose_if", "requires", "deprecated", "nodiscard", "unavailable",
    ];

    private readonly ReadOnlySpan<char> _source;
    private readonly string _parameter;
    private readonly bool _ascii;
    private readonly StringBuilder _safe;
    private int _at;
    private bool _inCondition;
    private bool _afterOperator;

    private KernelSource(string source, string parameter, bool ascii)
    {
        _source = source;
        _parameter = parameter;
        _ascii = ascii;
        _safe = new StringBuilder(source.Length + 64);
    }

    /// <summary>Returns the source in a form that an error message can quote.</summary>
    /// <param name="source">The C++ source for Metal or CUDA.</param>
    /// <param name="parameter">The name of the caller's parameter, for the exception.</param>
    /// <param name="ascii">Whether to convert the source to ASCII, in which MLX passes it to Metal.</param>
    /// <exception cref="ArgumentException">A '%' or another character can't be made safe where it is.</exception>
    internal static string Write(string source, string parameter, bool ascii)
    {
        if (!source.Contains('%', StringComparison.Ordinal) && (!ascii || Ascii.IsValid(source)))
        {
            return source;
        }

        var writer = new KernelSource(source, parameter, ascii);
        writer.Run();
        return writer._safe.ToString();
    }

    private readonly char Next => CharAt(_at + 1);

    private void Run()
    {
        while (_at < _source.Length)
        {
            char c = _source[_at];
            if (c == '/' && Next == '/')
            {
                Comment("\n");
            }
            else if (c == '/' && Next == '*')
            {
                Comment("*/");
            }
            else if (c == '"' && _at > 0 && _source[_at - 1] == 'R')
            {
                RawString();
            }
            else if (c == '"' || (c == '\'' && !IsInNumber()))
            {
                Literal(c);
            }
            else if (c == '#' && IsMessage())
            {
                Comment("\n");
            }
            else
            {
                Code(c);
            }
        }
    }

    private void Code(char c)
    {
        if (char.IsAsciiLetter(c) || c == '_')
        {
            int start = _at;
            while (_at < _source.Length && IsWord(_source[_at]))
            {
                _at++;
            }

            ReadOnlySpan<char> word = _source[start.._at];
            _safe.Append(word);
            _afterOperator = word.SequenceEqual("operator");
            foreach (string condition in Conditions)
            {
                _inCondition |= word.SequenceEqual(condition);
            }

            return;
        }

        if (!char.IsAscii(c) && _ascii)
        {
            throw Rejected($"The character '{Rune.GetRuneAt(_source.ToString(), _at)}' is outside comments and strings, but MLX passes the "
                + $"source to Metal as ASCII. Write names in ASCII.");
        }

        _inCondition &= c is not (';' or '{');
        if (c != '%')
        {
            _afterOperator &= char.IsWhiteSpace(c);
            _safe.Append(c);
            _at++;
            return;
        }

        if (_afterOperator)
        {
            throw Rejected("A compiler error may name 'operator%' in a form that mlx-c can't report. Write a named function instead.");
        }

        bool isRepeated = _inCondition || IsInTemplateArguments();
        _safe.Append(c);
        _at++;
        char next = _at < _source.Length ? _source[_at] : ' ';
        if (isRepeated)
        {
            ReadOnlySpan<char> right = _source[_at..].TrimStart();
            if (right.IsEmpty || !(char.IsAsciiDigit(right[0]) || right[0] is '(' or '=' or '>' or ':'))
            {
                throw Rejected($"In {(_inCondition ? "a condition such as that of static_assert" : "template arguments")}, a compiler "
                    + "error may repeat '%' in a form that mlx-c can't report. Put its right side into parentheses: 'a % (b)'.");
            }
        }

        // The second character of %=, %>, and %: must follow directly and is harmless.
        if (next is not ('=' or '>' or ':' or '('))
        {
            _safe.Append("/**/");
        }
    }

    /// <summary>Copies a comment, or the text of #error or #pragma message. Neither affects the program.</summary>
    private void Comment(string end)
    {
        int length = end.Length + (end == "\n" ? 0 : 2);
        int start = _at;
        while (_at < _source.Length)
        {
            bool ends = _at >= start + length - end.Length && _source[_at..].StartsWith(end, StringComparison.Ordinal);
            // A backslash at the end of a line comment continues it on the next line.
            if (ends && (end != "\n" || !_source[start.._at].TrimEnd('\r').EndsWith('\\')))
            {
                _safe.Append(end);
                _at += end.Length;
                return;
            }

            char c = _source[_at++];
            _safe.Append(c == '%' ? "%/" : _ascii && !char.IsAscii(c) ? "?" : c.ToString());
        }
    }

    private void Literal(char quote)
    {
        _safe.Append(quote);
        _at++;
        while (_at < _source.Length)
        {
            char c = _source[_at];
            if (c == '\\')
            {
                _safe.Append(c);
                _at++;
                if (_at < _source.Length && _source[_at] == '%')
                {
                    _safe.Append("045");
                    _at++;
                }
                else if (_at < _source.Length)
                {
                    // The end of a continued line can have two characters.
                    int length = _source[_at..].StartsWith("\r\n", StringComparison.Ordinal) ? 2 : 1;
                    _safe.Append(_source.Slice(_at, length));
                    _at += length;
                }

                continue;
            }

            if (c == '%' && _inCondition && quote == '"')
            {
                // The compiler prints a message that nothing else reads.
                _safe.Append("%/");
                _at++;
                continue;
            }

            if (c == '%' || (_ascii && !char.IsAscii(c)))
            {
                Escape();
                continue;
            }

            _safe.Append(c);
            _at++;
            if (c == quote || c == '\n')
            {
                return;
            }
        }
    }

    /// <summary>Writes the bytes of a character as octal escapes, which end after three digits regardless of the next character.</summary>
    private void Escape()
    {
        if (Rune.DecodeFromUtf16(_source[_at..], out Rune rune, out int length) != System.Buffers.OperationStatus.Done)
        {
            throw Rejected("A string contains an unpaired surrogate.");
        }

        Span<byte> bytes = stackalloc byte[4];
        foreach (byte b in bytes[..rune.EncodeToUtf8(bytes)])
        {
            _safe.Append('\\').Append(Convert.ToString(b, 8).PadLeft(3, '0'));
        }

        _at += length;
    }

    private void RawString()
    {
        ReadOnlySpan<char> rest = _source[_at..];
        int open = rest.IndexOf('(');
        string close = open < 0 ? "\"" : $"){rest[1..open]}\"";
        int end = open < 0 ? rest.Length : rest[open..].IndexOf(close, StringComparison.Ordinal);
        int length = end < 0 || open < 0 ? rest.Length : open + end + close.Length;
        if (rest[..length].Contains('%') || (_ascii && !Ascii.IsValid(rest[..length])))
        {
            throw Rejected($"A raw string holds {(rest[..length].Contains('%') ? "'%'" : "a character that is not ASCII")}, which cannot "
                + $"be escaped there. Write an ordinary string.");
        }

        _safe.Append(rest[..length]);
        _at += length;
    }

    /// <summary>Whether an apostrophe is a digit separator, as in 1'000.</summary>
    private readonly bool IsInNumber()
    {
        int start = _at;
        while (start > 0 && (IsWord(_source[start - 1]) || _source[start - 1] is '\'' or '.'))
        {
            start--;
        }

        return start < _at && char.IsAsciiDigit(_source[start]);
    }

    /// <summary>
    /// Whether the '%' is between the angle brackets of template arguments, which the compiler repeats without comments when it names a
    /// type. Comparisons that could also be read as template arguments count as such.
    /// </summary>
    private readonly bool IsInTemplateArguments()
    {
        int parentheses = 0;
        for (int i = _at - 1, closed = 0, angles = 0; i > 0 && !EndsExpression(i); i--)
        {
            char c = _source[i];
            closed += c is ')' or ']' ? 1 : 0;
            if (c is '(' or '[' && --closed < 0)
            {
                // The '%' is in parentheses, which may be among the arguments.
                (closed, angles) = (0, 0);
                parentheses++;
            }

            if (closed > 0)
            {
                continue;
            }

            angles += IsClosingAngle(i) ? 1 : 0;
            if (IsOpeningAngle(i) && --angles < 0)
            {
                ReadOnlySpan<char> name = _source[..i].TrimEnd();
                if (!name.IsEmpty && IsWord(name[^1]) && IsAngleClosed(parentheses))
                {
                    return true;
                }

                // A comparison.
                angles = 0;
            }
        }

        return false;
    }

    /// <summary>Whether an angle bracket closes after the '%' and the given number of parentheses.</summary>
    private readonly bool IsAngleClosed(int parentheses)
    {
        for (int i = _at + 1, opened = 0; i < _source.Length && !EndsExpression(i); i++)
        {
            char c = _source[i];
            opened += c is '(' or '[' ? 1 : 0;
            if (c is ')' or ']' && --opened < 0)
            {
                opened = 0;
                if (--parentheses < 0)
                {
                    return false;
                }
            }

            if (opened == 0 && parentheses == 0 && IsClosingAngle(i))
            {
                return true;
            }
        }

        return false;
    }

    private readonly bool EndsExpression(int i) =>
        _source[i] is ';' or '{' or '}' or '?' or '"' || (_source[i] is '&' or '|' && CharAt(i + 1) == _source[i]);

    /// <summary>Whether a character isn't part of a shift or a comparison with two characters.</summary>
    private readonly bool IsOpeningAngle(int i) => _source[i] == '<' && CharAt(i + 1) is not ('<' or '=') && CharAt(i - 1) != '<';

    private readonly bool IsClosingAngle(int i) => _source[i] == '>' && CharAt(i + 1) != '=' && CharAt(i - 1) != '-';

    private readonly char CharAt(int i) => i >= 0 && i < _source.Length ? _source[i] : '\0';

    private readonly bool IsMessage()
    {
        ReadOnlySpan<char> directive = _source[(_at + 1)..].TrimStart(" \t");
        if (directive.StartsWith("pragma", StringComparison.Ordinal))
        {
            directive = directive["pragma".Length..].TrimStart(" \t");
            directive = directive.StartsWith("GCC", StringComparison.Ordinal) ? directive[3..].TrimStart(" \t") : directive;
        }

        return directive.StartsWith("error", StringComparison.Ordinal) || directive.StartsWith("warning", StringComparison.Ordinal)
            || directive.StartsWith("message", StringComparison.Ordinal);
    }

    private readonly ArgumentException Rejected(string reason)
    {
        int line = 1 + _source[.._at].Count('\n');
        return new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"Line {line} of the kernel's {_parameter}: {reason}"),
            _parameter);
    }

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
}
