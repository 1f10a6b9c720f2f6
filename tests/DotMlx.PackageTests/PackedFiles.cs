using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;

namespace DotMlx.PackageTests;

/// <summary>The files that the target Pack wrote.</summary>
internal static class PackedFiles
{
    public const string ReferenceRuntime = "DotMlx.Runtime.Reference";

    public static string Folder { get; } = Metadata("Packages");

    public static string Repository { get; } = Path.TrimEndingDirectorySeparator(Metadata("Repository"));

    /// <summary>DotMlx's version, which all packages without MLX have.</summary>
    public static string Version => VersionOf("DotMlx");

    /// <summary>The package with MLX for this machine; it exists if Pack found an installed mlx-c.</summary>
    public static string MlxRuntime { get; } = $"DotMlx.Runtime.{NewProject.Rid}";

    public static bool Exists(string id) => Named(id) is not null;

    public static string PathOf(string id) =>
        Named(id) ?? throw new AssertionException($"No {id}.*.nupkg is in {Folder}: run ./build.sh --target=Pack first.");

    /// <summary>The form of a PackageReference.</summary>
    public static string VersionOf(string id) => Path.GetFileNameWithoutExtension(PathOf(id))[(id.Length + 1)..];

    public static string[] Entries(string id) => Entries(id, PathOf);

    public static string[] Symbols(string id) => Entries(id, SymbolsOf);

    public static string SymbolsOf(string id) => Path.ChangeExtension(PathOf(id), ".snupkg");

    public static XElement Metadata(string id, out XNamespace space) => NuspecOf(PathOf(id), out space);

    public static XElement NuspecOf(string path, out XNamespace space)
    {
        using ZipArchive package = ZipFile.OpenRead(path);
        using Stream nuspec = package.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        XElement root = XDocument.Load(nuspec).Root!;
        space = root.Name.Namespace;
        return root.Element(space + "metadata")!;
    }

    public static byte[] Read(string path, string entry)
    {
        using ZipArchive package = ZipFile.OpenRead(path);
        using Stream stream = (package.GetEntry(entry) ?? throw new AssertionException($"{Path.GetFileName(path)} holds no {entry}."))
            .Open();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private static string[] Entries(string id, Func<string, string> path)
    {
        using ZipArchive package = ZipFile.OpenRead(path(id));
        return [.. package.Entries.Select(entry => entry.FullName)];
    }

    private static string? Named(string id) => Directory.Exists(Folder)
        // Matches DotMlx.0.1.0.nupkg, but not DotMlx.Bindings.0.1.0.nupkg.
        ? Directory.EnumerateFiles(Folder, $"{id}.*.nupkg")
            .SingleOrDefault(file => char.IsAsciiDigit(Path.GetFileName(file)[id.Length + 1]))
        : null;

    private static string Metadata(string key) => Assembly.GetExecutingAssembly()
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
