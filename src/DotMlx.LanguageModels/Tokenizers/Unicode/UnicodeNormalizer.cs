using System.Globalization;
using System.Text;

namespace DotMlx.LanguageModels.Tokenizers.Unicode;

/// <summary>
/// The normalization forms of Unicode Standard Annex 15. <c>string.Normalize</c> doesn't change its input in globalization-invariant
/// applications or without ICU, so the tokenizers include the tables.
/// </summary>
internal static class UnicodeNormalizer
{
    private const int HangulSyllables = 0xAC00, LeadingConsonants = 0x1100, Vowels = 0x1161, TrailingConsonants = 0x11A7;
    private const int VowelCount = 21, TrailingCount = 28, SyllableCount = 19 * VowelCount * TrailingCount;

    private static readonly Lazy<Table> Data = new(Table.Read);

    public static string Decompose(string text, bool compatibility) =>
        IsBelow(text, compatibility ? 0xA0 : 0xC0) ? text : ToText(Decomposed(text, compatibility));

    /// <summary>Decomposes, then composes again: NFC, or NFKC with <paramref name="compatibility"/>.</summary>
    public static string Compose(string text, bool compatibility) =>
        IsBelow(text, compatibility ? 0xA0 : 0x300) ? text : ToText(Composed(Decomposed(text, compatibility)));

    private static bool IsBelow(string text, int limit) => !text.AsSpan().ContainsAnyExceptInRange('\0', (char)(limit - 1));

    private static List<int> Decomposed(string text, bool compatibility)
    {
        var points = new List<int>(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value - HangulSyllables is >= 0 and < SyllableCount and int syllable)
            {
                points.Add(LeadingConsonants + syllable / (VowelCount * TrailingCount));
                points.Add(Vowels + syllable % (VowelCount * TrailingCount) / TrailingCount);
                if (syllable % TrailingCount is > 0 and int trailing)
                    points.Add(TrailingConsonants + trailing);
            }
            else if (compatibility && Data.Value.Compatibility.TryGetValue(rune.Value, out int[]? parts)
                     || Data.Value.Canonical.TryGetValue(rune.Value, out parts))
                points.AddRange(parts);
            else
                points.Add(rune.Value);
        }
        Order(points);
        return points;
    }

    /// <summary>Sorts each run of combining marks by combining class, and preserves the order within equal classes.</summary>
    private static void Order(List<int> points)
    {
        Dictionary<int, int> classes = Data.Value.Classes;
        for (int start = 0; start < points.Count; start++)
        {
            int end = start;
            while (end < points.Count && classes.ContainsKey(points[end]))
                end++;
            if (end - start > 1)
            {
                int[] sorted = [.. points[start..end].OrderBy(point => classes[point])];
                for (int i = 0; i < sorted.Length; i++)
                    points[start + i] = sorted[i];
            }
            start = Math.Max(start, end - 1);
        }
    }

    private static List<int> Composed(List<int> points)
    {
        Table table = Data.Value;
        int starter = -1, lastClass = -1, written = 0;
        for (int i = 0; i < points.Count; i++)
        {
            int point = points[i];
            int combiningClass = table.Classes.GetValueOrDefault(point);
            bool blocked = starter >= 0 && written - 1 > starter && lastClass >= combiningClass;
            if (starter >= 0 && !blocked && table.Compose(points[starter], point) is int composed)
            {
                points[starter] = composed;
                continue;
            }
            if (combiningClass == 0)
                starter = written;
            lastClass = combiningClass;
            points[written++] = point;
        }
        points.RemoveRange(written, points.Count - written);
        return points;
    }

    private static string ToText(List<int> points)
    {
        var text = new StringBuilder(points.Count);
        Span<char> units = stackalloc char[2];
        foreach (int point in points)
            text.Append(units[..new Rune(point).EncodeToUtf16(units)]);
        return text.ToString();
    }

    private sealed record Table(
        Dictionary<int, int[]> Canonical, Dictionary<int, int[]> Compatibility, Dictionary<(int, int), int> Pairs, Dictionary<int,
            int> Classes)
    {
        public int? Compose(int first, int second)
        {
            if (first - LeadingConsonants is >= 0 and < 19 and int leading && second - Vowels is >= 0 and < VowelCount and int vowel)
                return HangulSyllables + (leading * VowelCount + vowel) * TrailingCount;
            if (first - HangulSyllables is >= 0 and < SyllableCount and int syllable && syllable % TrailingCount == 0
                && second - TrailingConsonants is > 0 and < TrailingCount and int trailing)
                return HangulSyllables + syllable + trailing;
            return Pairs.TryGetValue((first, second), out int composed) ? composed : null;
        }

        public static Table Read()
        {
            var table = new Table([], [], [], []);
            using Stream stream = typeof(UnicodeNormalizer).Assembly.GetManifestResourceStream("DotMlx.LanguageModels.Normalization.txt")!;
            using var reader = new StreamReader(stream);
            while (reader.ReadLine() is { } line)
            {
                if (line[0] == '#')
                    continue;
                int[] numbers = [.. line[2..].Split(' ')
                    .Select(part => int.Parse(part, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
                switch (line[0])
                {
                    case 'D':
                        table.Canonical[numbers[0]] = numbers[1..];
                        break;
                    case 'K':
                        table.Compatibility[numbers[0]] = numbers[1..];
                        break;
                    case 'P':
                        table.Pairs[(numbers[0], numbers[1])] = numbers[2];
                        break;
                    default:
                        for (int i = 0; i < numbers[1]; i++)
                            table.Classes[numbers[0] + i] = numbers[2];
                        break;
                }
            }
            return table;
        }
    }
}
