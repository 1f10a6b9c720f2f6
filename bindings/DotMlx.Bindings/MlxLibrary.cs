using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DotMlx;

/// <summary>What stands behind DotMlx.</summary>
public enum MlxLibraryKind
{
    /// <summary>MLX itself.</summary>
    Mlx,

    /// <summary>The small reference library that ships with DotMlx: right, on the CPU, not fast.</summary>
    Reference,
}

/// <summary>The native library in use. It is looked for once, when it is first needed.</summary>
/// <remarks>
/// In this order: <see cref="Path"/> set by the program; the environment variable <c>DOTMLX_LIBRARY</c> (a full path, or the word
/// <c>reference</c>); the application's own <c>runtimes/RID/native</c>; the prefixes <c>MLX_C_PREFIX</c>, Homebrew's, <c>/usr/local</c>;
/// in a script or a notebook, runtime packages in NuGet's folder; the reference library. The working directory is never searched.
/// </remarks>
public static partial class MlxLibrary
{
    private static readonly Lock S_gate = new();

    private static volatile LoadedLibrary? _s_loaded;
    private static string? _s_path;
    private static List<string> _s_broken = [];
    private static volatile IReadOnlyList<MlxLibraryAttempt> _s_attempts = [];
    private static ILogger _s_logger = NullLogger.Instance;

    /// <summary>
    /// The file in use. A program may name one by its full path (or the word <c>reference</c>) before the first use of MLX.
    /// </summary>
    /// <exception cref="InvalidOperationException">Set after the library was loaded.</exception>
    /// <exception cref="DllNotFoundException">No library loads; the message lists every path tried.</exception>
    public static string Path
    {
        get => Loaded.Path;
        set
        {
            ArgumentException.ThrowIfNullOrEmpty(value);
            lock (S_gate)
            {
                if (_s_loaded is { } loaded && loaded.Path != value)
                    throw new InvalidOperationException($"MlxLibrary.Path cannot become '{value}': '{loaded.Path}' is already loaded. Set "
                        + $"it before the first use of MLX.");
                _s_path = value;
            }
        }
    }

    /// <summary>Whether MLX itself or the reference library is in use.</summary>
    public static MlxLibraryKind Kind => Loaded.Kind;

    /// <summary>The version of MLX, such as <c>0.31.2</c> (<c>mlx_version</c>).</summary>
    public static string MlxVersion => Loaded.MlxVersion;

    /// <summary>The version of mlx-c, such as <c>fba4470</c> or <c>v0.7.0</c>, told from the symbols that the library exports.</summary>
    public static string MlxcVersion => Loaded.Version.Name;

    /// <summary>
    /// What the package that brought the library says about it; null when the library is an installed one or was named by its path.
    /// </summary>
    public static MlxRuntimePackage? Package => Loaded.Package;

    /// <summary>The devices that can be used, such as <c>cpu:0</c> and <c>gpu:0</c> (<c>mlx_device_count</c>).</summary>
    /// <exception cref="MlxException">MLX could not count its devices.</exception>
    public static IReadOnlyList<string> Devices
    {
        get
        {
            EnsureLoaded();
            return [.. Named("cpu", mlx_device_type.MLX_CPU), .. Named("gpu", mlx_device_type.MLX_GPU)];
        }
    }

    /// <summary>
    /// The places in which the library was looked for, in order; looks for it when that has not happened yet. The last one is in use, or
    /// nothing is.
    /// </summary>
    /// <remarks>Unlike the other members it does not throw when nothing loads: it is for a program that wants to say why.</remarks>
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
                // Each attempt says why it failed.
            }
            return _s_attempts;
        }
    }

    /// <summary>The library in use, loaded by the first who asks. A failure is reported to each who asks until one succeeds.</summary>
    internal static LoadedLibrary Loaded => _s_loaded ?? Load();

    /// <summary>Loads the library when that has not happened yet.</summary>
    /// <exception cref="DllNotFoundException">Nothing loads.</exception>
    /// <exception cref="NotSupportedException">The library is no known mlx-c.</exception>
    internal static void EnsureLoaded() => _ = Loaded;

    /// <summary>Sends what DotMlx has to say about the library to this factory; also what was said before the call.</summary>
    public static void UseLogging(ILoggerFactory factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        lock (S_gate)
        {
            _s_logger = factory.CreateLogger(typeof(MlxLibrary).FullName!);
            if (_s_loaded is { } loaded) Announce(loaded);
        }
    }

#pragma warning disable CA2255 // The resolver must be in place before the first P/Invoke, whoever makes it.
    [ModuleInitializer]
    internal static void Initialize() =>
        NativeLibrary.SetDllImportResolver(typeof(MlxLibrary).Assembly, static (name, _, _) => name == "mlxc" ? Loaded.Handle : 0);
#pragma warning restore CA2255

    private static LoadedLibrary Load()
    {
        lock (S_gate)
        {
            if (_s_loaded is { } already) return already;
            var search = new LibrarySearch();
            LoadedLibrary loaded;
            try
            {
                loaded = search.Find(_s_path);
            }
            finally
            {
                _s_attempts = search.Attempts;
            }
            _s_broken = search.Broken;
            // First of all: a logger that asks which library is in use must not load it again.
            _s_loaded = loaded;
            Announce(loaded);
            return loaded;
        }
    }

    private static void Announce(LoadedLibrary loaded)
    {
        LogInUse(_s_logger, loaded.Kind, loaded.MlxVersion, loaded.Version.Name, loaded.Path);
        if (loaded.Kind == MlxLibraryKind.Reference)
            LogReference(_s_logger, _s_broken.Count == 0 ? "" : $" These did not load: {string.Join("; ", _s_broken)}");
        if (loaded.Package is { } package && package.Mlxc != loaded.Version.Name)
            LogReplaced(_s_logger, loaded.Path, package.Mlxc, loaded.Version.Name);
        if (loaded.Kind == MlxLibraryKind.Mlx && IsNewerThanTested(loaded.MlxVersion))
            LogUntested(_s_logger, loaded.MlxVersion, KnownMlxc.TestedFrom, KnownMlxc.TestedTo);
    }

    internal static bool IsNewerThanTested(string mlxVersion) =>
        Numbers(mlxVersion) is { } version && version > Version.Parse(KnownMlxc.TestedTo);

    /// <summary>Whether the MLX in use is older than <paramref name="version"/>; false when it does not say.</summary>
    internal static bool IsOlderThan(Version version) => IsOlder(MlxVersion, version);

    /// <summary>Whether what an MLX calls itself is older than <paramref name="version"/>; false when it does not say.</summary>
    internal static bool IsOlder(string mlxVersion, Version version) => Numbers(mlxVersion) is { } numbers && numbers < version;

    /// <summary>Development builds add a suffix: 0.33.0.dev20261101+abc counts as 0.33.0.</summary>
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
        "DotMlx runs on its reference library, which is for tests and for trying things out: it computes on the CPU and is not fast. Install MLX for real work.{Broken}")]
    private static partial void LogReference(ILogger logger, string broken);

    [LoggerMessage(4, LogLevel.Warning,
        "The package of {Path} says mlx-c {Packaged}, but the file is mlx-c {Found} and is used as that: it was replaced after packaging")]
    private static partial void LogReplaced(ILogger logger, string path, string packaged, string found);

    [LoggerMessage(3, LogLevel.Warning,
        "MLX {MlxVersion} is newer than the versions DotMlx was tested with ({From} to {To}); a function whose C signature changed since could misbehave")]
    private static partial void LogUntested(ILogger logger, string mlxVersion, string from, string to);
}
