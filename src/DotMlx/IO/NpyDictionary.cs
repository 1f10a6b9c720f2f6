using System.Globalization;

namespace DotMlx;

/// <summary>
/// Parses the Python dictionary literal of an npy header: <c>{'descr': '&lt;f4', 'fortran_order': False, 'shape': (2, 3), }</c>.
/// </summary>
internal sealed class NpyDictionary(string text, ByteSource source)
{
    private int _position;

    internal (string Descr, bool FortranOrder, List<long> Shape) Parse()
    {
        string? descr = null;
        bool? fortran = null;
        List<long>? shape = null;
        Expect('{');
        while (!Accept('}'))
        {
            string key = Text();
            Expect(':');
            switch (key)
            {
                case "descr" when descr is null:
                    descr = Peek() == '[' ? Records() : Text();
                    break;
                case "fortran_order" when fortran is null:
                    fortran = Boolean();
                    break;
                case "shape" when shape is null:
                    shape = Sizes();
                    break;
                default:
                    throw source.Broken($"its header has a repeated or unknown key '{key}'; expected descr, fortran_order, and shape");
            }

            if (!Accept(','))
            {
                Expect('}');
                break;
            }
        }

        if (text.AsSpan(_position).Trim().Length != 0)
        {
            throw source.Broken("its header has content after the dictionary");
        }

        return descr is not null && fortran is not null && shape is not null
            ? (descr, fortran.Value, shape)
            : throw source.Broken("its header lacks descr, fortran_order, or shape");
    }

    private char Peek()
    {
        while (_position < text.Length && text[_position] is ' ' or '\n' or '\t' or '\r')
        {
            _position++;
        }

        return _position < text.Length ? text[_position] : '\0';
    }

    private bool Accept(char expected)
    {
        if (Peek() != expected || _position >= text.Length)
        {
            return false;
        }

        _position++;
        return true;
    }

    private void Expect(char expected)
    {
        if (!Accept(expected))
        {
            throw source.Broken($"its header isn't a Python dictionary: '{expected}' is missing at character {_position}");
        }
    }

    private string Text()
    {
        char quote = Peek() == '"' ? '"' : '\'';
        Expect(quote);
        int end = text.IndexOf(quote, _position);
        if (end < 0)
        {
            throw source.Broken("its header contains an unterminated string");
        }

        string value = text[_position..end];
        _position = end + 1;
        return value;
    }

    /// <summary>The unparsed list of fields of a record type.</summary>
    private string Records()
    {
        int start = _position;
        int depth = 0;
        do
        {
            char next = Peek();
            if (next is '\'' or '"')
            {
                Text();
                continue;
            }

            depth += next is '[' or '(' ? 1 : next is ']' or ')' ? -1 : 0;
            _position++;
            if (_position >= text.Length)
            {
                throw source.Broken("its header contains an unclosed list of fields");
            }
        }
        while (depth > 0);

        return text[start.._position];
    }

    private bool Boolean()
    {
        Peek();
        foreach ((string name, bool value) in ((string, bool)[])[("True", true), ("False", false)])
        {
            if (string.CompareOrdinal(text, _position, name, 0, name.Length) == 0)
            {
                _position += name.Length;
                return value;
            }
        }

        throw source.Broken("its fortran_order is neither True nor False");
    }

    private List<long> Sizes()
    {
        List<long> sizes = [];
        Expect('(');
        while (!Accept(')'))
        {
            Peek();
            int start = _position;
            while (_position < text.Length && char.IsAsciiDigit(text[_position]))
            {
                _position++;
            }

            if (!long.TryParse(text.AsSpan(start, _position - start), NumberStyles.None, CultureInfo.InvariantCulture, out long size)
                || sizes.Count == Loading.MaxDimensions)
            {
                throw source.Broken($"its shape isn't a list of sizes at character {start} of the header");
            }

            sizes.Add(size);

            // Python 2 wrote long integers with the suffix L.
            Accept('L');
            if (!Accept(','))
            {
                Expect(')');
                break;
            }
        }

        return sizes;
    }
}
