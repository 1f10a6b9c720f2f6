using System.Text.Json.Nodes;

namespace DotMlx.LanguageModels.Tests;

/// <summary>A copy of a model's folder that a test changes and deletes.</summary>
internal sealed class ModelCopy : IDisposable
{
    internal ModelCopy(string name)
    {
        Folder = Directory.CreateTempSubdirectory("dotmlx-model-").FullName;
        foreach (string file in Directory.GetFiles(TestModels.Folder(name)))
        {
            File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)));
        }
    }

    internal string Folder { get; }

    internal string this[string file] => Path.Combine(Folder, file);

    /// <summary>Changes config.json.</summary>
    internal ModelCopy Configure(Action<JsonObject> change)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(this["config.json"]))!.AsObject();
        change(config);
        File.WriteAllText(this["config.json"], config.ToJsonString());
        return this;
    }

    /// <summary>Changes the weights of model.safetensors.</summary>
    internal ModelCopy Rewrite(Action<Dictionary<string, MlxArray>> change)
    {
        Dictionary<string, MlxArray> weights = new(Mx.LoadSafetensors(this["model.safetensors"]));
        change(weights);
        Mx.SaveSafetensors(this["model.safetensors"], weights, new Dictionary<string, string> { ["format"] = "pt" });
        return this;
    }

    internal LanguageModel Load(LoadOptions? options = null) => LanguageModel.Load(Folder, options);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
