using System.Text.RegularExpressions;

namespace DotMlx.LanguageModels.Hub;

/// <summary>A file of a repository, as the hub lists it.</summary>
/// <param name="Name">The path inside the repository.</param>
/// <param name="Size">The size in bytes.</param>
/// <param name="Digest">The SHA-256 of a large file, or the SHA-1 of the Git blob; also the name of the file in the cache.</param>
internal sealed partial record HubFile(string Name, long Size, string Digest)
{
    /// <summary>Whether the digest is the SHA-256 of the contents.</summary>
    internal bool IsLarge => Digest.Length == 64;

    /// <summary>Whether a model may need the file, regardless of the names of its weights.</summary>
    internal static bool IsNeeded(string name) => MetadataName().IsMatch(name);

    /// <summary>Whether the name stays inside the folder it is appended to, on every operating system.</summary>
    internal static bool IsSafe(string name) =>
        name.Length is > 0 and <= 255 && !name.Any(c => char.IsControl(c) || "\\:*?\"<>|".Contains(c))
        && name.Split('/').All(part => part is not ("" or "." or "..") && !part.EndsWith('.') && !part.EndsWith(' '));

    // The options, the tokenizer, the templates, and the pooling of a sentence-transformers model; never weights.
    [GeneratedRegex(@"\A([^/]+\.(json|jinja)|vocab\.txt|merges\.txt|[0-9]+_[A-Za-z]+/config\.json)\z", RegexOptions.CultureInvariant)]
    private static partial Regex MetadataName();
}
