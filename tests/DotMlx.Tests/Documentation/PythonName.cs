using DotMlx.Tests.Coverage;

namespace DotMlx.Tests.Documentation;

/// <summary>A public name of Python's MLX and what stands for it here.</summary>
/// <param name="Area">Its module or class.</param>
/// <param name="Name">The name in it.</param>
/// <param name="Members">Members of DotMlx, with their types but without the outermost namespace.</param>
/// <param name="Note">What there is to say.</param>
internal sealed record PythonName(string Area, string Name, string[] Members, string Note)
{
    /// <summary>Where the names of an area are, if they only change their letters.</summary>
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

    /// <summary>Whether knowing the rule (Python's words joined, each with a capital) is not enough to find the name.</summary>
    internal bool Differs => Members.Length != 1 || Note.Length > 0 || !ByRule.Contains(Members[0]);

    /// <summary>Members that do not exist, and a name without member or note.</summary>
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

    /// <summary>The names of mlx.core from the coverage table, those of the other modules from names.tsv.</summary>
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

        // With a note alone, the member by the rule stands if there is one.
        static PythonName Found(PythonName name) =>
            name.Members.Length == 0 && !new CoverageRow(name.Area, name.Name, [], [name.ByRule[0]], "").Missing().Any()
                ? name with { Members = [name.ByRule[0]] }
                : name;
    }

    // Schedules have a class of their own beside the optimizers.
    private string[] ByRule => Area == "mlx.optimizers" && char.IsLower(Name[0])
        ? [$"Optimizers.Schedules.{Pascal(Name)}"]
        : [$"{Homes.GetValueOrDefault(Area, "")}.{Pascal(Name)}"];

    private static string Pascal(string name) =>
        string.Concat(name.Split('_', StringSplitOptions.RemoveEmptyEntries).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
