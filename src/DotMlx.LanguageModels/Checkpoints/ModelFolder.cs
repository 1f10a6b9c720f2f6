using System.Text.Json;
using System.Text.Json.Nodes;
using DotMlx.LanguageModels.Architectures;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.NN;

namespace DotMlx.LanguageModels;

/// <summary>Writes a model as a folder in mlx-lm's layout.</summary>
internal static class ModelFolder
{
    private const long MaxShardBytes = 5L << 30;
    private static readonly string[] s_copied = [".json", ".jinja", ".model", ".txt", ".tiktoken"];

    internal static void Save(LanguageModel model, string folder)
    {
        if (model.Adapter is not null)
        {
            throw new InvalidOperationException("The model has an adapter in use, which its folder cannot hold: fuse it, or set Adapter to null, first.");
        }
        string source = Path.GetFullPath(model.Folder), target = Path.GetFullPath(folder);
        if (source.TrimEnd(Path.DirectorySeparatorChar) == target.TrimEnd(Path.DirectorySeparatorChar))
        {
            throw new ArgumentException($"The model was loaded from '{folder}': save it to another folder.", nameof(folder));
        }
        Directory.CreateDirectory(target);
        foreach (string file in Directory.GetFiles(source).Where(IsCopied))
        {
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
        }
        SaveWeights(model.Model, target);

        // The configuration comes last: without it there is no model.
        JsonObject config = JsonNode.Parse(File.ReadAllBytes(model.Config.File))!.AsObject();
        Describe(model, config);
        WholeFile.Write(Path.Combine(target, "config.json"), stream =>
        {
            using Utf8JsonWriter writer = new(stream, new() { Indented = true });
            config.WriteTo(writer);
        });
    }

    private static bool IsCopied(string file)
    {
        string name = Path.GetFileName(file);
        return name is not ("config.json" or CheckpointFiles.IndexName or AdapterConfig.FileName)
            && s_copied.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase);
    }

    private static void SaveWeights(Module model, string folder)
    {
        KeyValuePair<string, MlxArray>[] weights = [.. model.Parameters().Flatten()];
        if (weights.Sum(item => item.Value.NBytes) <= MaxShardBytes)
        {
            File.Delete(Path.Combine(folder, CheckpointFiles.IndexName));
            Mx.SaveSafetensors(Path.Combine(folder, CheckpointFiles.SingleName), weights, new Dictionary<string, string> { ["format"] = "mlx" });
        }
        else
        {
            File.Delete(Path.Combine(folder, CheckpointFiles.SingleName));
            model.SaveShardedWeights(folder, MaxShardBytes);
        }
    }

    /// <summary>Says in the configuration how the layers are quantized now.</summary>
    private static void Describe(LanguageModel model, JsonObject config)
    {
        config.Remove("quantization_config");
        Dictionary<string, Quantization?> layers = model.Model.LeafModules()
            .Where(item => item.Value is Linear or Embedding or SwitchLinear)
            .ToDictionary(item => item.Key, item => Of(item.Value), StringComparer.Ordinal);
        Quantization[] used = [.. layers.Values.OfType<Quantization>()];
        if (used.Length == 0)
        {
            config.Remove("quantization");
            return;
        }
        Quantization most = used.GroupBy(how => how).MaxBy(group => group.Count())!.Key;
        JsonObject section = Json(most);
        foreach ((string path, Quantization? how) in layers.Where(item => item.Value != most))
        {
            section[path] = how is null ? false : Json(how);
        }
        config["quantization"] = section;
    }

    private static Quantization? Of(Module layer) => layer switch
    {
        QuantizedLinear x => new(x.GroupSize, x.Bits, x.Mode),
        QuantizedEmbedding x => new(x.GroupSize, x.Bits, x.Mode),
        QuantizedSwitchLinear x => x.Quantization,
        _ => null,
    };

    private static JsonObject Json(Quantization how) => new() { ["group_size"] = how.GroupSize, ["bits"] = how.Bits, ["mode"] = how.Mode };
}
