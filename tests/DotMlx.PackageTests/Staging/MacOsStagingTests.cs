using System.Text.Json;
using System.Xml.Linq;
using DotMlx.Staging;

namespace DotMlx.PackageTests.Staging;

/// <summary>
/// The parts of the package for macOS that can be tested without a Mac: layout, calls of Apple's tools, metadata. tests/apple/run.sh tests
/// the rest.
/// </summary>
[NonParallelizable]
[Platform(Exclude = "Win", Reason = "The stand-ins of Apple's tools are shell scripts.")]
internal sealed class MacOsStagingTests
{
    private FixturePrefix _fixture = null!;

    [SetUp]
    public void Begin() => _fixture = new FixturePrefix();

    [TearDown]
    public void End() => _fixture.Dispose();

    [TestCase("v0.6.0", "0.31.1")]
    [TestCase("fba4470", "0.31.2")]
    [TestCase("v0.7.0", "0.32.3")]
    public void EveryKnownVersionBecomesAPackage(string mlxc, string mlx)
    {
        StagedPackage package = _fixture.Stager.Mlx(_fixture.Homebrew(mlxc, mlx), 0);
        Assert.That(package.Id, Is.EqualTo("DotMlx.Runtime.osx-arm64"));
        Assert.That(Files(package), Is.EquivalentTo(new[]
        {
            "LICENSE-MLX.txt", "LICENSE-THIRD-PARTY.txt", "runtimes/osx-arm64/native/libmlx.dylib",
            "runtimes/osx-arm64/native/libmlxc.dylib",
            "runtimes/osx-arm64/native/mlx.metallib", "runtimes/osx-arm64/native/versions.json",
        }));
        using JsonDocument versions = JsonDocument.Parse(File.ReadAllText(Path.Combine(package.Native("osx-arm64"), "versions.json")));
        Assert.That(new[] { "kind", "rid", "mlx", "mlxC", "minimumSystem" }.Select(name =>
            versions.RootElement.GetProperty(name).GetString()),
            Is.EqualTo(new[] { "mlx", "osx-arm64", mlx, mlxc, "macOS 14.0" }));
        Assert.That(Property(package, "Version"), Is.EqualTo($"{mlx}+mlxc.{mlxc}"));
    }

    [Test]
    public void LibrariesNameOnlyTheirOwnFolderAndAreSignedLast()
    {
        string prefix = _fixture.Homebrew("fba4470", "0.31.2");
        StagedPackage package = _fixture.Stager.Mlx(prefix, 0);
        string mlxc = Path.Combine(package.Native("osx-arm64"), "libmlxc.dylib"),
            mlx = Path.Combine(package.Native("osx-arm64"), "libmlx.dylib");
        string foreign = Path.Combine(_fixture.Folder, "opt", "mlx", "lib", "libmlx.dylib");
        Assert.That(_fixture.ToolCalls, Is.EqualTo(new[]
        {
            $"install_name_tool -id @loader_path/libmlxc.dylib {mlxc}",
            $"install_name_tool -change {foreign} @loader_path/libmlx.dylib {mlxc}",
            $"install_name_tool -delete_rpath /opt/homebrew/lib {mlxc}",
            $"codesign --force --sign - {mlxc}",
            $"codesign --verify {mlxc}",
            $"install_name_tool -id @loader_path/libmlx.dylib {mlx}",
            $"codesign --force --sign - {mlx}",
            $"codesign --verify {mlx}",
        }));
        Assert.That(File.ReadAllText(mlxc), Does.Not.Contain(_fixture.Folder).And.Not.Contain("homebrew").And.EndsWith("SIGNED\n"));
        // The installed files are unchanged.
        Assert.That(File.ReadAllText(foreign), Does.Contain($"ID {foreign}"));
        Assert.That(File.ReadAllText(Path.Combine(prefix, "lib", "libmlxc.dylib")), Does.Contain($"DEP {foreign}"));
    }

    [Test]
    public void PrefixThatHoldsBothIsStagedToo()
    {
        // The layout of cmake --install: names with @rpath, and both libraries in one folder.
        string lib = Path.Combine(_fixture.Folder, "both", "lib");
        _fixture.Headers(Path.Combine(_fixture.Folder, "both"), "fba4470", "0.31.2");
        FixturePrefix.Dylib(Path.Combine(lib, "libmlxc.dylib"), "ID @rpath/libmlxc.dylib", "DEP @rpath/libmlx.dylib", "MINOS 13.5",
            "SYM mlx_hamming", "SYM mlx_fft_fftfreq", "SYM mlx_distributed_group_free");
        FixturePrefix.Dylib(Path.Combine(lib, "libmlx.dylib"), "ID @rpath/libmlx.dylib", $"DEP {FixturePrefix.Metal}", "MINOS 13.5");
        File.WriteAllText(Path.Combine(lib, "mlx.metallib"), "MTLB");
        StagedPackage package = _fixture.Stager.Mlx(Path.Combine(_fixture.Folder, "both"), 0);
        Assert.That(File.ReadAllText(Path.Combine(package.Native("osx-arm64"), "libmlxc.dylib")),
            Does.Contain("\nDEP @loader_path/libmlx.dylib\n").And.Contain("\nSIGNED\n"));
    }

    [Test]
    public void DescriptionSaysTheNewestMinimumOfTheLibraries()
    {
        StagedPackage package = _fixture.Stager.Mlx(_fixture.Homebrew("v0.7.0", "0.32.3", mlxcMinimum: "15.0", mlxMinimum: "26.2"), 0);
        Assert.That(Property(package, "Description"),
            Does.StartWith("MLX 0.32.3 and mlx-c v0.7.0 (a341b4925024b88b2c593468f16e12f5e17315da) for "
            + "DotMlx on osx-arm64. Needs macOS 26.2 or newer."));
    }

    [Test]
    public void LicensesMatchTheContents()
    {
        StagedPackage package = _fixture.Stager.Mlx(_fixture.Homebrew("fba4470", "0.31.2"), 0);
        Assert.That(File.ReadAllText(Path.Combine(package.Content, "LICENSE-MLX.txt")), Does.Contain("Copyright © 2023 Apple Inc."));
        string others = File.ReadAllText(Path.Combine(package.Content, "LICENSE-THIRD-PARTY.txt"));
        foreach (string part in new[] { "{fmt}", "JSON for Modern C++", "gguf-tools", "pocketfft", "ThreadPool", "metal-cpp",
            "Apache License" }) Assert.That(others, Does.Contain(part));
        Assert.That(Property(package, "PackageLicenseExpression"),
            Is.EqualTo("MIT AND BSD-3-Clause AND BSD-2-Clause AND Zlib AND Apache-2.0"));
    }

    [Test]
    public void PackedNuspecCarriesTheVersions()
    {
        StagedPackage package = _fixture.Stager.Mlx(_fixture.Homebrew("fba4470", "0.31.2"), 3);
        string output = Path.Combine(_fixture.Folder, "packed");
        Command.Run("dotnet",
            ["pack", Path.Combine(PackedFiles.Repository, "packaging", "Runtime.csproj"), "-c", "Release", "-v", "quiet", "-nologo", "-o",
                output, $"-p:StagedPackage={Path.Combine(package.Folder, "package.props")}",
                // The output is separate from the repository's own build of the project.
                $"-p:BaseIntermediateOutputPath={_fixture.Folder}/obj/", $"-p:OutputPath={_fixture.Folder}/bin/"],
            _fixture.Folder, new Dictionary<string, string> { ["MSBUILDDISABLENODEREUSE"] = "1" }).Succeeded();
        string file = Path.Combine(output, "DotMlx.Runtime.osx-arm64.0.31.2.3.nupkg");
        XElement metadata = PackedFiles.NuspecOf(file, out XNamespace space);
        string? Text(string name) => metadata.Element(space + name)?.Value;
        Assert.That(Text("id"), Is.EqualTo("DotMlx.Runtime.osx-arm64"));
        Assert.That(Text("version"), Is.EqualTo("0.31.2.3+mlxc.fba4470"));
        Assert.That(Text("description"), Does.Contain("MLX 0.31.2 and mlx-c fba4470").And.Contain("Needs macOS 14.0 or newer."));
        Assert.That(Text("license"), Does.StartWith("MIT AND"));
        Assert.That(metadata.Element(space + "dependencies"), Is.Null);
        foreach (string entry in new[] { "runtimes/osx-arm64/native/mlx.metallib", "runtimes/osx-arm64/native/versions.json",
            "LICENSE-MLX.txt", "LICENSE-THIRD-PARTY.txt", "README.md", "icon.png" })
            Assert.That(PackedFiles.Read(file, entry), Is.Not.Empty);
    }

    [TestCase("@rpath/libjaccl.dylib")]
    [TestCase("@loader_path/libjaccl.dylib")]
    [TestCase("PREFIX/lib/libjaccl.dylib")]
    public void LibraryBesideLibmlxGoesAlong(string needed)
    {
        // The layout of MLX 0.32 built with the SDK of macOS 26.2, where the transport between Macs is a separate library.
        string other = Path.Combine(_fixture.Folder, "opt", "mlx");
        string prefix = _fixture.Homebrew("v0.7.0", "0.32.3", mlxNeeds: [needed.Replace("PREFIX", other, StringComparison.Ordinal)],
            mlxRpaths: ["@loader_path"]);
        FixturePrefix.Dylib(Path.Combine(other, "lib", "libjaccl.dylib"), $"ID {other}/lib/libjaccl.dylib",
            $"DEP {FixturePrefix.SystemLibrary}", "RPATH /opt/homebrew/lib", "MINOS 26.2", "SIGNED");
        StagedPackage package = _fixture.Stager.Mlx(prefix, 0);

        string native = package.Native("osx-arm64");
        string jaccl = Path.Combine(native, "libjaccl.dylib");
        Assert.That(File.ReadAllText(Path.Combine(native, "libmlx.dylib")),
            Does.Contain("\nDEP @loader_path/libjaccl.dylib\n").And.Not.Contain("RPATH").And.EndsWith("SIGNED\n"));
        Assert.That(File.ReadAllText(jaccl), Does.Contain("\nID @loader_path/libjaccl.dylib\n").And.Not.Contain(_fixture.Folder).And.Not
            .Contain("homebrew").And.EndsWith("SIGNED\n"));
        Assert.That(_fixture.ToolCalls, Does.Contain($"codesign --verify {jaccl}"));
        using JsonDocument versions = JsonDocument.Parse(File.ReadAllText(Path.Combine(native, "versions.json")));
        Assert.That(versions.RootElement.GetProperty("libraries").EnumerateArray()
            .Select(library => library.GetString()), Is.EqualTo(new[] { "libmlxc.dylib", "libmlx.dylib", "libjaccl.dylib" }));
        Assert.That(versions.RootElement.GetProperty("minimumSystem").GetString(), Is.EqualTo("macOS 26.2"));
        Assert.That(File.ReadAllText(Path.Combine(package.Content, "LICENSE-MLX.txt")),
            Does.StartWith("For libmlxc.dylib, libmlx.dylib, libjaccl.dylib, mlx.metallib."));
    }

    [Test]
    public void DependenciesArePackedWithTheirLicenses()
    {
        string prefix = WithLibraryOfOthers(license: true);
        StagedPackage package = _fixture.Stager.Mlx(prefix, 0);
        string native = package.Native("osx-arm64");
        Assert.That(File.ReadAllText(Path.Combine(native, "libjaccl.dylib")), Does.Contain("\nDEP @loader_path/libwire.2.dylib\n"));
        Assert.That(File.ReadAllText(Path.Combine(native, "libwire.2.dylib")),
            Does.Contain("\nID @loader_path/libwire.2.dylib\n").And.EndsWith("SIGNED\n"));
        Assert.That(File.ReadAllText(Path.Combine(package.Content, "LICENSE-THIRD-PARTY.txt")),
            Does.EndWith("For libwire.2.dylib:\n\nThe license of wire.\n"));
    }

    [Test]
    public void LibraryOfOthersWithoutALicenseIsRefused() =>
        Refused(WithLibraryOfOthers(license: false), "'libjaccl.dylib' loads '", "has no LICENSE or COPYING",
            "build MLX without that library");

    [Test]
    public void LibraryThatIsNamedByRunPathMustBeThere() =>
        Refused(
            _fixture.Homebrew("v0.7.0", "0.32.3", mlxNeeds: ["@rpath/libjaccl.dylib"], mlxRpaths: ["@loader_path/../libexec"]),
            "libmlx.dylib' loads '@rpath/libjaccl.dylib', which is none of '", "/opt/mlx/lib/libjaccl.dylib'",
            "/opt/mlx/lib/../libexec/libjaccl.dylib'", "'/opt/homebrew/lib/libjaccl.dylib'");

    [Test]
    public void HeadersOfNoKnownVersionAreRefused()
    {
        string prefix = _fixture.Homebrew("v0.7.0", "0.32.3");
        string ops = Path.Combine(prefix, "include", "mlx", "c", "ops.h");
        File.WriteAllText(ops, File.ReadAllText(ops)
            .Replace("int mlx_abs(", "int mlx_brand_new(mlx_array* res);\nint mlx_abs(", StringComparison.Ordinal));
        Refused(prefix, "none of the known mlx-c versions (v0.6.0, fba4470, v0.7.0)", "--target=Bindings --headers=");
    }

    [Test]
    public void OneChangedParameterIsEnoughToRefuse()
    {
        string prefix = _fixture.Homebrew("fba4470", "0.31.2");
        string fast = Path.Combine(prefix, "include", "mlx", "c", "fast.h");
        string text = File.ReadAllText(fast),
            changed = text.Replace("const mlx_array sinks,", "const mlx_array sinks, bool force_fused,", StringComparison.Ordinal);
        Assert.That(changed, Is.Not.EqualTo(text));
        File.WriteAllText(fast, changed);
        Refused(prefix, "none of the known mlx-c versions");
    }

    [Test]
    public void LibraryOfAnotherVersionThanItsHeadersIsRefused()
    {
        string prefix = _fixture.Homebrew("fba4470", "0.31.2");
        Directory.Delete(Path.Combine(prefix, "include"), recursive: true);
        _fixture.Headers(prefix, "v0.7.0");
        Refused(prefix, "those of mlx-c v0.7.0", "mlx_compile_cache_new is missing");
    }

    [Test]
    public void DependencyThatNoOtherMacHasIsRefused() =>
        Refused(_fixture.Homebrew("fba4470", "0.31.2", mlxNeeds: ["/opt/homebrew/opt/fmt/lib/libfmt.12.dylib"]),
            "'libmlx.dylib' loads /opt/homebrew/opt/fmt/lib/libfmt.12.dylib");

    [Test]
    public void StagingRequiresTheMetalKernels()
    {
        string prefix = _fixture.Homebrew("fba4470", "0.31.2");
        File.Delete(Path.Combine(_fixture.Folder, "opt", "mlx", "lib", "mlx.metallib"));
        Refused(prefix, "uses Metal, but no mlx.metallib");
    }

    [Test]
    public void MissingPartsAreNamed()
    {
        string empty = Directory.CreateDirectory(Path.Combine(_fixture.Folder, "empty")).FullName;
        Refused(empty, $"--mlx-c={empty}: no libmlxc.so or libmlxc.dylib is in its folders lib and lib64.");

        string prefix = _fixture.Homebrew("fba4470", "0.31.2");
        File.Delete(Path.Combine(_fixture.Folder, "opt", "mlx", "lib", "libmlx.dylib"));
        Refused(prefix, "libmlx.dylib', which is none of");

        Directory.Delete(Path.Combine(prefix, "include"), recursive: true);
        Refused(prefix, "has no mlx/c/mlx.h");
    }

    [Test]
    public void WithoutApplesToolsTheMissingOneIsNamed()
    {
        string prefix = _fixture.Homebrew("fba4470", "0.31.2");
        _fixture.RemoveTool("codesign");
        Refused(prefix, "'codesign' is not on the PATH");
    }

    [TestCase(0x07, 0x00, 0x00, 0x01, "is not for arm64")]
    public void LibraryForIntelIsRefused(byte a, byte b, byte c, byte d, string message)
    {
        string prefix = _fixture.Homebrew("fba4470", "0.31.2");
        string library = Path.Combine(prefix, "lib", "libmlxc.dylib");
        byte[] bytes = File.ReadAllBytes(library);
        ((byte[])[a, b, c, d]).CopyTo(bytes, 4);
        File.Delete(library);
        File.WriteAllBytes(library, bytes);
        Refused(prefix, message);
    }

    /// <summary>
    /// Four libraries. libjaccl loads the last one, which doesn't belong to MLX and is named by a link, as Homebrew's are.
    /// </summary>
    private string WithLibraryOfOthers(bool license)
    {
        string other = Path.Combine(_fixture.Folder, "opt", "mlx"), keg = Path.Combine(_fixture.Folder, "Cellar", "wire", "2.1");
        string prefix = _fixture.Homebrew("v0.7.0", "0.32.3", mlxNeeds: ["@rpath/libjaccl.dylib"]);
        FixturePrefix.Dylib(Path.Combine(other, "lib", "libjaccl.dylib"), "ID @rpath/libjaccl.dylib",
            "DEP @loader_path/libwire.2.dylib", "MINOS 26.2");
        FixturePrefix.Dylib(Path.Combine(keg, "lib", "libwire.2.dylib"), "ID @rpath/libwire.2.dylib", "MINOS 14.0");
        File.CreateSymbolicLink(Path.Combine(other, "lib", "libwire.2.dylib"), Path.Combine(keg, "lib", "libwire.2.dylib"));
        if (license) File.WriteAllText(Path.Combine(keg, "LICENSE.txt"), "The license of wire.\n");
        return prefix;
    }

    private void Refused(string prefix, params string[] message)
    {
        StagingException error = Assert.Throws<StagingException>(() => _fixture.Stager.Mlx(prefix, 0))!;
        foreach (string part in message) Assert.That(error.Message, Does.Contain(part));
    }

    private static string[] Files(StagedPackage package) =>
        [.. Directory.EnumerateFiles(package.Content, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(package.Content, file))];

    private static string Property(StagedPackage package, string name) =>
        XDocument.Load(Path.Combine(package.Folder, "package.props")).Descendants(name).Single().Value;
}
