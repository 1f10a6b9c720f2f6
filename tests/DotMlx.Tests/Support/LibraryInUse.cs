namespace DotMlx.Tests;

/// <summary>Which native library the suite runs on.</summary>
internal static class LibraryInUse
{
    internal static bool IsReference => MlxLibrary.Kind == MlxLibraryKind.Reference;
}
