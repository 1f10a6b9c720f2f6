using System.Runtime.InteropServices;

namespace DotMlx.Bindings;

/// <summary>A loaded and recognized mlx-c that reports its errors to DotMlx.</summary>
internal sealed unsafe class LoadedLibrary
{
    /// <summary>The symbols that the reference library exports in addition to mlx-c's own.</summary>
    internal const string ReferenceSymbol = "dotmlx_reference";

    private static readonly string[] Needed = ["mlx_set_error_handler", "mlx_version", "mlx_string_data", "mlx_string_free"];

    private LoadedLibrary(nint handle, string path, KnownMlxc version, string? application)
    {
        Handle = handle;
        Path = path;
        Version = version;
        Kind = Exports(ReferenceSymbol) ? MlxLibraryKind.Reference : MlxLibraryKind.Mlx;
        // mlx-c keeps the handler's address, so the copy of this assembly that set it must not be unloaded.
        ProcessWide.Keep(typeof(MlxError));
        // This must precede all other calls, because mlx-c's default handler ends the process.
        ((delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<byte*, void*, void>, void*, delegate* unmanaged[Cdecl]<void*, void>, void>)Export("mlx_set_error_handler"))(&MlxError.Handle, null, null);
        MlxVersion = ReadMlxVersion();
        // If a single-file application extracted the library, the other files of the package are in the application's folder.
        Package = new[] { System.IO.Path.GetDirectoryName(path), application }.OfType<string>()
            .Select(folder => MlxRuntimePackage.In(folder, Kind == MlxLibraryKind.Reference))
            .FirstOrDefault(package => package is not null);
        if (application is not null) MetalKernelFile.Locate(this, application);
    }

    internal nint Handle { get; }

    internal string Path { get; }

    internal KnownMlxc Version { get; }

    internal MlxLibraryKind Kind { get; }

    internal string MlxVersion { get; }

    internal MlxRuntimePackage? Package { get; }

    internal bool Exports(string symbol) => NativeLibrary.TryGetExport(Handle, symbol, out _);

    /// <param name="handle">The handle of the loaded library.</param>
    /// <param name="path">The path of the library.</param>
    /// <param name="application">The application's folder if the library is part of the application; otherwise, null.</param>
    /// <exception cref="NotSupportedException">The library isn't mlx-c, isn't a known version, or can't find its kernels.</exception>
    internal static LoadedLibrary Recognize(nint handle, string path, string? application)
    {
        bool Exports(string symbol) => NativeLibrary.TryGetExport(handle, symbol, out _);

        if (Array.Find(Needed, symbol => !Exports(symbol)) is { } missing)
            throw new NotSupportedException($"'{path}' is not mlx-c: it does not export {missing}. Point {LibrarySearch.Variable} or "
                + $"MlxLibrary.Path at libmlxc.");
        foreach (KnownMlxc version in KnownMlxc.All)
            if (version.Fits(Exports)) return new LoadedLibrary(handle, path, version, application);
        throw new NotSupportedException(
            $"'{path}' is a version of mlx-c that DotMlx doesn't know. Calling it could corrupt memory, because mlx-c changes signatures "
            + $"without changing names. Known versions, and what doesn't match:"
            + string.Concat(KnownMlxc.All.Select(v =>
                $"{Environment.NewLine}  {v.Name} ({v.Commit}, for MLX {v.Mlx}): {v.Mismatches(Exports)}"))
            + $"{Environment.NewLine}Install one of these versions, or add this one in a checkout of DotMlx: ./build.sh --target=Bindings "
            + $"--headers=DIR --version=NAME, where DIR is the folder above its mlx/c headers; that also "
            + $"prints how it differs from its neighbor.");
    }

    private nint Export(string symbol) => NativeLibrary.GetExport(Handle, symbol);

    private string ReadMlxVersion()
    {
        mlx_string text = default;
        int status = ((delegate* unmanaged[Cdecl]<mlx_string*, int>)Export("mlx_version"))(&text);
        MlxError.ThrowIfFailed(status, "mlx_version");
        string? version = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged[Cdecl]<mlx_string, byte*>)Export("mlx_string_data"))(text));
        _ = ((delegate* unmanaged[Cdecl]<mlx_string, int>)Export("mlx_string_free"))(text);
        return version ?? throw MlxError.Fail("mlx_version");
    }
}
