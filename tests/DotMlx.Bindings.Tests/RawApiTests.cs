using System.Runtime.InteropServices;
using DotMlx.Bindings.Tests.Support;
using DotMlx.Generator;

namespace DotMlx.Bindings.Tests;

/// <summary>Tests the raw API on its own, with the library in use.</summary>
public sealed unsafe class RawApiTests
{
    [Test]
    public void AddsTwoArraysAndReadsTheSum()
    {
        float* data = stackalloc float[] { 1, 2, 3, 4 };
        int* shape = stackalloc int[] { 2, 2 };
        mlx_stream stream = Mlxc.mlx_default_cpu_stream_new();
        mlx_array a = Mlxc.mlx_array_new_data(data, shape, 2, mlx_dtype.MLX_FLOAT32), sum = default;
        if (a.ctx is null) throw MlxError.Fail("mlx_array_new_data");
        MlxError.ThrowIfFailed(Mlxc.mlx_add(&sum, a, a, stream), "mlx_add");
        MlxError.ThrowIfFailed(Mlxc.mlx_array_eval(sum), "mlx_array_eval");
        Assert.That(Mlxc.mlx_array_ndim(sum), Is.EqualTo((nuint)2));
        Assert.That(new ReadOnlySpan<int>(Mlxc.mlx_array_shape(sum), 2).ToArray(), Is.EqualTo((int[])[2, 2]));
        Assert.That(Mlxc.mlx_array_dtype(sum), Is.EqualTo(mlx_dtype.MLX_FLOAT32));
        Assert.That(new ReadOnlySpan<float>(Mlxc.mlx_array_data_float32(sum), 4).ToArray(), Is.EqualTo((float[])[2, 4, 6, 8]));
        MlxError.ThrowIfFailed(Mlxc.mlx_array_free(sum), "mlx_array_free");
        MlxError.ThrowIfFailed(Mlxc.mlx_array_free(a), "mlx_array_free");
        MlxError.ThrowIfFailed(Mlxc.mlx_stream_free(stream), "mlx_stream_free");
    }

    [Test]
    public void StatusBecomesAnExceptionWithMlxsWords()
    {
        float* data = stackalloc float[3];
        int two = 2, three = 3;
        mlx_stream stream = Mlxc.mlx_default_cpu_stream_new();
        mlx_array a = Mlxc.mlx_array_new_data(data, &two, 1, mlx_dtype.MLX_FLOAT32),
            b = Mlxc.mlx_array_new_data(data, &three, 1, mlx_dtype.MLX_FLOAT32), sum = default;
        int status = Mlxc.mlx_add(&sum, a, b, stream);
        MlxException error = Assert.Throws<MlxException>(() => MlxError.ThrowIfFailed(status, "mlx_add"))!;
        Assert.That(error.Message, Does.Contain("cannot be broadcast").And.Not.Contain(".cpp"));
        Assert.That(error.Operation, Is.EqualTo("mlx_add"));
        _ = Mlxc.mlx_array_free(a);
        _ = Mlxc.mlx_array_free(b);
        _ = Mlxc.mlx_stream_free(stream);
    }

    [Test]
    public void EmptyHandleIsAnErrorAndNotACrash()
    {
        Assert.Throws<MlxException>(() => MlxError.ThrowIfFailed(Negative(), "mlx_negative"));

        static int Negative()
        {
            mlx_array r = default;
            return Mlxc.mlx_negative(&r, default, default);
        }
    }

    [TestCase(2, "mlx_x found nothing (status 2): there is no such key, or no further element.")]
    [TestCase(3, "mlx_x found a value of another type (status 3).")]
    [TestCase(4, "mlx_x returned status 4 without a message.")]
    public void OtherStatusesDoNotTakeAnEarlierMessage(int status, string expected)
    {
        mlx_array r = default;
        Assert.That(Mlxc.mlx_negative(&r, default, default), Is.EqualTo(1));
        Assert.That(() => MlxError.ThrowIfFailed(status, "mlx_x"), Throws.TypeOf<MlxException>().With.Message.EqualTo(expected));
        Assert.That(MlxError.TakeMessage(), Is.Null);
    }

    [Test]
    public void ErrorsOfOneThreadAreNotThoseOfAnother()
    {
        Assert.That(Fails(), Is.Not.Zero);
        string? elsewhere = "never asked";
        var thread = new Thread(() => elsewhere = MlxError.TakeMessage());
        thread.Start();
        thread.Join();
        Assert.That(elsewhere, Is.Null);
        Assert.That(MlxError.TakeMessage(), Is.Not.Null.And.Not.Empty);
        Assert.That(MlxError.TakeMessage(), Is.Null, "a message is taken once");

        static int Fails()
        {
            mlx_array r = default;
            return Mlxc.mlx_negative(&r, default, default);
        }
    }

    [Test]
    public void LibraryTellsWhatItIs()
    {
        Assert.That(Path.IsPathFullyQualified(MlxLibrary.Path), MlxLibrary.Path);
        Assert.That(MlxLibrary.MlxVersion, Does.Match(@"^\d+\.\d+\.\d+"));
        Assert.That(KnownMlxc.All.Select(v => v.Name), Does.Contain(MlxLibrary.MlxcVersion));
        Assert.That(MlxLibrary.Devices, Does.Contain("cpu:0"));
        Assert.That(MlxLibrary.Kind, Is.EqualTo(MlxLibrary.Path.Contains("reference") ? MlxLibraryKind.Reference : MlxLibraryKind.Mlx));
    }

    [TestCase("[add] bad at /src/mlx/c/ops.cpp:12", "[add] bad")]
    [TestCase("cannot look at 12:30", "cannot look at 12:30")]
    [TestCase("no such file at /a b/x.cpp:7", "no such file")]
    [TestCase("look at me", "look at me")]
    [TestCase("at /x.cpp:", "at /x.cpp:")]
    [TestCase("", "")]
    public void FileAndLineOfTheCppSourceAreCutOff(string message, string expected) =>
        Assert.That(MlxError.Clean(message), Is.EqualTo(expected));

    [Test]
    public void CountingLibraryFindsTheArrayThatWasLeft()
    {
        if (OperatingSystem.IsWindows()) Assert.Ignore("The counting library is compiled with cc.");
        var generation = new Generation(Runner.FindRoot(AppContext.BaseDirectory));
        using TinyLibrary library = CountingLibrary.Build(generation.ReadApi(MlxLibrary.MlxcVersion), MlxLibrary.Path);
        Assert.That(Child.Run(library.File, ["add", "counts", "leak", "counts"]),
            Is.EqualTo((string[])["2 4 6", "arrays: 0, made: 4", "left one", "arrays: 1, made: 5"]));
    }

    [Test]
    public void CountingLibraryTellsMacOsWhereTheRealOneLies() =>
        // The reference library's install name is @rpath/libmlxc-reference.dylib, so without a run path, the loader searches nowhere.
        Assert.That(CountingLibrary.LinkOptions("/build/libmlxc-reference.dylib", macOS: true),
            Is.EqualTo((string[])["-Wl,-reexport_library,/build/libmlxc-reference.dylib", "-Wl,-rpath,/build"]));

    [Test]
    public void ReferenceLibraryExportsEverySymbolOfThePinnedVersion()
    {
        string? path = LibrarySearch.Reference().Select(place => place.Path).FirstOrDefault(File.Exists);
        if (path is null) Assert.Ignore("The reference library is not built: ./build.sh --target=Native.");
        nint handle = NativeLibrary.Load(path);
        var generation = new Generation(Runner.FindRoot(AppContext.BaseDirectory));
        bool arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        foreach (Generator.Api.ApiFunction f in generation.ReadApi(generation.Versions.Pinned).Functions)
            Assert.That(NativeLibrary.TryGetExport(handle, f.Name, out _), Is.EqualTo(f.AbsentOn is null || arm), f.Name);
        Assert.That(NativeLibrary.TryGetExport(handle, LoadedLibrary.ReferenceSymbol, out _), Is.True);
    }
}
