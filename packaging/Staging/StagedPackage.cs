using System.Text.Encodings.Web;
using System.Text.Json;
using System.Xml.Linq;

namespace DotMlx.Staging;

/// <summary>
/// A folder that packaging/Runtime.csproj packs: the files in the layout of the package, and package.props with its metadata.
/// </summary>
internal sealed class StagedPackage
{
    private static readonly JsonSerializerOptions Json = new()
        { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Creates an empty folder below <paramref name="output"/>.</summary>
    internal StagedPackage(string output, string id, IReadOnlyList<string> rids)
    {
        Id = id;
        Folder = Path.Combine(output, id);
        if (Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
        foreach (string rid in rids) Directory.CreateDirectory(Native(rid));
    }

    internal string Id { get; }

    internal string Folder { get; }

    internal string Content => Path.Combine(Folder, "content");

    internal string Native(string rid) => Path.Combine(Content, "runtimes", rid, "native");

    /// <summary>Copies a file, or the target of a link, to a platform's folder and makes the copy writable.</summary>
    internal string AddNative(string rid, string file)
    {
        string copy = Path.Combine(Native(rid), Path.GetFileName(file));
        using (FileStream from = File.OpenRead(file))
        using (FileStream to = File.Create(copy))
            from.CopyTo(to);
        return copy;
    }

    internal void AddText(string name, string text) => File.WriteAllText(Path.Combine(Content, name), text);

    /// <summary>
    /// Writes the file that MlxLibrary reads next to the loaded library. The file name differs by kind, because a publish puts the files of
    /// all packages into one folder.
    /// </summary>
    internal void WriteVersions(string rid, string file, object versions) =>
        File.WriteAllText(Path.Combine(Native(rid), file), JsonSerializer.Serialize(versions, Json) + "\n");

    internal void WriteMetadata(string version, string description, string license) =>
        new XElement("Project",
            new XElement("PropertyGroup",
                new XElement("PackageId", Id),
                new XElement("Version", version),
                new XElement("Description", Escape(description)),
                new XElement("PackageLicenseExpression", license),
                new XElement("StagedFiles", "$(MSBuildThisFileDirectory)content"))).Save(Path.Combine(Folder, "package.props"));

    /// <summary>Escapes the description, because MSBuild would expand properties and items in it.</summary>
    private static string Escape(string text) => text.Replace("%", "%25", StringComparison.Ordinal)
        .Replace("$", "%24", StringComparison.Ordinal)
        .Replace("@", "%40", StringComparison.Ordinal).Replace(";", "%3B", StringComparison.Ordinal)
        .Replace("*", "%2A", StringComparison.Ordinal);
}
