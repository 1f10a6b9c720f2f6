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
        string[] native = [.. PackedFiles.Entries(Reference).Where(entry => entry.StartsWith("runtimes/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        string library = OperatingSystem.IsWindows() ? "mlxc-reference.dll" : OperatingSystem.IsMacOS() ? "libmlxc-reference.dylib" : "libmlxc-reference.so";
        Assert.That(native, Is.EqualTo(new[] { $"runtimes/{NewProject.Rid}/native/{library}", $"runtimes/{NewProject.Rid}/native/versions.json" }));
        XElement metadata = PackedFiles.Metadata(Reference, out XNamespace space);
        Assert.That(metadata.Element(space + "description")!.Value, Does.Contain("fba4470").And.Contain("0.31.2"));
        Assert.That(metadata.Element(space + "dependencies"), Is.Null);
    }

    [Test]
    public void NothingIsNeededBesideTheLoggersAbstractionsAndTensors()
    {
        string[] allowed = ["DotMlx.Bindings", "Microsoft.Extensions.Logging.Abstractions", "System.Numerics.Tensors"];
        foreach (string id in new[] { "DotMlx", "DotMlx.Bindings" })
        {
            XElement metadata = PackedFiles.Metadata(id, out XNamespace space);
            Assert.That(metadata.Descendants(space + "dependency").Select(dependency => dependency.Attribute("id")!.Value), Is.SubsetOf(allowed), id);
            Assert.That(metadata.Element(space + "license")!.Value, Is.EqualTo("MIT"));
        }
    }
}
