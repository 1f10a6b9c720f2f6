namespace DotMlx.Generator.Api;

/// <summary>The C API of one mlx-c version.</summary>
internal sealed record ApiVersion(
    string Name,
    string Source,
    IReadOnlyList<ApiFunction> Functions,
    IReadOnlyList<ApiStruct> Structs,
    IReadOnlyList<ApiEnum> Enums,
    IReadOnlyList<ApiCallback> Callbacks)
{
    private readonly Dictionary<string, ApiFunction> _byName = Functions.ToDictionary(f => f.Name);

    internal ApiFunction? Find(string function) => _byName.GetValueOrDefault(function);

    internal IEnumerable<string> Headers => Functions.Select(f => f.Header).Distinct().Order(StringComparer.Ordinal);
}

/// <summary>
/// One C function. <paramref name="AbsentOn"/> names the architecture on which the function is neither declared nor exported.
/// </summary>
internal sealed record ApiFunction(
    string Name, string Header, CType Returns, IReadOnlyList<ApiParameter> Parameters, bool Variadic = false, string? AbsentOn = null)
{
    /// <summary>The signature that a caller sees. Functions with equal signatures can be called in the same way.</summary>
    internal string Signature => $"{Returns} ({string.Join(", ", Parameters.Select(p => p.Type))}{(Variadic ? ", ..." : "")})";

    internal string Prototype
    {
        get
        {
            string parameters = string.Join(", ", Parameters.Select(p => p.Type.Declare(p.Name)));
            return $"{Returns} {Name}({(parameters.Length == 0 ? "void" : parameters)}{(Variadic ? ", ..." : "")})";
        }
    }
}

internal sealed record ApiParameter(string Name, CType Type, bool Nullable = false);

internal sealed record ApiStruct(string Name, string Header, IReadOnlyList<ApiParameter> Fields);

internal sealed record ApiEnum(string Name, string Header, IReadOnlyList<ApiMember> Members);

internal sealed record ApiMember(string Name, int Value);

/// <summary>A typedef of a function pointer.</summary>
internal sealed record ApiCallback(string Name, string Header, CType Type);
