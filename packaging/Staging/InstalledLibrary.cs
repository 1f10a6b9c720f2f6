namespace DotMlx.Staging;

/// <summary>A library for the package.</summary>
/// <param name="File">The path of the installed file; other libraries load it by its file name.</param>
/// <param name="Facts">The facts that the file states.</param>
/// <param name="License">The license file; null for MLX's own libraries, whose license the package always includes.</param>
internal sealed record InstalledLibrary(string File, LibraryFacts Facts, string? License)
{
    private static readonly string[] Mlxs = ["libmlxc.", "libmlx.", "libjaccl."];

    internal string Name => Path.GetFileName(File);

    internal string Folder => Path.GetDirectoryName(File)!;

    /// <summary>libjaccl, MLX's transport between Macs, is a separate library of MLX since 0.32.</summary>
    internal static bool IsMlxs(string name) => Mlxs.Any(start => name.StartsWith(start, StringComparison.Ordinal));
}
