namespace DotMlx.Tool.Inspect;

/// <summary>A model in several safetensors files with an index.</summary>
internal static class ShardedModel
{
    /// <summary>The only index in a folder.</summary>
    /// <exception cref="ToolException">The folder contains no index, or several.</exception>
    public static string IndexIn(string folder)
    {
        string[] found = [.. Directory.EnumerateFiles(folder, "*" + SafetensorsIndex.Extension).Order(StringComparer.Ordinal)];
        return found.Length switch
        {
            1 => found[0],
            0 => throw new ToolException($"'{folder}' is a folder without a '*{SafetensorsIndex.Extension}' file; name a file in it."),
            _ => throw new ToolException(
                $"'{folder}' has {found.Length} files '*{SafetensorsIndex.Extension}'; name one of "
                + $"them: {string.Join(", ", found.Select(Path.GetFileName))}."),
        };
    }

    /// <summary>The files that contain the arrays.</summary>
    public static IReadOnlyList<string> Shards(string path)
    {
        SafetensorsIndex index = SafetensorsIndex.Read(path);
        return [.. index.Files.Select(index.Locate)];
    }

    /// <summary>The arrays and metadata of all shards; the index and the shards must agree.</summary>
    /// <exception cref="InvalidDataException">The index and the shards disagree, or shards are missing.</exception>
    public static FileDescription Read(string path)
    {
        SafetensorsIndex index = SafetensorsIndex.Read(path);
        string[] missing = [.. index.Files.Where(name => !File.Exists(index.Locate(name)))];
        if (missing.Length > 0)
        {
            throw Broken(path, $"{missing.Length} of its {index.Files.Count} files are missing: {Some(missing)}");
        }

        List<ArrayDescription> arrays = [];
        List<KeyValuePair<string, object>> metadata = [.. index.Metadata.Select(item => KeyValuePair.Create(item.Key, (object)item.Value))];
        HashSet<(string Key, string Value)> seen = [.. index.Metadata.Select(item => (item.Key, item.Value))];
        foreach (string name in index.Files)
        {
            FileDescription shard = FileDescription.ReadFile(index.Locate(name));
            arrays.AddRange(shard.Arrays.Select(array => array with { Shard = name }));
            metadata.AddRange(shard.Metadata.Where(item => seen.Add((item.Key, item.Value.ToString()!))));
        }

        CheckAgreement(index, arrays);
        return new FileDescription(path, $"sharded safetensors ({Units.Plural(index.Files.Count, "file")})", arrays, metadata);
    }

    private static void CheckAgreement(SafetensorsIndex index, List<ArrayDescription> arrays)
    {
        HashSet<(string, string)> held = [.. arrays.Select(array => (array.Name, array.Shard!))];
        string[] absent = [.. index.Places.Where(place => !held.Contains((place.Key, place.Value)))
            .Select(place => $"'{place.Key}' ({place.Value})")];
        if (absent.Length > 0)
        {
            throw Broken(index.Path,
                $"{Units.Plural(absent.Length, "array")} of the "
                + $"index {(absent.Length == 1 ? "is" : "are")} not in the file it names: {Some(absent)}");
        }

        string[] extra = [.. arrays.Where(array => index.Places.GetValueOrDefault(array.Name) != array.Shard)
            .Select(array => $"'{array.Name}' ({array.Shard})")];
        if (extra.Length > 0)
        {
            throw Broken(index.Path,
                $"the files hold {Units.Plural(extra.Length, "array")} that the index does not name there: {Some(extra)}");
        }
    }

    private static string Some(string[] names) => string.Join(", ", names.Take(3)) + (names.Length > 3 ? ", …" : "");

    private static InvalidDataException Broken(string index, string fault) => new($"'{index}' cannot be loaded: {fault}.");
}
