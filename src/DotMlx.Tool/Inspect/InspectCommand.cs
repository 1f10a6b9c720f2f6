using System.Collections;
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace DotMlx.Tool.Inspect;

/// <summary><c>dotnet mlx inspect</c>: shows the contents of array files, from their headers alone.</summary>
internal static class InspectCommand
{
    private const int ValueLength = 100;
    private const int ElementsShown = 8;

    public static Command Create(Terminal terminal)
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "A safetensors, npy, npz, or GGUF file, a '*.safetensors.index.json', or a folder that holds one.",
            Arity = ArgumentArity.OneOrMore,
        };
        var json = new Option<bool>("--json") { Description = "Write JSON, metadata in full." };
        var command = new Command("inspect", "Shows the arrays and metadata of files of any size by reading only their headers.")
            { files, json };
        command.SetAction(result => Run(terminal, result.GetValue(files)!, result.GetValue(json)));
        return command;
    }

    private static int Run(Terminal terminal, string[] files, bool json)
    {
        FileDescription[] descriptions = [.. files.Select(FileDescription.Read)];
        if (json)
        {
            terminal.Json(descriptions.Length == 1
                ? ToJson(descriptions[0])
                : new JsonArray([.. descriptions.Select(JsonNode (file) => ToJson(file))]));
            return ToolCommand.Success;
        }

        foreach (FileDescription file in descriptions)
        {
            if (file != descriptions[0])
            {
                terminal.Line();
            }

            Show(terminal, file);
        }

        return ToolCommand.Success;
    }

    private static void Show(Terminal terminal, FileDescription file)
    {
        terminal.Line(
            $"{file.Path}: {file.Format}, {Units.Plural(file.Arrays.Count, "array")}, {Units.Plural(file.Arrays.Sum(array => array.Elements), "element")}, {Units.Bytes(file.Arrays.Sum(array => array.Bytes))}");
        if (file.Metadata.Count > 0)
        {
            terminal.Line();
            terminal.Table(["metadata", "value"], [.. file.Metadata.Select(item => new[] { Printable(item.Key), Readable(item.Value) })]);
        }

        if (file.Arrays.Count == 0)
        {
            return;
        }

        terminal.Line();
        bool sharded = file.Arrays.Any(array => array.Shard is not null);
        string[] columns = ["array", "type", "shape", "bytes#"];
        terminal.Table(
            sharded ? [.. columns, "file"] : columns,
            [.. file.Arrays.Select(array => Row(array, sharded))]);
        ArrayDescription[] float8 = [.. file.Arrays.Where(array => array.Loadable
            && array.Type.StartsWith("F8_", StringComparison.Ordinal))];
        if (float8.Length > 0)
        {
            terminal.Note(
                $"MLX has no element type for {string.Join(", ", float8.Select(array => array.Type).Distinct())}: it "
                + $"loads {Units.Plural(float8.Length, "array")} of {file.Path} as uint8 ('convert --dtype "
                + $"bfloat16' converts them to numbers).");
        }

        ArrayDescription[] foreign = [.. file.Arrays.Where(array => !array.Loadable)];
        if (foreign.Length > 0)
        {
            terminal.Note(
                $"MLX does not load {Units.Plural(foreign.Length, "array")} of {file.Path}, of "
                + $"type {string.Join(", ", foreign.Select(array => array.Type).Distinct())}.");
        }
    }

    private static string[] Row(ArrayDescription array, bool sharded)
    {
        string[] cells = [array.Name.Length == 0 ? "(the array)" : Printable(array.Name), Printable(array.Type),
            $"({string.Join(", ", array.Shape)})", Units.Count(array.Bytes)];
        return sharded ? [.. cells, Printable(array.Shard!)] : cells;
    }

    private static string Readable(object value) => value is IList list
        ? Units.OneLine($"[{string.Join(", ", list.Cast<object>().Take(ElementsShown).Select(Text))}{(list.Count > ElementsShown ? ", …" : "")}]", ValueLength)
            + (list.Count > ElementsShown ? $" ({Units.Count(list.Count)} elements)" : "")
        : Units.OneLine(Text(value), ValueLength);

    private static string Text(object value) => value switch
    {
        string text => Printable(text),
        bool truth => truth ? "true" : "false",
        _ => System.Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    // A terminal would interpret control characters from a file as commands.
    private static string Printable(string text) => text.Any(char.IsControl)
        ? string.Concat(text.Select(c => c is '\n' ? " " : char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()))
        : text;

    private static JsonObject ToJson(FileDescription file) => new()
    {
        ["file"] = file.Path,
        ["format"] = file.Format,
        ["elements"] = file.Arrays.Sum(array => array.Elements),
        ["bytes"] = file.Arrays.Sum(array => array.Bytes),
        ["metadata"] = new JsonObject(file.Metadata.DistinctBy(item => item.Key)
            .Select(item => KeyValuePair.Create(item.Key, Node(item.Value)))),
        ["arrays"] = new JsonArray([.. file.Arrays.Select(JsonNode (array) =>
        {
            var node = new JsonObject
            {
                ["name"] = array.Name,
                ["type"] = array.Type,
                ["shape"] = new JsonArray([.. array.Shape.Select(JsonNode (size) => JsonValue.Create(size))]),
                ["bytes"] = array.Bytes,
                ["loadable"] = array.Loadable,
            };
            if (array.Shard is { } shard)
            {
                node["file"] = shard;
            }

            return node;
        })]),
    };

    private static JsonNode? Node(object value) => value switch
    {
        IList list => new JsonArray([.. list.Cast<object>().Select(Node)]),
        bool truth => JsonValue.Create(truth),
        // JSON has no infinities.
        float or double => double.IsFinite(System.Convert.ToDouble(value, CultureInfo.InvariantCulture))
            ? value is float single ? JsonValue.Create(single) : JsonValue.Create((double)value)
            : JsonValue.Create(System.Convert.ToString(value, CultureInfo.InvariantCulture)),
        ulong number => JsonValue.Create(number),
        string text => JsonValue.Create(text),
        _ => JsonValue.Create(System.Convert.ToInt64(value, CultureInfo.InvariantCulture)),
    };
}
