using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace DotMlx.LanguageModels.Tokenizers.Unicode;

/// <summary>Sets of code points by the names that patterns use: general categories, some scripts, and POSIX classes.</summary>
internal static class CharacterSets
{
    private static readonly Dictionary<string, UnicodeCategory[]> Categories = new(StringComparer.Ordinal)
    {
        ["lu"] = [UnicodeCategory.UppercaseLetter], ["ll"] = [UnicodeCategory.LowercaseLetter],
        ["lt"] = [UnicodeCategory.TitlecaseLetter], ["lm"] = [UnicodeCategory.ModifierLetter], ["lo"] = [UnicodeCategory.OtherLetter],
        ["mn"] = [UnicodeCategory.NonSpacingMark], ["mc"] = [UnicodeCategory.SpacingCombiningMark],
            ["me"] = [UnicodeCategory.EnclosingMark],
        ["nd"] = [UnicodeCategory.DecimalDigitNumber], ["nl"] = [UnicodeCategory.LetterNumber], ["no"] = [UnicodeCategory.OtherNumber],
        ["pc"] = [UnicodeCategory.ConnectorPunctuation], ["pd"] = [UnicodeCategory.DashPunctuation],
        ["ps"] = [UnicodeCategory.OpenPunctuation], ["pe"] = [UnicodeCategory.ClosePunctuation],
        ["pi"] = [UnicodeCategory.InitialQuotePunctuation], ["pf"] = [UnicodeCategory.FinalQuotePunctuation],
        ["po"] = [UnicodeCategory.OtherPunctuation],
        ["sm"] = [UnicodeCategory.MathSymbol], ["sc"] = [UnicodeCategory.CurrencySymbol],
        ["sk"] = [UnicodeCategory.ModifierSymbol], ["so"] = [UnicodeCategory.OtherSymbol],
        ["zs"] = [UnicodeCategory.SpaceSeparator], ["zl"] = [UnicodeCategory.LineSeparator], ["zp"] = [UnicodeCategory.ParagraphSeparator],
        ["cc"] = [UnicodeCategory.Control], ["cf"] = [UnicodeCategory.Format], ["cs"] = [UnicodeCategory.Surrogate],
        ["co"] = [UnicodeCategory.PrivateUse], ["cn"] = [UnicodeCategory.OtherNotAssigned],
    };

    private static readonly Dictionary<string, string> LongNames = new(StringComparer.Ordinal)
    {
        ["letter"] = "l", ["uppercaseletter"] = "lu", ["lowercaseletter"] = "ll", ["titlecaseletter"] = "lt", ["modifierletter"] = "lm",
        ["otherletter"] = "lo", ["mark"] = "m", ["nonspacingmark"] = "mn", ["spacingmark"] = "mc", ["enclosingmark"] = "me",
        ["number"] = "n", ["decimalnumber"] = "nd", ["letternumber"] = "nl", ["othernumber"] = "no", ["punctuation"] = "p",
        ["connectorpunctuation"] = "pc", ["dashpunctuation"] = "pd", ["openpunctuation"] = "ps", ["closepunctuation"] = "pe",
        ["initialpunctuation"] = "pi", ["finalpunctuation"] = "pf", ["otherpunctuation"] = "po", ["symbol"] = "s", ["mathsymbol"] = "sm",
        ["currencysymbol"] = "sc", ["modifiersymbol"] = "sk", ["othersymbol"] = "so", ["separator"] = "z", ["spaceseparator"] = "zs",
        ["lineseparator"] = "zl", ["paragraphseparator"] = "zp", ["other"] = "c", ["control"] = "cc", ["format"] = "cf",
        ["surrogate"] = "cs", ["privateuse"] = "co", ["unassigned"] = "cn", ["whitespace"] = "space",
    };

    /// <summary>The symbols that Unicode classifies as alphabetic.</summary>
    private static readonly CharacterSet CircledLetters = CharacterSet.Of(
        [(0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)]);

    private static readonly Dictionary<string, CharacterSet> Scripts = new(StringComparer.Ordinal)
    {
        ["han"] = CharacterSet.Of([
            (0x2E80, 0x2E99), (0x2E9B, 0x2EF3), (0x2F00, 0x2FD5), (0x3005, 0x3005), (0x3007, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B),
            (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFA6D), (0xFA70, 0xFAD9), (0x16FE2, 0x16FE3), (0x16FF0, 0x16FF1),
            (0x20000, 0x2A6DF), (0x2A700, 0x2B739), (0x2B740, 0x2B81D), (0x2B820, 0x2CEA1), (0x2CEB0, 0x2EBE0), (0x2EBF0, 0x2EE5D),
            (0x2F800, 0x2FA1D), (0x30000, 0x3134A), (0x31350, 0x323AF)]),
        ["hiragana"] = CharacterSet.Of([
            (0x3041, 0x3096), (0x309D, 0x309F), (0x1B001, 0x1B11F), (0x1B132, 0x1B132), (0x1B150, 0x1B152), (0x1F200, 0x1F200)]),
        ["katakana"] = CharacterSet.Of([
            (0x30A1, 0x30FA), (0x30FD, 0x30FF), (0x31F0, 0x31FF), (0x32D0, 0x32FE), (0x3300, 0x3357), (0xFF66, 0xFF6F), (0xFF71, 0xFF9D),
            (0x1AFF0, 0x1AFF3), (0x1AFF5, 0x1AFFB), (0x1AFFD, 0x1AFFE), (0x1B000, 0x1B000), (0x1B120, 0x1B122), (0x1B155, 0x1B155),
            (0x1B164, 0x1B167)]),
        ["hangul"] = CharacterSet.Of([
            (0x1100, 0x11FF), (0x302E, 0x302F), (0x3131, 0x318E), (0x3200, 0x321E), (0x3260, 0x327E), (0xA960, 0xA97C), (0xAC00, 0xD7A3),
            (0xD7B0, 0xD7C6), (0xD7CB, 0xD7FB), (0xFFA0, 0xFFBE), (0xFFC2, 0xFFC7), (0xFFCA, 0xFFCF), (0xFFD2, 0xFFD7), (0xFFDA, 0xFFDC)]),
        ["thai"] = CharacterSet.Of([(0xE01, 0xE3A), (0xE40, 0xE5B)]),
    };

    private static readonly Lazy<List<(int Start, int End, UnicodeCategory Category)>> Runs = new(ReadRuns);
    private static readonly Lazy<List<(int Upper, int Lower)>> CasePairs = new(ReadCasePairs);
    private static readonly ConcurrentDictionary<string, CharacterSet?> Known = new(StringComparer.Ordinal);

    /// <summary>Oniguruma's <c>\w</c>. Its Latin-1 table includes the superscript digits and the fractions.</summary>
    public static CharacterSet Word => Named("word")!;

    /// <summary>The <c>\w</c> of Rust's regular expressions, except for the joiners U+200C and U+200D.</summary>
    public static CharacterSet RustWord => Named("rustword")!;

    public static CharacterSet Space => Named("space")!;

    public static CharacterSet Digit => Named("nd")!;

    /// <summary>Returns the set named <paramref name="name"/>, or null. Case, spaces, hyphens, and underscores are ignored.</summary>
    public static CharacterSet? Named(string name)
    {
        string key = new([.. name.Where(c => c is not (' ' or '-' or '_')).Select(char.ToLowerInvariant)]);
        key = LongNames.GetValueOrDefault(key, key);
        return Known.GetOrAdd(key, Make);
    }

    /// <summary>Adds the other cases of a set's characters (simple case folding).</summary>
    public static CharacterSet IgnoringCase(CharacterSet set)
    {
        IEnumerable<int> others = CasePairs.Value.SelectMany<(int Upper, int Lower), int>(pair =>
            set.Contains(pair.Upper) ? [pair.Lower] : set.Contains(pair.Lower) ? [pair.Upper] : []);
        CharacterSet once = set.Union(CharacterSet.Of([.. others]));
        // Several characters can share a case, such as k, K, and the Kelvin sign.
        return once.Ranges.SequenceEqual(set.Ranges) ? set : IgnoringCase(once);
    }

    private static CharacterSet? Make(string key)
    {
        CharacterSet Of(params ReadOnlySpan<string> names)
        {
            CharacterSet set = CharacterSet.Empty;
            foreach (string name in names)
                set = set.Union(Named(name)!);
            return set;
        }
        return key switch
        {
            "any" => CharacterSet.Empty.Complement(),
            "l" => Of("lu", "ll", "lt", "lm", "lo"),
            "lc" => Of("lu", "ll", "lt"),
            "m" => Of("mn", "mc", "me"),
            "n" => Of("nd", "nl", "no"),
            "p" => Of("pc", "pd", "ps", "pe", "pi", "pf", "po"),
            "s" => Of("sm", "sc", "sk", "so"),
            "z" => Of("zs", "zl", "zp"),
            "c" => Of("cc", "cf", "cs", "co", "cn"),
            "word" => RustWord.Union(CharacterSet.Of([(0xB2, 0xB3), (0xB9, 0xB9), (0xBC, 0xBE)])),
            "rustword" => Of("l", "m", "nd", "nl", "pc").Union(CircledLetters),
            "space" => CharacterSet.Of([(9, 13), (0x85, 0x85)]).Union(Of("z")),
            "digit" => Of("nd"),
            "punct" => Of("p", "s"),
            "cntrl" => Of("cc"),
            "xdigit" => CharacterSet.Of([('0', '9'), ('a', 'f'), ('A', 'F')]),
            "ascii" => CharacterSet.Of([(0, 127)]),
            _ when Categories.TryGetValue(key, out UnicodeCategory[]? categories) =>
                CharacterSet.Of(Runs.Value.Where(run => run.Category == categories[0]).Select(run => (run.Start, run.End))),
            _ => Scripts.GetValueOrDefault(key),
        };
    }

    private static List<(int, int, UnicodeCategory)> ReadRuns()
    {
        var runs = new List<(int Start, int End, UnicodeCategory Category)>();
        for (int point = 0; point <= 0x10FFFF; point++)
        {
            UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(point);
            if (runs.Count > 0 && runs[^1].Category == category)
                runs[^1] = (runs[^1].Start, point, category);
            else
                runs.Add((point, point, category));
        }
        return runs;
    }

    private static List<(int, int)> ReadCasePairs()
    {
        List<(int, int)> pairs = [('S', 0x17F), ('K', 0x212A), (0xC5, 0x212B), (0x3A9, 0x2126), (0x3C2, 0x3C3)];
        for (int point = 0; point < 0x1F000; point++)
        {
            if (!Rune.IsValid(point))
                continue;
            var rune = new Rune(point);
            if (Rune.ToLowerInvariant(rune) is var lower && lower != rune)
                pairs.Add((point, lower.Value));
            if (Rune.ToUpperInvariant(rune) is var upper && upper != rune)
                pairs.Add((upper.Value, point));
        }
        return pairs;
    }
}
