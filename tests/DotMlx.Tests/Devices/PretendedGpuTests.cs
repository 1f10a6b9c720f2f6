using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using DotMlx.Tests.Shared;

namespace DotMlx.Tests.Devices;

/// <summary>
/// Simulates a Mac. In a separate process, a library in front of the one in use reports a GPU, or another version of MLX, and records the
/// calls. The GPU's streams are streams of the CPU.
/// </summary>
[Platform("Linux", Reason = "The library is linked by Linux's own compiler.")]
public sealed unsafe class PretendedGpuTests
{
    private const string Source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <pthread.h>
        #include <stdbool.h>
        #include <stddef.h>
        #include <stdlib.h>
        enum { CPU, GPU };
        typedef struct { void* ctx; } handle;
        #define REAL(name, result, ...) ((result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))
        static bool has_gpu(void) { return getenv("PRETENDED_GPU") != NULL; }
        static const char* failure_of_gpu(void) { return getenv("PRETENDED_FAILURE"); }

        int mlx_version(handle* text) {
          const char* version = getenv("PRETENDED_MLX");
          if (!version) return REAL(mlx_version, int, handle*)(text);
          *text = REAL(mlx_string_new_data, handle, const char*)(version);
          return 0;
        }
        int mlx_device_is_available(bool* available, handle device) {
          if (!has_gpu()) return REAL(mlx_device_is_available, int, bool*, handle)(available, device);
          *available = true;
          return 0;
        }
        int mlx_metal_is_available(bool* available) {
          *available = has_gpu() || failure_of_gpu();
          return 0;
        }
        static void (*report)(const char*, void*);
        void mlx_set_error_handler(void (*handler)(const char*, void*), void* data, void (*free)(void*)) {
          report = handler;
          REAL(mlx_set_error_handler, void, void (*)(const char*, void*), void*, void (*)(void*))(handler, data, free);
        }
        int mlx_device_info_get(handle* info, handle device) {
          int type;
          REAL(mlx_device_get_type, int, int*, handle)(&type, device);
          if (type == CPU || !failure_of_gpu()) return REAL(mlx_device_info_get, int, handle*, handle)(info, device);
          report(failure_of_gpu(), NULL);
          return 1;
        }
        int mlx_get_default_device(handle* device) {
          if (!has_gpu()) return REAL(mlx_get_default_device, int, handle*)(device);
          handle gpu = REAL(mlx_device_new_type, handle, int, int)(GPU, 0);
          int status = REAL(mlx_device_set, int, handle*, handle)(device, gpu);
          REAL(mlx_device_free, int, handle)(gpu);
          return status;
        }

        static void* streams_of_gpu[64];
        static int number;
        static pthread_t maker, evaluator;
        static int type_of(handle stream) {
          for (int i = 0; i < number; i++) if (streams_of_gpu[i] == stream.ctx) return GPU;
          return CPU;
        }
        handle mlx_stream_new_device(handle device) {
          int type;
          REAL(mlx_device_get_type, int, int*, handle)(&type, device);
          handle cpu = REAL(mlx_device_new_type, handle, int, int)(CPU, 0);
          handle stream = REAL(mlx_stream_new_device, handle, handle)(cpu);
          REAL(mlx_device_free, int, handle)(cpu);
          if (type == GPU) streams_of_gpu[number++] = stream.ctx;
          maker = pthread_self();
          return stream;
        }
        static __thread bool defaults[2];
        int mlx_set_default_stream(handle stream) {
          defaults[type_of(stream)] = true;
          return type_of(stream) == GPU ? 0 : REAL(mlx_set_default_stream, int, handle)(stream);
        }
        static int written_on = -1;
        int mlx_scatter(handle* res, handle a, handle indices, handle updates, const int* axes, size_t n, handle stream) {
          written_on = type_of(stream);
          return REAL(mlx_scatter, int, handle*, handle, handle, handle, const int*, size_t, handle)(
              res, a, indices, updates, axes, n, stream);
        }
        int mlx_put_along_axis(handle* res, handle a, handle indices, handle values, int axis, handle stream) {
          written_on = type_of(stream);
          return REAL(mlx_put_along_axis, int, handle*, handle, handle, handle, int, handle)(res, a, indices, values, axis, stream);
        }
        #define EVALUATE(name) int name(handle arrays) { evaluator = pthread_self(); return REAL(name, int, handle)(arrays); }
        EVALUATE(mlx_eval)
        EVALUATE(mlx_async_eval)
        EVALUATE(mlx_array_eval)

        int noted_default_of_cpu(void) { return defaults[CPU]; }
        int noted_default_of_gpu(void) { return defaults[GPU]; }
        int noted_written_on_gpu(void) { return written_on; }
        int noted_evaluated_by_maker(void) { return pthread_equal(maker, evaluator) != 0; }
        """;

    private string _folder = "";

    private string Library => Path.Combine(_folder, "libmlxc.so");

    [OneTimeSetUp]
    public void Build()
    {
        if (ThreadFreeStreams.Available)
        {
            Assert.Ignore("The library in front would have to make streams that belong to no thread.");
        }

        _folder = Directory.CreateTempSubdirectory("dotmlx-pretended-").FullName;

        // An old-style run path also applies to the libraries that the next library loads.
        CCompiler.Compile(
            Source, Library, "-shared", "-fPIC", "-Wl,--no-as-needed", MlxLibrary.Path, "-Wl,--disable-new-dtags",
            $"-Wl,-rpath,{Path.GetDirectoryName(MlxLibrary.Path)}", "-ldl", "-lpthread");
    }

    [OneTimeTearDown]
    public void Remove()
    {
        if (_folder.Length > 0)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Test]
    public void ImportingSetsTheDefaultsOfTheCpuAndTheGpu()
    {
        string file = Path.Combine(_folder, "broken.mlxfn");
        File.WriteAllBytes(file, [1, 2, 3]);
        Assert.That(Run(["import", file], ("PRETENDED_GPU", "1")), Is.EqualTo("cpu 1, gpu 1"));
    }

    [Test]
    public void ElementsOf64BitsAreWrittenOnTheCpu() =>
        Assert.That(Run(["write"], ("PRETENDED_GPU", "1")),
            Is.EqualTo("int32 5,2,6 on gpu 1, int64 5,2,6 on gpu 0, along an axis 7,2,6 on gpu 0"));

    [TestCase("0.32.0")]
    [TestCase("0.32.1")]
    [RequiresMlx("its streams belong to no thread")]
    public void TheThreadThatMakesStreamsEvaluatesSince032(string mlx) =>
        Assert.That(Run(["evaluate"], ("PRETENDED_MLX", mlx)), Is.EqualTo("queued 1, read 1"));

    [TestCase("[metal::load_device] No Metal device available.")]
    [TestCase("Failed to load the default metallib. Tried: mlx.metallib beside libmlx")]
    [RequiresMlx("the reference library never has a GPU")]
    public void MlxIsAskedWhyThereIsNoGpu(string failure)
    {
        if (Mx.IsAvailable(MlxDevice.Gpu))
        {
            Assert.Ignore("There is a GPU here.");
        }

        string why = $"{failure.TrimEnd('.')}. To compute on the CPU, call Mx.SetDefaultDevice(DeviceType.Cpu) first.";
        Assert.That(Run(["missing"], ("PRETENDED_FAILURE", failure)).Split('\n'), Is.EqualTo(new[]
        {
            "default Device(cpu, 0)", why, $"Device(gpu, 0) is not available in the loaded library ({Library}): {why}",
            $"Device(gpu, 0) is not available in the loaded library ({Library}): {why}", "3",
        }));
    }

    private string Run(string[] what, (string Name, string Value) pretended)
    {
        ProcessStartInfo start = OwnProgram.Start(typeof(PretendedGpuTests).Assembly.Location, ["pretended-gpu", .. what]);
        start.Environment["DOTMLX_LIBRARY"] = Library;
        start.Environment[pretended.Name] = pretended.Value;
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        Assert.That(child.ExitCode, Is.Zero, $"{output}{errors.Result}");
        return output.Trim();
    }

    /// <summary>The child process.</summary>
    internal static int Pretend(string what, string file)
    {
        switch (what)
        {
            case "import":
                var thread = new Thread(() =>
                {
                    try
                    {
                        Mx.ImportFunction(file).Dispose();
                    }
                    catch (InvalidDataException)
                    {
                        // The file may be invalid, because only the calls before it is read count.
                    }

                    Console.WriteLine($"cpu {Noted("default_of_cpu")}, gpu {Noted("default_of_gpu")}");
                });
                thread.Start();
                thread.Join();
                return 0;
            case "write":
                MlxArray places = MlxArray.Create([0, 2], 2);
                MlxArray narrow = MlxArray.Create([1, 2, 3], 3);
                narrow[places] = MlxArray.Create([5, 6], 2);
                int narrowOn = Noted("written_on_gpu");
                MlxArray wide = MlxArray.Create([1L, 2L, 3L], 3);
                wide[places] = MlxArray.Create([5L, 6L], 2);
                int wideOn = Noted("written_on_gpu");
                MlxArray along = Mx.PutAlongAxis(wide, MlxArray.Create([0], 1), MlxArray.Create([7L], 1), 0);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"int32 {string.Join(',', narrow.ToArray<int>())} on gpu {narrowOn}, int64 {string.Join(',', wide.ToArray<long>())} "
                    + $"on gpu {wideOn}, along an axis {string.Join(',', along.ToArray<long>())} on gpu {Noted("written_on_gpu")}"));
                return 0;
            case "missing":
                Console.WriteLine($"default {Mx.DefaultDevice()}\n{Mx.WhyUnavailable(DeviceType.Gpu)}");
                foreach (Action use in new Action[] { () => Mx.SetDefaultDevice(DeviceType.Gpu), () => Mx.NewStream(DeviceType.Gpu) })
                {
                    try
                    {
                        use();
                    }
                    catch (NotSupportedException error)
                    {
                        Console.WriteLine(error.Message);
                    }
                }

                Console.WriteLine(Mx.Sum(MlxArray.Create([1, 2], 2)).Item<int>());
                return 0;
            case "evaluate":
                MlxArray sum = MlxArray.Create([1f], 1) + 1f;
                sum.EvalAsync().Wait();
                int queued = Noted("evaluated_by_maker");
                _ = (sum + 1f).Item<float>();
                Console.WriteLine($"queued {queued}, read {Noted("evaluated_by_maker")}");
                return 0;
            default:
                return 2;
        }
    }

    private static int Noted(string what) =>
        ((delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(NativeLibrary.Load(MlxLibrary.Path), $"noted_{what}"))();
}
