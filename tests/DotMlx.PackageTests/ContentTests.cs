using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;

namespace DotMlx.PackageTests;

/// <summary>The contents of the packages.</summary>
internal sealed class ContentTests
{
    private static readonly string[] Managed =
    [
        "DotMlx", "DotMlx.Bindings", "DotMlx.Data", "DotMlx.Extensions.AI", "DotMlx.LanguageModels", "DotMlx.Server", "DotMlx.Tensors",
    ];

    private static IEnumerable<string> Packed =>
        [.. Managed, PackedFiles.ReferenceRuntime, .. PackedFiles.Exists(PackedFiles.MlxRuntime) ? new[] { PackedFiles.MlxRuntime } : []];

    [TestCase("DotMlx", "lib/net10.0/DotMlx.dll", "lib/net10.0/DotMlx.xml", "analyzers/dotnet/cs/DotMlx.SourceGeneration.dll",
        "analyzers/dotnet/cs/DotMlx.CodeFixes.dll", "buildTransitive/DotMlx.targets")]
    [TestCase("DotMlx.Bindings", "lib/net10.0/DotMlx.Bindings.dll", "lib/net10.0/DotMlx.Bindings.xml")]
    [TestCase("DotMlx.Data", "lib/net10.0/DotMlx.Data.dll", "lib/net10.0/DotMlx.Data.xml")]
    [TestCase("DotMlx.Extensions.AI", "lib/net10.0/DotMlx.Extensions.AI.dll", "lib/net10.0/DotMlx.Extensions.AI.xml")]
    [TestCase("DotMlx.LanguageModels", "lib/net10.0/DotMlx.LanguageModels.dll", "lib/net10.0/DotMlx.LanguageModels.xml")]
    [TestCase("DotMlx.Server", "lib/net10.0/DotMlx.Server.dll", "lib/net10.0/DotMlx.Server.xml")]
    [TestCase("DotMlx.Tensors", "lib/net10.0/DotMlx.Tensors.dll", "lib/net10.0/DotMlx.Tensors.xml")]
    public void APackageHasItsFilesAndNoOther(string id, params string[] files)
    {
        string[] container = ["[Content_Types].xml", "_rels/.rels", $"{id}.nuspec"];
        Assert.That(
            PackedFiles.Entries(id).Where(entry => !entry.StartsWith("package/", StringComparison.Ordinal)),
            Is.EquivalentTo(files.Concat(container).Concat(["README.md", "icon.png", "THIRD-PARTY-NOTICES.md"])));
        Assert.That(PackedFiles.Symbols(id), Does.Contain($"lib/net10.0/{id}.pdb"));
    }

    [Test]
    public void TheReferenceRuntimeIsLaidOutForItsPlatformAndSaysWhatItIs()
    {
        string library = OperatingSystem.IsWindows() ? "mlxc-reference.dll" : OperatingSystem.IsMacOS()
            ? "libmlxc-reference.dylib"
            : "libmlxc-reference.so";
        Assert.That(Native(PackedFiles.ReferenceRuntime), Is.EquivalentTo(new[] { library, "mlxc-reference.versions.json" }));
        JsonElement versions = Versions(PackedFiles.ReferenceRuntime, "mlxc-reference.versions.json");
        Assert.That(versions.GetProperty("kind").GetString(), Is.EqualTo("reference"));
        Assert.That(Description(PackedFiles.ReferenceRuntime),
            Does.Contain($"mlx-c {versions.GetProperty("mlxC")}").And.Contain($"MLX {versions.GetProperty("mlx")}"));
        Assert.That(PackedFiles.VersionOf(PackedFiles.ReferenceRuntime), Is.EqualTo(PackedFiles.Version));
    }

    [Test]
    public void NoSymbolsLieBesideThePublishedReferenceLibrary()
    {
        string native = Path.Combine(PackedFiles.Repository, "artifacts", "native", NewProject.Rid, "native");
        Assert.That(Directory.EnumerateFileSystemEntries(native)
            .Select(entry => Path.GetFileName(entry)), Has.One.Items.And.One.Contains("mlxc-reference"));
    }

    [Test]
    public void ApplesSymbolsAreNotTakenForTheReferenceLibrary()
    {
        // NativeAOT's output on macOS: the symbols contain a file with the library's name.
        string folder = Directory.CreateTempSubdirectory("dotmlx-native-").FullName;
        try
        {
            string native = Path.Combine(folder, "osx-arm64", "native");
            string symbols = Path.Combine(native, "libmlxc-reference.dylib.dSYM", "Contents", "Resources", "DWARF");
            Directory.CreateDirectory(symbols);
            File.WriteAllText(Path.Combine(native, "libmlxc-reference.dylib"), "library");
            File.WriteAllText(Path.Combine(symbols, "libmlxc-reference.dylib"), "symbols");
            Command found = Command.Run(
                "dotnet",
                ["msbuild", Path.Combine(PackedFiles.Repository, "tests", "DotMlx.AotTests"), "-getItem:None",
                    $"-p:NativeArtifacts={folder}{Path.DirectorySeparatorChar}"],
                folder,
                new Dictionary<string, string> { ["MSBUILDDISABLENODEREUSE"] = "1" }).Succeeded();
            using JsonDocument items = JsonDocument.Parse(found.Text);
            Assert.That(
                items.RootElement.GetProperty("Items").GetProperty("None").EnumerateArray()
                    .Where(item => item.TryGetProperty("Link", out _)).Select(item => item.GetProperty("Link").GetString()),
                Is.EqualTo(new[] { "runtimes/osx-arm64/native/libmlxc-reference.dylib" }));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void TheMlxRuntimeCarriesItsVersionsAndLicenses()
    {
        string id = PackedFiles.MlxRuntime;
        if (!PackedFiles.Exists(id))
            Assert.Ignore($"{id} was not packed: no mlx-c is installed here, or DOTMLX_LIBRARY=reference leaves it alone.");
        JsonElement versions = Versions(id, "versions.json");
        (string mlx, string mlxc) = (versions.GetProperty("mlx").GetString()!, versions.GetProperty("mlxC").GetString()!);
        string extension = OperatingSystem.IsMacOS() ? "dylib" : "so";
        Assert.That(Native(id), Does.Contain($"libmlxc.{extension}").And.Contain("versions.json"));
        if (OperatingSystem.IsMacOS()) Assert.That(Native(id), Does.Contain("mlx.metallib"));
        XElement metadata = PackedFiles.Metadata(id, out XNamespace space);
        Assert.That(metadata.Element(space + "version")!.Value, Does.StartWith(mlx).And.EndsWith($"+mlxc.{mlxc}"));
        Assert.That(PackedFiles.VersionOf(id), Does.StartWith(mlx), "the version of a package with MLX is MLX's");
        Assert.That(Description(id),
            Does.Contain($"MLX {mlx}").And.Contain($"mlx-c {mlxc}").And.Contain($"Needs {versions.GetProperty("minimumSystem")} or newer"));
        foreach (JsonElement need in versions.GetProperty("needs").EnumerateArray())
            Assert.That(Description(id), Does.Contain(need.GetString()!));
        Assert.That(PackedFiles.Entries(id), Is.SupersetOf(new[] { "LICENSE-MLX.txt", "LICENSE-THIRD-PARTY.txt" }));
    }

    [Test]
    public void EveryPackageHasAReadmeAnIconALicenseAndWhatAFeedShows()
    {
        foreach (string id in Packed)
        {
            XElement metadata = PackedFiles.Metadata(id, out XNamespace space);
            string? Text(string name) => metadata.Element(space + name)?.Value;
            Assert.That(PackedFiles.Entries(id), Is.SupersetOf(new[] { Text("readme"), Text("icon") }), id);
            Assert.That(Text("license"), Does.StartWith("MIT"), id);
            Assert.That(Text("description"), Is.Not.Empty.And.Not.EqualTo("Package Description"), id);
            Assert.That(Text("tags"), Does.Contain("mlx"), id);
        }
    }

    [Test]
    public void OnlyExpectedPackagesAreDependencies()
    {
        foreach (string id in Packed)
        {
            XElement metadata = PackedFiles.Metadata(id, out XNamespace space);
            string[] allowed = id switch
            {
                "DotMlx" => ["DotMlx.Bindings", "Microsoft.Extensions.Logging.Abstractions", "System.IO.Hashing"],
                "DotMlx.Bindings" => ["Microsoft.Extensions.Logging.Abstractions"],
                "DotMlx.Data" => ["DotMlx", "SkiaSharp", "SkiaSharp.NativeAssets.Linux.NoDependencies", "Sylvan.Data.Csv"],
                "DotMlx.Extensions.AI" => ["DotMlx.LanguageModels", "Microsoft.Extensions.AI"],
                "DotMlx.LanguageModels" => ["DotMlx"],
                "DotMlx.Server" => ["DotMlx.Extensions.AI"],
                // A separate package, so that only programs that use tensors get them.
                "DotMlx.Tensors" => ["DotMlx", "System.Numerics.Tensors"],
                _ => [],
            };
            Assert.That(metadata.Descendants(space + "dependency")
                .Select(dependency => dependency.Attribute("id")!.Value), Is.SubsetOf(allowed), id);
        }
    }

    [TestCaseSource(nameof(Managed))]
    public void ADebuggerFindsTheSources(string id)
    {
        using MetadataReaderProvider provider =
            MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(PackedFiles.Read(PackedFiles.SymbolsOf(id),
                $"lib/net10.0/{id}.pdb")));
        MetadataReader pdb = provider.GetMetadataReader();
        var embeddedSource = new Guid("0E8A571B-6926-466E-B4AD-8AB04611F5FE");
        var sourceLink = new Guid("CC110556-A091-4D38-9FEC-25AB9A351A6A");
        CustomDebugInformation[] information = [.. pdb.CustomDebugInformation.Select(pdb.GetCustomDebugInformation)];

        // The files are deterministic, so they contain no path of the machine that built them.
        string[] documents = [.. pdb.Documents.Select(document => pdb.GetString(pdb.GetDocument(document).Name))];
        Assert.That(documents, Is.Not.Empty.And.All.StartsWith("/_"));
        // The symbols contain files that aren't in Git.
        HashSet<string> embedded = [.. information.Where(i => pdb.GetGuid(i.Kind) == embeddedSource)
            .Select(i => pdb.GetString(pdb.GetDocument((DocumentHandle)i.Parent).Name))];
        Assert.That(documents.Where(d => d.Contains("/obj/", StringComparison.Ordinal)), Is.SubsetOf(embedded));
        // Files in Git are linked if the checkout knows a public repository.
        Command remote = Command.Run("git", ["remote", "get-url", "origin"], PackedFiles.Repository, new Dictionary<string, string>());
        if (remote.Exit != 0 || !remote.Text.Contains("github.com", StringComparison.Ordinal)) return;
        Assert.That(information.Where(i => pdb.GetGuid(i.Kind) == sourceLink)
            .Select(i => Encoding.UTF8.GetString(pdb.GetBlobBytes(i.Value))), Has.One.Contains("raw.githubusercontent.com"));
    }

    [TestCaseSource(nameof(Managed))]
    public void TheSymbolsBelongToTheLibraryAndItIsDeterministic(string id)
    {
        byte[] library = PackedFiles.Read(PackedFiles.PathOf(id), $"lib/net10.0/{id}.dll");
        using var reader = new PEReader(new MemoryStream(library));
        DebugDirectoryEntry[] entries = [.. reader.ReadDebugDirectory()];
        Assert.That(entries.Select(entry => entry.Type), Does.Contain(DebugDirectoryEntryType.Reproducible));
        Assert.That(Encoding.Latin1.GetString(library), Does.Not.Contain(PackedFiles.Repository));
        PdbChecksumDebugDirectoryData checksum =
            reader.ReadPdbChecksumDebugDirectoryData(entries.Single(entry => entry.Type == DebugDirectoryEntryType.PdbChecksum));
        DebugDirectoryEntry codeView = entries.Single(entry => entry.Type == DebugDirectoryEntryType.CodeView);
        byte[] pdb = PackedFiles.Read(PackedFiles.SymbolsOf(id), $"lib/net10.0/{id}.pdb");
        // The checksum is computed with the pdb's own ID set to zero.
        byte[] pdbId = [.. reader.ReadCodeViewDebugDirectoryData(codeView).Guid.ToByteArray(), .. BitConverter.GetBytes(codeView.Stamp)];
        int at = pdb.AsSpan().IndexOf(pdbId);
        Assert.That(at, Is.Positive);
        pdb.AsSpan(at, pdbId.Length).Clear();
        Assert.That(SHA256.HashData(pdb), Is.EqualTo(checksum.Checksum.ToArray()));
    }

    private static string Description(string id) => PackedFiles.Metadata(id, out XNamespace space).Element(space + "description")!.Value;

    private static string[] Native(string id)
    {
        string folder = $"runtimes/{NewProject.Rid}/native/";
        return [.. PackedFiles.Entries(id).Where(entry => entry.StartsWith(folder, StringComparison.Ordinal))
            .Select(entry => entry[folder.Length..])];
    }

    private static JsonElement Versions(string id, string file) =>
        JsonDocument.Parse(PackedFiles.Read(PackedFiles.PathOf(id), $"runtimes/{NewProject.Rid}/native/{file}")).RootElement;
}
