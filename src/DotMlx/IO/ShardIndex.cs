using System.Text.Json;

namespace DotMlx;

/// <summary>
/// The index of a model in several safetensors files, <c>NAME.safetensors.index.json</c>, which maps each array to a file. An index is
/// untrusted, so it may name only files in its own folder.
/// </summary>
internal sealed class ShardIndex
{
    internal const string Extension = ".index.json";

    // The largest index of a public model is a few megabytes.
    private const int MaxLength = 100_000_000;

    private ShardIndex(string path) => Path = path;

    internal string Path { get; }

    /// <summary>The name of the file that holds each array, in the order of the index.</summary>
    internal OrderedDictionary<string, string> Places { get; } = new(StringComparer.Ordinal);

    /// <summary>The metadata of the model in the index: strings as they are, other values as JSON.</summary>
    internal List<KeyValuePair<string, string>> Metadata { get; } = [];

    /// <summary>The names of the files, in the order of their first occurrence in the index.</summary>
    internal IReadOnlyList<string> Files => [.. Places.Values.Distinct(StringComparer.Ordinal)];

    internal static bool IsIndex(string path) => path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="InvalidDataException">
    /// The file isn't an index, or it names a file that isn't in its folder; the message gives the reason.
    /// </exception>
    internal static ShardIndex Read(string path)
    {
        using ByteSource source = ByteSource.Open(path);
        return Read(path, source);
    }

    /// <inheritdoc cref="Read(string)"/>
    internal static ShardIndex Read(string path, ByteSource source)
    {
        if (source.Length > MaxLength)
        {
            throw source.Broken($"it has {source.Length} bytes, and {MaxLength} is the limit for an index");
        }

        byte[] text = new byte[source.Length];
        source.Read(0, text);
        ShardIndex index = new(path);
        try
        {
            using JsonDocument document =
                JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            index.Parse(document.RootElement, source);
        }
        catch (JsonException exception)
        {
            throw source.Broken($"it is no valid JSON ({exception.Message.TrimEnd('.')})", exception);
        }
        catch (InvalidOperationException exception)
        {
            throw source.Broken("it holds text that is no valid Unicode", exception);
        }

        return index;
    }

    /// <summary>The path of a file of the index.</summary>
    internal string Locate(string file) => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!, file);

    private void Parse(JsonElement root, ByteSource source)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("weight_map", out JsonElement map)
            || map.ValueKind != JsonValueKind.Object)
        {
            throw source.Broken("it has no object 'weight_map', which says which array is in which file");
        }

        foreach (JsonProperty place in map.EnumerateObject())
        {
            string file = place.Value.ValueKind == JsonValueKind.String
                ? place.Value.GetString()!
                : throw source.Broken($"the file of '{place.Name}' is no text");
            if (file.AsSpan().ContainsAny("/\\:\0") || file is "" or "." or ".." || IsIndex(file))
            {
                throw source.Broken($"it names the file '{file}' for '{place.Name}'; expected is the name "
                    + $"of a safetensors file beside the index");
            }

            Places.Add(place.Name, file);
        }

        if (root.TryGetProperty("metadata", out JsonElement facts) && facts.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty fact in facts.EnumerateObject())
            {
                Metadata.Add(KeyValuePair.Create(fact.Name, fact.Value.ValueKind == JsonValueKind.String
                    ? fact.Value.GetString()!
                    : fact.Value.GetRawText()));
            }
        }
    }
}
