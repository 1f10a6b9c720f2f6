using System.Text.Json;

namespace DotMlx;

/// <summary>
/// The index of a model in several safetensors files, <c>NAME.safetensors.index.json</c>, which maps each array to a file. An index is
/// untrusted, so it may name only safetensors files in its own folder.
/// </summary>
/// <example><code>
/// SafetensorsIndex index = SafetensorsIndex.Read("model.safetensors.index.json");
/// foreach (string file in index.Files)
/// {
///     using SafetensorsFile shard = Mx.LoadSafetensors(index.Locate(file));
/// }
/// </code></example>
public sealed class SafetensorsIndex
{
    internal const string Extension = ".index.json";

    private const string ShardExtension = ".safetensors";

    // The largest index of a public model is a few megabytes.
    private const int MaxLength = 100_000_000;

    private readonly OrderedDictionary<string, string> _places = new(StringComparer.Ordinal);

    private SafetensorsIndex(string path) => Path = path;

    /// <summary>The path of the index.</summary>
    public string Path { get; }

    /// <summary>The name of the file that holds each array, in the order of the index.</summary>
    public IReadOnlyDictionary<string, string> Places => _places;

    /// <summary>The metadata of the model in the index: strings as they are, other values as JSON.</summary>
    internal List<KeyValuePair<string, string>> Metadata { get; } = [];

    /// <summary>The names of the files, in the order of their first occurrence in the index.</summary>
    public IReadOnlyList<string> Files => [.. _places.Values.Distinct(StringComparer.Ordinal)];

    internal static bool IsIndex(string path) => path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads an index. The files that it names aren't opened and needn't exist.</summary>
    /// <param name="path">The path of the index.</param>
    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="InvalidDataException">
    /// The file isn't an index, or it names something other than a safetensors file in its folder; the message gives the reason.
    /// </exception>
    public static SafetensorsIndex Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using ByteSource source = ByteSource.Open(path);
        return Read(path, source);
    }

    /// <inheritdoc cref="Read(string)"/>
    internal static SafetensorsIndex Read(string path, ByteSource source)
    {
        if (source.Length > MaxLength)
        {
            throw source.Broken($"it has {source.Length} bytes, but the limit for an index is {MaxLength}");
        }

        byte[] text = new byte[source.Length];
        source.Read(0, text);
        SafetensorsIndex index = new(path);
        try
        {
            using JsonDocument document =
                JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            index.Parse(document.RootElement, source);
        }
        catch (JsonException exception)
        {
            throw source.Broken($"it isn't valid JSON ({exception.Message.TrimEnd('.')})", exception);
        }
        catch (InvalidOperationException exception)
        {
            throw source.Broken("it contains text that isn't valid Unicode", exception);
        }

        return index;
    }

    /// <summary>The path of a file of the index.</summary>
    /// <param name="file">The name of a file, one of <see cref="Files"/>.</param>
    public string Locate(string file) => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!, file);

    private void Parse(JsonElement root, ByteSource source)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("weight_map", out JsonElement map)
            || map.ValueKind != JsonValueKind.Object)
        {
            throw source.Broken("it has no object 'weight_map', which maps arrays to files");
        }

        foreach (JsonProperty place in map.EnumerateObject())
        {
            string file = place.Value.ValueKind == JsonValueKind.String
                ? place.Value.GetString()!
                : throw source.Broken($"the file of '{place.Name}' isn't a string");
            if (file.AsSpan().ContainsAny("/\\:\0") || !file.EndsWith(ShardExtension, StringComparison.OrdinalIgnoreCase))
            {
                throw source.Broken($"it names the file '{file}' for '{place.Name}'; expected the name "
                    + $"of a safetensors file in the index's folder");
            }

            _places.Add(place.Name, file);
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
