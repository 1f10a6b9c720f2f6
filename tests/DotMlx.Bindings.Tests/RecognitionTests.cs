using DotMlx.Bindings.Tests.Support;

namespace DotMlx.Bindings.Tests;

/// <summary>Recognition of mlx-c's version. Each test loads a library with a few symbols in its own process.</summary>
public sealed class RecognitionTests
{
    private const string OldFft =
        "int mlx_fft_fft(handle* res, handle a, int n, int axis, handle s) { return a.ctx == (void*)11 && n == 7 && axis == 1 && s.ctx == "
        + "(void*)5 ? 60 : 1; }\n";

    private const string NewFft =
        "int mlx_fft_fft(handle* res, handle a, int n, int axis, int norm, handle s) { return a.ctx == (void*)11 && n == 7 && axis == 1 "
        + "&& s.ctx == (void*)5 ? 70 + norm : 1; }\n";

    private const string OldScan =
        "int mlx_cumsum(handle* res, handle a, int axis, bool reverse, bool inclusive, handle s) { return axis == -2 && reverse && "
        + "!inclusive && s.ctx == (void*)5 ? 80 : 1; }\n";

    private const string NewScan = """
        int mlx_cumsum(handle* res, handle a, bool reverse, bool inclusive, optional dtype, handle s) { return reverse && !inclusive && !dtype.has_value && s.ctx == (void*)5 ? 90 : 1; }
        int mlx_cumsum_axis(handle* res, handle a, int axis, bool reverse, bool inclusive, optional dtype, handle s) { return axis == -2 && reverse && !inclusive && !dtype.has_value && s.ctx == (void*)5 ? 91 : 1; }
        int mlx_fast_scaled_dot_product_attention(handle* res, handle q, handle k, handle v, float scale, const char* mode, handle mask, handle sinks, bool force_fused, handle s) { return scale == 0.5f && !force_fused && s.ctx == (void*)5 ? 92 : 1; }

        """;

    private static string V0_6_0 => TinyLibrary.Common + TinyLibrary.Symbols("mlx_hamming") + OldFft + OldScan
        + "handle mlx_distributed_init(bool strict, const char* bk) { handle group = { (void*)(strict ? 33 : 0) }; return group; }\n";

    private static string Fba4470 =>
        TinyLibrary.Common + TinyLibrary.Symbols("mlx_hamming", "mlx_fft_fftfreq", "mlx_distributed_group_free") + NewFft + OldScan
        + "int mlx_distributed_init(handle* res, bool strict, const char* bk) { res->ctx = (void*)34; return 0; }\n";

    private static string V0_7_0 =>
        TinyLibrary.Common + TinyLibrary.Symbols("mlx_hamming", "mlx_fft_fftfreq", "mlx_distributed_group_free", "mlx_compile_cache_new",
            "mlx_fast_cross_entropy") + NewFft + NewScan;

    [Test]
    public void OldestVersionIsRecognizedAndCalledInItsForms()
    {
        using var library = new TinyLibrary(V0_6_0, options: "-DMLX_VERSION=\"0.31.1\"");
        string[] lines = Child.Run(library.File,
            ["version", "portable-fft", "portable-cumsum", "portable-init", "pinned-fft", "gguf", "portable-fft-ortho"]);
        Assert.That(lines[0], Is.EqualTo("v0.6.0 0.31.1 Mlx"));
        Assert.That(lines[1..4], Is.EqualTo((string[])["60", "80", "0 33"]));
        Assert.That(lines[4], Does.StartWith("NotSupportedException: mlx_fft_fft has other parameters in mlx-c v0.6.0; this form is that "
            + "of mlx-c fba4470, v0.7.0."));
        Assert.That(lines[5], Does.StartWith("NotSupportedException: mlx_io_gguf_new is not in mlx-c "
            + "v0.6.0; mlx-c fba4470, v0.7.0 has it."));
        Assert.That(lines[6], Does.StartWith("NotSupportedException: mlx_fft_fft with MLX_FFT_NORM_ORTHO needs mlx-c fba4470 or newer"));
    }

    [Test]
    public void PinnedVersionIsRecognizedAndCalledInItsForms()
    {
        using var library = new TinyLibrary(Fba4470);
        string[] lines = Child.Run(library.File, ["version", "portable-fft", "portable-fft-ortho", "pinned-fft", "portable-cumsum",
            "pinned-cumsum", "portable-init", "suffixed-cumsum", "trunc", "half"]);
        Assert.That(lines[0], Is.EqualTo("fba4470 0.31.2 Mlx"));
        Assert.That(lines[1..7], Is.EqualTo((string[])["70", "71", "70", "80", "80", "0 34"]));
        Assert.That(lines[7], Does.StartWith("NotSupportedException: mlx_cumsum has other parameters in "
            + "mlx-c fba4470; this form is that of mlx-c v0.7.0."));
        Assert.That(lines[8], Does.StartWith("NotSupportedException: mlx_trunc is not in mlx-c fba4470; mlx-c v0.7.0 has it."));
        Assert.That(lines[9], Does.StartWith("NotSupportedException: mlx_array_item_float16 is not exported by"));
    }

    [Test]
    public void NewestVersionIsRecognizedAndCalledInItsForms()
    {
        using var library = new TinyLibrary(V0_7_0, options: "-DMLX_VERSION=\"0.32.3\"");
        string[] lines = Child.Run(library.File,
            ["version", "portable-fft", "portable-cumsum", "suffixed-cumsum", "portable-attention", "pinned-cumsum"]);
        Assert.That(lines[0], Is.EqualTo("v0.7.0 0.32.3 Mlx"));
        Assert.That(lines[1..5], Is.EqualTo((string[])["70", "91", "90", "92"]));
        Assert.That(lines[5], Does.StartWith("NotSupportedException: mlx_cumsum has other parameters in mlx-c v0.7.0; this form is that "
            + "of mlx-c v0.6.0, fba4470."));
    }

    [TestCase("mlx_hamming mlx_fft_fftfreq", "v0.6.0 (0726ca9", "mlx_fft_fftfreq should not exist",
        "mlx_distributed_group_free is missing")]
    [TestCase("mlx_hamming mlx_fft_fftfreq mlx_distributed_group_free mlx_compile_cache_new", "fba4470 (fba4470b",
        "mlx_compile_cache_new should not exist", "mlx_cumsum_axis is missing, mlx_fast_cross_entropy is missing")]
    [TestCase("mlx_hamming mlx_fft_fftfreq mlx_distributed_group_free mlx_compile_cache_new mlx_cumsum_axis mlx_fast_cross_entropy mlx_get_array_buffer_size", "v0.7.0 (a341b49", "mlx_get_array_buffer_size should not exist", "")]
    [TestCase("mlx_cos", "v0.7.0", "mlx_hamming is missing", "")]
    public void UnknownMixtureIsRefused(string symbols, params string[] expected)
    {
        using var library = new TinyLibrary(TinyLibrary.Common + TinyLibrary.Symbols(symbols.Split(' ')));
        foreach (string line in (string[])[Child.Run(library.File, ["version"])
            .Aggregate((a, b) => a + "\n" + b), Child.Run(library.File, ["pinned-cumsum"]).Aggregate((a, b) => a + "\n" + b)])
        {
            Assert.That(line, Does.StartWith($"NotSupportedException: '{library.File}' is a version of mlx-c that DotMlx doesn't know"));
            Assert.That(line, Does.Contain("./build.sh --target=Bindings --headers=DIR --version=NAME"));
            foreach (string text in expected) Assert.That(line, Does.Contain(text));
        }
    }

    [Test]
    public void LibraryOfAnotherKindIsRefused()
    {
        using var library = new TinyLibrary(TinyLibrary.Symbols("something_else"));
        Assert.That(Child.Run(library.File, ["version"])[0],
            Does.StartWith($"NotSupportedException: '{library.File}' is not mlx-c: it does not export mlx_set_error_handler."));
    }

    [Test]
    public void LibraryIsLoadedOnceHoweverManyThreadsAsk()
    {
        using var library = new TinyLibrary(Fba4470);
        Assert.That(Child.Run(library.File, ["threads=32"]), Is.EqualTo((string[])["handlers set: 1"]));
    }

    [Test]
    public void ReferenceLibraryAndUntestedVersionsAreWarnedOf()
    {
        using var newer = new TinyLibrary(V0_7_0, options: "-DMLX_VERSION=\"0.33.0\"");
        string[] lines = Child.Run(newer.File, ["log"]);
        Assert.That(lines[0], Is.EqualTo($"Information: DotMlx uses Mlx: MLX 0.33.0, mlx-c v0.7.0, {newer.File}"));
        Assert.That(lines[1], Is.EqualTo("Warning: MLX 0.33.0 is newer than the versions DotMlx was tested with (0.31.1 to 0.32.3); a "
            + "function whose C signature changed since could misbehave"));

        using var reference = new TinyLibrary(Fba4470 + TinyLibrary.Symbols("dotmlx_reference"));
        lines = Child.Run(reference.File, ["log", "version", "log"]);
        Assert.That(lines[0], Is.EqualTo($"Information: DotMlx uses Reference: MLX 0.31.2, mlx-c fba4470, {reference.File}"));
        Assert.That(lines[1], Does.StartWith("Warning: DotMlx runs on its reference library"));
        Assert.That(lines[3], Is.EqualTo("fba4470 0.31.2 Reference"));
        Assert.That(lines[4..6], Is.EqualTo(lines[0..2]), "a factory that comes after loading hears what was said before");
    }

    [Test]
    public void LoggerMayAskWhichLibraryIsInUse()
    {
        using var library = new TinyLibrary(Fba4470);
        Assert.That(Child.Run(library.File, ["asking-log"]), Is.EqualTo((string[])["fba4470", "logged"]));
    }

    [Test]
    public void VersionsOfAPackageAreReadBesideTheLibrary()
    {
        using var library = new TinyLibrary(Fba4470);
        Assert.That(Child.Run(library.File, ["package"]), Is.EqualTo((string[])["none"]));
        Write(library, "versions.json", "mlx", "fba4470",
            """ "minimumSystem": "macOS 14.0", "needs": ["libopenblas.so.0", "liblapack.so.3"] """);
        Assert.That(Child.Run(library.File, ["package"]),
            Is.EqualTo((string[])["0.31.2 fba4470 abc macOS 14.0 libopenblas.so.0+liblapack.so.3"]));
        string[] lines = Child.Run(library.File, ["log"]);
        Assert.That(lines, Has.Length.EqualTo(2), "the library is what its package says");
    }

    [Test]
    public void LibraryThatIsNotWhatItsPackageSaysIsWarnedOf()
    {
        using var library = new TinyLibrary(Fba4470);
        Write(library, "versions.json", "mlx", "v0.7.0", """ "needs": [] """);
        Assert.That(Child.Run(library.File, ["log", "version"]), Is.EqualTo((string[])
        [
            $"Information: DotMlx uses Mlx: MLX 0.31.2, mlx-c fba4470, {library.File}",
            $"Warning: The package of {library.File} says mlx-c v0.7.0, but the file is mlx-c fba4470 and "
                + $"is used as such: it was replaced after packaging",
            "logged",
            "fba4470 0.31.2 Mlx",
        ]));
    }

    [TestCase("")]
    [TestCase("not json")]
    [TestCase("[1, 2]")]
    [TestCase("{}")]
    [TestCase("""{ "version": 3, "kind": "something of the application's" }""")]
    [TestCase("""{ "kind": "mlx", "mlx": 31, "mlxC": null }""")]
    [TestCase("""{ "kind": "reference", "mlx": "0.31.2", "mlxC": "fba4470", "commit": "abc" }""")]
    public void AnotherVersionsFileIsLeftAlone(string content)
    {
        using var library = new TinyLibrary(Fba4470);
        File.WriteAllText(Path.Combine(library.Folder, "versions.json"), content);
        Assert.That(Child.Run(library.File, ["package", "log"]),
            Is.EqualTo((string[])["none", $"Information: DotMlx uses Mlx: MLX 0.31.2, mlx-c fba4470, {library.File}", "logged"]));
    }

    [Test]
    public void ReferenceLibraryHasAFileOfItsOwn()
    {
        using var library = new TinyLibrary(Fba4470 + TinyLibrary.Symbols("dotmlx_reference"), "mlxc-reference");
        Write(library, "versions.json", "mlx", "v0.7.0", """ "needs": [] """);
        Write(library, "mlxc-reference.versions.json", "reference", "fba4470", """ "rid": "any" """);
        Assert.That(Child.Run(library.File, ["package"])[0], Does.StartWith("0.31.2 fba4470 abc"));
    }

    private static void Write(TinyLibrary library, string file, string kind, string mlxc, string more) => File.WriteAllText(
        Path.Combine(library.Folder, file), $$"""{ "kind": "{{kind}}", "mlx": "0.31.2", "mlxC": "{{mlxc}}", "commit": "abc", {{more}} }""");

    [TestCase("0.32.3", false)]
    [TestCase("0.32.4", true)]
    [TestCase("0.33.0.dev20261101+abc", true)]
    [TestCase("0.31.2", false)]
    [TestCase("unknown", false)]
    public void NewerThanTestedIsToldFromTheNumbers(string version, bool newer) =>
        Assert.That(MlxLibrary.IsNewerThanTested(version), Is.EqualTo(newer));
}
