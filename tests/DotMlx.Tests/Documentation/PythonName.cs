using DotMlx.Tests.Coverage;

namespace DotMlx.Tests.Documentation;

/// <summary>A public name of Python's MLX and its C# members.</summary>
/// <param name="Area">The module or class.</param>
/// <param name="Name">The name in the module or class.</param>
/// <param name="Members">The members of DotMlx, with their types but without the outermost namespace.</param>
/// <param name="Note">An optional note.</param>
internal sealed record PythonName(string Area, string Name, string[] Members, string Note)
{
    /// <summary>The C# classes of the areas whose names only change their capitalization.</summary>
    internal static IReadOnlyDictionary<string, string> Homes { get; } = new Dictionary<string, string>
    {
        ["mlx.core"] = "Mx",
        ["mlx.core.random"] = "Mx.Random",
        ["mlx.core.linalg"] = "Mx.Linalg",
        ["mlx.core.fft"] = "Mx.Fft",
        ["mlx.core.fast"] = "Mx.Fast",
        ["mlx.core.metal"] = "Mx.Metal",
        ["mlx.core.cuda"] = "Mx.Cuda",
        ["mlx.core.distributed"] = "Mx.Distributed",
        ["mlx.core.array"] = "MlxArray",
        ["mlx.core of 0.32"] = "Mx",
        ["mlx.nn"] = "NN",
        ["mlx.nn functions"] = "NN.Activations",
        ["mlx.nn.losses"] = "NN.Losses",
        ["mlx.nn.init"] = "NN.Initializers",
        ["mlx.nn.Module"] = "NN.Module",
        ["mlx.optimizers"] = "Optimizers",
        ["mlx.optimizers.Optimizer"] = "Optimizers.Optimizer",
    };

    /// <summary>Whether the naming rule (Python's words joined, each with a capital) isn't enough to find the member.</summary>
    internal bool Differs => Members.Length != 1 || Note.Length > 0 || !ByRule.Contains(Members[0]);

    /// <summary>Lists members that don't exist, and names without a member or a note.</summary>
    internal IEnumerable<string> Faults()
    {
        if (Members.Length == 0 && Note.Length == 0)
        {
            yield return $"{Area}.{Name} has neither a member nor a note";
        }

        foreach (string missing in new CoverageRow(Area, Name, [], Members, Note).Missing())
        {
            yield return $"{Area}.{Name}: there is no {missing}";
        }
    }

    /// <summary>Reads the names of mlx.core from the coverage table, and those of the other modules from names.tsv.</summary>
    internal static IReadOnlyList<PythonName> ReadAll(string tests) =>
    [
        .. File.ReadLines(Path.Combine(tests, "Coverage/rows.tsv")).Skip(1).Select(CoverageRow.Parse)
            .Select(row => new PythonName(row.Area, row.Name, row.Members, row.Note)),
        .. File.ReadLines(Path.Combine(tests, "Documentation/names.tsv")).Skip(1).Select(Parse),
    ];

    private static PythonName Parse(string line)
    {
        string[] cells = line.Split('\t');
        string[] members = cells[2].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var name = new PythonName(cells[0], cells[1], members, cells[3]);
        return members.Length > 0 || cells[3].Length > 0 ? Found(name) : name with { Members = [name.ByRule[0]] };

        // A name with only a note gets the member of the naming rule, if it exists.
        static PythonName Found(PythonName name) =>
            name.Members.Length == 0 && !new CoverageRow(name.Area, name.Name, [], [name.ByRule[0]], "").Missing().Any()
                ? name with { Members = [name.ByRule[0]] }
                : name;
    }

    // Schedules have a separate class next to the optimizers.
    private string[] ByRule => Area == "mlx.optimizers" && char.IsLower(Name[0])
        ? [$"Optimizers.Schedules.{Pascal(Name)}"]
        : [$"{Homes.GetValueOrDefault(Area, "")}.{Pascal(Name)}"];

    private static string Pascal(string name) =>
        string.Concat(name.Split('_', StringSplitOptions.RemoveEmptyEntries).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
