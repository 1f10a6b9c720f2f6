namespace DotMlx.Tests.Shared;

/// <summary>The repository from which a suite was built.</summary>
internal static class Checkout
{
    /// <summary>The folder of the solution; null if the tests run elsewhere.</summary>
    internal static string? Folder { get; } = Find(AppContext.BaseDirectory);

    /// <summary>The folder of the solution.</summary>
    /// <exception cref="InvalidOperationException">The tests run elsewhere.</exception>
    internal static string Root => Folder ?? throw new InvalidOperationException($"No DotMlx.slnx above {AppContext.BaseDirectory}.");

    private static string? Find(string? folder) =>
        folder is null || File.Exists(Path.Combine(folder, "DotMlx.slnx"))
            ? folder
            : Find(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder)));
}
