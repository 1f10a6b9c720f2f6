using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DotMlx.NN;

namespace DotMlx.LanguageModels;

/// <summary>Saves a model to a folder in the layout of mlx-lm (<c>mlx_lm.utils.save</c>).</summary>
internal static class CheckpointWriter
{
    private static readonly JsonWriterOptions Format = new() { Indented = true, IndentSize = 4,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string[] Copied = [".json", ".jinja", ".txt", ".model"];
    private static readonly string[] CopiedFolders = ["1_Pooling", "additional_chat_templates"];

    /// <summary>Writes all files to a temporary folder next to the target and renames it when it is complete.</summary>
    /// <exception cref="IOException">The target exists and isn't an empty folder, or a file can't be written.</exception>
    internal static void Save(LanguageModel model, string folder, long shardBytes)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()))
        {
            throw new IOException($"'{folder}' already exists; choose a new folder.");
        }
        string partial = $"{target}.{Guid.NewGuid():N}.part";
        Directory.CreateDirectory(partial);
        try
        {
            Write(model, partial, shardBytes);
            if (Directory.Exists(target))
            {
                Directory.Delete(target);
            }
            Directory.Move(partial, target);
        }
        catch
        {
            Directory.Delete(partial, recursive: true);
            throw;
        }
    }

    private static void Write(LanguageModel model, string folder, long shardBytes)
    {
        List<List<KeyValuePair<string, MlxArray>>> shards = Split(model.Model.Parameters().Flatten(), shardBytes);
        SortedDictionary<string, string> places = new(StringComparer.Ordinal);
        long size = 0;
        for (int i = 0; i < shards.Count; i++)
        {
            string name = shards.Count == 1
                ? CheckpointFiles.SingleName
                : string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors");
            Mx.SaveSafetensors(Path.Combine(folder, name), shards[i], new Dictionary<string, string> { ["format"] = "mlx" });
            foreach ((string weight, MlxArray array) in shards[i])
            {
                places[weight] = name;
                size += array.NBytes;
            }
        }
        Write(Path.Combine(folder, CheckpointFiles.IndexName), new JsonObject
        {
            ["metadata"] = new JsonObject { ["total_size"] = size, ["total_parameters"] = ParameterCount(model.Model) },
            ["weight_map"] = new JsonObject(places.Select(item => KeyValuePair.Create(item.Key, (JsonNode?)item.Value))),
        });
        Write(Path.Combine(folder, "config.json"), Config(model));
        Copy(model.Folder, folder);
    }

    /// <summary>Splits the arrays into shards of at most the given size in bytes. A larger array gets a shard of its own.</summary>
    private static List<List<KeyValuePair<string, MlxArray>>> Split(IEnumerable<KeyValuePair<string, MlxArray>> arrays, long bytes)
    {
        List<List<KeyValuePair<string, MlxArray>>> shards = [[]];
        long size = 0;
        foreach (KeyValuePair<string, MlxArray> item in arrays)
        {
            if (size + item.Value.NBytes > bytes && shards[^1].Count > 0)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add(item);
            size += item.Value.NBytes;
        }
        return shards;
    }

    /// <summary>The number of parameters of the model. Quantized weights count as if they weren't packed.</summary>
    private static long ParameterCount(Module model)
    {
        Dictionary<string, Quantization> packed = Packed(model).ToDictionary(item => item.Path, item => item.How, StringComparer.Ordinal);
        return model.Parameters().Flatten().Sum(item =>
        {
            int dot = item.Key.LastIndexOf('.');
            return dot < 0 || !packed.TryGetValue(item.Key[..dot], out Quantization? how)
                ? item.Value.Size
                : item.Key[(dot + 1)..] switch { "weight" => item.Value.Size * 32 / how.Bits, "bias" => item.Value.Size, _ => 0 };
        });
    }

    private static IEnumerable<(string Path, Quantization How)> Packed(Module model) => model.LeafModules()
        .Select(item => (item.Key, How: LanguageModelQuantization.Of(item.Value))).Where(item => item.How is not null)
        .Select(item => (item.Key, item.How!));

    private static JsonObject Config(LanguageModel model)
    {
        JsonObject config = model.Config.ToNode();
        config.Remove("quantization");
        config.Remove("quantization_config");
        (string Path, Quantization How)[] packed = [.. Packed(model.Model)];
        if (packed.Length == 0)
        {
            return config;
        }
        Quantization most = packed.GroupBy(item => item.How).MaxBy(group => group.Count())!.Key;
        JsonObject section = Node(most);
        foreach ((string path, Quantization how) in packed.Where(item => item.How != most))
        {
            section[path] = Node(how);
        }
        config["quantization"] = section;
        config["quantization_config"] = section.DeepClone();
        return config;

        static JsonObject Node(Quantization how) => new() { ["group_size"] = how.GroupSize, ["bits"] = how.Bits, ["mode"] = how.Mode };
    }

    /// <summary>Copies the tokenizer, the chat templates, and the other files that a model needs besides its weights.</summary>
    private static void Copy(string from, string to)
    {
        foreach (string path in Directory.GetFiles(from).Where(IsCopied))
        {
            File.Copy(path, Path.Combine(to, Path.GetFileName(path)));
        }
        foreach (string name in CopiedFolders.Where(name => Directory.Exists(Path.Combine(from, name))))
        {
            Directory.CreateDirectory(Path.Combine(to, name));
            foreach (string path in Directory.GetFiles(Path.Combine(from, name)))
            {
                File.Copy(path, Path.Combine(to, name, Path.GetFileName(path)));
            }
        }
    }

    private static bool IsCopied(string path)
    {
        string name = Path.GetFileName(path);
        return name != "config.json" && !name.EndsWith(".index.json", StringComparison.Ordinal)
            && (Copied.Contains(Path.GetExtension(name)) || name.StartsWith("LICENSE", StringComparison.Ordinal));
    }

    private static void Write(string path, JsonObject node)
    {
        using FileStream stream = File.Create(path);
        using Utf8JsonWriter writer = new(stream, Format);
        node.WriteTo(writer);
    }
}
