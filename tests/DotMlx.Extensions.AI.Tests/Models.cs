using DotMlx.LanguageModels;

namespace DotMlx.Extensions.AI.Tests;

/// <summary>The small models with known answers.</summary>
internal static class Models
{
    private static readonly Lazy<LanguageModel> LazyQwen3 = new(() => LanguageModel.Load(Folder("qwen3")));

    internal static LanguageModel Qwen3 => LazyQwen3.Value;

    internal static string Folder(string name) => Path.Combine(AppContext.BaseDirectory, "models", name);
}
