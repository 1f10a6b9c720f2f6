using System.Globalization;

namespace DotMlx.Tool;

/// <summary>Formats numbers for readers.</summary>
internal static class Units
{
    private static readonly string[] Prefixes = ["", "k", "M", "G", "T", "P", "E"];

    public static string Bytes(long bytes) => bytes == long.MaxValue ? "unlimited" : Scaled(bytes, "B");

    public static string Scaled(double value, string unit)
    {
        int power = 0;
        while (Math.Abs(value) >= 999.95 && power < Prefixes.Length - 1)
        {
            value /= 1000;
            power++;
        }

        return string.Create(CultureInfo.InvariantCulture,
            $"{value.ToString(power == 0 && value == Math.Floor(value) ? "F0" : "F1", CultureInfo.InvariantCulture)} {Prefixes[power]}{unit}");
    }

    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    public static string Plural(long count, string thing) => $"{Count(count)} {thing}{(count == 1 ? "" : "s")}";

    /// <summary>Shortens a text to one line of limited length.</summary>
    public static string OneLine(string text, int length)
    {
        string line = text.ReplaceLineEndings(" ").Replace('\t', ' ');
        return line.Length <= length ? line : line[..(length - 1)] + "…";
    }
}
