namespace DotMlx.LanguageModels.Architectures;

/// <summary>Frees each intermediate result as soon as the next one exists, so that MLX can reuse the memory.</summary>
internal static class Intermediate
{
    /// <summary>Frees an array that has been used and returns the one that was computed from it.</summary>
    internal static MlxArray Replace(MlxArray old, MlxArray with)
    {
        old.Dispose();
        return with;
    }
}
