using System.Diagnostics;
using DotMlx.Tests.Shared;

namespace DotMlx.Tests.Threads;

/// <summary>
/// A native program that hosts .NET ends with its own exit code, although the runtime raises no event. Destructors that are registered
/// after the first evaluation, as by the libraries of a GPU, find the library closed, whichever thread of the host uses the library.
/// </summary>
public class NativeHostTests
{
    // A limit for failing tests, which would hang.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private const string Code = """
        #include <dlfcn.h>
        #include <pthread.h>
        #include <stdlib.h>
        #include <unistd.h>
        #include <stdio.h>
        #include <string.h>
        typedef int (*initialize)(const char*, void*, void**);
        typedef int (*get_delegate)(void*, int, void**);
        typedef int (*close_context)(void*);
        typedef int (*load)(const char*, const char*, const char*, const char*, void*, void**);
        typedef int (*entry)(const char*, int);
        static entry run, is_closed;
        static void like_a_destructor(void) { if (!is_closed(0, 0)) _exit(9); }
        static void like_a_library(void) {
          #ifdef __linux__
          atexit(like_a_destructor);
          #endif
        }
        static void* on_thread(void* work) {
          if (run("nothing", 7)) return 0;
          like_a_library();
          if (run("product", 7)) return 0;
          return run(work, (int)strlen(work)) ? 0 : work;
        }
        int main(int count, char** v) {
          void *host = dlopen(v[1], RTLD_NOW), *context = 0, *done = 0;
          load get_entry = 0;
          pthread_t thread;
          if (!host || ((initialize)dlsym(host, "hostfxr_initialize_for_runtime_config"))(v[2], 0, &context)) return 1;
          if (((get_delegate)dlsym(host, "hostfxr_get_runtime_delegate"))(context, 5, (void**)&get_entry)) return 2;
          if (get_entry(v[3], v[4], v[5], (const char*)-1, 0, (void**)&run)) return 3;
          if (get_entry(v[3], v[4], "IsClosed", (const char*)-1, 0, (void**)&is_closed)) return 4;
          if (strcmp(v[7], "thread") == 0) {
            if (pthread_create(&thread, 0, on_thread, v[6]) || pthread_join(thread, &done) || !done) return 5;
          } else {
            if (run(v[6], (int)strlen(v[6]))) return 6;
            like_a_library();
          }
          ((close_context)dlsym(host, "hostfxr_close"))(context);
          if (strcmp(v[7], "close") == 0) dlclose(host);
          printf("last line");
          return 7;
        }
        """;

    private string _folder = "";
    private string _program = "";
    private string _host = "";

    [OneTimeSetUp]
    public void CompileHost()
    {
        _folder = Directory.CreateTempSubdirectory().FullName;
        string shared = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        _host = Path.GetFullPath(Path.Combine(
            shared, "../../../host/fxr", Path.GetFileName(shared), OperatingSystem.IsMacOS() ? "libhostfxr.dylib" : "libhostfxr.so"));
        if (OperatingSystem.IsWindows() || !File.Exists(_host))
        {
            Assert.Ignore("There is no installed .NET for a native host here.");
        }

        _program = Path.Combine(_folder, "host");
        CCompiler.Compile(Code, _program, "-ldl", "-pthread");
    }

    [OneTimeTearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test, Combinatorial]
    public void TheExitCodeIsTheHostsOwn(
        [Values("evaluate", "await", "start", "save", "nothing")] string work, [Values] bool closesLibrary) =>
        AssertRuns(work, closesLibrary ? "close" : "leave", MlxLibrary.Path!);

    [Test]
    public void TheExitCodeIsTheHostsOwnIfAnotherThreadUsesTheLibrary(
        [Values("evaluate", "await", "start", "save")] string work) => AssertRuns(work, "thread", MlxLibrary.Path!);

    [Test]
    public void TheLibraryBesideTheAssemblyIsFoundWithoutAnApplicationFolder() => AssertRuns("await", "leave", "reference");

    private void AssertRuns(string work, string way, string library)
    {
        string assembly = typeof(NativeHostTests).Assembly.Location;
        var start = new ProcessStartInfo(_program, [
            _host, Path.ChangeExtension(assembly, ".runtimeconfig.json"), assembly, $"{typeof(EndingProgram).FullName}, DotMlx.Tests",
            nameof(EndingProgram.RunInNativeHost), $"{work}\n{_folder}", way,
        ]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        start.Environment["DOTMLX_LIBRARY"] = library;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            Assert.Fail($"The host did not end: {errors.Result}");
        }

        Assert.That(process.ExitCode, Is.EqualTo(EndingProgram.ExitCode), () => errors.Result);
        Assert.That(output.Result, Does.EndWith("last line"));
    }
}
