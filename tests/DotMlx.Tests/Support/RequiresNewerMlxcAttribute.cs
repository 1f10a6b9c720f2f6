namespace DotMlx.Tests;

/// <summary>Marks a test of a feature that mlx-c v0.6.0, with MLX 0.31.1, lacks. That version skips the test, with the reason.</summary>
public sealed class RequiresNewerMlxcAttribute(string reason) : RequiringAttribute("an mlx-c newer than v0.6.0", reason)
{
    protected override bool IsMissing => LibraryInUse.IsMlxcV060;
}
