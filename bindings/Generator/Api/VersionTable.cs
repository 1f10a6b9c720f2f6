using System.Text.Json;

namespace DotMlx.Generator.Api;

/// <summary>A known mlx-c version: its MLX version, and the exported symbols by which a loaded library is recognized.</summary>
internal sealed record KnownVersion(string Name, string Commit, string Mlx, IReadOnlyList<string> Present, IReadOnlyList<string> Absent)
{
    /// <summary>The suffix of C# names: "v0.7.0" becomes "v0_7_0".</summary>
    internal string Suffix => Name.Replace('.', '_').Replace('-', '_');

    /// <summary>The name in the generated flags enum.</summary>
    internal string Flag => char.ToUpperInvariant(Suffix[0]) + Suffix[1..];
}

/// <summary>Reads native/versions.json, with the oldest version first.</summary>
internal sealed record VersionTable(string Pinned, string TestedFrom, string TestedTo, IReadOnlyList<KnownVersion> Versions)
{
    internal static VersionTable Read(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        JsonElement root = document.RootElement;
        JsonElement tested = root.GetProperty("testedMlx");
        return new VersionTable(
            root.GetProperty("pinned").GetString()!,
            tested.GetProperty("from").GetString()!,
            tested.GetProperty("to").GetString()!,
            [.. root.GetProperty("versions").EnumerateArray().Select(v => new KnownVersion(
                v.GetProperty("name").GetString()!, v.GetProperty("commit").GetString()!, v.GetProperty("mlx").GetString()!,
                Strings(v, "present"), Strings(v, "absent")))]);
    }

    private static IReadOnlyList<string> Strings(JsonElement element, string property) =>
        [.. element.GetProperty(property).EnumerateArray().Select(s => s.GetString()!)];
}
