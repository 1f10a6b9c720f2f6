using System.Globalization;
using System.Text;
using DotMlx.LanguageModels.Tokenizers.Unicode;

namespace DotMlx.LanguageModels.Tokenizers.Patterns;

/// <summary>
/// Parses a regular expression in Oniguruma's Ruby syntax, which Hugging Face's tokenizers use, over code points. Constructs that
/// tokenizers don't need (references, conditions, calls) are rejected by name.
/// </summary>
internal sealed class PatternParser
{
    private const int MaxPatternLength = 100_000, MaxGroupDepth = 100, MaxRepeats = 100_000;

    private readonly string _pattern;
    private int _position;
    private int _depth;
    private bool _ignoreCase, _dotMatchesNewline, _extended;

    private PatternParser(string pattern) => _pattern = pattern;

    public static PatternNode Parse(string pattern)
    {
        if (pattern.Length > MaxPatternLength)
            throw new InvalidDataException($"a regular expression of {pattern.Length} characters; at most {MaxPatternLength} are supported");
        var parser = new PatternParser(pattern);
        PatternNode node = parser.ReadAlternatives();
        return parser._position == pattern.Length ? node : throw parser.Broken("an unmatched ')'");
    }

    private bool AtEnd => _position >= _pattern.Length;

    private InvalidDataException Broken(string what) => new($"the regular expression '{Shortened()}' has {what} at character {_position}");

    private NotSupportedException Unknown(string what) =>
        new($"the regular expression '{Shortened()}' uses {what}, which is not supported");

    private string Shortened() => _pattern.Length <= 200 ? _pattern : _pattern[..200] + "…";

    private bool Take(string text)
    {
        if (!_pattern.AsSpan(_position).StartsWith(text, StringComparison.Ordinal))
            return false;
        _position += text.Length;
        return true;
    }

    private int Next()
    {
        if (AtEnd)
            throw Broken("a sudden end");
        Rune.DecodeFromUtf16(_pattern.AsSpan(_position), out Rune rune, out int length);
        _position += length;
        return rune.Value;
    }

    private PatternNode ReadAlternatives()
    {
        if (++_depth > MaxGroupDepth)
            throw Broken($"groups nested more than {MaxGroupDepth} deep");
        var alternatives = new List<PatternNode> { ReadSequence() };
        while (Take("|"))
            alternatives.Add(ReadSequence());
        _depth--;
        return alternatives.Count == 1 ? alternatives[0] : new AlternativesNode(alternatives);
    }

    private SequenceNode ReadSequence()
    {
        var items = new List<PatternNode>();
        while (!AtEnd && _pattern[_position] is not ('|' or ')'))
        {
            if (_extended && (char.IsWhiteSpace(_pattern[_position]) || _pattern[_position] == '#'))
            {
                SkipComment();
                continue;
            }
            if (ReadAtom() is { } atom)
                items.Add(ReadRepeats(atom));
        }
        return new SequenceNode(items);
    }

    private void SkipComment()
    {
        if (_pattern[_position++] != '#')
            return;
        while (!AtEnd && _pattern[_position] != '\n')
            _position++;
    }

    private PatternNode ReadRepeats(PatternNode atom)
    {
        while (!AtEnd && ReadRepeat() is var (least, most, isInterval))
        {
            Greed greed = Greed.Greedy;
            if (Take("?"))
                greed = isInterval && most == least ? throw Unknown("'{n}?'") : Greed.Lazy;
            else if (!isInterval && Take("+"))
                greed = Greed.Possessive;
            if (atom is LookaroundNode or AnchorNode)
                throw Unknown("a repeated assertion");
            if (atom is not SetNode && most != 1 && atom.Length.Least == 0)
                throw Unknown("a repetition of something that may be empty");
            atom = new RepeatNode(atom, least, most, greed);
        }
        return atom;
    }

    private (int Least, int? Most, bool IsInterval)? ReadRepeat()
    {
        if (Take("*"))
            return (0, null, false);
        if (Take("+"))
            return (1, null, false);
        if (Take("?"))
            return (0, 1, false);
        int start = _position;
        if (Take("{"))
        {
            int? least = ReadNumber();
            bool comma = Take(",");
            int? most = comma ? ReadNumber() : least;
            if (Take("}") && (least ?? most) is not null)
            {
                if (Math.Max(least ?? 0, most ?? 0) > MaxRepeats)
                    throw Broken($"more than {MaxRepeats} repetitions");
                return most < least ? throw Unknown("an interval from large to small") : (least ?? 0, most, true);
            }
        }
        // Braces that don't contain an interval are literal characters.
        _position = start;
        return null;
    }

    private int? ReadNumber()
    {
        int start = _position;
        while (!AtEnd && char.IsAsciiDigit(_pattern[_position]))
            _position++;
        if (_position == start)
            return null;
        return int.TryParse(_pattern.AsSpan(start, _position - start), CultureInfo.InvariantCulture, out int number) ? number
            : int.MaxValue;
    }

    private PatternNode? ReadAtom()
    {
        char first = _pattern[_position];
        switch (first)
        {
            case '(':
                _position++;
                return ReadGroup();
            case '[':
                _position++;
                return Cased(ReadClass());
            case '\\':
                _position++;
                return ReadEscape();
            case '.':
                _position++;
                return new SetNode(_dotMatchesNewline ? CharacterSets.Named("any")! : CharacterSet.Of('\n').Complement());
            case '^':
                _position++;
                return new AnchorNode(Anchor.LineStart);
            case '$':
                _position++;
                return new AnchorNode(Anchor.LineEnd);
            case '*' or '+' or '?':
                throw Broken($"a '{first}' that repeats nothing");
            default:
                return Cased(CharacterSet.Of(Next()));
        }
    }

    private SetNode Cased(CharacterSet set) => new(_ignoreCase ? CharacterSets.IgnoringCase(set) : set);

    private PatternNode? ReadGroup()
    {
        (bool ignoreCase, bool dot, bool extended) = (_ignoreCase, _dotMatchesNewline, _extended);
        Func<PatternNode, PatternNode> wrap = item => item;
        if (Take("?"))
        {
            if (Take("#"))
            {
                while (Next() != ')')
                {
                }
                return null;
            }
            if (Take("="))
                wrap = item => new LookaroundNode(item, Behind: false, Negative: false);
            else if (Take("!"))
                wrap = item => new LookaroundNode(item, Behind: false, Negative: true);
            else if (Take("<="))
                wrap = item => Behind(item, negative: false);
            else if (Take("<!"))
                wrap = item => Behind(item, negative: true);
            else if (Take(">"))
                wrap = item => new AtomicNode(item);
            else if (Take("<") || Take("'"))
                ReadGroupName();
            else if (!Take(":"))
                ReadOptions();
        }
        // An option group without a colon, such as "(?i)", applies to the rest of the enclosing group.
        bool untilEnd = _pattern[_position - 1] == ')';
        PatternNode body = ReadAlternatives();
        if (!untilEnd && !Take(")"))
            throw Broken("an unclosed group");
        (_ignoreCase, _dotMatchesNewline, _extended) = (ignoreCase, dot, extended);
        return wrap(body);
    }

    private LookaroundNode Behind(PatternNode item, bool negative) =>
        item.Length.Most is <= 1000 ? new LookaroundNode(item, Behind: true, negative) : throw Unknown("a lookbehind of any length");

    private void ReadGroupName()
    {
        int end = _pattern.AsSpan(_position).IndexOfAny('>', '\'');
        if (end <= 0)
            throw Broken("a group with a broken name");
        _position += end + 1;
    }

    private void ReadOptions()
    {
        bool on = true;
        while (true)
        {
            switch (Next())
            {
                case '-':
                    on = false;
                    break;
                case 'i':
                    _ignoreCase = on;
                    break;
                case 'm':
                    _dotMatchesNewline = on;
                    break;
                case 'x':
                    _extended = on;
                    break;
                case ':' or ')':
                    return;
                default:
                    _position--;
                    throw Unknown($"'(?{_pattern[_position]}'");
            }
        }
    }

    private PatternNode ReadEscape()
    {
        int start = _position;
        switch (Next())
        {
            case 'A':
                return new AnchorNode(Anchor.TextStart);
            case 'z':
                return new AnchorNode(Anchor.TextEnd);
            case 'Z':
                return new AnchorNode(Anchor.TextEndOrLastNewline);
            case 'b':
                return new AnchorNode(Anchor.WordBoundary);
            case 'B':
                return new AnchorNode(Anchor.NoWordBoundary);
            case 'R':
                var newline = new SequenceNode([new SetNode(CharacterSet.Of('\r')), new SetNode(CharacterSet.Of('\n'))]);
                return new AtomicNode(
                    new AlternativesNode([newline, new SetNode(CharacterSet.Of([(10, 13), (0x85, 0x85), (0x2028, 0x2029)]))]));
            default:
                _position = start;
                return ReadSetEscape(inClass: false) is { } set ? Cased(set) : Cased(CharacterSet.Of(ReadCharacterEscape(inClass: false)));
        }
    }

    /// <summary>Reads an escape that represents a set. Returns null and reads nothing if the escape represents one character.</summary>
    private CharacterSet? ReadSetEscape(bool inClass)
    {
        int start = _position;
        switch (Next())
        {
            case 'd':
                return CharacterSets.Digit;
            case 'D':
                return CharacterSets.Digit.Complement();
            case 's':
                return CharacterSets.Space;
            case 'S':
                return CharacterSets.Space.Complement();
            // Oniguruma uses its Latin-1 table for the escape alone, but not within a class.
            case 'w':
                return inClass ? CharacterSets.RustWord : CharacterSets.Word;
            case 'W':
                return (inClass ? CharacterSets.RustWord : CharacterSets.Word).Complement();
            case 'h':
                return CharacterSets.Named("xdigit");
            case 'H':
                return CharacterSets.Named("xdigit")!.Complement();
            case 'N' when !inClass:
                return CharacterSet.Of('\n').Complement();
            case 'O' when !inClass:
                return CharacterSets.Named("any");
            case 'p':
                return ReadProperty(negative: false);
            case 'P':
                return ReadProperty(negative: true);
            default:
                _position = start;
                return null;
        }
    }

    private CharacterSet ReadProperty(bool negative)
    {
        if (!Take("{"))
            throw Broken("a property without braces");
        int end = _pattern.IndexOf('}', _position);
        if (end < 0)
            throw Broken("an unclosed property");
        string name = _pattern[_position..end];
        _position = end + 1;
        if (name.StartsWith('^'))
            (name, negative) = (name[1..], !negative);
        CharacterSet set = CharacterSets.Named(name) ?? throw Unknown($"the property '{name}'");
        return negative ? set.Complement() : set;
    }

    private int ReadCharacterEscape(bool inClass)
    {
        int c = Next();
        switch (c)
        {
            case 't':
                return '\t';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 'f':
                return '\f';
            case 'v':
                return '\v';
            case 'a':
                return '\a';
            case 'e':
                return 0x1B;
            case 'b' when inClass:
                return '\b';
            case 'x' when Take("{"):
                int end = _pattern.IndexOf('}', _position);
                if (end < 0)
                    throw Broken("an unclosed code point");
                return ReadHexadecimal(end - _position, after: 1);
            case 'x':
                int digits = 0;
                while (digits < 2 && _position + digits < _pattern.Length && char.IsAsciiHexDigit(_pattern[_position + digits]))
                    digits++;
                return ReadHexadecimal(digits, after: 0);
            case 'u':
                return ReadHexadecimal(4, after: 0);
            case >= '0' and <= '7' when c == '0' || inClass:
                int value = c - '0';
                for (int i = 0; i < 2 && !AtEnd && _pattern[_position] is >= '0' and <= '7'; i++)
                    value = value * 8 + _pattern[_position++] - '0';
                return value;
            case >= '1' and <= '9':
                throw Unknown("a reference to a group");
            case < 128 when char.IsAsciiLetter((char)c):
                throw Unknown($"'\\{(char)c}'");
            default:
                return c;
        }
    }

    private int ReadHexadecimal(int digits, int after)
    {
        if (_position + digits > _pattern.Length
            || !int.TryParse(_pattern.AsSpan(_position, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out int point)
            || !Rune.IsValid(point))
            throw Broken("a broken code point");
        _position += digits + after;
        return point;
    }

    /// <summary>Reads a class after its '[': ranges, escapes, POSIX names, classes within classes, and intersections.</summary>
    private CharacterSet ReadClass()
    {
        if (++_depth > MaxGroupDepth)
            throw Broken($"classes nested more than {MaxGroupDepth} deep");
        bool negative = Take("^");
        CharacterSet? intersection = null;
        var parts = new List<(int, int)>();
        bool first = true;
        while (true)
        {
            if (AtEnd)
                throw Broken("an unclosed class");
            if (!first && Take("]"))
                break;
            if (Take("&&"))
            {
                intersection = Met(intersection, parts);
                parts = [];
            }
            else if (Take("[:"))
                parts.AddRange(ReadPosixClass().Ranges);
            else if (Take("["))
                parts.AddRange(ReadClass().Ranges);
            else
                ReadRange(parts);
            first = false;
        }
        _depth--;
        CharacterSet set = Met(intersection, parts);
        return negative ? (_ignoreCase ? CharacterSets.IgnoringCase(set) : set).Complement() : set;
    }

    private static CharacterSet Met(CharacterSet? left, List<(int, int)> right) =>
        left is null ? CharacterSet.Of(right) : left.Intersect(CharacterSet.Of(right));

    private CharacterSet ReadPosixClass()
    {
        bool negative = Take("^");
        int end = _pattern.IndexOf(":]", _position, StringComparison.Ordinal);
        if (end < 0)
            throw Broken("an unclosed POSIX class");
        string name = _pattern[_position..end];
        _position = end + 2;
        CharacterSet set = name is "digit" or "space" or "punct" or "cntrl" or "xdigit" or "word" or "ascii"
            ? CharacterSets.Named(name)! : throw Unknown($"the class '[:{name}:]'");
        return negative ? set.Complement() : set;
    }

    private void ReadRange(List<(int, int)> parts)
    {
        if (ReadClassItem() is not { } from)
            return;
        // A hyphen before the end of the class is a literal character.
        if (_position + 1 < _pattern.Length && _pattern[_position] == '-' && _pattern[_position + 1] is not (']' or '['))
        {
            _position++;
            int to = ReadClassItem() ?? throw Unknown("a range that ends in a class");
            parts.Add(from <= to ? (from, to) : throw Broken("an empty range"));
        }
        else
            parts.Add((from, from));

        int? ReadClassItem()
        {
            if (!Take("\\"))
                return Next();
            if (ReadSetEscape(inClass: true) is not { } set)
                return ReadCharacterEscape(inClass: true);
            parts.AddRange(set.Ranges);
            return null;
        }
    }
}
