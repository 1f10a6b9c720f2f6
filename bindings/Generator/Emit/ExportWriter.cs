using System.Text;
using DotMlx.Generator.Api;

namespace DotMlx.Generator.Emit;

/// <summary>
/// Writes the reference library's C exports for the pinned version. Each calls its implementation by name in one of the classes that
/// GlobalUsings.cs lists, or in NotProvided, which has the functions listed as not provided. A function that is neither implemented nor
/// listed, or both, doesn't compile. Functions of arrays get unwrapped values ('typed'), and the others get C's own types ('raw').
/// </summary>
/// <param name="library">The known versions of mlx-c.</param>
/// <param name="notProvided">The names of the functions that the reference library doesn't implement.</param>
internal sealed class ExportWriter(Library library, IReadOnlySet<string> notProvided)
{
    private static readonly HashSet<string> TypedHeaders = ["ops.h", "random.h", "fft.h", "linalg.h"];

    private static readonly HashSet<string> TypedFunctions =
        ["mlx_fast_rms_norm", "mlx_fast_layer_norm", "mlx_fast_rope", "mlx_fast_rope_dynamic", "mlx_fast_scaled_dot_product_attention"];

    /// <summary>Their int is a value, so failure is 0 and not the status 1.</summary>
    private static readonly HashSet<string> ValueReturning = ["mlx_array_dim", "mlx_distributed_group_rank", "mlx_distributed_group_size"];

    internal IEnumerable<(string File, string Text)> Files()
    {
        foreach (string header in library.Pinned.Headers)
        {
            IEnumerable<ApiFunction> functions = ApiJson.Ordered(library.Pinned.Functions)
                .Where(f => f.Header == header && f.AbsentOn is null);
            yield return ($"Exports.{Path.ChangeExtension(header, ".g.cs")}", Exports(functions));
        }
        // One file per architecture that has additional functions; the project excludes it on other architectures.
        yield return ("Exports.arm64.g.cs", Exports(ApiJson.Ordered(library.Pinned.Functions).Where(f => f.AbsentOn == "x86-64")));
        yield return ("Exports.g.cs", Support());
        yield return ("NotProvided.g.cs", NotProvided());
    }

    private string Exports(IEnumerable<ApiFunction> functions)
    {
        var text = new StringBuilder(ImportWriter.Banner);
        text.Append("using System.Runtime.CompilerServices;\nusing System.Runtime.InteropServices;\nusing DotMlx.Bindings;\n\nnamespace "
            + "DotMlx.Reference;\n\ninternal static unsafe partial class Exports\n{\n");
        text.AppendJoin('\n', functions.Select(Export));
        return text.Append("}\n").ToString();
    }

    private string Export(ApiFunction f)
    {
        string returns = library.Types.Of(f.Returns);
        // Variadic arguments stay on the caller's stack, because only the fixed arguments are read.
        string head = $"    [UnmanagedCallersOnly(EntryPoint = \"{f.Name}\", CallConvs = [typeof(CallConvCdecl)])]\n"
            + $"    internal static {returns} Export_{f.Name}({library.Types.Parameters(f.Parameters)})\n    {{\n        try\n        {{\n";
        string body = IsTyped(f) ? TypedBody(f)
            : $"            {(returns == "void" ? "" : "return ")}{f.Name}({CSharpTypes.Arguments(f.Parameters)});\n";
        string failed = returns switch
        {
            "void" => "Errors.Report(error);",
            "int" when !ValueReturning.Contains(f.Name) => "return Errors.Report(error);",
            _ => "Errors.Report(error);\n            return default;",
        };
        return head + body + $"        }}\n        catch (Exception error)\n        {{\n            {failed}\n        }}\n        "
            + $"finally\n        {{\n            Scope.Flush();\n        }}\n    }}\n";
    }

    private static bool IsTyped(ApiFunction f) => TypedHeaders.Contains(f.Header) || TypedFunctions.Contains(f.Name);

    private static string TypedBody(ApiFunction f)
    {
        var text = new StringBuilder();
        string[] results = [.. f.Parameters.Where(IsResult).Select(p => p.Name)];
        var arguments = new List<string>();
        foreach (Typed p in Inputs(f))
        {
            if (p.Expression is null) text.Append($"            CheckStream({p.Name});\n");
            else arguments.Add(p.Expression);
        }
        string call = $"{f.Name}({string.Join(", ", arguments)})";
        switch (results.Length)
        {
            case 0:
                text.Append($"            {call};\n");
                break;
            case 1:
                text.Append($"            Set({results[0]}, {call});\n");
                break;
            default:
                string[] parts = [.. results.Select((_, i) => $"part{i}")];
                text.Append($"            var ({string.Join(", ", parts)}) = {call};\n");
                for (int i = 0; i < parts.Length; i++) text.Append($"            Set({results[i]}, {parts[i]});\n");
                break;
        }
        return text.Append("            return 0;\n").ToString();
    }

    private static bool IsResult(ApiParameter p) => p.Name.StartsWith("res", StringComparison.Ordinal)
        && p.Type is { Pointers: 1, IsConst: false, Base: "mlx_array" or "mlx_vector_array" };

    /// <summary>
    /// A parameter of a typed function: its C# type, and the expression that converts C's value. Streams have neither, because they are
    /// checked and dropped.
    /// </summary>
    private sealed record Typed(string Name, string? Type, string? Expression);

    private static IEnumerable<Typed> Inputs(ApiFunction f)
    {
        ApiParameter[] inputs = [.. f.Parameters.Where(p => !IsResult(p))];
        for (int i = 0; i < inputs.Length; i++)
        {
            ApiParameter p = inputs[i];
            string name = CSharpTypes.Name(p.Name);
            if (p.Type.Pointers == 1 && i + 1 < inputs.Length && inputs[i + 1].Name == p.Name + "_num")
            {
                string element = p.Type.Base == "int64_t" ? "long" : p.Type.Base;
                string span = $"new ReadOnlySpan<{element}>({name}, checked((int){p.Name}_num))";
                yield return p.Nullable
                    ? new Typed(name, $"{element}[]?", $"{name} == null ? null : {span}.ToArray()")
                    : new Typed(name, $"ReadOnlySpan<{element}>", span);
                i++;
                continue;
            }
            yield return p.Type.ToString() switch
            {
                "const mlx_stream" => new Typed(name, null, null),
                "const mlx_array" => p.Nullable
                    ? new Typed(name, "Tensor?", $"GetOrNull({name})")
                    : new Typed(name, "Tensor", $"Get({name})"),
                "const mlx_vector_array" => new Typed(name, "Tensor[]", $"Get({name})"),
                "const char*" => new Typed(name, "string?", $"Marshal.PtrToStringUTF8((nint){name})"),
                "bool" => new Typed(name, "bool", $"{name} != 0"),
                "mlx_optional_int" => new Typed(name, "int?", $"{name}.has_value != 0 ? {name}.value : null"),
                "mlx_optional_float" => new Typed(name, "float?", $"{name}.has_value != 0 ? {name}.value : null"),
                "mlx_optional_dtype" => new Typed(name, "mlx_dtype?", $"{name}.has_value != 0 ? {name}.value : null"),
                "size_t" => new Typed(name, "nuint", name),
                "uint64_t" => new Typed(name, "ulong", name),
                "int" or "float" or "double" or "mlx_dtype" or "mlx_fft_norm" => new Typed(name, p.Type.Base, name),
                _ => throw new NotSupportedException($"{f.Name}: no rule for the parameter '{p.Type.Declare(p.Name)}' of a typed export; "
                    + $"add one to {nameof(ExportWriter)}."),
            };
        }
    }

    private static string TypedReturn(ApiFunction f)
    {
        string[] results = [.. f.Parameters.Where(IsResult).Select(p => p.Type.Base == "mlx_array" ? "Tensor" : "Tensor[]")];
        return results.Length switch { 0 => "void", 1 => results[0], _ => $"({string.Join(", ", results)})" };
    }

    private string NotProvided()
    {
        var text = new StringBuilder(ImportWriter.Banner);
        text.Append("using DotMlx.Bindings;\n\nnamespace DotMlx.Reference;\n\n/// <summary>The functions that not-provided.txt lists. Each fails "
            + "by name.</summary>\ninternal static unsafe class NotProvided\n{\n");
        string[] unknown = [.. notProvided.Except(library.Pinned.Functions.Select(f => f.Name)).Order(StringComparer.Ordinal)];
        if (unknown.Length != 0)
        {
            throw new InvalidDataException(
                $"native/Reference/not-provided.txt lists functions that mlx-c {library.Pinned.Name} lacks: {string.Join(", ", unknown)}.");
        }
        text.AppendJoin('\n', ApiJson.Ordered(library.Pinned.Functions).Where(f => notProvided.Contains(f.Name)).Select(NotProvided));
        return text.Append("}\n").ToString();
    }

    private string NotProvided(ApiFunction f)
    {
        (string returns, string parameters) = IsTyped(f)
            ? (TypedReturn(f), string.Join(", ", Inputs(f).Where(p => p.Type is not null).Select(p => $"{p.Type} {p.Name}")))
            : (library.Types.Of(f.Returns), library.Types.Parameters(f.Parameters));
        return $"    public static {returns} {f.Name}({parameters}) => throw new NotProvidedException(\"{f.Name}\");\n";
    }

    private static string Support() => ImportWriter.Banner + """
        using System.Runtime.CompilerServices;
        using System.Runtime.InteropServices;
        using DotMlx.Bindings;

        namespace DotMlx.Reference;

        /// <summary>The C exports: each unwraps, calls, and wraps, and lets no exception escape.</summary>
        internal static unsafe partial class Exports
        {
            /// <summary>Its presence distinguishes this library from MLX.</summary>
            [UnmanagedCallersOnly(EntryPoint = "dotmlx_reference", CallConvs = [typeof(CallConvCdecl)])]
            internal static int dotmlx_reference() => 1;

            private static Tensor Get(mlx_array handle) => Handles.Get<Tensor>(handle.ctx, "mlx_array");

            private static Tensor? GetOrNull(mlx_array handle) => handle.ctx == null ? null : Get(handle);

            private static Tensor[] Get(mlx_vector_array handle) => [.. Handles.Get<List<Tensor>>(handle.ctx, "mlx_vector_array")];

            private static void Set(mlx_array* result, Tensor value) => Handles.Set(&result->ctx, value);

            private static void Set(mlx_vector_array* result, Tensor[] values) => Handles.Set(&result->ctx, new List<Tensor>(values));

            private static void CheckStream(mlx_stream stream)
            {
                if (stream.ctx == null) throw new MlxFailure("expected a non-empty mlx_stream");
            }
        }

        """;
}
