namespace DotMlx.Staging;

/// <summary>What staging must know about a shared library and do to it, on one platform.</summary>
internal interface ILibraryFormat
{
    /// <summary>"libmlx.so" for "mlx".</summary>
    string FileName(string name);

    /// <exception cref="StagingException">The file is of another format or architecture, or cannot be read.</exception>
    LibraryFacts Read(string library);

    /// <summary>Whether a library that is loaded by this name comes with the operating system.</summary>
    bool IsOfTheSystem(string needed);

    /// <summary>Whether the user's system may have the library although not every one does: Linux has package managers for that.</summary>
    bool MayComeFromTheSystem(string needed);

    /// <summary>Makes a library find its neighbors in its own folder, wherever that is, and nothing of theirs anywhere else.</summary>
    /// <param name="library">Staged copy, changed in place.</param>
    /// <param name="neighbors">File names of the libraries staged beside it.</param>
    void Relocate(string library, IReadOnlyCollection<string> neighbors);
}

/// <param name="Rid">.NET's name of the platform that the library is for.</param>
/// <param name="Needed">Libraries that it loads, as it names them.</param>
/// <param name="SearchFolders">
/// Where it looks for them beside the system's folders, with its own folder put in place of $ORIGIN or @loader_path.
/// </param>
/// <param name="Minimum">The oldest system that can load it, such as "macOS 14.0" or "glibc 2.36"; null when it does not say.</param>
/// <param name="FromTheSystem">Libraries that it needs and that not every system has.</param>
/// <param name="Exports">The C symbols that it exports; null when that cannot be told.</param>
internal sealed record LibraryFacts(
    string Rid,
    IReadOnlyList<string> Needed,
    IReadOnlyList<string> SearchFolders,
    string? Minimum,
    IReadOnlyList<string> FromTheSystem,
    IReadOnlySet<string>? Exports);
