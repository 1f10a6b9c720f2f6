using System.Globalization;
using System.Text;
using DotMlx.Tests.Operations;
using DotMlx.Tests.Shared;

namespace DotMlx.Tests.Coverage;

/// <summary>docs/coverage.md: every name of mlx.core, its C# member, and the library on which it is tested.</summary>
internal sealed class CoverageTable
{
    private readonly string _root;
    private readonly TestSources _sources;

    internal CoverageTable()
    {
        _root = Checkout.Root;
        Rows = [.. File.ReadLines(Path.Combine(_root, "tests/DotMlx.Tests/Coverage/rows.tsv")).Skip(1).Select(CoverageRow.Parse)];
        _sources = new TestSources(Path.Combine(_root, "tests/DotMlx.Tests"));
    }

    internal IReadOnlyList<CoverageRow> Rows { get; }

    internal string DocumentPath => Path.Combine(_root, "docs/coverage.md");

    /// <summary>"both", "MLX", or null if no test calls it.</summary>
    internal string? TestedOn(CoverageRow row)
    {
        string? golden = !GoldenOperationTests.Operations.Contains(row.GoldenName) || row.Area == "mlx.core.array" ? null
            : GoldenOperationTests.MlxOnly.Contains(row.GoldenName) ? "MLX"
            : "both";
        string? direct = _sources.LibrariesOf(row.Members);
        return golden == "both" ? golden : direct ?? golden;
    }

    internal string Document()
    {
        StringBuilder text = new();
        text.Append("""
            # Coverage of mlx.core

            This page lists every function, class, and array member of Python's `mlx.core` (MLX 0.31.2 and the additions of 0.32), with
            its C# member, the C functions behind it, and the library on which the tests call it: *both* is MLX and the reference
            library, and *MLX* is MLX only.

            A test writes this page from `tests/DotMlx.Tests/Coverage/rows.tsv`, the public members, and the source of the tests.
            Another test fails if the page is out of date:

            ```
            DOTMLX_WRITE_COVERAGE=1 dotnet test tests/DotMlx.Tests --filter CoverageTests
            ```

            | part | names | with a member | tested on both | only on MLX | not called by a test |
            |---|---|---|---|---|---|

            """.ReplaceLineEndings("\n"));
        foreach (IGrouping<string, CoverageRow> area in Rows.GroupBy(row => row.Area))
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {area.Key} | {area.Count()} | {area.Count(row => row.Members.Length > 0)} | {area.Count(row => TestedOn(row) == "both")} | {area.Count(row => TestedOn(row) == "MLX")} | {area.Count(row => TestedOn(row) is null)} |\n");
        }

        foreach (IGrouping<string, CoverageRow> area in Rows.GroupBy(row => row.Area))
        {
            text.Append(CultureInfo.InvariantCulture,
                $"\n## {area.Key}\n\n| Python | C# | C | tested on | note |\n|---|---|---|---|---|\n");
            foreach (CoverageRow row in area)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {Code(row.Name)} | {Codes(row.Members.Select(Shown))} | {Codes(row.Functions)} | {TestedOn(row) ?? "-"} | {row.Note} |\n");
            }
        }

        return text.ToString();
    }

    private static string Shown(string member) => member.Replace("op_", "operator ", StringComparison.Ordinal);

    private static string Codes(IEnumerable<string> names) => string.Join(", ", names.Select(Code));

    private static string Code(string name) => name.Length == 0 ? "" : $"`{name}`";
}
