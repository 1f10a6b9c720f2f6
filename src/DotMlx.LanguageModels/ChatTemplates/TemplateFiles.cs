using System.Text.Json;
using DotMlx.LanguageModels.Tokenizers;

namespace DotMlx.LanguageModels.ChatTemplates;

/// <summary>Finds the templates of a model.</summary>
internal static class TemplateFiles
{
    public const string Default = "default";

    public static (string Source, string Path)? Find(string folder, string name) =>
        All(folder).TryGetValue(name, out (string, string) template) ? template : null;

    /// <summary>The templates by name. Separate files take precedence over the configuration.</summary>
    public static IReadOnlyDictionary<string, (string Source, string Path)> All(string folder)
    {
        var templates = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        string config = Path.Combine(folder, "tokenizer_config.json");
        if (File.Exists(config))
        {
            foreach ((string name, string source) in TokenizerFile.Load(config, root => Read(root).ToList()))
                templates[name] = (source, name == Default ? config : $"{config} ({name})");
        }
        string file = Path.Combine(folder, "chat_template.jinja"), more = Path.Combine(folder, "additional_chat_templates");
        if (File.Exists(file))
            templates[Default] = (File.ReadAllText(file), file);
        foreach (string path in Directory.Exists(more) ? Directory.GetFiles(more, "*.jinja") : [])
            templates[Path.GetFileNameWithoutExtension(path)] = (File.ReadAllText(path), path);
        return templates;
    }

    private static IEnumerable<(string Name, string Source)> Read(JsonField root)
    {
        if (root.Find("chat_template") is not { } field)
            return [];
        return field.Value.ValueKind == JsonValueKind.String ? [(Default, field.Text())]
            : field.Items().Select(item => (item.Get("name").Text(), item.Get("template").Text()));
    }
}
