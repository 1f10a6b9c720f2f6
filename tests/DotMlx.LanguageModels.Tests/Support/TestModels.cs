namespace DotMlx.LanguageModels.Tests;

/// <summary>The folders of small models with known answers, next to the tests.</summary>
internal static class TestModels
{
    /// <summary>The models in Hugging Face's layout, by the name of their folder.</summary>
    internal static string[] Names { get; } = NamesIn("models");

    /// <summary>The models that mlx-lm quantized, by the name of their folder.</summary>
    internal static string[] Quantized { get; } = NamesIn("models-mlx");

    /// <summary>The path of a model's folder, in either layout.</summary>
    internal static string Folder(string name) =>
        new[] { "models", "models-mlx" }.Select(kind => Path.Combine(AppContext.BaseDirectory, kind, name)).First(Directory.Exists);

    private static string[] NamesIn(string kind) =>
        [.. Directory.GetDirectories(Path.Combine(AppContext.BaseDirectory, kind))
            .Where(folder => File.Exists(Path.Combine(folder, "config.json")))
            .Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];
}
