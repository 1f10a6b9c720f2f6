namespace DotMlx.Tool.Tests.Models;

/// <summary>The folders of small random models.</summary>
internal static class Model
{
    public static string Qwen3 { get; } = Folder("qwen3");

    public static string Experts { get; } = Folder("qwen3-moe");

    public static string Bert { get; } = Folder("bert");

    private static string Folder(string name) => Path.Combine(AppContext.BaseDirectory, "models", name);
}
