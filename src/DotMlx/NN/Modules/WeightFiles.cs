using System.Globalization;
using System.Text.Json;

namespace DotMlx.NN;

/// <summary>The files that hold a module's parameters: one, or several with an index.</summary>
internal static class WeightFiles
{
    private const string IndexName = "model.safetensors" + SafetensorsIndex.Extension;

    public static List<KeyValuePair<string, MlxArray>> Load(string path, Transfer transfer)
    {
        if (Directory.Exists(path))
        {
            path = Path.Combine(path, IndexName);
        }
        if (SafetensorsIndex.IsIndex(path))
        {
            return LoadShards(SafetensorsIndex.Read(path), transfer);
        }
        return HasExtension(path, ".safetensors") || HasExtension(path, ".npz") ? [.. LoadFile(path, transfer)] : throw Unknown(path);
    }

    public static void Save(string path, IEnumerable<KeyValuePair<string, MlxArray>> weights, Transfer transfer) =>
        AtomicFile.Write(path, WriterFor(path, weights, transfer));

    /// <summary>Throws if <see cref="Save"/> would reject the extension of the path.</summary>
    public static void CheckExtension(string path) => _ = WriterFor(path, [], new Transfer());

    public static void SaveShards(string directory, IReadOnlyList<KeyValuePair<string, MlxArray>> weights, long maxBytes, Transfer transfer)
    {
        Directory.CreateDirectory(directory);
        List<List<KeyValuePair<string, MlxArray>>> shards = Split(weights, maxBytes);
        SortedDictionary<string, string> map = new(StringComparer.Ordinal);
        List<AtomicFile> files = [];
        try
        {
            for (int i = 0; i < shards.Count; i++)
            {
                string name = string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors");
                files.Add(new AtomicFile(Path.Combine(directory, name), ".tmp"));
                files[i].Write(WriterFor(name, shards[i], transfer));
                foreach ((string key, _) in shards[i])
                {
                    map[key] = name;
                }
            }
            files.Add(new AtomicFile(Path.Combine(directory, IndexName), ".tmp"));
            files[^1].Write(stream => WriteIndex(stream, map, weights.Sum(item => item.Value.NBytes)));

            // Older files are replaced only after all new files are on disk.
            files.ForEach(file => file.Commit());
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
    }

    private static List<List<KeyValuePair<string, MlxArray>>> Split(IReadOnlyList<KeyValuePair<string, MlxArray>> weights, long maxBytes)
    {
        List<List<KeyValuePair<string, MlxArray>>> shards = [[]];
        long size = 0;
        foreach (KeyValuePair<string, MlxArray> item in weights)
        {
            if (size > 0 && size + item.Value.NBytes > maxBytes)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add(item);
            size += item.Value.NBytes;
        }
        return shards;
    }

    private static Action<Stream> WriterFor(string path, IEnumerable<KeyValuePair<string, MlxArray>> weights, Transfer transfer) =>
        HasExtension(path, ".safetensors")
            ? stream => Safetensors.Save(stream, weights, new Dictionary<string, string> { ["format"] = "mlx" }, transfer)
        : HasExtension(path, ".npz")
            ? stream => Npz.Save(stream, weights, compressed: false, transfer)
        : throw Unknown(path);

    private static void WriteIndex(Stream stream, SortedDictionary<string, string> map, long total)
    {
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteNumber("total_size", total);
        json.WriteEndObject();
        json.WriteStartObject("weight_map");
        foreach ((string name, string file) in map)
        {
            json.WriteString(name, file);
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static List<KeyValuePair<string, MlxArray>> LoadShards(SafetensorsIndex index, Transfer transfer)
    {
        List<KeyValuePair<string, MlxArray>> weights = [];
        Dictionary<string, string> places = new(StringComparer.Ordinal);
        try
        {
            foreach (string file in index.Files)
            {
                weights.AddRange(LoadFile(index.Locate(file), transfer));
                foreach ((string name, _) in weights[places.Count..])
                {
                    if (!places.TryAdd(name, file))
                    {
                        throw Broken(index, $"both '{places[name]}' and '{file}' hold an array '{name}'");
                    }
                }
            }
            foreach ((string name, string file) in index.Places)
            {
                if (places.GetValueOrDefault(name) != file)
                {
                    throw Broken(index, $"the array '{name}' of the index is not in the file that it names, '{file}'");
                }
            }
            return weights;
        }
        catch
        {
            foreach ((_, MlxArray array) in weights)
            {
                array.Dispose();
            }
            throw;
        }
    }

    private static InvalidDataException Broken(SafetensorsIndex index, string fault) => new($"'{index.Path}' cannot be loaded: {fault}.");

    private static ArrayFile LoadFile(string path, Transfer transfer)
    {
        using ByteSource source = ByteSource.Open(path);
        ArrayFile file = FileFormats.Load(source, path, maxUnpackedBytes: null, transfer);
        return file is SafetensorsFile tensors ? tensors.WithoutFloat8("weights", "pass all to LoadWeights") : file;
    }

    private static bool HasExtension(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    private static ArgumentException Unknown(string path) =>
        new($"'{path}' has an unknown extension: weights are .safetensors or .npz files, or several with a .safetensors.index.json.",
            nameof(path));
}
