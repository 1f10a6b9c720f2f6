namespace DotMlx.Staging;

/// <summary>Reads and changes shared libraries for staging on one platform.</summary>
internal interface ILibraryFormat
{
    /// <summary>Returns "libmlx.so" for "mlx".</summary>
    string FileName(string name);

    /// <exception cref="StagingException">The file has another format or architecture, or can't be read.</exception>
    LibraryFacts Read(string library);

    /// <summary>Whether the operating system includes the library with this name.</summary>
    bool IsOfTheSystem(string needed);

    /// <summary>
    /// Whether the user's system may have the library although not every system includes it. Linux has package managers for such libraries.
    /// </summary>
    bool MayComeFromTheSystem(string needed);

    /// <summary>Makes a library find its neighbors in its own folder, wherever that is, and only there.</summary>
    /// <param name="library">The staged copy, which is changed in place.</param>
    /// <param name="neighbors">The file names of the libraries that are staged next to it.</param>
    void Relocate(string library, IReadOnlyCollection<string> neighbors);
}

/// <param name="Rid">.NET's name of the library's platform.</param>
/// <param name="Needed">The libraries that it loads, with the names in the file.</param>
/// <param name="SearchFolders">
/// The folders that it searches in addition to the system's, with its own folder in place of $ORIGIN or @loader_path.
/// </param>
/// <param name="Minimum">
/// The oldest system that can load it, such as "macOS 14.0" or "glibc 2.36"; null if the file doesn't state it.
/// </param>
/// <param name="FromTheSystem">The required libraries that not every system has.</param>
/// <param name="Exports">The C symbols that it exports; null if they can't be determined.</param>
internal sealed record LibraryFacts(
    string Rid,
    IReadOnlyList<string> Needed,
    IReadOnlyList<string> SearchFolders,
    string? Minimum,
    IReadOnlyList<string> FromTheSystem,
    IReadOnlySet<string>? Exports);
