using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace DotMlx.Bindings;

/// <summary>The places in which to search for mlx-c, in order. The working directory is never one of them.</summary>
internal sealed class LibrarySearch
{
    internal const string Variable = "DOTMLX_LIBRARY", ReferenceWord = "reference";

    private const string OwnLibrary = "beside the application", OwnReference = "reference library",
        OwnPackage = "NuGet's folder of packages";

    /// <summary>
    /// The libraries that libmlxc needs, in loading order: libmlx, and libjaccl if MLX was built for Macs that are connected by
    /// Thunderbolt.
    /// </summary>
    private static readonly string[] LoadedBefore = ["jaccl", "mlx"];

    private static readonly string PortableRid =
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    /// <summary>The places searched so far, in order.</summary>
    internal List<MlxLibraryAttempt> Attempts { get; } = [];

    /// <summary>The files that exist but didn't load. They are reported even if another file loads.</summary>
    internal List<string> Broken { get; } = [];

    /// <exception cref="DllNotFoundException">No library loads.</exception>
    /// <exception cref="NotSupportedException">The library isn't a known mlx-c.</exception>
    internal LoadedLibrary Find(string? programPath) => Find(Candidates(programPath));

    internal LoadedLibrary Find(IEnumerable<(string Path, string Origin)> candidates)
    {
        foreach ((string path, string origin) in candidates)
        {
            if (TryLoad(path, out nint handle, out string reason)) return Recognize(handle, path, origin);
            Attempts.Add(new(path, origin, reason));
        }
        throw new DllNotFoundException(
            $"DotMlx found no mlx-c to load. Tried, in this "
            + $"order:{Environment.NewLine}{string.Concat(Attempts.Select(a => $"  {a.Path} ({a.Origin}): {a.Failure}{Environment.NewLine}"))}{Advice()}");
    }

    private LoadedLibrary Recognize(nint handle, string path, string origin)
    {
        try
        {
            string? application = origin is OwnLibrary or OwnReference ? OwnRoots().FirstOrDefault() : null;
            LoadedLibrary library = LoadedLibrary.Recognize(handle, path, application);
            Attempts.Add(new(path, origin, null));
            return library;
        }
        catch (Exception e) when (e is NotSupportedException or MlxException)
        {
            Attempts.Add(new(path, origin, e.Message));
            throw;
        }
    }

    internal static string FileName(string name) =>
        OperatingSystem.IsWindows() ? $"{name}.dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";

    internal static IEnumerable<(string Path, string Origin)> Candidates(string? programPath)
    {
        // A library that the user specified is the only candidate, because a fallback would hide a mistake.
        if (programPath is { Length: > 0 }) return Named(programPath, "MlxLibrary.Path");
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named) return Named(named, Variable);
        return
        [
            .. OwnFolders().Select(folder => (Path.Combine(folder, FileName("mlxc")), OwnLibrary)),
            .. InstalledFolders().Select(place => (Path.Combine(place.Folder, FileName("mlxc")), place.Origin)),
            .. PackageFolders($"dotmlx.runtime.{PortableRid}").Select(folder => (Path.Combine(folder, FileName("mlxc")), OwnPackage)),
            .. Reference(),
        ];
    }

    private static IEnumerable<(string Path, string Origin)> Named(string path, string origin) =>
        path == ReferenceWord ? Reference() : [(path, origin)];

    internal static IEnumerable<(string Path, string Origin)> Reference() =>
        OwnFolders().Concat(PackageFolders("dotmlx.runtime.reference"))
            .Select(folder => (Path.Combine(folder, FileName("mlxc-reference")), OwnReference));

    /// <summary>
    /// Returns the application's folder and the folder of this assembly, if there are any. An application in a native host, or a plugin,
    /// has the second one only, or another one than the host.
    /// </summary>
    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "A single file has the application's folder.")]
    private static IEnumerable<string> OwnRoots() =>
        new[] { AppContext.BaseDirectory, Path.GetDirectoryName(typeof(LibrarySearch).Assembly.Location) }
            .Where(static root => Path.IsPathFullyQualified(root ?? ""))
            .Select(static root => Path.TrimEndingDirectorySeparator(root!)).Distinct();

    /// <summary>
    /// Returns the folders of NuGet's layouts: runtimes/RID/native in an own folder, or directly in that folder after a publish for one
    /// platform.
    /// </summary>
    private static IEnumerable<string> OwnFolders()
    {
        IEnumerable<string> folders = OwnRoots().SelectMany(root => new[] { RuntimeInformation.RuntimeIdentifier, PortableRid }
            .Select(rid => Path.Combine(root, "runtimes", rid, "native")).Append(root));
        if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string list)
        {
            // The list includes the shared framework's folder, which never contains MLX.
            string? framework = Path.GetDirectoryName(AppContext.GetData("FX_DEPS_FILE") as string);
            folders = folders.Concat(list.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                .Where(f => Path.IsPathFullyQualified(f) && Path.TrimEndingDirectorySeparator(f) != framework));
        }
        return folders.Select(f => Path.TrimEndingDirectorySeparator(f)).Distinct();
    }

    /// <summary>
    /// Scripts and notebooks load DotMlx from NuGet's folder, ROOT/dotmlx.bindings/VERSION/lib/FRAMEWORK. A runtime package that they
    /// reference is next to it. The newest version comes first.
    /// </summary>
    [UnconditionalSuppressMessage("SingleFile", "IL3000",
        Justification = "A single file has no location, and no folder of packages either.")]
    private static IEnumerable<string> PackageFolders(string package)
    {
        string location = typeof(LibrarySearch).Assembly.Location;
        DirectoryInfo? bindings = location.Length == 0 ? null : new FileInfo(location).Directory?.Parent?.Parent?.Parent;
        if (bindings?.Parent is not { } packages || !bindings.Name.Equals("dotmlx.bindings", StringComparison.OrdinalIgnoreCase)) return [];
        string folder = Path.Combine(packages.FullName, package);
        return !Directory.Exists(folder) ? [] : new DirectoryInfo(folder).EnumerateDirectories()
            .OrderByDescending(version => Version.TryParse(version.Name.Split('-')[0], out Version? number) ? number : new Version())
            .Select(version => Path.Combine(version.FullName, "runtimes", PortableRid, "native"));
    }

    private static IEnumerable<(string Folder, string Origin)> InstalledFolders()
    {
        var prefixes = new List<(string? Prefix, string Origin)>
        {
            (Environment.GetEnvironmentVariable("MLX_C_PREFIX"), "MLX_C_PREFIX"),
            (Environment.GetEnvironmentVariable("HOMEBREW_PREFIX"), "HOMEBREW_PREFIX"),
        };
        if (OperatingSystem.IsMacOS()) prefixes.Add(("/opt/homebrew", "Homebrew"));
        if (OperatingSystem.IsLinux()) prefixes.Add(("/home/linuxbrew/.linuxbrew", "Homebrew"));
        if (!OperatingSystem.IsWindows()) prefixes.Add(("/usr/local", "the system"));
        string[] folders = OperatingSystem.IsWindows() ? ["bin", "lib"] : OperatingSystem.IsLinux() ? ["lib", "lib64"] : ["lib"];
        return (from place in prefixes
                where !string.IsNullOrEmpty(place.Prefix) && Path.IsPathFullyQualified(place.Prefix)
                from folder in folders
                select (Folder: Path.Combine(place.Prefix, folder), place.Origin)).DistinctBy(p => p.Folder);
    }

    private bool TryLoad(string path, out nint handle, out string reason)
    {
        handle = 0;
        if (!Path.IsPathFullyQualified(path))
        {
            reason = "a full path is needed, because the working directory is never searched";
            return false;
        }
        if (!File.Exists(path))
        {
            reason = Directory.Exists(path) ? "this is a folder; name the library file in it" : "no such file";
            return false;
        }
        try
        {
            // Installed libraries may lack a run path to the libraries next to them, but a loaded library needs no search.
            foreach (string name in IsReference(path) ? [] : LoadedBefore)
                if (Path.Combine(Path.GetDirectoryName(path)!, FileName(name)) is var beside && beside != path && File.Exists(beside))
                    NativeLibrary.Load(beside);
            handle = NativeLibrary.Load(path);
            reason = "";
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            reason = string.Join(" ",
                e.Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct());
            // The loader reports only the first missing library, but the package lists all required ones.
            if (MlxRuntimePackage.In(Path.GetDirectoryName(path)!, IsReference(path)) is { Needs.Length: > 0 } package)
                reason = $"{reason} {package.Needs}";
            Broken.Add($"{path}: {reason}");
            return false;
        }
    }

    private static bool IsReference(string path) => Path.GetFileName(path) == FileName("mlxc-reference");

    private static string Advice() => Advice(OperatingSystem.IsMacOS(), RuntimeInformation.ProcessArchitecture);

    /// <summary>Returns a sentence that says what to install.</summary>
    internal static string Advice(bool macOS, Architecture architecture)
    {
        // An x64 .NET runs on Apple silicon, but it can't load arm64 libraries.
        if (macOS && architecture == Architecture.X64)
            return $"This .NET is for Intel processors, but MLX for macOS supports only Apple silicon: install the arm64 .NET SDK or "
                + $"runtime. To try DotMlx without MLX, set {Variable}={ReferenceWord}.";
        return (macOS ? "Install MLX with 'brew install mlx-c'" : "Install MLX and mlx-c below /usr/local "
            + "or set MLX_C_PREFIX to their prefix")
            + $", add the package DotMlx.Runtime.{PortableRid}, or name a library by the full path in {Variable} or MlxLibrary.Path."
            + $" To try DotMlx without MLX, add the package DotMlx.Runtime.Reference (in a checkout: ./build.sh --target=Native) and, "
            + $"if MLX is installed, set {Variable}={ReferenceWord}.";
    }
}
