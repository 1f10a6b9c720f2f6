using DotMlx.Tests.Shared;

namespace DotMlx.Bindings.Tests.Support;

/// <summary>A shared library of a few C functions, which the test compiles.</summary>
internal sealed class TinyLibrary : IDisposable
{
    /// <summary>The functions that every mlx-c has and the loader calls.</summary>
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

    /// <summary>One empty function per name, which is enough to define its symbol.</summary>
    internal static string Symbols(params string[] names) => string.Concat(names.Select(n => $"void {n}(void) {{}}\n"));

    internal string Compile(string source, string name, params string[] options)
    {
        string library = Path.Combine(_folder, LibrarySearch.FileName(name));
        CCompiler.Compile(source, library, ["-shared", "-fPIC", .. options]);
        return library;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
