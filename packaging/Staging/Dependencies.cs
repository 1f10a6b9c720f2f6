namespace DotMlx.Staging;

/// <summary>
/// The libraries that libmlxc and libmlx load from where they are installed: by @rpath, by @loader_path, by a path inside the prefix,
/// or, on Linux, by a name that their own folder or a run path inside the prefix resolves; and what those load in turn.
/// </summary>
internal sealed class Dependencies(string prefix, ILibraryFormat format)
{
    private static readonly string[] Relative = ["@rpath/", "@loader_path/"], Folders = ["lib", "lib64"];

    private readonly List<InstalledLibrary> _found = [];

    /// <summary>libmlxc first, then each library after the one that loads it.</summary>
    /// <exception cref="StagingException">A library is missing, or is for another platform, or has no license to go along.</exception>
    internal static IReadOnlyList<InstalledLibrary> Of(string prefix, string mlxc, ILibraryFormat format)
    {
        var dependencies = new Dependencies(prefix, format);
        dependencies.Add(new InstalledLibrary(mlxc, format.Read(mlxc), null));
        return dependencies._found;
    }

    private void Add(InstalledLibrary library)
    {
        if (_found is [var first, ..] && first.Facts.Rid != library.Facts.Rid)
            throw new StagingException($"'{first.File}' is for {first.Facts.Rid}, but '{library.File}' is for {library.Facts.Rid}.");
        _found.Add(library);
        foreach (string needed in library.Facts.Needed.Where(needed => !format.IsOfTheSystem(needed)))
            if (_found.All(known => known.Name != Path.GetFileName(needed)) && Resolve(library, needed) is { } next) Add(next);
    }

    private InstalledLibrary? Resolve(InstalledLibrary by, string needed)
    {
        string name = Path.GetFileName(needed);
        bool mlx = name.StartsWith("libmlx.", StringComparison.Ordinal);
        if (mlx && name != format.FileName("mlx"))
            throw new StagingException($"'{by.File}' loads '{needed}'; a package needs "
                + $"'{format.FileName("mlx")}', the file that DotMlx loads first.");
        string[] places = [.. (mlx ? MlxPlaces(by, needed) : Places(by, needed)).Distinct()];
        if (places.FirstOrDefault(File.Exists) is not { } file)
        {
            // A bare name may still be one of the system's; a name that says where the library lies may not be missing there.
            if (mlx || Relative.Any(start => needed.StartsWith(start, StringComparison.Ordinal)))
                throw new StagingException($"'{by.File}' loads '{needed}', which is none "
                    + $"of {string.Join(", ", places.Select(p => $"'{p}'"))}: install MLX, or pack from the prefix that has both.");
            return null;
        }
        string? license = InstalledLibrary.IsMlxs(name) ? null : LicenseOf(file);
        if (license is null && !InstalledLibrary.IsMlxs(name))
        {
            if (format.MayComeFromTheSystem(needed)) return null;
            throw new StagingException($"'{by.Name}' loads '{file}', which the package would include, but its prefix has no LICENSE or "
                + $"COPYING: add one to '{PrefixOf(file)}', or build MLX without that library.");
        }
        return new InstalledLibrary(file, format.Read(file), license);
    }

    private IEnumerable<string> Places(InstalledLibrary by, string needed)
    {
        if (Path.IsPathFullyQualified(needed)) return IsInside(needed) ? [needed] : [];
        string name = Relative.Aggregate(needed, (name, start) => name.StartsWith(start, StringComparison.Ordinal)
            ? name[start.Length..]
            : name);
        // A run path is handed down: what loads a library searches for what it loads in turn.
        IEnumerable<string> folders = new[] { by }.Concat(_found)
            .SelectMany(library => library.Facts.SearchFolders.Prepend(library.Folder));
        return folders.Where(folder => needed != name || IsInside(folder)).Select(folder => Path.Combine(folder, name));
    }

    /// <summary>libmlx may lie in another prefix than libmlxc, as with Homebrew: PREFIX/opt/mlx-c beside PREFIX/opt/mlx.</summary>
    private IEnumerable<string> MlxPlaces(InstalledLibrary by, string needed) =>
    [
        .. Path.IsPathFullyQualified(needed) ? new[] { needed } : [],
        .. by.Facts.SearchFolders.Prepend(by.Folder).Select(folder => Path.Combine(folder, format.FileName("mlx"))),
        Path.Combine(Path.GetDirectoryName(prefix) ?? prefix, "mlx", "lib", format.FileName("mlx")),
    ];

    /// <summary>
    /// Whether a file or folder lies in the folder "lib" of the prefix, or beside or below a library that is already taken.
    /// </summary>
    private bool IsInside(string path)
    {
        if (!Path.Exists(path)) return false;
        string real = Real(path) + Path.DirectorySeparatorChar;
        return !format.IsOfTheSystem(real)
            && Folders.Select(folder => Path.Combine(prefix, folder)).Where(Directory.Exists)
                .Concat(_found.Select(library => library.Folder))
                .Any(folder => real.StartsWith(Real(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal));
    }

    /// <summary>The path without links: Homebrew's opt/mlx is one, and a library may be named by either.</summary>
    private static string Real(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetDirectoryName(full) is not { } parent) return full;
        string real = Path.Combine(Real(parent), Path.GetFileName(full));
        FileSystemInfo? target = Directory.Exists(real)
            ? Directory.ResolveLinkTarget(real, returnFinalTarget: true)
            : File.ResolveLinkTarget(real, returnFinalTarget: true);
        return target is null ? real : Real(target.FullName);
    }

    private static string? LicenseOf(string library) => Directory.EnumerateFiles(PrefixOf(library)).Order(StringComparer.Ordinal)
        .FirstOrDefault(file => Path.GetFileName(file).StartsWith("LICENSE", StringComparison.OrdinalIgnoreCase)
            || Path.GetFileName(file).StartsWith("COPYING", StringComparison.OrdinalIgnoreCase));

    /// <summary>The folder above "lib": with Homebrew the library's own, where its license lies.</summary>
    private static string PrefixOf(string library) => Path.GetDirectoryName(Path.GetDirectoryName(Real(library))!)!;
}
