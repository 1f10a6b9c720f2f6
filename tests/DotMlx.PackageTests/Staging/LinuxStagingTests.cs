using System.Runtime.InteropServices;
using System.Text.Json;
using DotMlx.Generator.Api;
using DotMlx.Staging;

namespace DotMlx.PackageTests.Staging;

/// <summary>Run paths of ELF libraries, with small libraries that the test links.</summary>
[NonParallelizable]
[Platform("Linux", Reason = "The libraries are linked by Linux's own compiler.")]
internal sealed class LinuxStagingTests
{
    private const string OwnFolder = "-Wl,-rpath,$ORIGIN";

    private FixturePrefix _fixture = null!;

    private string Prefix => Path.Combine(_fixture.Folder, "prefix");

    [SetUp]
    public void Begin()
    {
        _fixture = new FixturePrefix();
        _fixture.Headers(Prefix, "fba4470", "0.31.2");
    }

    [TearDown]
    public void End() => _fixture.Dispose();

    [TestCase("-Wl,-rpath,/home/builder/mlx/build")]
    [TestCase("-Wl,-rpath,/home/builder/mlx/build,--disable-new-dtags")]
    [TestCase("-Wl,-rpath,$ORIGIN/../lib:/usr/local/cuda/lib64")]
    [TestCase("-Wl,-rpath,/opt")]
    [TestCase("-Wl,--as-needed")]
    public void PatchelfMakesTheRunPathTheLibrarysOwnFolder(string option)
    {
        _fixture.RequireTool("patchelf");
        Link(option);
        AssertStagedLibraryFindsItsNeighbor();
    }

    [Test]
    public void RunPathOfTheLibrarysOwnFolderNeedsNoPatchelf()
    {
        Link(OwnFolder);
        AssertStagedLibraryFindsItsNeighbor();
    }

    [TestCase("-Wl,-rpath,/home/builder/mlx/build")]
    [TestCase("-Wl,--as-needed")]
    public void WithoutPatchelfTheMessageNamesThePackage(string option)
    {
        Link(option);
        Assert.That(() => _fixture.Stager.Mlx(Prefix, 0), Throws.TypeOf<StagingException>().With.Message.EqualTo(
            "'libmlxc.so' needs the run path '$ORIGIN', but patchelf, which sets it, isn't on the PATH: install the package patchelf "
            + "(apt-get install patchelf) and pack again."));
    }

    [Test]
    public void RunPathThatPatchelfLeavesIsRefused()
    {
        Link("-Wl,-rpath,/opt");
        _fixture.AddTool("patchelf", "#!/bin/sh\n");
        Assert.That(() => _fixture.Stager.Mlx(Prefix, 0),
            Throws.TypeOf<StagingException>().With.Message.EndsWith("still has the run path '/opt'."));
    }

    [Test]
    public void RequiredSystemLibrariesAreNamed()
    {
        string needed = Path.Combine(_fixture.Folder, "libopenblas.so");
        Compile("int dgemm(void) { return 7; }", needed, "-Wl,-soname,libopenblas.so.0");
        Link(OwnFolder, "#include <math.h>\nint dgemm(void); double both(double x) { return dgemm() + pow(x, x); }", needed, "-lm");
        StagedPackage package = _fixture.Stager.Mlx(Prefix, 0);
        using JsonDocument versions = JsonDocument.Parse(File.ReadAllText(Path.Combine(package.Native(NewProject.Rid), "versions.json")));
        Assert.That(versions.RootElement.GetProperty("needs").EnumerateArray()
            .Select(need => need.GetString()), Is.EqualTo(new[] { "libopenblas.so.0" }));
        Assert.That(versions.RootElement.GetProperty("minimumSystem").GetString(), Does.Match(@"^glibc 2\.\d+$"));
        Assert.That(File.ReadAllText(Path.Combine(package.Folder, "package.props")),
            Does.Contain("Needs these libraries of the system: libopenblas.so.0 (Debian and Ubuntu: apt-get install libopenblas0)"));
    }

    [TestCase("-Wl,-rpath,/home/builder/mlx/build")]
    [TestCase("-Wl,-rpath,$ORIGIN/../transport/a/long/way/off")]
    public void LibraryOfThePrefixThatLibmlxLoadsGoesAlong(string option)
    {
        _fixture.RequireTool("patchelf");
        // libmlx with a third library of MLX, in its folder or in a folder of its run path.
        bool beside = !option.Contains("ORIGIN", StringComparison.Ordinal);
        string jaccl = Path.Combine(Prefix, "lib", beside ? "libjaccl.so.1" : "transport/a/long/way/off/libjaccl.so.1");
        Compile("int from_jaccl(void) { return 40; }", jaccl, "-Wl,-soname,libjaccl.so.1");
        option = option.Replace("../", "", StringComparison.Ordinal);
        string mlx = Path.Combine(Prefix, "lib", "libmlx.so");
        Compile("int from_jaccl(void); int from_mlx(void) { return from_jaccl() + 2; }", mlx, jaccl, "-Wl,-soname,libmlx.so", option);
        Compile(Symbols + "int from_mlx(void); int uses_mlx(void) { return from_mlx(); }", Path.Combine(Prefix, "lib", "libmlxc.so"), mlx,
            "-Wl,--allow-shlib-undefined", "-Wl,-rpath,/home/builder/mlx/build");
        StagedPackage package = _fixture.Stager.Mlx(Prefix, 0);
        string native = package.Native(NewProject.Rid);
        Assert.That(new ElfFile(Path.Combine(native, "libmlx.so")).Runpath, Is.EqualTo(new[] { "$ORIGIN" }));
        using JsonDocument versions = JsonDocument.Parse(File.ReadAllText(Path.Combine(native, "versions.json")));
        Assert.That(versions.RootElement.GetProperty("libraries").EnumerateArray()
            .Select(library => library.GetString()), Is.EqualTo(new[] { "libmlxc.so", "libmlx.so", "libjaccl.so.1" }));
        Assert.That(versions.RootElement.GetProperty("needs").GetArrayLength(), Is.Zero);
        Assert.That(File.ReadAllText(Path.Combine(package.Content, "LICENSE-MLX.txt")),
            Does.StartWith("For libmlxc.so, libmlx.so, libjaccl.so.1."));
        Directory.Delete(Path.Combine(Prefix, "lib"), recursive: true);
        AssertFindsItsNeighbor(Path.Combine(native, "libmlxc.so"));
    }

    [Test]
    public void LibraryOfOthersInThePrefixIsTheSystemsUnlessItBringsItsLicense()
    {
        string blas = Path.Combine(Prefix, "lib", "libopenblas.so.0");
        Compile("int dgemm(void) { return 7; }", blas, "-Wl,-soname,libopenblas.so.0");
        Link(OwnFolder, "int dgemm(void); int both(void) { return dgemm(); }", blas, OwnFolder);
        Assert.That(Staged(), Is.EqualTo(("libmlxc.so libmlx.so", "libopenblas.so.0")));
        File.WriteAllText(Path.Combine(Prefix, "COPYING"), "The license of OpenBLAS.\n");
        Assert.That(Staged(), Is.EqualTo(("libmlxc.so libmlx.so libopenblas.so.0", "")));

        (string, string) Staged()
        {
            using JsonDocument versions =
                JsonDocument.Parse(File.ReadAllText(Path.Combine(_fixture.Stager.Mlx(Prefix, 0).Native(NewProject.Rid), "versions.json")));
            string List(string name) =>
                string.Join(' ', versions.RootElement.GetProperty(name).EnumerateArray().Select(item => item.GetString()));
            return (List("libraries"), List("needs"));
        }
    }

    [Test]
    public void LibraryWithMlxInsideIsStagedAlone()
    {
        Compile(Symbols + "int whole(void) { return 1; }", Path.Combine(Prefix, "lib", "libmlxc.so"));
        StagedPackage package = _fixture.Stager.Mlx(Prefix, 0);
        Assert.That(Directory.EnumerateFiles(package.Native(NewProject.Rid))
            .Select(file => Path.GetFileName(file)), Is.EquivalentTo(new[] { "libmlxc.so", "versions.json" }));
    }

    [Test]
    public void PlatformIsTheLibrarysOwn()
    {
        Link(OwnFolder);
        // Two bytes of the header name the processor; the test writes the other processor.
        bool arm = RuntimeInformation.OSArchitecture == Architecture.Arm64;
        foreach (string name in new[] { "libmlxc.so", "libmlx.so" })
        {
            byte[] bytes = File.ReadAllBytes(Path.Combine(Prefix, "lib", name));
            BitConverter.GetBytes(arm ? ElfFile.X64 : ElfFile.Arm64).CopyTo(bytes, 18);
            File.WriteAllBytes(Path.Combine(Prefix, "lib", name), bytes);
        }

        Assert.That(_fixture.Stager.Mlx(Prefix, 0).Id, Is.EqualTo($"DotMlx.Runtime.linux-{(arm ? "x64" : "arm64")}"));
    }

    [TestCase(0)]
    [TestCase(100)]
    [TestCase(2000)]
    public void BrokenLibraryIsRefusedByName(int length)
    {
        Link("-Wl,-rpath,/home/builder/mlx/build");
        string library = Path.Combine(Prefix, "lib", "libmlxc.so");
        File.WriteAllBytes(library, File.ReadAllBytes(library)[..length]);
        Assert.That(() => _fixture.Stager.Mlx(Prefix, 0), Throws.TypeOf<StagingException>().With.Message.Contains(library));
    }

    private static string Symbols =>
        string.Concat(FixturePrefix.Known.Versions.Versions.Single(v => v.Name == "fba4470").Present.Select(s => $"void {s}(void) {{}}\n"));

    /// <summary>Links libmlx.so, and libmlxc.so, which needs it.</summary>
    private void Link(string mlxcOption, string mlxSource = "", params string[] mlxOptions)
    {
        string mlx = Path.Combine(Prefix, "lib", "libmlx.so");
        Compile(mlxSource + "\nint from_mlx(void) { return 42; }", mlx, ["-Wl,-soname,libmlx.so", .. mlxOptions]);
        Compile(Symbols + "int from_mlx(void); int uses_mlx(void) { return from_mlx(); }",
            Path.Combine(Prefix, "lib", "libmlxc.so"), mlx, mlxcOption);
    }

    private void Compile(string source, string library, params string[] options)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(library)!);
        string code = Path.Combine(_fixture.Folder, "code.c");
        File.WriteAllText(code, source);
        Command.Run("cc", ["-shared", "-fPIC", "-w", "-o", library, code, .. options], _fixture.Folder, new Dictionary<string, string>())
            .Succeeded();
    }

    /// <summary>Stages the prefix, and checks the run path and the loading of libmlxc.so.</summary>
    private void AssertStagedLibraryFindsItsNeighbor()
    {
        string staged = Path.Combine(_fixture.Stager.Mlx(Prefix, 0).Native(NewProject.Rid), "libmlxc.so");
        Assert.That(new ElfFile(staged).Runpath, Is.EqualTo(new[] { "$ORIGIN" }));
        AssertFindsItsNeighbor(staged);
    }

    /// <summary>The system's loader finds libmlx.so in the staged folder, although libmlxc.so was linked against another one.</summary>
    private static void AssertFindsItsNeighbor(string library)
    {
        nint handle = NativeLibrary.Load(library);
        try
        {
            Assert.That(Marshal.GetDelegateForFunctionPointer<Number>(NativeLibrary.GetExport(handle, "uses_mlx"))(), Is.EqualTo(42));
            Assert.That(File.ReadLines("/proc/self/maps").Where(line => line.EndsWith("/libmlx.so", StringComparison.Ordinal)),
                Is.Not.Empty.And.All.EndsWith(Path.Combine(Path.GetDirectoryName(library)!, "libmlx.so")));
        }
        finally
        {
            NativeLibrary.Free(handle);
        }
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int Number();
}
