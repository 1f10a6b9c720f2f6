using System.Globalization;
using System.Text;

namespace DotMlx.Tests.Documentation;

/// <summary>The table of docs/from-python.md agrees with the lists of names and with the public members.</summary>
internal sealed class PythonNamesTests
{
    private const string Begin =
        "<!-- Written by a test: DOTMLX_WRITE_NAMES=1 dotnet test tests/DotMlx.Tests --filter PythonNamesTests -->\n";
    private const string End = "<!-- End of what a test writes -->\n";

    private static readonly IReadOnlyList<PythonName> Names = PythonName.ReadAll(Path.Combine(Repository.Root, "tests/DotMlx.Tests"));

    [Test]
    public void EveryNameHasAPlaceThatExistsOrAReason() => Assert.That(Names.SelectMany(name => name.Faults()), Is.Empty);

    [Test]
    public void TheTableOfNamesIsUpToDate()
    {
        string path = Path.Combine(Repository.Root, "docs/from-python.md");
        string page = File.ReadAllText(path).ReplaceLineEndings("\n");
        int begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = page.IndexOf(End, StringComparison.Ordinal);
        Assert.That(begin, Is.GreaterThanOrEqualTo(Begin.Length).And.LessThanOrEqualTo(end), "docs/from-python.md has lost its marks");
        string expected = page[..begin] + Table() + page[end..];
        if (Environment.GetEnvironmentVariable("DOTMLX_WRITE_NAMES") is "1")
        {
            File.WriteAllText(path, expected);
            page = expected;
        }

        Assert.That(page, Is.EqualTo(expected),
            "docs/from-python.md is out of date: run DOTMLX_WRITE_NAMES=1 dotnet test tests/DotMlx.Tests --filter PythonNamesTests");
    }

    private static string Table()
    {
        var text = new StringBuilder();
        foreach (IGrouping<string, PythonName> area in Names.GroupBy(name => name.Area))
        {
            PythonName[] differing = [.. area.Where(name => name.Differs)];
            text.Append(CultureInfo.InvariantCulture, $"\n### {area.Key}\n\n");
            if (PythonName.Homes.TryGetValue(area.Key, out string? home))
            {
                text.Append(CultureInfo.InvariantCulture,
                    $"{area.Count() - differing.Length} of {area.Count()} names follow the rule, in "
                    + $"`{home.Replace("NN.", "", StringComparison.Ordinal)}`");
                text.Append(differing.Length > 0 ? "; these don't:\n\n" : ".\n");
            }

            if (differing.Length == 0)
            {
                continue;
            }

            text.Append("| Python | DotMlx | |\n|---|---|---|\n");
            foreach (PythonName name in differing)
            {
                text.Append(CultureInfo.InvariantCulture,
                    $"| `{name.Name}` | {string.Join(", ", name.Members.Select(Shown))} | {name.Note} |\n");
            }
        }

        return text.Append('\n').ToString();
    }

    private static string Shown(string member)
    {
        string shown = member.Replace("NN.", "", StringComparison.Ordinal).Replace("Optimizers.", "", StringComparison.Ordinal);
        int at = shown.IndexOf(".op_", StringComparison.Ordinal);
        return $"`{(at < 0 ? shown : Symbols[shown[(at + 4)..]])}`";
    }

    private static readonly Dictionary<string, string> Symbols = new()
    {
        ["Addition"] = "a + b", ["Subtraction"] = "a - b", ["Multiply"] = "a * b", ["Division"] = "a / b", ["Modulus"] = "a % b",
        ["BitwiseAnd"] = "a & b", ["BitwiseOr"] = "a \\| b", ["ExclusiveOr"] = "a ^ b", ["LeftShift"] = "a << b", ["RightShift"] = "a >> b",
        ["LessThan"] = "a < b", ["LessThanOrEqual"] = "a <= b", ["GreaterThan"] = "a > b", ["GreaterThanOrEqual"] = "a >= b",
        ["UnaryNegation"] = "-a", ["OnesComplement"] = "~a", ["Explicit"] = "(T)a",
    };
}
