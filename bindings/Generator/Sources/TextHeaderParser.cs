using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DotMlx.Generator.Api;

namespace DotMlx.Generator.Sources;

/// <summary>
/// Reads mlx/c/*.h as text, which is enough to distinguish versions on a machine without clang, because these headers are plain
/// declarations. An unknown declaration is an error and is never skipped, so that an unexpected header can't pass for a known version.
/// </summary>
internal sealed partial class TextHeaderParser : IHeaderParser
{
    /// <summary>Replaces the comment on nullability while the other comments are removed.</summary>
    private const string MayBeNull = "\u0001";

    private static readonly string[] HalfTypes = ["float16_t", "bfloat16_t"];

    public ApiVersion Parse(string directory, string version)
    {
        string folder = Path.Combine(Path.GetFullPath(directory), "mlx", "c");
        if (!File.Exists(Path.Combine(folder, "mlx.h")))
            throw new DirectoryNotFoundException($"'{directory}' holds no mlx/c/mlx.h: --headers must be the folder above mlx/c.");
        var reader = new Reader();
        foreach (string header in Reachable(folder)) reader.Take(header, File.ReadAllText(Path.Combine(folder, header), Encoding.Latin1));
        if (reader.Functions.Count == 0) throw new InvalidOperationException($"No function was found in '{folder}'.");
        return new ApiVersion(version, "headers", reader.Functions, reader.Structs, reader.Enums, reader.Callbacks);
    }

    /// <summary>Lists mlx.h and its includes, each after the headers that it needs.</summary>
    private static List<string> Reachable(string folder)
    {
        var order = new List<string>();
        var seen = new HashSet<string>();

        void Visit(string header)
        {
            // half.h only names the two half types.
            if (header == "half.h" || !seen.Add(header)) return;
            foreach (Match include in Include().Matches(File.ReadAllText(Path.Combine(folder, header), Encoding.Latin1)))
                Visit(include.Groups["name"].Value);
            order.Add(header);
        }

        Visit("mlx.h");
        return order;
    }

    private sealed class Reader
    {
        internal List<ApiFunction> Functions { get; } = [];

        internal List<ApiStruct> Structs { get; } = [];

        internal List<ApiEnum> Enums { get; } = [];

        internal List<ApiCallback> Callbacks { get; } = [];

        internal void Take(string header, string text)
        {
            text = NullComment().Replace(text, MayBeNull);
            text = Directive().Replace(Comment().Replace(text, " "), "");
            text = ExternC().Replace(text, match => match.Groups["body"].Value);
            foreach (string statement in CType.Split(text.Replace('{', '(').Replace('}', ')'), ';')
                .Select(s => Space().Replace(s, " ").Trim()))
                if (statement.Length > 0) Read(header, statement);
        }

        private void Read(string header, string statement)
        {
            if (Forward().IsMatch(statement) || Alias().IsMatch(statement) || Variable().IsMatch(statement)) return;
            if (Struct().Match(statement) is { Success: true } record)
            {
                Structs.Add(new ApiStruct(record.Groups["name"].Value, header,
                    [.. CType.Split(record.Groups["body"].Value, ';').Select(f => Parameter(f, 0))]));
            }
            else if (Enum().Match(statement) is { Success: true } choice)
            {
                Enums.Add(new ApiEnum(choice.Groups["name"].Value, header, Members(choice.Groups["body"].Value)));
            }
            else if (Callback().Match(statement) is { Success: true } callback)
            {
                ApiParameter parsed = Parameter(callback.Groups["declaration"].Value, 0);
                Callbacks.Add(new ApiCallback(parsed.Name, header, parsed.Type));
            }
            else if (Function().Match(statement) is { Success: true } function)
            {
                string[] parts = [.. CType.Split(function.Groups["parameters"].Value, ',').Select(p => p.Trim())
                    .Where(p => p is not ("" or "void"))];
                ApiParameter[] parameters = [.. parts.Where(p => p != "...").Select(Parameter)];
                CType returns = CType.Parse(function.Groups["returns"].Value);
                bool half = parameters.Select(p => p.Type).Append(returns).Any(t => HalfTypes.Contains(t.Base));
                Functions.Add(new ApiFunction(function.Groups["name"].Value, header, returns, parameters, parts.Contains("..."), half
                    ? "x86-64"
                    : null));
            }
            else
            {
                throw new FormatException($"{header} has a declaration that can't be parsed without clang: '{statement}'. Install clang "
                    + $"(Debian: the package clang) or set CLANG to its path.");
            }
        }

        private static ApiParameter Parameter(string text, int index)
        {
            bool nullable = text.Contains(MayBeNull, StringComparison.Ordinal);
            (CType type, string? name) = CType.ParseDeclaration(text.Replace(MayBeNull, "", StringComparison.Ordinal));
            return new ApiParameter(name ?? $"arg{index}", type, nullable);
        }

        private static List<ApiMember> Members(string body)
        {
            var members = new List<ApiMember>();
            foreach (string[] member in body.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(m => m.Split('=', StringSplitOptions.TrimEntries)))
            {
                int value = member.Length > 1 ? int.Parse(member[1], CultureInfo.InvariantCulture) : members.Count == 0
                    ? 0
                    : members[^1].Value + 1;
                members.Add(new ApiMember(member[0], value));
            }
            return members;
        }
    }

    [GeneratedRegex("""^[ \t]*#[ \t]*include[ \t]+"mlx/c/(?<name>\w+\.h)["]""", RegexOptions.Multiline)]
    private static partial Regex Include();

    [GeneratedRegex(@"/\*\s*may be null\s*\*/")]
    private static partial Regex NullComment();

    [GeneratedRegex(@"/\*.*?\*/|//[^\n]*", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^[ \t]*#(?:[^\n]*\\\r?\n)*[^\n]*", RegexOptions.Multiline)]
    private static partial Regex Directive();

    [GeneratedRegex("""extern\s+"C"\s*\{(?<body>.*)\}""", RegexOptions.Singleline)]
    private static partial Regex ExternC();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"^(typedef )?(struct|enum) \w+( \w+)?$")]
    private static partial Regex Forward();

    /// <summary>Another name of a C type, such as mlx_complex64_t; functions are described with this name.</summary>
    [GeneratedRegex(@"^typedef (?!struct|enum|union)\w+( \w+)+$")]
    private static partial Regex Alias();

    [GeneratedRegex(@"^static [\w ]+( = .*)?$")]
    private static partial Regex Variable();

    // Braces were replaced with parentheses, so that one splitter serves both.
    [GeneratedRegex(@"^typedef struct \w* ?\((?<body>.*)\) (?<name>\w+)$")]
    private static partial Regex Struct();

    [GeneratedRegex(@"^typedef enum \w* ?\((?<body>.*)\) (?<name>\w+)$")]
    private static partial Regex Enum();

    [GeneratedRegex(@"^typedef (?<declaration>[^(]*\( ?\* ?\w+ ?\) ?\(.*\))$")]
    private static partial Regex Callback();

    [GeneratedRegex(@"^(?!union|struct|enum)(?<returns>(?:const )?\w+[ *]+)(?<name>\w+) ?\((?<parameters>.*)\)$")]
    private static partial Regex Function();
}
