using System.Text.RegularExpressions;

namespace DotMlx.Tests.Coverage;

/// <summary>Searches the suite's own sources for the members that it calls.</summary>
internal sealed partial class TestSources
{
    private static readonly Dictionary<string, string> Operators = new()
    {
        ["op_Addition"] = " + ", ["op_Subtraction"] = " - ", ["op_Multiply"] = " * ", ["op_Division"] = " / ",
        ["op_Modulus"] = " % ", ["op_BitwiseAnd"] = " & ", ["op_BitwiseOr"] = " | ", ["op_ExclusiveOr"] = " ^ ",
        ["op_LeftShift"] = " << ", ["op_RightShift"] = " >> ", ["op_LessThan"] = " < ", ["op_LessThanOrEqual"] = " <= ",
        ["op_GreaterThan"] = " > ", ["op_GreaterThanOrEqual"] = " >= ", ["op_UnaryNegation"] = "-a",
        ["op_OnesComplement"] = "~", ["op_Explicit"] = "(float)",
    };

    private readonly List<(string Text, bool NeedsMlx, bool AboutArrays)> _parts = [];

    internal TestSources(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(folder, path).Replace('\\', '/');
            if (relative.StartsWith("obj/", StringComparison.Ordinal) || relative.StartsWith("bin/", StringComparison.Ordinal)
                || relative.StartsWith("Coverage/", StringComparison.Ordinal)
                || relative.EndsWith("GoldenFunctions.cs", StringComparison.Ordinal))
            {
                continue;
            }

            // A class member begins after an empty line, with four spaces of indentation.
            string[] members = MemberStart().Split(File.ReadAllText(path).ReplaceLineEndings("\n"));
            bool wholeFile = Marked(members[0].Split("class ")[0]);
            bool aboutArrays = relative.StartsWith("Arrays/", StringComparison.Ordinal);
            _parts.AddRange(members.Select(text => (text, wholeFile || Marked(text), aboutArrays)));
        }
    }

    /// <summary>Returns "both" if a test calls the member on every library, "MLX" if only on MLX, and null if no test calls it.</summary>
    internal string? LibrariesOf(IReadOnlyList<string> members)
    {
        List<bool> found = [.. members.SelectMany(Uses)];
        return found.Count == 0 ? null : found.Contains(false) ? "both" : "MLX";
    }

    private IEnumerable<bool> Uses(string member)
    {
        int dot = member.LastIndexOf('.');
        string name = member[(dot + 1)..];
        bool ofArray = member.StartsWith("MlxArray.", StringComparison.Ordinal);
        if (ofArray && (Operators.GetValueOrDefault(name) ?? (name == "this[]" ? "a[" : null)) is string symbol)
        {
            return _parts.Where(part => part.AboutArrays && part.Text.Contains(symbol, StringComparison.Ordinal))
                .Select(part => part.NeedsMlx);
        }

        string pattern = ofArray
            ? $@"(MlxArray|(?<!\bMx))\.{name}\b"
            : $@"\b{Regex.Escape(member)}\b";
        return _parts.Where(part => Regex.IsMatch(part.Text, pattern)).Select(part => part.NeedsMlx);
    }

    private static bool Marked(string text) => text.Contains("[RequiresMlx", StringComparison.Ordinal);

    [GeneratedRegex(@"\n\n(?= {4}\S)")]
    private static partial Regex MemberStart();
}
