using DotMlx.Generator.Api;

namespace DotMlx.Generator.Sources;

/// <summary>
/// Reads a version from a tab-separated table (kind, name, header, return type, parameters) if its headers aren't available. Data that a
/// table lacks (nullability, function typedefs) comes from a neighboring version.
/// </summary>
internal static class TableImporter
{
    internal static ApiVersion Import(string path, string version, ApiVersion neighbor)
    {
        var functions = new List<ApiFunction>();
        var structs = new List<ApiStruct>();
        var enums = new List<ApiEnum>();
        // If a neighboring version has a parameter of that name that may be null, it may be null in a new function too.
        HashSet<string> optionalEverywhere = [.. neighbor.Functions.SelectMany(f => f.Parameters).GroupBy(p => p.Name)
            .Where(g => g.All(p => p.Nullable)).Select(g => g.Key)];
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0) continue;
            string[] cells = line.Split('\t');
            if (cells.Length != 5)
                throw new FormatException($"{path}({number}): {cells.Length} columns instead of five (kind, "
                    + $"name, header, return type, parameters).");
            (string name, string header, string details) = (cells[1], cells[2], cells[4]);
            switch (cells[0])
            {
                case "fn":
                    functions.Add(Function(name, header, cells[3], details, neighbor.Find(name), optionalEverywhere));
                    break;
                case "struct":
                    structs.Add(new ApiStruct(name, header, [.. CType.Split(details, ';').Select(f => Named(f, 0, false))]));
                    break;
                case "enum":
                    enums.Add(new ApiEnum(name, header,
                        [.. details.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                            .Select((m, i) => new ApiMember(m, i))]));
                    break;
                default:
                    throw new FormatException($"{path}({number}): '{cells[0]}' is not fn, struct, or enum.");
            }
        }
        return new ApiVersion(version, "table", functions, structs, enums, neighbor.Callbacks);
    }

    private static ApiFunction Function(string name, string header, string returns, string details, ApiFunction? before,
        HashSet<string> optionalEverywhere)
    {
        string[] parts = [.. CType.Split(details, ',').Select(p => p.Trim()).Where(p => p != "void")];
        ApiParameter[] parameters = [.. parts.Where(p => p != "...").Select((p, i) =>
        {
            ApiParameter parameter = Named(p, i, false);
            bool nullable = before is null
                ? optionalEverywhere.Contains(parameter.Name)
                : before.Parameters.Any(b => b.Name == parameter.Name && b.Nullable);
            return parameter with { Nullable = nullable };
        })];
        CType type = CType.Parse(returns);
        bool half = parameters.Select(p => p.Type).Append(type).Any(t => t.Base is "float16_t" or "bfloat16_t");
        return new ApiFunction(name, header, type, parameters, parts.Contains("..."), half ? "x86-64" : null);
    }

    private static ApiParameter Named(string text, int index, bool nullable)
    {
        (CType type, string? name) = CType.ParseDeclaration(text);
        return new ApiParameter(name ?? $"arg{index}", type, nullable);
    }
}
