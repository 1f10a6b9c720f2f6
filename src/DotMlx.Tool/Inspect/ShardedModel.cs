using System.Text.Json;

namespace DotMlx.Tool.Inspect;

/// <summary>A model in several safetensors files, with a <c>NAME.safetensors.index.json</c> that says which array is in which.</summary>
internal static class ShardedModel
{
    private const string IndexExtension = ".index.json";

    // The largest index of a public model is a few megabytes.
    private const long MaxIndexLength = 100_000_000;

    public static bool IsIndex(string path) => path.EndsWith(IndexExtension, StringComparison.Ordinal);

    /// <summary>The one index in a folder.</summary>
    /// <exception cref="ToolException">There is none, or several.</exception>
    public static string IndexIn(string folder)
    {
        string[] found = [.. Directory.EnumerateFiles(folder, "*" + IndexExtension).Order(StringComparer.Ordinal)];
        return found.Length switch
        {
            1 => found[0],
            0 => throw new ToolException($"'{folder}' is a folder without a '*{IndexExtension}' file; name a file in it."),
            _ => throw new ToolException($"'{folder}' has {found.Length} files '*{IndexExtension}'; name one of them: {string.Join(", ", found.Select(Path.GetFileName))}."),
        };
    }

    /// <summary>The files that hold the arrays, in the order in which the index first names them.</summary>
    public static IReadOnlyList<string> Shards(string index) => [.. ReadIndex(index).Places.Values.Distinct().Select(name => Locate(index, name))];

    /// <summary>The arrays and metadata of all shards; the index and the shards must agree.</summary>
    /// <exception cref="InvalidDataException">They do not, or shards are missing.</exception>
    public static FileDescription Read(string index)
    {
        (OrderedDictionary<string, string> places, List<KeyValuePair<string, object>> metadata) = ReadIndex(index);
        string[] names = [.. places.Values.Distinct()];
        string[] missing = [.. names.Where(name => !File.Exists(Locate(index, name)))];
        if (missing.Length > 0)
        {
            throw Broken(index, $"{missing.Length} of its {names.Length} files are missing: {Some(missing)}");
        }

        List<ArrayDescription> arrays = [];
        HashSet<(string Key, string Value)> seen = [.. metadata.Select(item => (item.Key, item.Value.ToString()!))];
        foreach (string name in names)
        {
            FileDescription shard = FileDescription.Read(Locate(index, name));
            arrays.AddRange(shard.Arrays.Select(array => array with { Shard = name }));
            metadata.AddRange(shard.Metadata.Where(item => seen.Add((item.Key, item.Value.ToString()!))));
        }

        CheckAgreement(index, places, arrays);
        return new FileDescription(index, $"sharded safetensors ({Units.Plural(names.Length, "file")})", arrays, metadata);
    }

    private static void CheckAgreement(string index, OrderedDictionary<string, string> places, List<ArrayDescription> arrays)
    {
        HashSet<(string, string)> held = [.. arrays.Select(array => (array.Name, array.Shard!))];
        string[] absent = [.. places.Where(place => !held.Contains((place.Key, place.Value))).Select(place => $"'{place.Key}' ({place.Value})")];
        if (absent.Length > 0)
        {
            throw Broken(index, $"{Units.Plural(absent.Length, "array")} of the index {(absent.Length == 1 ? "is" : "are")} not in the file it names: {Some(absent)}");
        }

        string[] extra = [.. arrays.Where(array => places.GetValueOrDefault(array.Name) != array.Shard).Select(array => $"'{array.Name}' ({array.Shard})")];
        if (extra.Length > 0)
        {
            throw Broken(index, $"the files hold {Units.Plural(extra.Length, "array")} that the index does not name there: {Some(extra)}");
        }
    }

    private static (OrderedDictionary<string, string> Places, List<KeyValuePair<string, object>> Metadata) ReadIndex(string index)
    {
        if (!File.Exists(index))
        {
            throw new ToolException($"there is no file '{index}'.");
        }

        if (new FileInfo(index).Length > MaxIndexLength)
        {
            throw Broken(index, $"it is larger than {Units.Bytes(MaxIndexLength)}, too large for an index");
        }

        OrderedDictionary<string, string> places = [];
        List<KeyValuePair<string, object>> metadata = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(index), new JsonDocumentOptions { AllowDuplicateProperties = false });
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
            {
                throw Broken(index, "it has no object 'weight_map', which says which array is in which file");
            }

            foreach (JsonProperty place in map.EnumerateObject())
            {
                places.Add(place.Name, place.Value.ValueKind == JsonValueKind.String
                    ? place.Value.GetString()!
                    : throw Broken(index, $"the file of '{place.Name}' is no text"));
            }

            if (root.TryGetProperty("metadata", out JsonElement facts) && facts.ValueKind == JsonValueKind.Object)
            {
                metadata.AddRange(facts.EnumerateObject().Select(fact => KeyValuePair.Create(
                    fact.Name,
                    (object)(fact.Value.ValueKind == JsonValueKind.String ? fact.Value.GetString()! : fact.Value.GetRawText()))));
            }
        }
        catch (JsonException exception)
        {
            throw Broken(index, $"it is no valid JSON ({exception.Message.TrimEnd('.')})");
        }

        return (places, metadata);
    }

    private static string Locate(string index, string name) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(index))!, name);

    private static string Some(string[] names) => string.Join(", ", names.Take(3)) + (names.Length > 3 ? ", …" : "");

    private static InvalidDataException Broken(string index, string fault) => new($"'{index}' cannot be loaded: {fault}.");
}
