namespace DotMlx.Tests;

/// <summary>Marks what mlx-c v0.6.0, with its MLX 0.31.1, cannot do: skipped there, with the reason.</summary>
public sealed class RequiresNewerMlxcAttribute(string reason) : RequiringAttribute("an mlx-c newer than v0.6.0", reason)
{
    protected override bool IsMissing => LibraryInUse.IsMlxcV060;
}
