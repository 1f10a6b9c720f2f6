using System.Runtime.InteropServices;
using DotMlx.Bindings.Tests.Support;

namespace DotMlx.Bindings.Tests;

/// <summary>The places where the library is searched, and the messages if it isn't found.</summary>
public sealed class SearchTests
{
    private static readonly string File = LibrarySearch.FileName("mlxc");

    private static string Tiny(int version) => TinyLibrary.Common + TinyLibrary.Symbols("mlx_hamming") + (version == 6
        ? ""
        : TinyLibrary.Symbols("mlx_fft_fftfreq", "mlx_distributed_group_free"));

    [Test]
    public void WrongPathInTheEnvironmentIsReportedAndNothingElseTried()
    {
        string[] lines = Child.Run("/does/not/exist/libmlxc.so", ["version"]);
        Assert.That(lines[0], Is.EqualTo("DllNotFoundException: DotMlx found no mlx-c to load. Tried, in this order:"));
        Assert.That(lines[1], Is.EqualTo("/does/not/exist/libmlxc.so (DOTMLX_LIBRARY): no such file"));
        Assert.That(lines[2], Does.Contain(OperatingSystem.IsMacOS() ? "brew install mlx-c" : "MLX_C_PREFIX").And
            .Contain("DOTMLX_LIBRARY=reference"));
        Assert.That(lines, Has.Length.EqualTo(3));
    }

    [TestCase(true, Architecture.Arm64, "Install MLX with 'brew install mlx-c', add the package DotMlx.Runtime.")]
    [TestCase(true, Architecture.X64, "install the arm64 .NET SDK")]
    [TestCase(false, Architecture.X64, "Install MLX and mlx-c below /usr/local")]
    public void AdviceIsForTheMachine(bool macOS, Architecture architecture, string expected) =>
        Assert.That(LibrarySearch.Advice(macOS, architecture), Does.Contain(expected).And.Contain("DOTMLX_LIBRARY=reference"));

    [Test]
    public void NothingLoadsListsEveryPathWithItsReason()
    {
        using var folder = new TinyLibrary(Tiny(6));
        string garbage = Path.Combine(folder.Folder, "garbage.so");
        System.IO.File.WriteAllText(garbage, "not a library");
        var search = new LibrarySearch();
        DllNotFoundException error = Assert.Throws<DllNotFoundException>(() => search.Find(
            [("/nowhere/libmlxc.so", "first"), (folder.Folder, "second"), (garbage, "third"), ("libmlxc.so", "fourth")]))!;
        Assert.That(error.Message, Does.Contain("/nowhere/libmlxc.so (first): no such file")
            .And.Contain($"{folder.Folder} (second): this is a folder; name the library file in it")
            .And.Contain($"{garbage} (third): ")
            .And.Contain("libmlxc.so (fourth): a full path is needed, because the working directory is never searched"));
        Assert.That(search.Broken, Has.Count.EqualTo(1));
    }

    [Test]
    public void AttemptsStateTheUsedLibraryAndWhyOthersFailed()
    {
        using var good = new TinyLibrary(Tiny(6));
        using var foreign = new TinyLibrary("int something_else(void) { return 1; }\n");
        Assert.That(Child.Run(good.File, ["attempts"]), Is.EqualTo((string[])[$"{good.File}; DOTMLX_LIBRARY; in use"]));
        Assert.That(Child.Run("/does/not/exist.so", ["attempts"]),
            Is.EqualTo((string[])["/does/not/exist.so; DOTMLX_LIBRARY; no such file"]));
        Assert.That(Child.Run(foreign.File, ["attempts"])[0],
            Does.StartWith($"{foreign.File}; DOTMLX_LIBRARY; '{foreign.File}' is not mlx-c: it does not export "));

        string[] searched = Child.Run(null, ["attempts"], null, ("MLX_C_PREFIX", "/some/prefix"))[0].Split(" | ");
        Assert.That(searched, Has.One.EqualTo($"{Path.Combine("/some/prefix", "lib", File)}; MLX_C_PREFIX; no such file"));
        Assert.That(searched[..^1], Has.None.EndsWith("in use"));
    }

    [Test]
    public void PackageThatDoesNotLoadSaysWhatTheSystemMustHave()
    {
        using var missing = new TinyLibrary("int dgemm(void) { return 7; }", "openblas", OperatingSystem.IsMacOS()
            ? "-Wl,-install_name,/nowhere/libopenblas.dylib"
            : "-Wl,-soname,libnowhere.so.0");
        string path = missing.Compile("int dgemm(void);\n" + Tiny(6) + "int uses(void) { return dgemm(); }\n", "mlxc", missing.File);
        System.IO.File.Delete(missing.File);
        System.IO.File.WriteAllText(Path.Combine(missing.Folder, "versions.json"), """
            { "kind": "mlx", "mlx": "0.31.1", "mlxC": "v0.6.0", "commit": "abc", "minimumSystem": "glibc 2.35",
              "needs": [ "libnowhere.so.0", "liblapack.so.3" ], "debian": [ "libnowhere0", "liblapack3" ] }
            """);
        string line = Child.Run(path, ["version"])[1];
        Assert.That(line, Does.StartWith($"{path} (DOTMLX_LIBRARY): ").And.Contain("libnowhere.so.0").Or.Contain("libopenblas"));
        Assert.That(line, Does.EndWith("Its package needs glibc 2.35 or newer, and libnowhere.so.0, liblapack.so.3 of the system (on "
            + "Debian and Ubuntu: apt-get install libnowhere0 liblapack3)."));
    }

    [Test]
    public void PlacesAreTriedInOrder()
    {
        string?[] before = [Environment.GetEnvironmentVariable(LibrarySearch.Variable), Environment.GetEnvironmentVariable("MLX_C_PREFIX")];
        try
        {
            Environment.SetEnvironmentVariable("MLX_C_PREFIX", "/some/prefix");
            Environment.SetEnvironmentVariable(LibrarySearch.Variable, null);
            string[] paths = [.. LibrarySearch.Candidates(null).Select(c => c.Path)];
            int own = Array.FindIndex(paths, p => p.StartsWith(AppContext.BaseDirectory, StringComparison.Ordinal)
                && p.Contains("runtimes"));
            int prefix = Array.IndexOf(paths, Path.Combine("/some/prefix", "lib", File));
            int reference = Array.FindIndex(paths, p => p.EndsWith(LibrarySearch.FileName("mlxc-reference"), StringComparison.Ordinal));
            Assert.That(own, Is.Zero);
            Assert.That(prefix, Is.GreaterThan(own));
            Assert.That(reference, Is.GreaterThan(prefix));
            if (!OperatingSystem.IsWindows())
                Assert.That(Array.IndexOf(paths, $"/usr/local/lib/{File}"), Is.GreaterThan(prefix).And.LessThan(reference));
            Assert.That(paths, Has.All.Matches<string>(p => Path.IsPathFullyQualified(p!)));

            Environment.SetEnvironmentVariable(LibrarySearch.Variable, "/named/by/environment.so");
            Assert.That(LibrarySearch.Candidates(null).Select(c => c.Path), Is.EqualTo((string[])["/named/by/environment.so"]));
            Assert.That(LibrarySearch.Candidates("/named/by/program.so")
                .Select(c => c.Path), Is.EqualTo((string[])["/named/by/program.so"]));
            Environment.SetEnvironmentVariable(LibrarySearch.Variable, LibrarySearch.ReferenceWord);
            Assert.That(LibrarySearch.Candidates(null).Select(c => Path.GetFileName(c.Path))
                .Distinct(), Is.EqualTo((string[])[LibrarySearch.FileName("mlxc-reference")]));
        }
        finally
        {
            Environment.SetEnvironmentVariable(LibrarySearch.Variable, before[0]);
            Environment.SetEnvironmentVariable("MLX_C_PREFIX", before[1]);
        }
    }

    [Test]
    public void TheLibraryIsFoundUnderAPrefix()
    {
        using var library = new TinyLibrary(Tiny(6));
        Directory.CreateDirectory(Path.Combine(library.Folder, "lib"));
        System.IO.File.Move(library.File, Path.Combine(library.Folder, "lib", File));
        Assert.That(Child.Run(null, ["version"], null, ("MLX_C_PREFIX", library.Folder)), Is.EqualTo((string[])["v0.6.0 0.31.2 Mlx"]));
    }

    [Test]
    public void PathSetByTheProgramWins()
    {
        using var named = new TinyLibrary(Tiny(6));
        using var environment = new TinyLibrary(Tiny(7));
        string[] lines = Child.Run(environment.File, [$"path={named.File}", "version", $"path={environment.File}"]);
        Assert.That(lines[..2], Is.EqualTo((string[])[named.File, "v0.6.0 0.31.2 Mlx"]));
        Assert.That(lines[2], Is.EqualTo($"InvalidOperationException: MlxLibrary.Path cannot become '{environment.File}': '{named.File}' "
            + $"is already loaded. Set it before the first use of MLX."));
    }

    [Test]
    public void WorkingDirectoryIsNeverSearched()
    {
        using var library = new TinyLibrary(Tiny(6));
        Assert.That(Child.Run(File, ["version"], library.Folder)[1], Does.Contain("the working directory is never searched"));
        Assert.That(Child.Run(null, ["version"], library.Folder), Has.None.Contains("v0.6.0"));
    }

    [Test]
    public void MlxBesideTheLibraryIsLoadedFirst()
    {
        // The library is linked without an rpath, as installed libraries may be, so only a libmlx that is already loaded satisfies it.
        using var library = new TinyLibrary("int from_mlx(void) { return 1; }\n", "mlx",
            $"-Wl,{(OperatingSystem.IsMacOS() ? "-install_name,@rpath/libmlx.dylib" : "-soname,libmlx.so")}");
        string path = library.Compile("int from_mlx(void);\n" + Tiny(6) + "int uses_mlx(void) { return from_mlx(); }\n",
            "mlxc", library.File);
        Assert.That(Child.Run(path, ["version"]), Is.EqualTo((string[])["v0.6.0 0.31.2 Mlx"]));
    }

    [Test]
    public void LibjacclBesideTheLibraryIsLoadedBeforeLibmlx()
    {
        // MLX 0.32 for macOS 26.2 has a third library. After an installation with CMake, neither of the others has a run path.
        static string Named(string name) =>
            $"-Wl,{(OperatingSystem.IsMacOS() ? $"-install_name,@rpath/lib{name}.dylib" : $"-soname,lib{name}.so")}";
        using var library = new TinyLibrary("int from_jaccl(void) { return 1; }\n", "jaccl", Named("jaccl"));
        string mlx = library.Compile("int from_jaccl(void);\nint from_mlx(void) { return from_jaccl(); }\n", "mlx",
            library.File, Named("mlx"));
        string path = library.Compile(
            "int from_mlx(void);\n" + Tiny(6) + "int uses_mlx(void) { return from_mlx(); }\n", "mlxc", mlx, OperatingSystem.IsMacOS()
                ? "-Wl,-undefined,dynamic_lookup"
                : "-Wl,--allow-shlib-undefined");
        Assert.That(Child.Run(path, ["version"]), Is.EqualTo((string[])["v0.6.0 0.31.2 Mlx"]));
    }

    [Test]
    public void KernelsThatLieWithTheApplicationAloneAreMadeKnown()
    {
        // A single-file application extracts libmlx, but not mlx.metallib and versions.json.
        const string Told = "#include <stdlib.h>\nstatic char* told;\nconst char* kernels(void) { return told; }\n";
        using var newer = new TinyLibrary(
            Told + Tiny(7) + TinyLibrary.Symbols("mlx_compile_cache_new", "mlx_cumsum_axis", "mlx_fast_cross_entropy")
                + "int mlx_metal_set_metallib_path(const char* path) { told = strdup(path); return 0; }\n");
        using var older = new TinyLibrary(Told + Tiny(7));
        string application = Directory.CreateTempSubdirectory("dotmlx-application-").FullName;
        string[] Start(TinyLibrary library) =>
            Child.Run(null, [$"single-file={application}|{library.Folder}", "kernels", "package", "attempts"])[1..];
        try
        {
            Assert.That(Start(newer)[0], Is.EqualTo("never told"), "there are none");
            string kernels = Path.Combine(application, "mlx.metallib");
            System.IO.File.WriteAllText(kernels, "MTLB");
            System.IO.File.WriteAllText(Path.Combine(application, "versions.json"), """
                { "kind": "mlx", "mlx": "0.32.3", "mlxC": "v0.7.0", "commit": "abc", "minimumSystem": "macOS 14" }
                """);
            string[] started = Start(newer);
            Assert.That(started[..2], Is.EqualTo((string[])[kernels, "0.32.3 v0.7.0 abc macOS 14"]));
            Assert.That(started[2], Does.EndWith($"{newer.File}; beside the application; in use"));
            const string Advice = "Publish without IncludeNativeLibrariesForSelfExtract, or with IncludeAllContentForSelfExtract=true";
            string[] refused = Start(older);
            Assert.That(refused[..2], Has.All.StartsWith("NotSupportedException: MLX 0.31.2 finds its Metal kernels only next to its "
                + "library, which").And.All.Contains($"'{kernels}'").And.All.Contains(Advice));
            Assert.That(refused[2], Does.Contain(Advice), "`dotnet mlx info` shows it");

            // An installed library is no part of the application.
            Assert.That(Child.Run(newer.File, [$"single-file={application}|{older.Folder}", "kernels"])[1], Is.EqualTo("never told"));
            foreach (TinyLibrary library in (TinyLibrary[])[newer, older])
            {
                System.IO.File.WriteAllText(Path.Combine(library.Folder, "mlx.metallib"), "MTLB");
                Assert.That(Start(library)[0], Is.EqualTo("never told"), "MLX finds them itself");
            }
        }
        finally
        {
            Directory.Delete(application, recursive: true);
        }
    }
}
