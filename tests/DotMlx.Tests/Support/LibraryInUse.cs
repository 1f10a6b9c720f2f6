namespace DotMlx.Tests;

/// <summary>Which native library the suite runs on.</summary>
internal static class LibraryInUse
{
    internal static bool IsReference => MlxLibrary.Kind == MlxLibraryKind.Reference;

    /// <summary>Whether it is the oldest mlx-c that DotMlx knows, which lacks some functions.</summary>
    internal static bool IsMlxcV060 => MlxLibrary.MlxcVersion == "v0.6.0";

    /// <summary>Whether it is MLX of this version or a later one: some figures and rules of 0.31.2 have been mended since.</summary>
    internal static bool IsMlxSince(string version) => !IsReference && !MlxLibrary.IsOlderThan(Version.Parse(version));
}
