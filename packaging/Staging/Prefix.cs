namespace DotMlx.Staging;

/// <summary>An installed mlx-c: its libmlxc, the libmlx that it loads (perhaps in another prefix, as with Homebrew), kernels and headers.</summary>
internal sealed class Prefix
{
    private const string Metal = "mlx.metallib";

    private static readonly string[] s_versionParts = ["MAJOR", "MINOR", "PATCH"];

    /// <exception cref="StagingException">Something is missing.</exception>
    internal Prefix(string path, Tools tools)
    {
        Path = System.IO.Path.GetFullPath(path);
        (Mlxc, Format) = Library(Path, tools);
        Facts = Format.Read(Mlxc);
        Headers = System.IO.Path.Combine(Path, "include");
        if (!File.Exists(System.IO.Path.Combine(Headers, "mlx", "c", "mlx.h")))
            throw new StagingException($"--mlx-c={path}: '{Headers}' holds no mlx/c/mlx.h; the headers tell which mlx-c it is.");

        string mlx = Format.FileName("mlx");
        string? named = Facts.Needed.FirstOrDefault(needed => System.IO.Path.GetFileName(needed).StartsWith("libmlx.", StringComparison.Ordinal));
        // An mlx-c that has MLX inside needs no second file.
        if (named is not null)
        {
            if (System.IO.Path.GetFileName(named) != mlx)
                throw new StagingException($"'{Mlxc}' loads '{named}'; packages hold '{mlx}', which is what DotMlx loads first.");
            string[] places =
            [
                .. System.IO.Path.IsPathFullyQualified(named) ? new[] { named } : [],
                .. Facts.SearchFolders.Prepend(Folder(Mlxc)).Select(folder => System.IO.Path.Combine(folder, mlx)),
                // Homebrew: <prefix>/opt/mlx-c beside <prefix>/opt/mlx.
                System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path) ?? Path, "mlx", "lib", mlx),
            ];
            Mlx = places.FirstOrDefault(File.Exists)
                ?? throw new StagingException($"'{Mlxc}' loads '{named}', which is none of {string.Join(", ", places.Select(p => $"'{p}'"))}: install MLX, or pack from the prefix that has both.");
            MlxFacts = Format.Read(Mlx);
            if (MlxFacts.Rid != Facts.Rid) throw new StagingException($"'{Mlxc}' is for {Facts.Rid}, but '{Mlx}' is for {MlxFacts.Rid}.");
        }

        string[] libraryFolders = [.. new[] { Mlx, Mlxc }.OfType<string>().Select(Folder).Distinct()];
        Metallib = libraryFolders.Select(folder => System.IO.Path.Combine(folder, Metal)).FirstOrDefault(File.Exists)
            ?? libraryFolders.SelectMany(Below).FirstOrDefault();
        bool usesMetal = (MlxFacts ?? Facts).Needed.Any(needed => needed.Contains("/Metal.framework/", StringComparison.Ordinal));
        if (usesMetal && Metallib is null)
            throw new StagingException($"'{Mlx ?? Mlxc}' uses Metal, but no {Metal} is in {string.Join(" or ", libraryFolders.Select(f => $"'{f}'"))}; MLX finds its kernels beside libmlx.");
        MlxVersion = libraryFolders.Select(folder => System.IO.Path.Combine(folder, "..", "include")).Prepend(Headers).Select(VersionIn).FirstOrDefault(v => v is not null);
    }

    internal string Path { get; }

    internal string Mlxc { get; }

    internal string? Mlx { get; }

    internal string? Metallib { get; }

    internal string Headers { get; }

    /// <summary>From mlx/version.h; null where MLX's own headers are not installed.</summary>
    internal string? MlxVersion { get; }

    internal ILibraryFormat Format { get; }

    /// <summary>Of libmlxc.</summary>
    internal LibraryFacts Facts { get; }

    internal LibraryFacts? MlxFacts { get; }

    private static (string File, ILibraryFormat Format) Library(string prefix, Tools tools)
    {
        ILibraryFormat[] formats = [new ElfLibraries(tools), new MachOLibraries(tools)];
        string[] folders = ["lib", "lib64"];
        foreach (ILibraryFormat format in formats)
            foreach (string folder in folders)
                if (System.IO.Path.Combine(prefix, folder, format.FileName("mlxc")) is var file && File.Exists(file)) return (file, format);
        throw new StagingException($"--mlx-c={prefix}: no {string.Join(" or ", formats.Select(f => f.FileName("mlxc")))} is in its folders {string.Join(" and ", folders)}.");
    }

    private static string Folder(string file) => System.IO.Path.GetDirectoryName(file)!;

    private static IEnumerable<string> Below(string folder) => Directory.EnumerateFiles(folder, Metal, new EnumerationOptions
    {
        RecurseSubdirectories = true, MaxRecursionDepth = 5, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint,
    });

    private static string? VersionIn(string include)
    {
        string file = System.IO.Path.Combine(include, "mlx", "version.h");
        if (!File.Exists(file)) return null;
        string[][] lines = [.. File.ReadLines(file).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        string?[] parts = [.. s_versionParts.Select(part => lines.FirstOrDefault(line => line is ["#define", var name, _] && name == $"MLX_VERSION_{part}")?[2])];
        return parts.Contains(null) ? null : string.Join('.', parts);
    }
}
