using DotMlx.Generator.Api;
using DotMlx.Generator.Emit;
using DotMlx.Generator.Sources;

namespace DotMlx.Generator;

/// <summary>All files that the generator writes, as relative paths and contents.</summary>
internal sealed class Generation(string root)
{
    private const string ApiFolder = "bindings/api", Imports = "bindings/DotMlx.Bindings/Generated", Exports = "native/Reference/Generated";

    internal VersionTable Versions { get; } = VersionTable.Read(Path.Combine(root, "native/versions.json"));

    internal static string ApiFile(string version) => $"{ApiFolder}/{version}.json";

    internal ApiVersion ReadApi(string version) => ApiJson.Read(Path.Combine(root, ApiFile(version)));

    /// <summary>Writes C# from bindings/api/*.json alone.</summary>
    internal IReadOnlyDictionary<string, string> Sources() => Sources([.. Versions.Versions.Select(v => ReadApi(v.Name))]);

    internal IReadOnlyDictionary<string, string> Sources(IReadOnlyList<ApiVersion> versions)
    {
        var library = new Library(Versions, versions);
        var types = new TypesWriter(library);
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            [$"{Imports}/Types.g.cs"] = types.Types(),
            [$"{Imports}/Versions.g.cs"] = types.Versions(),
        };
        foreach ((string file, string text) in new ImportWriter(library).Files()) files[$"{Imports}/{file}"] = text;
        foreach ((string file, string text) in new ExportWriter(library, NotProvided()).Files()) files[$"{Exports}/{file}"] = text;
        return files;
    }

    private HashSet<string> NotProvided() => [.. File.ReadLines(Path.Combine(root, "native/Reference/not-provided.txt"))];

    /// <summary>Returns the JSON of a version from its headers.</summary>
    internal static ApiVersion FromHeaders(string headers, string version) => new ClangHeaderParser().Parse(headers, version);

    /// <summary>
    /// Returns the known version that agrees with a folder of headers, or null. It doesn't need clang, because it can read the headers as
    /// text.
    /// </summary>
    internal KnownVersion? Identify(string headers)
    {
        IHeaderParser parser = ClangHeaderParser.IsAvailable() ? new ClangHeaderParser() : new TextHeaderParser();
        ApiVersion found = parser.Parse(headers, "headers");
        return Versions.Versions.FirstOrDefault(v => ApiDifference.Lines(ReadApi(v.Name), found).Count == 0);
    }

    /// <summary>Returns the JSON of a version whose headers aren't available; the pinned version supplies what a table omits.</summary>
    internal ApiVersion FromTable(string table, string version) => TableImporter.Import(table, version, ReadApi(Versions.Pinned));

    /// <summary>Returns the files whose contents on disk differ, and generated files that are obsolete.</summary>
    internal IReadOnlyList<string> Differences(IReadOnlyDictionary<string, string> files)
    {
        IEnumerable<string> changed = files.Where(f => !File.Exists(Path.Combine(root, f.Key))
            || File.ReadAllText(Path.Combine(root, f.Key)) != f.Value).Select(f => f.Key);
        return [.. changed, .. Stale(files)];
    }

    internal void Write(IReadOnlyDictionary<string, string> files)
    {
        foreach ((string file, string text) in files)
        {
            string path = Path.Combine(root, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (!File.Exists(path) || File.ReadAllText(path) != text) File.WriteAllText(path, text);
        }
        foreach (string file in Stale(files)) File.Delete(Path.Combine(root, file));
    }

    private IEnumerable<string> Stale(IReadOnlyDictionary<string, string> files) =>
        from folder in (string[])[Imports, Exports]
        where files.Keys.Any(k => k.StartsWith(folder, StringComparison.Ordinal)) && Directory.Exists(Path.Combine(root, folder))
        from path in Directory.EnumerateFiles(Path.Combine(root, folder), "*.g.cs")
        let file = $"{folder}/{Path.GetFileName(path)}"
        where !files.ContainsKey(file)
        select file;
}
