using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DotMlx;

/// <summary>The kind of the native library.</summary>
public enum MlxLibraryKind
{
    /// <summary>MLX itself.</summary>
    Mlx,

    /// <summary>The reference library that ships with DotMlx. It is correct but slow and runs only on the CPU.</summary>
    Reference,
}

/// <summary>The native library in use. DotMlx searches for it once, on first use.</summary>
/// <remarks>
/// DotMlx searches in this order: <see cref="Path"/> if the program sets it; the environment variable <c>DOTMLX_LIBRARY</c> (a full path,
/// or the word <c>reference</c>); the application's own <c>runtimes/RID/native</c>; the prefixes <c>MLX_C_PREFIX</c>, Homebrew's, and
/// <c>/usr/local</c>; in a script or a notebook, runtime packages in NuGet's folder; and the reference library. It never searches the
/// working directory.
/// </remarks>
public static partial class MlxLibrary
{
    // Operations ask often, so the version is parsed once. A failure to load the library is not kept.
    private static readonly Lazy<Version?> LoadedNumbers = new(static () => Numbers(MlxVersion), LazyThreadSafetyMode.PublicationOnly);

    private static readonly Lock Gate = new();

    private static volatile LoadedLibrary? _loaded;
    private static string? _path;
    private static List<string> _broken = [];
    private static volatile IReadOnlyList<MlxLibraryAttempt> _attempts = [];
    private static ILogger _logger = NullLogger.Instance;

    /// <summary>
    /// The path of the library in use. Before the first use of MLX, a program can set a full path (or the word <c>reference</c>).
    /// </summary>
    /// <exception cref="InvalidOperationException">The path is set after the library has been loaded.</exception>
    /// <exception cref="DllNotFoundException">No library loads; the message lists every path tried.</exception>
    public static string Path
    {
        get => Loaded.Path;
        set
        {
            ArgumentException.ThrowIfNullOrEmpty(value);
            lock (Gate)
            {
                if (_loaded is { } loaded && loaded.Path != value)
                    throw new InvalidOperationException($"MlxLibrary.Path cannot become '{value}': '{loaded.Path}' is already loaded. Set "
                        + $"it before the first use of MLX.");
                _path = value;
            }
        }
    }

    /// <summary>Whether MLX itself or the reference library is in use.</summary>
    public static MlxLibraryKind Kind => Loaded.Kind;

    /// <summary>The version of MLX, such as <c>0.31.2</c> (<c>mlx_version</c>).</summary>
    public static string MlxVersion => Loaded.MlxVersion;

    /// <summary>
    /// The version of mlx-c, such as <c>fba4470</c> or <c>v0.7.0</c>, recognized by the symbols that the library exports.
    /// </summary>
    public static string MlxcVersion => Loaded.Version.Name;

    /// <summary>
    /// The information of the package that contains the library; null if the library is an installed one or was specified by its path.
    /// </summary>
    public static MlxRuntimePackage? Package => Loaded.Package;

    /// <summary>The devices that can be used, such as <c>cpu:0</c> and <c>gpu:0</c> (<c>mlx_device_count</c>).</summary>
    /// <exception cref="MlxException">MLX can't count its devices.</exception>
    public static IReadOnlyList<string> Devices
    {
        get
        {
            EnsureLoaded();
            return [.. Named("cpu", mlx_device_type.MLX_CPU), .. Named("gpu", mlx_device_type.MLX_GPU)];
        }
    }

    /// <summary>
    /// The places where DotMlx searched for the library, in order. Reading this property starts the search if necessary. The last place is
    /// the one in use if a library was loaded.
    /// </summary>
    /// <remarks>
    /// Unlike the other members, this property doesn't throw if no library loads, so that a program can report the reasons.
    /// </remarks>
    public static IReadOnlyList<MlxLibraryAttempt> Attempts
    {
        get
        {
            try
            {
                EnsureLoaded();
            }
            catch (Exception e) when (e is DllNotFoundException or NotSupportedException or MlxException)
            {
                // Each attempt contains its failure.
            }
            return _attempts;
        }
    }

    /// <summary>The library in use, which is loaded on first use. Every use throws until loading succeeds.</summary>
    internal static LoadedLibrary Loaded => _loaded ?? Load();

    /// <summary>Loads the library unless it is already loaded.</summary>
    /// <exception cref="DllNotFoundException">No library loads.</exception>
    /// <exception cref="NotSupportedException">The library isn't a known mlx-c.</exception>
    internal static void EnsureLoaded() => _ = Loaded;

    /// <summary>
    /// Sends DotMlx's messages about the library to a logger factory, including the message about an already loaded library.
    /// </summary>
    /// <param name="factory">The factory that creates the logger.</param>
    public static void UseLogging(ILoggerFactory factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        lock (Gate)
        {
            _logger = factory.CreateLogger(typeof(MlxLibrary).FullName!);
            if (_loaded is { } loaded) Announce(loaded);
        }
    }

#pragma warning disable CA2255 // The resolver must be in place before the first P/Invoke, regardless of the caller.
    [ModuleInitializer]
    internal static void Initialize() =>
        NativeLibrary.SetDllImportResolver(typeof(MlxLibrary).Assembly, static (name, _, _) => name == "mlxc" ? Loaded.Handle : 0);
#pragma warning restore CA2255

    private static LoadedLibrary Load()
    {
        lock (Gate)
        {
            if (_loaded is { } already) return already;
            var search = new LibrarySearch();
            LoadedLibrary loaded;
            try
            {
                loaded = search.Find(_path);
            }
            finally
            {
                _attempts = search.Attempts;
            }
            _broken = search.Broken;
            // This must come first: a logger that queries the library in use must not load it again.
            _loaded = loaded;
            Announce(loaded);
            return loaded;
        }
    }

    private static void Announce(LoadedLibrary loaded)
    {
        LogInUse(_logger, loaded.Kind, loaded.MlxVersion, loaded.Version.Name, loaded.Path);
        if (loaded.Kind == MlxLibraryKind.Reference)
            LogReference(_logger, _broken.Count == 0 ? "" : $" These did not load: {string.Join("; ", _broken)}");
        if (loaded.Package is { } package && package.Mlxc != loaded.Version.Name)
            LogReplaced(_logger, loaded.Path, package.Mlxc, loaded.Version.Name);
        if (loaded.Kind == MlxLibraryKind.Mlx && IsNewerThanTested(loaded.MlxVersion))
            LogUntested(_logger, loaded.MlxVersion, KnownMlxc.TestedFrom, KnownMlxc.TestedTo);
    }

    internal static bool IsNewerThanTested(string mlxVersion) =>
        Numbers(mlxVersion) is { } version && version > Version.Parse(KnownMlxc.TestedTo);

    /// <summary>Whether the MLX in use is older than <paramref name="version"/>; false if its version is unknown.</summary>
    internal static bool IsOlderThan(Version version) => LoadedNumbers.Value is { } numbers && numbers < version;

    /// <summary>Whether a version of MLX is older than <paramref name="version"/>; false if it can't be parsed.</summary>
    internal static bool IsOlder(string mlxVersion, Version version) => Numbers(mlxVersion) is { } numbers && numbers < version;

    /// <summary>Parses a version without the suffix of development builds: 0.33.0.dev20261101+abc counts as 0.33.0.</summary>
    private static Version? Numbers(string mlxVersion)
    {
        string numbers = string.Join('.', mlxVersion.Split('.', '+', '-')
            .TakeWhile(part => part.Length > 0 && part.All(char.IsAsciiDigit)).Take(3));
        return Version.TryParse(numbers, out Version? version) ? version : null;
    }

    private static unsafe IEnumerable<string> Named(string name, mlx_device_type type)
    {
        int count = 0;
        MlxError.ThrowIfFailed(Mlxc.mlx_device_count(&count, type), "mlx_device_count");
        return Enumerable.Range(0, count).Select(i => $"{name}:{i}");
    }

    [LoggerMessage(1, LogLevel.Information, "DotMlx uses {Kind}: MLX {MlxVersion}, mlx-c {MlxcVersion}, {Path}")]
    private static partial void LogInUse(ILogger logger, MlxLibraryKind kind, string mlxVersion, string mlxcVersion, string path);

    [LoggerMessage(2, LogLevel.Warning,
        "DotMlx runs on its reference library, which is for tests and for trying DotMlx out: it computes on the CPU and is slow. Install MLX for real work.{Broken}")]
    private static partial void LogReference(ILogger logger, string broken);

    [LoggerMessage(4, LogLevel.Warning,
        "The package of {Path} says mlx-c {Packaged}, but the file is mlx-c {Found} and is used as such: it was replaced after packaging")]
    private static partial void LogReplaced(ILogger logger, string path, string packaged, string found);

    [LoggerMessage(3, LogLevel.Warning,
        "MLX {MlxVersion} is newer than the versions DotMlx was tested with ({From} to {To}); a function whose C signature changed since could misbehave")]
    private static partial void LogUntested(ILogger logger, string mlxVersion, string from, string to);
}
