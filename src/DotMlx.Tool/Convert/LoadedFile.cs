using System.Collections;
using System.Globalization;
using System.Text.Json.Nodes;
using DotMlx.Tool.Inspect;

namespace DotMlx.Tool.Convert;

/// <summary>The arrays of a file and the contents of its header.</summary>
internal sealed class LoadedFile : IDisposable
{
    // This key describes the layout of a GGUF file rather than its contents, and MLX writes its own.
    private const string Alignment = "general.alignment";

    // NumPy gives this name to an unnamed array.
    private const string DefaultName = "arr_0";

    private readonly List<ArrayFile> _files = [];

    private LoadedFile(FileDescription description) => Description = description;

    public FileDescription Description { get; }

    public List<KeyValuePair<string, MlxArray>> Arrays { get; } = [];

    /// <summary>The arrays of 8-bit floating-point numbers, which are loaded as bytes, and the format's names of their types.</summary>
    public Dictionary<string, string> Float8 { get; } = [];

    /// <exception cref="ToolException">The file contains arrays that MLX can't load.</exception>
    public static LoadedFile Read(string path)
    {
        FileDescription description = FileDescription.Read(path);
        if (description.Arrays.FirstOrDefault(array => !array.Loadable) is { } foreign)
        {
            throw new ToolException($"'{path}' cannot be converted: array '{foreign.Name}' is of "
                + $"type {foreign.Type}, which MLX can't load.");
        }

        var loaded = new LoadedFile(description);
        try
        {
            foreach (string file in FilesOf(description))
            {
                loaded.Add(file);
            }

            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>The metadata for safetensors: strings unchanged, other values as JSON.</summary>
    public Dictionary<string, string> TextMetadata() => Metadata()
        .ToDictionary(item => item.Key, item => item.Value as string ?? Json(item.Value)!.ToJsonString());

    /// <summary>The metadata for GGUF: that of a GGUF file unchanged, and the strings of any other file.</summary>
    public Dictionary<string, GgufValue> GgufMetadata() => _files is [GgufFile file]
        ? file.Metadata.Where(item => item.Key != Alignment).ToDictionary()
        : Metadata().ToDictionary(item => item.Key, item => new GgufValue((string)item.Value));

    public IEnumerable<KeyValuePair<string, object>> Metadata() =>
        Description.Metadata.Where(item => item.Key != Alignment
            && !(item.Key == "total_size" && SafetensorsIndex.IsIndex(Description.Path)))
            .DistinctBy(item => item.Key);

    public void Dispose()
    {
        foreach (KeyValuePair<string, MlxArray> item in Arrays)
        {
            item.Value.Dispose();
        }

        foreach (ArrayFile file in _files)
        {
            file.Dispose();
        }
    }

    private static IReadOnlyList<string> FilesOf(FileDescription description) =>
        SafetensorsIndex.IsIndex(description.Path) ? ShardedModel.Shards(description.Path) : [description.Path];

    private void Add(string path)
    {
        ArrayFile file = Mx.Load(path);
        _files.Add(file);
        foreach ((string name, string type) in (file as SafetensorsFile)?.Float8Types ?? new Dictionary<string, string>())
        {
            Float8.Add(name, type);
        }

        Arrays.AddRange(file.Select(item => KeyValuePair.Create(item.Key.Length == 0 ? DefaultName : item.Key, item.Value)));
    }

    private static JsonNode? Json(object value) => value switch
    {
        IList list => new JsonArray([.. list.Cast<object>().Select(Json)]),
        string text => JsonValue.Create(text),
        bool truth => JsonValue.Create(truth),
        float number when float.IsFinite(number) => JsonValue.Create(number),
        double number when double.IsFinite(number) => JsonValue.Create(number),
        float or double => JsonValue.Create(System.Convert.ToString(value, CultureInfo.InvariantCulture)),
        ulong number => JsonValue.Create(number),
        _ => JsonValue.Create(System.Convert.ToInt64(value, CultureInfo.InvariantCulture)),
    };
}
