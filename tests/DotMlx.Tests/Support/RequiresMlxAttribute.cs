namespace DotMlx.Tests;

/// <summary>Marks what only MLX can do: skipped, with the reason, on the reference library.</summary>
public sealed class RequiresMlxAttribute(string reason = "not provided by the reference library") : RequiringAttribute("MLX", reason)
{
    protected override bool IsMissing => LibraryInUse.IsReference;
}
