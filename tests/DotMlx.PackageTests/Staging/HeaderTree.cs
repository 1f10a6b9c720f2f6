using DotMlx.Generator.Api;

namespace DotMlx.PackageTests.Staging;

/// <summary>The headers of mlx-c in a prefix, written from the description of a version.</summary>
internal static class HeaderTree
{
    public static void Write(string include, ApiVersion api)
    {
        string folder = Directory.CreateDirectory(Path.Combine(include, "mlx", "c")).FullName;
        IEnumerable<string> types =
        [
            "typedef float _Complex mlx_complex64_t;",
            .. api.Enums.Select(e =>
                $"typedef enum {e.Name}_ {{ {string.Join(", ", e.Members.Select(m => $"{m.Name} = {m.Value}"))} }} {e.Name};"),
            .. api.Structs.Select(s =>
                $"typedef struct {s.Name}_ {{ {string.Join(" ", s.Fields.Select(f => f.Type.Declare(f.Name) + ";"))} }} {s.Name};"),
            .. api.Callbacks.Select(c => $"typedef {c.Type.Declare(c.Name)};"),
        ];
        Header("types", ["#include <stdbool.h>", "#include <stddef.h>", "#include <stdint.h>", "#include <stdio.h>"], types);
        string[] headers = [.. api.Headers.Select(header => Path.GetFileNameWithoutExtension(header))];
        foreach (string header in headers)
            Header(header, ["#include \"mlx/c/types.h\""], api.Functions.Where(f => f.Header == $"{header}.h")
                .Select(f => f.Prototype.Replace(", ", ",\n    ", StringComparison.Ordinal) + ";"));
        File.WriteAllLines(Path.Combine(folder, "mlx.h"), headers.Select(header => $"#include \"mlx/c/{header}.h\""));

        void Header(string name, IEnumerable<string> includes, IEnumerable<string> declarations) =>
            File.WriteAllText(Path.Combine(folder, $"{name}.h"), $$"""
            #ifndef MLX_{{name.ToUpperInvariant()}}_H
            #define MLX_{{name.ToUpperInvariant()}}_H
            {{string.Join("\n", includes)}}
            #ifdef __cplusplus
            extern "C" {
            #endif
            /** A comment; with a semicolon. */
            {{string.Join("\n", declarations)}}
            #ifdef __cplusplus
            }
            #endif
            #endif

            """);
    }
}
