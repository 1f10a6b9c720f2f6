using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using DotMlx.Generator.Api;

namespace DotMlx.Generator.Sources;

/// <summary>Reads the declarations of mlx/c/*.h from clang's syntax tree in JSON.</summary>
internal sealed partial class ClangHeaderParser : IHeaderParser
{
    /// <summary>
    /// The half accessors are declared only on ARM. Naming their types here instead of including half.h declares them on every machine.
    /// </summary>
    private const string Prelude =
        "#include <stdint.h>\n#include <stdio.h>\n#define MLX_HALF_H\n#define HAS_FLOAT16\n#define HAS_BFLOAT16\n"
        + "typedef struct float16_ float16_t;\ntypedef struct bfloat16_ bfloat16_t;\n#include \"mlx/c/mlx.h\"\n";

    private static readonly string[] HalfTypes = ["float16_t", "bfloat16_t"];

    internal static string Compiler => Environment.GetEnvironmentVariable("CLANG") is { Length: > 0 } path ? path : OnPath() ?? "clang";

    /// <summary>Finds clang, or the newest clang-N, because a distribution may have only the numbered name.</summary>
    private static string? OnPath()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator,
            StringSplitOptions.RemoveEmptyEntries);
        string plain = OperatingSystem.IsWindows() ? "clang.exe" : "clang";
        return folders.Select(folder => Path.Combine(folder, plain)).FirstOrDefault(File.Exists)
            ?? folders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "clang-*"))
                .Select(file => (File: file,
                    Number: int.TryParse(Path.GetFileName(file)["clang-".Length..], CultureInfo.InvariantCulture, out int number)
                        ? number
                        : 0))
                .Where(found => found.Number > 0).OrderByDescending(found => found.Number).Select(found => found.File).FirstOrDefault();
    }

    internal static bool IsAvailable()
    {
        try
        {
            using Process process =
                Process.Start(new ProcessStartInfo(Compiler, "--version") { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    public ApiVersion Parse(string directory, string version)
    {
        directory = Path.GetFullPath(directory);
        string headers = Path.Combine(directory, "mlx", "c");
        if (!File.Exists(Path.Combine(headers, "mlx.h")))
            throw new DirectoryNotFoundException($"'{directory}' holds no mlx/c/mlx.h: --headers must be the folder above mlx/c.");
        using JsonDocument tree = Dump(directory);
        return new Reader(headers, version).Read(tree.RootElement);
    }

    private static JsonDocument Dump(string directory)
    {
        var start = new ProcessStartInfo(Compiler)
            { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["-x", "c", "-std=c11", "-I", directory, "-Xclang", "-ast-dump=json", "-fsyntax-only", "-"])
            start.ArgumentList.Add(argument);
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"'{Compiler}' did not start: {e.Message}. Reading headers needs clang (Debian: the "
                + $"package clang; macOS: xcode-select --install), or set CLANG to its path.", e);
        }
        using (process)
        {
            Task<string> errors = process.StandardError.ReadToEndAsync();
            process.StandardInput.Write(Prelude);
            process.StandardInput.Close();
            JsonDocument tree;
            try
            {
                tree = JsonDocument.Parse(process.StandardOutput.BaseStream, new JsonDocumentOptions { MaxDepth = 1024 });
            }
            catch (JsonException e)
            {
                throw new InvalidOperationException($"'{Compiler}' wrote no syntax tree: {errors.Result.Trim()}", e);
            }
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"'{Compiler}' could not read the headers in '{directory}': {errors.Result.Trim()}");
            return tree;
        }
    }

    private sealed class Reader(string headers, string version)
    {
        private readonly List<ApiFunction> _functions = [];
        private readonly List<ApiStruct> _structs = [];
        private readonly List<ApiEnum> _enums = [];
        private readonly List<ApiCallback> _callbacks = [];
        private readonly Dictionary<string, JsonElement> _tags = [];
        private readonly Dictionary<string, string> _texts = [];
        private string _file = "";

        internal ApiVersion Read(JsonElement root)
        {
            foreach (JsonElement declaration in root.GetProperty("inner").EnumerateArray())
            {
                // clang writes a file name only if it differs from the previous one, so every location is visited in order.
                if (declaration.TryGetProperty("loc", out JsonElement location)) Follow(location);
                string file = _file;
                if (Path.GetDirectoryName(file) is { Length: > 0 } folder && Path.GetFullPath(folder) == headers) Take(declaration, file);
                foreach (JsonProperty property in declaration.EnumerateObject())
                    if (property.Name != "loc") Follow(property.Value);
            }
            if (_functions.Count == 0) throw new InvalidOperationException($"No function was found in '{headers}'.");
            return new ApiVersion(version, "headers", _functions, _structs, _enums, _callbacks);
        }

        private void Follow(JsonElement element)
        {
            if (element.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    if (property.Name == "file" && property.Value.ValueKind == JsonValueKind.String) _file = property.Value.GetString()!;
                    else if (property.Name != "includedFrom") Follow(property.Value);
                }
            }
            else if (element.ValueKind == JsonValueKind.Array)
            {
                foreach (JsonElement item in element.EnumerateArray()) Follow(item);
            }
        }

        private void Take(JsonElement declaration, string file)
        {
            string header = Path.GetFileName(file);
            string kind = Text(declaration, "kind");
            switch (kind)
            {
                case "RecordDecl" or "EnumDecl" when declaration.TryGetProperty("name", out JsonElement tag)
                    && declaration.TryGetProperty("inner", out _):
                    _tags[tag.GetString()!] = declaration;
                    break;
                case "TypedefDecl":
                    TakeTypedef(declaration, header);
                    break;
                case "FunctionDecl":
                    _functions.Add(Function(declaration, file, header));
                    break;
            }
        }

        private void TakeTypedef(JsonElement declaration, string header)
        {
            string name = Text(declaration, "name"), type = QualifiedType(declaration);
            if (type.Contains("(*)", StringComparison.Ordinal))
            {
                _callbacks.Add(new ApiCallback(name, header, CType.Parse(type)));
                return;
            }
            string tag = type.Split(' ')[^1];
            if (!_tags.TryGetValue(tag, out JsonElement definition)) return;
            if (type.StartsWith("struct ", StringComparison.Ordinal))
                _structs.Add(new ApiStruct(name, header,
                    [.. Inner(definition, "FieldDecl").Select(f => new ApiParameter(Text(f, "name"), CType.Parse(QualifiedType(f))))]));
            else if (type.StartsWith("enum ", StringComparison.Ordinal))
                _enums.Add(new ApiEnum(name, header, Members(definition)));
        }

        private static List<ApiMember> Members(JsonElement definition)
        {
            var members = new List<ApiMember>();
            foreach (JsonElement constant in Inner(definition, "EnumConstantDecl"))
            {
                JsonElement explicitValue = Inner(constant, "ConstantExpr").FirstOrDefault();
                int value = explicitValue.ValueKind == JsonValueKind.Object
                    ? int.Parse(Text(explicitValue, "value"), System.Globalization.CultureInfo.InvariantCulture)
                    : members.Count == 0 ? 0 : members[^1].Value + 1;
                members.Add(new ApiMember(Text(constant, "name"), value));
            }
            return members;
        }

        private ApiFunction Function(JsonElement declaration, string file, string header)
        {
            string type = QualifiedType(declaration);
            CType returns = CType.Parse(type[..type.IndexOf('(', StringComparison.Ordinal)]);
            HashSet<string> nullable = Nullable(declaration, file);
            ApiParameter[] parameters = [.. Inner(declaration, "ParmVarDecl").Select((p, i) =>
            {
                string name = p.TryGetProperty("name", out JsonElement given) ? given.GetString()! : $"arg{i}";
                return new ApiParameter(name, CType.Parse(QualifiedType(p)), nullable.Contains(name));
            })];
            bool half = parameters.Select(p => p.Type).Append(returns).Any(t => HalfTypes.Contains(t.Base));
            return new ApiFunction(Text(declaration, "name"), header, returns, parameters,
                declaration.TryGetProperty("variadic", out JsonElement variadic) && variadic.GetBoolean(), half ? "x86-64" : null);
        }

        /// <summary>Nullability is a comment after the parameter, which only the raw text contains.</summary>
        private HashSet<string> Nullable(JsonElement declaration, string file)
        {
            if (!_texts.TryGetValue(file, out string? text))
                _texts[file] = text = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(file));
            JsonElement range = declaration.GetProperty("range");
            string source = text[Offset(range.GetProperty("begin"))..(Offset(range.GetProperty("end")) + 1)];
            return [.. NullableParameter().Matches(source).Select(m => m.Groups["name"].Value)];
        }

        private static int Offset(JsonElement location) =>
            (location.TryGetProperty("expansionLoc", out JsonElement expansion) ? expansion : location).GetProperty("offset").GetInt32();

        private static IEnumerable<JsonElement> Inner(JsonElement element, string kind) =>
            element.TryGetProperty("inner", out JsonElement inner)
                ? inner.EnumerateArray().Where(i => i.TryGetProperty("kind", out JsonElement k) && k.GetString() == kind) : [];

        private static string QualifiedType(JsonElement element) => element.GetProperty("type").GetProperty("qualType").GetString()!;

        private static string Text(JsonElement element, string property) => element.GetProperty(property).GetString()!;
    }

    [GeneratedRegex(@"(?<name>\w+)\s*/\*\s*may be null\s*\*/")]
    private static partial Regex NullableParameter();
}
