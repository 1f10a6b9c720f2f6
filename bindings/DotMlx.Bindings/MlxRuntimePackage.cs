using System.Text.Json;

namespace DotMlx;

/// <summary>
/// The information that a package <c>DotMlx.Runtime.*</c> provides about its library in the file <c>versions.json</c>
/// (or <c>mlxc-reference.versions.json</c>) next to the library.
/// </summary>
/// <param name="Mlx">The version of MLX, such as <c>0.31.2</c>.</param>
/// <param name="Mlxc">The version of mlx-c, such as <c>fba4470</c>.</param>
/// <param name="Commit">The commit of mlx-c.</param>
/// <param name="MinimumSystem">
/// The oldest system that loads the library, such as <c>macOS 14.0</c>; null if the package doesn't specify it.
/// </param>
/// <param name="SystemLibraries">
/// Libraries that aren't in the package and that not every system has, such as <c>libopenblas.so.0</c>.
/// </param>
/// <param name="DebianPackages">The packages of Debian and Ubuntu that contain these libraries.</param>
public sealed record MlxRuntimePackage(
    string Mlx,
    string Mlxc,
    string Commit,
    string? MinimumSystem,
    IReadOnlyList<string> SystemLibraries,
    IReadOnlyList<string> DebianPackages)
{
    /// <summary>The maximum length of the file, because any program may have its own versions.json.</summary>
    private const int LengthLimit = 1 << 16;

    /// <summary>The additional software that a user must install, as a sentence; empty if none is needed.</summary>
    internal string Needs
    {
        get
        {
            if (MinimumSystem is null && SystemLibraries.Count == 0) return "";
            string[] parts = [.. new[] { MinimumSystem is null ? null : $"{MinimumSystem} or newer", SystemLibraries.Count == 0
                ? null
                : $"{string.Join(", ", SystemLibraries)} of the system" }.OfType<string>()];
            return $"Its package needs {string.Join(", and ", parts)}{(DebianPackages.Count == 0 ? "" : $" (on Debian and Ubuntu: apt-get install {string.Join(' ', DebianPackages)})")}.";
        }
    }

    /// <summary>Reads the file; null if it doesn't exist or has another format.</summary>
    internal static MlxRuntimePackage? In(string folder, bool reference)
    {
        var file = new FileInfo(Path.Combine(folder, FileName(reference)));
        try
        {
            if (!file.Exists || file.Length > LengthLimit) return null;
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file.FullName));
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || Text(root, "kind") != (reference ? "reference" : "mlx")) return null;
            return Text(root, "mlx") is { } mlx && Text(root, "mlxC") is { } mlxc && Text(root, "commit") is { } commit
                ? new MlxRuntimePackage(mlx, mlxc, commit, Text(root, "minimumSystem"), Texts(root, "needs"), Texts(root, "debian"))
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Returns one of two names, because an application may have both packages, and publishing copies the files of both into one folder.
    /// </summary>
    private static string FileName(bool reference) => reference ? "mlxc-reference.versions.json" : "versions.json";

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static IReadOnlyList<string> Texts(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)] : [];
}
