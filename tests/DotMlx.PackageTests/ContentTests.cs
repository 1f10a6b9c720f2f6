using System.Xml.Linq;

namespace DotMlx.PackageTests;

internal sealed class ContentTests
{
    private const string Reference = "DotMlx.Runtime.Reference";

    [TestCase("DotMlx", "lib/net10.0/DotMlx.dll", "lib/net10.0/DotMlx.xml", "analyzers/dotnet/cs/DotMlx.SourceGeneration.dll")]
    [TestCase("DotMlx.Bindings", "lib/net10.0/DotMlx.Bindings.dll", "lib/net10.0/DotMlx.Bindings.xml")]
    public void APackageHasItsFiles(string id, params string[] files)
    {
        Assert.That(PackedFiles.Entries(id), Is.SupersetOf(files.Concat(["README.md", "icon.png", "THIRD-PARTY-NOTICES.md"])));
        Assert.That(Path.ChangeExtension(PackedFiles.PathOf(id), ".snupkg"), Does.Exist);
    }

    [Test]
    public void TheReferenceRuntimeIsLaidOutForItsPlatformAndSaysWhatItIs()
    {
        string native = $"runtimes/{NewProject.Rid}/native/";
        Assert.That(PackedFiles.Entries(Reference).Where(entry => entry.StartsWith(native, StringComparison.Ordinal)), Has.Some.Contains("mlxc-reference").And.Some.EndsWith("versions.json"));
        XElement metadata = PackedFiles.Metadata(Reference, out XNamespace space);
        Assert.That(metadata.Element(space + "description")!.Value, Does.Contain("fba4470").And.Contain("0.31.2"));
        Assert.That(metadata.Element(space + "dependencies"), Is.Null);
    }

    [Test]
    public void NothingIsNeededBesideTheLoggersAbstractions()
    {
        string[] allowed = ["DotMlx.Bindings", "Microsoft.Extensions.Logging.Abstractions"];
        foreach (string id in new[] { "DotMlx", "DotMlx.Bindings" })
        {
            XElement metadata = PackedFiles.Metadata(id, out XNamespace space);
            Assert.That(metadata.Descendants(space + "dependency").Select(dependency => dependency.Attribute("id")!.Value), Is.SubsetOf(allowed), id);
            Assert.That(metadata.Element(space + "license")!.Value, Is.EqualTo("MIT"));
        }
    }
}
