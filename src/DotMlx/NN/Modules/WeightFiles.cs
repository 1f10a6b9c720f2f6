using System.Globalization;
using System.Text.Json;

namespace DotMlx.NN;

/// <summary>The files that hold a module's parameters: one, or several with an index.</summary>
internal static class WeightFiles
{
    private const string IndexName = "model.safetensors.index.json";

    public static List<KeyValuePair<string, MlxArray>> Load(string path)
    {
        if (Directory.Exists(path))
        {
            path = Path.Combine(path, IndexName);
        }
        if (path.EndsWith(".index.json", StringComparison.OrdinalIgnoreCase))
        {
            return LoadShards(path);
        }
        if (HasExtension(path, ".safetensors"))
        {
            return [.. Mx.LoadSafetensors(path)];
        }
        return HasExtension(path, ".npz") ? [.. Mx.Load(path)] : throw Unknown(path);
    }

    public static void Save(string path, IEnumerable<KeyValuePair<string, MlxArray>> weights)
    {
        if (HasExtension(path, ".safetensors"))
        {
            Mx.SaveSafetensors(path, weights, new Dictionary<string, string> { ["format"] = "mlx" });
        }
        else if (HasExtension(path, ".npz"))
        {
            Mx.Savez(path, weights);
        }
        else
        {
            throw Unknown(path);
        }
    }

    public static void SaveShards(string directory, IReadOnlyList<KeyValuePair<string, MlxArray>> weights, long maxBytes)
    {
        Directory.CreateDirectory(directory);
        List<List<KeyValuePair<string, MlxArray>>> shards = [[]];
        long size = 0, total = 0;
        foreach (KeyValuePair<string, MlxArray> item in weights)
        {
            if (size > 0 && size + item.Value.NBytes > maxBytes)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add(item);
            size += item.Value.NBytes;
            total += item.Value.NBytes;
        }
        SortedDictionary<string, string> map = new(StringComparer.Ordinal);
        List<(string Temporary, string File)> written = [];
        try
        {
            for (int i = 0; i < shards.Count; i++)
            {
                string file = string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors");
                string temporary = Path.Combine(directory, $".{Guid.NewGuid():N}.safetensors");
                written.Add((temporary, Path.Combine(directory, file)));
                Save(temporary, shards[i]);
                foreach ((string name, _) in shards[i])
                {
                    map[name] = file;
                }
            }

            // Only now that all of them are on the disk do they take the places of older ones.
            foreach ((string temporary, string file) in written)
            {
                File.Move(temporary, file, overwrite: true);
            }
        }
        finally
        {
            foreach ((string temporary, _) in written)
            {
                File.Delete(temporary);
            }
        }
        WriteIndex(Path.Combine(directory, IndexName), map, total);
    }

    private static void WriteIndex(string path, SortedDictionary<string, string> map, long total) => AtomicFile.Write(path, stream =>
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
    });

    private static List<KeyValuePair<string, MlxArray>> LoadShards(string path)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        List<KeyValuePair<string, MlxArray>> weights = [];
        try
        {
            foreach (string file in FilesOf(path))
            {
                weights.AddRange(Mx.LoadSafetensors(Path.Combine(directory, file)));
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

    private static SortedSet<string> FilesOf(string path)
    {
        using FileStream stream = File.OpenRead(path);
        SortedSet<string> files = new(StringComparer.Ordinal);
        try
        {
            using JsonDocument index = JsonDocument.Parse(stream);
            foreach (JsonProperty entry in index.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                string file = entry.Value.GetString() ?? "";

                // An index comes from strangers: it names files beside itself and nothing else.
                if (file.Length == 0 || file != Path.GetFileName(file) || file.AsSpan().ContainsAny('/', '\\') || file is "." or "..")
                {
                    throw new InvalidDataException($"The index '{path}' names the file '{file}' for '{entry.Name}'; expected a file beside the index.");
                }
                files.Add(file);
            }
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"'{path}' is no index of safetensors files: expected a JSON object with \"weight_map\".", error);
        }
        return files;
    }

    private static bool HasExtension(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    private static ArgumentException Unknown(string path) =>
        new($"'{path}' has an unknown extension: weights are .safetensors or .npz files, or several with a .safetensors.index.json.", nameof(path));
}
