using System.Text;
using DotMlx.Generator.Api;

namespace DotMlx.Bindings.Tests.Support;

/// <summary>
/// A library that wraps a real one and counts array handles: every exported function that can create a handle adds to the count, and
/// mlx_array_free subtracts. The real library provides all other symbols, so any program can use the wrapper through DOTMLX_LIBRARY.
/// </summary>
internal static class CountingLibrary
{
    internal static TinyLibrary Build(ApiVersion api, string realLibrary) =>
        new(Source(api), "mlxc", LinkOptions(realLibrary, OperatingSystem.IsMacOS()));

    internal static string[] LinkOptions(string realLibrary, bool macOS) => macOS
        ? [$"-Wl,-reexport_library,{realLibrary}", $"-Wl,-rpath,{Path.GetDirectoryName(realLibrary)}"]
        : ["-Wl,--no-as-needed", realLibrary, "-Wl,--disable-new-dtags", $"-Wl,-rpath,{Path.GetDirectoryName(realLibrary)}", "-ldl"];

    private static string Source(ApiVersion api)
    {
        var text = new StringBuilder("""
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <pthread.h>
            #include <stdbool.h>
            #include <stddef.h>
            #include <stdint.h>
            #include <stdio.h>
            #include <stdlib.h>
            typedef float _Complex mlx_complex64_t;

            """);
        foreach (ApiEnum e in api.Enums) text.Append($"typedef int {e.Name};\n");
        foreach (ApiStruct s in api.Structs.OrderBy(s => s.Fields.Count > 2))
            text.Append($"typedef struct {{ {string.Concat(s.Fields.Select(f => f.Type.Declare(f.Name) + "; "))}}} {s.Name};\n");
        // One mlx-c function may call another, so a handle can be seen twice. The set of live handles counts each one once.
        text.Append("""
            typedef struct node { void* ctx; struct node* next; } node;
            static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
            static node* live[4096];
            static int arrays, made;
            static node** find(void* ctx) {
              node** at = &live[((uintptr_t)ctx >> 4) % 4096];
              while (*at && (*at)->ctx != ctx) at = &(*at)->next;
              return at;
            }
            static void add(void* ctx) {
              pthread_mutex_lock(&gate);
              node** at = find(ctx);
              if (!*at) {
                *at = malloc(sizeof(node));
                **at = (node){ ctx, NULL };
                arrays++;
                made++;
              }
              pthread_mutex_unlock(&gate);
            }
            static void drop(void* ctx) {
              pthread_mutex_lock(&gate);
              node** at = find(ctx);
              if (*at) {
                node* gone = *at;
                *at = gone->next;
                free(gone);
                arrays--;
              }
              pthread_mutex_unlock(&gate);
            }
            int counted_arrays(void) { pthread_mutex_lock(&gate); int n = arrays; pthread_mutex_unlock(&gate); return n; }
            int counted_made(void) { pthread_mutex_lock(&gate); int n = made; pthread_mutex_unlock(&gate); return n; }

            """);
        foreach (ApiFunction f in api.Functions.Where(f => f.AbsentOn is null && !f.Variadic && Counts(f))) Wrap(text, f);
        return text.ToString();
    }

    private static bool Counts(ApiFunction f) => f.Name == "mlx_array_free" || IsArray(f.Returns)
        || f.Parameters.Any(p => IsResult(p.Type));

    private static bool IsArray(CType type) => type is { Base: "mlx_array", Pointers: 0 };

    private static bool IsResult(CType type) => type is { Base: "mlx_array", Pointers: 1, IsConst: false };

    private static void Wrap(StringBuilder text, ApiFunction f)
    {
        string types = f.Parameters.Count == 0 ? "void" : string.Join(", ", f.Parameters.Select(p => p.Type));
        string[] results = [.. f.Parameters.Where(p => IsResult(p.Type)).Select(p => p.Name)];
        text.Append($"{f.Prototype} {{\n  static {f.Returns} (*real)({types});\n  if (!real) *(void**)&real "
            + $"= dlsym(RTLD_NEXT, \"{f.Name}\");\n");
        foreach (string r in results) text.Append($"  bool fresh_{r} = {r} && !{r}->ctx;\n");
        if (f.Name == "mlx_array_free") text.Append("  if (arr.ctx) drop(arr.ctx);\n");
        text.Append($"  {f.Returns} status = real({string.Join(", ", f.Parameters.Select(p => p.Name))});\n");
        if (IsArray(f.Returns)) text.Append("  if (status.ctx) add(status.ctx);\n");
        foreach (string r in results) text.Append($"  if (fresh_{r} && {r}->ctx) add({r}->ctx);\n");
        text.Append("  return status;\n}\n");
    }
}
