namespace DotMlx.Staging;

/// <summary>
/// The libraries that libmlxc and libmlx load from their installation, and the libraries that those load in turn. An installed library is
/// named by @rpath, by @loader_path, by a path inside the prefix, or, on Linux, by a name that its own folder or a run path inside the
/// prefix resolves.
/// </summary>
internal sealed class Dependencies(string prefix, ILibraryFormat format)
{
    private static readonly string[] Relative = ["@rpath/", "@loader_path/"], Folders = ["lib", "lib64"];

    private readonly List<InstalledLibrary> _found = [];

    /// <summary>Lists libmlxc first, and then each library after the one that loads it.</summary>
    /// <exception cref="StagingException">A library is missing, is for another platform, or has no license file.</exception>
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
            // A bare name may belong to a library of the system, but a library that is named by its place must exist.
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
        // A library's run path also applies to the libraries that it loads.
        IEnumerable<string> folders = new[] { by }.Concat(_found)
            .SelectMany(library => library.Facts.SearchFolders.Prepend(library.Folder));
        return folders.Where(folder => needed != name || IsInside(folder)).Select(folder => Path.Combine(folder, name));
    }

    /// <summary>libmlx may be in another prefix than libmlxc, as with Homebrew: PREFIX/opt/mlx next to PREFIX/opt/mlx-c.</summary>
    private IEnumerable<string> MlxPlaces(InstalledLibrary by, string needed) =>
    [
        .. Path.IsPathFullyQualified(needed) ? new[] { needed } : [],
        .. by.Facts.SearchFolders.Prepend(by.Folder).Select(folder => Path.Combine(folder, format.FileName("mlx"))),
        Path.Combine(Path.GetDirectoryName(prefix) ?? prefix, "mlx", "lib", format.FileName("mlx")),
    ];

    /// <summary>
    /// Whether a file or folder is in the folder "lib" of the prefix, or in or below the folder of a library that was already found.
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

    /// <summary>The path without links. Homebrew's opt/mlx is a link, and a library may be named by either path.</summary>
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

    /// <summary>The folder above "lib". With Homebrew, it is the library's own folder, which contains its license.</summary>
    private static string PrefixOf(string library) => Path.GetDirectoryName(Path.GetDirectoryName(Real(library))!)!;
}
