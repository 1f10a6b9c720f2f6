namespace DotMlx.LanguageModels.Architectures;

/// <summary>Results on the way, which are freed as soon as the next one is there, so that MLX can use their memory again.</summary>
internal static class Intermediate
{
    /// <summary>Frees an array that has been used and gives the one that was made of it.</summary>
    internal static MlxArray Replace(MlxArray old, MlxArray with)
    {
        old.Dispose();
        return with;
    }
}
