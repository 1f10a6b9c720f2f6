using System.Globalization;

namespace DotMlx.LanguageModels.Tokenizers.Unicode;

/// <summary>The scripts of Unicode 9.0, which Hugging Face's tokenizers use.</summary>
internal static class UnicodeScript
{
    private static readonly Lazy<(int[] Starts, Section[] Sections)> Table = new(Read);

    /// <summary>Returns the name of the script of a code point; null if it has none.</summary>
    public static string? Of(int point)
    {
        (int[] starts, Section[] sections) = Table.Value;
        int index = Array.BinarySearch(starts, point);
        index = index < 0 ? ~index - 1 : index;
        return index >= 0 && point <= sections[index].End ? sections[index].Script : null;
    }

    private static (int[] Starts, Section[] Sections) Read()
    {
        List<Section> sections = [];
        using Stream stream = typeof(UnicodeScript).Assembly.GetManifestResourceStream("DotMlx.LanguageModels.Scripts.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == '#')
                continue;
            string[] parts = line.Split(' ');
            foreach (string range in parts[1..])
            {
                int dash = range.IndexOf('-', StringComparison.Ordinal);
                sections.Add(new(Number(range.AsSpan(0, dash)), Number(range.AsSpan(dash + 1)), parts[0]));
            }
        }
        Section[] sorted = [.. sections.OrderBy(section => section.Start)];
        return ([.. sorted.Select(section => section.Start)], sorted);

        static int Number(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private readonly record struct Section(int Start, int End, string Script);
}
