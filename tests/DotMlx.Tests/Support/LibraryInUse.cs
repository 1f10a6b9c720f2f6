namespace DotMlx.Tests;

/// <summary>The native library on which the suite runs.</summary>
internal static class LibraryInUse
{
    internal static bool IsReference => MlxLibrary.Kind == MlxLibraryKind.Reference;

    /// <summary>Whether it is the oldest mlx-c that DotMlx supports, which lacks some functions.</summary>
    internal static bool IsMlxcV060 => MlxLibrary.MlxcVersion == "v0.6.0";

    /// <summary>Whether it is MLX of this version or later, which has corrected some results and rules of 0.31.2.</summary>
    internal static bool IsMlxSince(string version) => !IsReference && !MlxLibrary.IsOlderThan(Version.Parse(version));
}
