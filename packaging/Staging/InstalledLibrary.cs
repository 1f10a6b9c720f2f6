namespace DotMlx.Staging;

/// <summary>A library that goes into the package.</summary>
/// <param name="File">Where it is installed; its file name is the one by which others load it.</param>
/// <param name="Facts">The facts that the file states.</param>
/// <param name="License">Its license file; null for MLX's own libraries, whose license the package has anyway.</param>
internal sealed record InstalledLibrary(string File, LibraryFacts Facts, string? License)
{
    private static readonly string[] Mlxs = ["libmlxc.", "libmlx.", "libjaccl."];

    internal string Name => Path.GetFileName(File);

    internal string Folder => Path.GetDirectoryName(File)!;

    /// <summary>libjaccl is MLX's, too: its transport between Macs, a library of its own since MLX 0.32.</summary>
    internal static bool IsMlxs(string name) => Mlxs.Any(start => name.StartsWith(start, StringComparison.Ordinal));
}
