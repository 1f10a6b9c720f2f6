using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DotMlx.Generator.Api;

/// <summary>
/// Reads and writes bindings/api/&lt;version&gt;.json, with one line per function, struct, and enum, so that a diff is readable.
/// </summary>
internal static class ApiJson
{
    internal static ApiVersion Read(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        JsonElement root = document.RootElement;
        return new ApiVersion(
            Text(root, "version"),
            Text(root, "source"),
            [.. root.GetProperty("functions").EnumerateArray().Select(f => new ApiFunction(
                Text(f, "name"), Text(f, "header"), CType.Parse(Text(f, "returns")), Parameters(f, "parameters"),
                Flag(f, "variadic"), f.TryGetProperty("absentOn", out JsonElement absent) ? absent.GetString() : null))],
            [.. root.GetProperty("structs").EnumerateArray()
                .Select(s => new ApiStruct(Text(s, "name"), Text(s, "header"), Parameters(s, "fields")))],
            [.. root.GetProperty("enums").EnumerateArray().Select(e => new ApiEnum(Text(e, "name"), Text(e, "header"),
                [.. e.GetProperty("members").EnumerateObject().Select(m => new ApiMember(m.Name, m.Value.GetInt32()))]))],
            [.. root.GetProperty("callbacks").EnumerateArray().Select(c => new ApiCallback(
                Text(c, "name"), Text(c, "header"), CType.Parse(Text(c, "type"))))]);
    }

    internal static string Write(ApiVersion api)
    {
        var json = new StringBuilder("{\n");
        json.Append("  \"version\": ").Append(Quote(api.Name)).Append(",\n");
        json.Append("  \"source\": ").Append(Quote(api.Source)).Append(",\n");
        Section(json, "enums", api.Enums.OrderBy(e => e.Name, StringComparer.Ordinal), e =>
            $"{{ \"name\": {Quote(e.Name)}, \"header\": {Quote(e.Header)}, \"members\": "
            + $"{{ {string.Join(", ", e.Members.Select(m => $"{Quote(m.Name)}: {m.Value}"))} }} }}");
        Section(json, "structs", api.Structs.OrderBy(s => s.Name, StringComparer.Ordinal), s =>
            $"{{ \"name\": {Quote(s.Name)}, \"header\": {Quote(s.Header)}, \"fields\": {List(s.Fields)} }}");
        Section(json, "callbacks", api.Callbacks.OrderBy(c => c.Name, StringComparer.Ordinal), c =>
            $"{{ \"name\": {Quote(c.Name)}, \"header\": {Quote(c.Header)}, \"type\": {Quote(c.Type.ToString())} }}");
        Section(json, "functions", Ordered(api.Functions), f =>
            $"{{ \"name\": {Quote(f.Name)}, \"header\": {Quote(f.Header)}, \"returns\": {Quote(f.Returns.ToString())}"
            + (f.Variadic ? ", \"variadic\": true" : "")
            + (f.AbsentOn is null ? "" : $", \"absentOn\": {Quote(f.AbsentOn)}")
            + $", \"parameters\": {List(f.Parameters)} }}", last: true);
        return json.Append("}\n").ToString();
    }

    internal static IOrderedEnumerable<ApiFunction> Ordered(IEnumerable<ApiFunction> functions) =>
        functions.OrderBy(f => f.Header, StringComparer.Ordinal).ThenBy(f => f.Name, StringComparer.Ordinal);

    private static void Section<T>(StringBuilder json, string name, IEnumerable<T> items, Func<T, string> line, bool last = false) =>
        json.Append("  \"").Append(name).Append("\": [\n    ")
            .AppendJoin(",\n    ", items.Select(line))
            .Append("\n  ]").Append(last ? "\n" : ",\n");

    private static string List(IReadOnlyList<ApiParameter> parameters) => parameters.Count == 0 ? "[]" : "[ "
        + string.Join(", ", parameters.Select(p =>
            $"{{ \"name\": {Quote(p.Name)}, \"type\": {Quote(p.Type.ToString())}{(p.Nullable ? ", \"nullable\": true" : "")} }}")) + " ]";

    private static IReadOnlyList<ApiParameter> Parameters(JsonElement element, string property) =>
        [.. element.GetProperty(property).EnumerateArray()
            .Select(p => new ApiParameter(Text(p, "name"), CType.Parse(Text(p, "type")), Flag(p, "nullable")))];

    private static string Text(JsonElement element, string property) => element.GetProperty(property).GetString()!;

    private static bool Flag(JsonElement element, string property) =>
        element.TryGetProperty(property, out JsonElement value) && value.GetBoolean();

    private static string Quote(string text) => '"' + JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text) + '"';
}
