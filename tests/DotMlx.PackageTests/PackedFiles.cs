using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;

namespace DotMlx.PackageTests;

/// <summary>The files that the target Pack wrote.</summary>
internal static class PackedFiles
{
    public static string Folder { get; } = Metadata("Packages");

    public static string Version { get; } = Metadata("Version");

    public static bool Exists(string id) => File.Exists(Named(id));

    public static string PathOf(string id)
    {
        string path = Named(id);
        Assert.That(path, Does.Exist, "run ./build.sh --target=Pack first");
        return path;
    }

    public static string[] Entries(string id)
    {
        using ZipArchive package = ZipFile.OpenRead(PathOf(id));
        return [.. package.Entries.Select(entry => entry.FullName)];
    }

    public static XElement Metadata(string id, out XNamespace space)
    {
        using ZipArchive package = ZipFile.OpenRead(PathOf(id));
        using Stream nuspec = package.GetEntry($"{id}.nuspec")!.Open();
        XElement root = XDocument.Load(nuspec).Root!;
        space = root.Name.Namespace;
        return root.Element(space + "metadata")!;
    }

    private static string Named(string id) => Path.Combine(Folder, $"{id}.{Version}.nupkg");

    private static string Metadata(string key) => Assembly.GetExecutingAssembly()
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
