namespace DotMlx.Generator.Api;

/// <summary>The facts needed to add a version: the functions that were added, removed, or changed under the same name.</summary>
internal static class ApiDifference
{
    internal static IReadOnlyList<string> Lines(ApiVersion older, ApiVersion newer)
    {
        var lines = new List<string>();
        foreach (ApiFunction f in newer.Functions.Where(f => older.Find(f.Name) is null)) lines.Add($"+ {f.Prototype}");
        foreach (ApiFunction f in older.Functions.Where(f => newer.Find(f.Name) is null)) lines.Add($"- {f.Prototype}");
        foreach (ApiFunction f in newer.Functions)
        {
            if (older.Find(f.Name) is not { } before || before.Signature == f.Signature) continue;
            lines.Add($"! {before.Prototype}");
            lines.Add($"= {f.Prototype}");
        }
        Types(lines, "struct", older.Structs.Select(Describe), newer.Structs.Select(Describe));
        Types(lines, "enum", older.Enums.Select(Describe), newer.Enums.Select(Describe));
        return lines;
    }

    /// <summary>
    /// Lists the differences between two descriptions of the same version, including headers, parameter names, and callbacks.
    /// </summary>
    internal static IReadOnlyList<string> Disagreements(ApiVersion left, ApiVersion right)
    {
        IEnumerable<string> All(ApiVersion api) => api.Functions.Select(f => $"{f.Header}: {f.Prototype}")
            .Concat(api.Structs.Select(Describe)).Concat(api.Enums.Select(Describe));
        return [.. All(left).Except(All(right)).Select(x => $"{left.Source}: {x}"), .. All(right).Except(All(left))
            .Select(x => $"{right.Source}: {x}")];
    }

    private static string Describe(ApiStruct s) => $"{s.Name} {{ {string.Join(" ", s.Fields.Select(f => f.Type.Declare(f.Name) + ";"))} }}";

    private static string Describe(ApiEnum e) => $"{e.Name} {{ {string.Join(", ", e.Members.Select(m => $"{m.Name} = {m.Value}"))} }}";

    private static void Types(List<string> lines, string kind, IEnumerable<string> older, IEnumerable<string> newer)
    {
        lines.AddRange(newer.Except(older).Select(x => $"+ {kind} {x}"));
        lines.AddRange(older.Except(newer).Select(x => $"- {kind} {x}"));
    }
}
