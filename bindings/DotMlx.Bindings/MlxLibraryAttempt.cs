namespace DotMlx;

/// <summary>A place in which mlx-c was searched for.</summary>
/// <param name="Path">The file.</param>
/// <param name="Origin">Why it was searched for there, such as <c>DOTMLX_LIBRARY</c>, <c>Homebrew</c>, or <c>reference library</c>.</param>
/// <param name="Failure">Why it isn't the loaded library; null for the one that is.</param>
public sealed record MlxLibraryAttempt(string Path, string Origin, string? Failure);
