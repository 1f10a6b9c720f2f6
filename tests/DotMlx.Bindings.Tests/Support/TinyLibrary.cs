using System.ComponentModel;
using System.Diagnostics;

namespace DotMlx.Bindings.Tests.Support;

/// <summary>A shared library of a few C functions, compiled by the test that wants it.</summary>
internal sealed class TinyLibrary : IDisposable
{
    /// <summary>What every mlx-c has and the loader calls.</summary>
    internal const string Common = """
        #include <stdbool.h>
        #include <stddef.h>
        #include <string.h>
        typedef struct { void* ctx; } handle;
        typedef struct { int value; bool has_value; } optional;
        static int handlers;
        int handlers_set(void) { return handlers; }
        void mlx_set_error_handler(void (*handler)(const char*, void*), void* data, void (*dtor)(void*)) { handlers++; }
        #ifndef MLX_VERSION
        #define MLX_VERSION "0.31.2"
        #endif
        int mlx_version(handle* text) { text->ctx = (void*)MLX_VERSION; return 0; }
        const char* mlx_string_data(handle text) { return text.ctx; }
        int mlx_string_free(handle text) { return 0; }

        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("dotmlx-tiny-").FullName;

    internal TinyLibrary(string source, string name = "mlxc", params string[] options) => File = Compile(source, name, options);

    internal string File { get; }

    internal string Folder => _folder;

    /// <summary>One empty function per name: enough for a symbol to be there.</summary>
    internal static string Symbols(params string[] names) => string.Concat(names.Select(n => $"void {n}(void) {{}}\n"));

    internal string Compile(string source, string name, params string[] options)
    {
        if (OperatingSystem.IsWindows()) Assert.Ignore("The tiny libraries are compiled with cc, which Windows does not have.");
        string code = Path.Combine(_folder, name + ".c"), library = Path.Combine(_folder, LibrarySearch.FileName(name));
        System.IO.File.WriteAllText(code, source);
        try
        {
            using Process process =
                Process.Start(new ProcessStartInfo("cc", ["-shared", "-fPIC", "-w", "-o", library, code, .. options])
                    { RedirectStandardError = true })!;
            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.That(process.ExitCode, Is.Zero, errors);
        }
        catch (Win32Exception)
        {
            Assert.Ignore("No C compiler (cc) here to build the tiny libraries with.");
        }
        return library;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
