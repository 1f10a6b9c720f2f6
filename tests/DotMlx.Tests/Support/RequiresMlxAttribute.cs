namespace DotMlx.Tests;

/// <summary>Marks a test of a feature that only MLX has. The reference library skips the test, with the reason.</summary>
public sealed class RequiresMlxAttribute(string reason = "not provided by the reference library") : RequiringAttribute("MLX", reason)
{
    protected override bool IsMissing => LibraryInUse.IsReference;
}
