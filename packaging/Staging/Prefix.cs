namespace DotMlx.Staging;

/// <summary>
/// An installed mlx-c: libmlxc, libmlx (perhaps in another prefix, as with Homebrew), the libraries that they load, the kernels, and the
/// headers.
/// </summary>
internal sealed class Prefix
{
    private const string Metal = "mlx.metallib";

    private static readonly string[] VersionParts = ["MAJOR", "MINOR", "PATCH"];

    /// <exception cref="StagingException">Something is missing.</exception>
    internal Prefix(string path, Tools tools)
    {
        Path = System.IO.Path.GetFullPath(path);
        (string mlxc, Format) = Library(Path, tools);
        Headers = System.IO.Path.Combine(Path, "include");
        if (!File.Exists(System.IO.Path.Combine(Headers, "mlx", "c", "mlx.h")))
            throw new StagingException($"--mlx-c={path}: '{Headers}' has no mlx/c/mlx.h; the headers identify the version of mlx-c.");
        Libraries = Dependencies.Of(Path, mlxc, Format);

        // An mlx-c that contains MLX needs no second file.
        InstalledLibrary mlx = Libraries.FirstOrDefault(library => library.Name == Format.FileName("mlx")) ?? Mlxc;
        string[] folders = [.. new[] { mlx.Folder, Mlxc.Folder }.Distinct()];
        Metallib = folders.Select(folder => System.IO.Path.Combine(folder, Metal)).FirstOrDefault(File.Exists)
            ?? folders.SelectMany(Below).FirstOrDefault();
        if (Metallib is null && mlx.Facts.Needed.Any(needed => needed.Contains("/Metal.framework/", StringComparison.Ordinal)))
            throw new StagingException($"'{mlx.File}' uses Metal, but no {Metal} is "
                + $"in {string.Join(" or ", folders.Select(f => $"'{f}'"))}; MLX finds its kernels next to libmlx.");
        MlxVersion = folders.Select(folder => System.IO.Path.Combine(folder, "..", "include")).Prepend(Headers).Select(VersionIn)
            .FirstOrDefault(v => v is not null);
    }

    internal string Path { get; }

    /// <summary>libmlxc, libmlx, and the libraries that they load from their installation.</summary>
    internal IReadOnlyList<InstalledLibrary> Libraries { get; }

    internal InstalledLibrary Mlxc => Libraries[0];

    internal string? Metallib { get; }

    internal string Headers { get; }

    /// <summary>The version in mlx/version.h; null if MLX's own headers aren't installed.</summary>
    internal string? MlxVersion { get; }

    internal ILibraryFormat Format { get; }

    private static (string File, ILibraryFormat Format) Library(string prefix, Tools tools)
    {
        ILibraryFormat[] formats = [new ElfLibraries(tools), new MachOLibraries(tools)];
        string[] folders = ["lib", "lib64"];
        foreach (ILibraryFormat format in formats)
            foreach (string folder in folders)
                if (System.IO.Path.Combine(prefix, folder, format.FileName("mlxc")) is var file && File.Exists(file)) return (file, format);
        throw new StagingException($"--mlx-c={prefix}: no {string.Join(" or ", formats.Select(f => f.FileName("mlxc")))} is in its "
            + $"folders {string.Join(" and ", folders)}.");
    }

    private static IEnumerable<string> Below(string folder) => Directory.EnumerateFiles(folder, Metal, new EnumerationOptions
    {
        RecurseSubdirectories = true, MaxRecursionDepth = 5, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint,
    });

    private static string? VersionIn(string include)
    {
        string file = System.IO.Path.Combine(include, "mlx", "version.h");
        if (!File.Exists(file)) return null;
        string[][] lines = [.. File.ReadLines(file).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        string?[] parts = [.. VersionParts.Select(part =>
            lines.FirstOrDefault(line => line is ["#define", var name, _] && name == $"MLX_VERSION_{part}")?[2])];
        return parts.Contains(null) ? null : string.Join('.', parts);
    }
}
