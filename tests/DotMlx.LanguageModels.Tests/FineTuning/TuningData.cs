using System.Text.Json;

namespace DotMlx.LanguageModels.Tests;

/// <summary>A small folder of JSON lines.</summary>
internal static class TuningData
{
    private static readonly string[] Colors = ["red", "green", "blue", "white", "black", "yellow"];
    private static readonly string[] Things = ["sky", "grass", "snow", "rose", "coal"];

    internal static void Write(string folder)
    {
        string[] lines = [.. Colors.SelectMany(color => Things.Select(thing => JsonSerializer.Serialize(
            new Dictionary<string, string>
                { ["prompt"] = $"Which color has the {thing}?", ["completion"] = $"The {thing} is {color}." })))];
        File.WriteAllLines(Path.Combine(folder, "train.jsonl"), lines.Where((_, i) => i % 5 != 0));
        File.WriteAllLines(Path.Combine(folder, "valid.jsonl"), lines.Where((_, i) => i % 5 == 0));
    }
}
