using System.Globalization;
using DotMlx.Generator;
using DotMlx.Generator.Api;

namespace DotMlx.Staging;

/// <summary>Creates runtime packages from an installed mlx-c or from the reference library.</summary>
/// <param name="root">The repository, which contains the known versions of mlx-c and the licenses.</param>
/// <param name="tools">Reads and changes libraries.</param>
/// <param name="output">The folder that gets a folder for each package.</param>
internal sealed class Stager(string root, Tools tools, string output)
{
    /// <summary>Debian's and Ubuntu's packages of the libraries that MLX usually needs.</summary>
    private static readonly Dictionary<string, string> DebianPackages = new()
    {
        ["libopenblas.so.0"] = "libopenblas0", ["libblas.so.3"] = "libblas3", ["liblapack.so.3"] = "liblapack3",
        ["liblapacke.so.3"] = "liblapacke",
        ["libgfortran.so.5"] = "libgfortran5", ["libgomp.so.1"] = "libgomp1", ["libquadmath.so.0"] = "libquadmath0",
    };

    private static readonly string[] ReferenceNames = ["libmlxc-reference.so", "libmlxc-reference.dylib", "mlxc-reference.dll"];

    private readonly Generation _known = new(root);

    /// <summary>Stages the library, MLX, and its kernels from a prefix.</summary>
    /// <param name="prefix">The prefix where mlx-c is installed.</param>
    /// <param name="revision">The number of this package of the same MLX; 0 for the first.</param>
    /// <exception cref="StagingException">The prefix can't be packed.</exception>
    internal StagedPackage Mlx(string prefix, int revision)
    {
        var installed = new Prefix(prefix, tools);
        KnownVersion mlxc = Identify(installed);
        string mlx = installed.MlxVersion ?? mlxc.Mlx;
        string rid = installed.Mlxc.Facts.Rid;
        var package = new StagedPackage(output, $"DotMlx.Runtime.{rid}", [rid]);

        string[] libraries = [.. installed.Libraries.Select(library => library.Name)];
        foreach (InstalledLibrary library in installed.Libraries)
            installed.Format.Relocate(package.AddNative(rid, library.File), libraries);
        if (installed.Metallib is { } metallib) package.AddNative(rid, metallib);

        string? minimum = Newest(installed.Libraries.Select(library => library.Facts.Minimum));
        string[] needs = [.. installed.Libraries.SelectMany(library => library.Facts.FromTheSystem).Except(libraries)
            .Order(StringComparer.Ordinal)];
        string[] debian = [.. needs.Select(need => DebianPackages.GetValueOrDefault(need)).OfType<string>().Distinct()];
        package.WriteVersions(rid, "versions.json", new
        {
            kind = "mlx", rid, mlx, mlxC = mlxc.Name, commit = mlxc.Commit, libraries, minimumSystem = minimum, needs, debian,
        });
        AddLicenses(package, installed);
        package.WriteMetadata(
            $"{mlx}{(revision > 0 ? $".{revision.ToString(CultureInfo.InvariantCulture)}" : "")}+mlxc.{mlxc.Name}",
            $"MLX {mlx} and mlx-c {mlxc.Name} ({mlxc.Commit}) for DotMlx on {rid}."
                + (minimum is null ? "" : $" Needs {minimum} or newer.")
                + (needs.Length == 0
                    ? ""
                    : $" Needs these libraries of the "
                    + $"system: {string.Join(", ", needs)}{(debian.Length == 0 ? "" : $" (Debian and Ubuntu: apt-get install {string.Join(' ', debian)})")}.")
                + (rid.StartsWith("linux", StringComparison.Ordinal)
                    ? " MLX builds compiled functions for the CPU at run time with g++."
                    : ""),
            installed.Metallib is null ? "MIT AND BSD-3-Clause AND Zlib" : "MIT AND BSD-3-Clause AND BSD-2-Clause AND Zlib AND Apache-2.0");
        return package;
    }

    /// <summary>Stages the reference library for every platform in a folder, as RID/native/FILE.</summary>
    internal StagedPackage Reference(string libraries, string version)
    {
        string[] files = [.. Directory.Exists(libraries)
            ? Directory.EnumerateDirectories(libraries).Order(StringComparer.Ordinal)
                .SelectMany(platform => ReferenceNames.Select(name => Path.Combine(platform, "native", name))).Where(File.Exists)
            : []];
        if (files.Length == 0)
            throw new StagingException($"'{libraries}' holds no RID/native/libmlxc-reference: run ./build.sh --target=Native first.");
        KnownVersion pinned = _known.Versions.Versions.Single(v => v.Name == _known.Versions.Pinned);
        string[] rids = [.. files.Select(file => Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(file)!)!))];
        var package = new StagedPackage(output, "DotMlx.Runtime.Reference", rids);
        foreach ((string file, string rid) in files.Zip(rids))
        {
            package.AddNative(rid, file);
            package.WriteVersions(rid, "mlxc-reference.versions.json",
                new { kind = "reference", rid, mlx = pinned.Mlx, mlxC = pinned.Name, commit = pinned.Commit });
        }
        package.WriteMetadata(
            version,
            $"The reference library of DotMlx for {string.Join(", ", rids)}: for tests and for trying DotMlx without MLX. Interface of "
            + $"mlx-c {pinned.Name} (MLX {pinned.Mlx}).",
            "MIT");
        return package;
    }

    private KnownVersion Identify(Prefix installed)
    {
        string names = string.Join(", ", _known.Versions.Versions.Select(v => v.Name));
        KnownVersion version = _known.Identify(installed.Headers)
            ?? throw new StagingException($"The headers in '{installed.Headers}' match none of the known "
            + $"mlx-c versions ({names}): add the version with "
                + $"'./build.sh --target=Bindings --headers={installed.Headers} --version=NAME' first, which prints how it differs.");
        if (installed.Mlxc.Facts.Exports is not { } exports) return version;
        string[] mismatches =
        [
            .. version.Present.Where(symbol => !exports.Contains(symbol)).Select(symbol => $"{symbol} is missing"),
            .. version.Absent.Where(exports.Contains).Select(symbol => $"{symbol} should not exist"),
        ];
        return mismatches.Length == 0 ? version
            : throw new StagingException($"The headers in '{installed.Headers}' are those of mlx-c {version.Name}, but "
            + $"'{installed.Mlxc.File}' is another version ({string.Join(", ", mismatches)}): they come from two installations.");
    }

    private void AddLicenses(StagedPackage package, Prefix installed)
    {
        string folder = Path.Combine(root, "packaging", "licenses");
        IEnumerable<string> mlxs = installed.Libraries.Where(library => library.License is null).Select(library => library.Name);
        if (installed.Metallib is not null) mlxs = mlxs.Append(Path.GetFileName(installed.Metallib));
        package.AddText("LICENSE-MLX.txt", $"For {string.Join(", ", mlxs)}.\n\n{File.ReadAllText(Path.Combine(folder, "MLX.txt"))}");
        // libmlx contains code of these projects. The projects for Metal are only in mlx.metallib and in the Metal part of libmlx.
        string[] parts = installed.Metallib is null ? ["embedded.txt"] : ["embedded.txt", "embedded-metal.txt", "Apache-2.0.txt"];
        package.AddText("LICENSE-THIRD-PARTY.txt", string.Join("\n",
        [
            .. parts.Select(part => File.ReadAllText(Path.Combine(folder, part))),
            .. installed.Libraries.Where(library => library.License is not null)
                .Select(library => $"For {library.Name}:\n\n{File.ReadAllText(library.License!)}"),
        ]));
    }

    /// <summary>
    /// Returns the higher of the libraries' requirements: "macOS 26.2" rather than "macOS 14.0", separately for glibc and libstdc++.
    /// </summary>
    private static string? Newest(IEnumerable<string?> minimums)
    {
        IEnumerable<(string Name, Version Version)> all = minimums.OfType<string>().SelectMany(m => m.Split(" and ")).Select(m =>
            (m[..m.LastIndexOf(' ')], Version.Parse(m[(m.LastIndexOf(' ') + 1)..])));
        string[] newest = [.. all.GroupBy(m => m.Name).Select(g => $"{g.Key} {g.Max(m => m.Version)}")];
        return newest.Length == 0 ? null : string.Join(" and ", newest);
    }
}
