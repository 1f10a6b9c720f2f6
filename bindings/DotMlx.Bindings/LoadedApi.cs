namespace DotMlx.Bindings;

/// <summary>Prevents calls to functions that the loaded mlx-c lacks or has with another signature.</summary>
internal static class LoadedApi
{
    /// <summary>The version of the loaded library, which is loaded if necessary.</summary>
    internal static MlxcVersions Version => MlxLibrary.Loaded.Version.Flag;

    /// <summary>Whether the loaded library has this version or a later one; the flags are in the order of the versions.</summary>
    internal static bool IsAtLeast(MlxcVersions version) => Version >= version;

    /// <exception cref="NotSupportedException">The loaded version isn't one of <paramref name="versions"/>.</exception>
    internal static void Require(string function, MlxcVersions versions)
    {
        if ((Version & versions) == 0) Refuse(function, versions);
    }

    /// <exception cref="NotSupportedException">The loaded library doesn't export the function.</exception>
    internal static void RequireExport(string function)
    {
        if (!MlxLibrary.Loaded.Exports(function))
            throw new NotSupportedException($"{function} is not exported by '{MlxLibrary.Loaded.Path}': MLX has it only on arm64. Use the "
                + $"16-bit integer accessors on the same array.");
    }

    private static void Refuse(string function, MlxcVersions versions)
    {
        string having = string.Join(", ", KnownMlxc.All.Where(v => (v.Flag & versions) != 0).Select(v => v.Name));
        LoadedLibrary loaded = MlxLibrary.Loaded;
        string cause = loaded.Exports(function)
            ? $"has other parameters in mlx-c {loaded.Version.Name}; this form is that of mlx-c {having}. Call it through MlxcPortable, "
            + $"or by the name that ends in the version"
            : $"is not in mlx-c {loaded.Version.Name}; mlx-c {having} has it. Install that version";
        throw new NotSupportedException($"{function} {cause} (loaded: '{loaded.Path}').");
    }
}
