using DotMlx.Generator.Api;

namespace DotMlx.Generator.Emit;

/// <summary>Writes C types and names as C#: blittable, with C's names unchanged.</summary>
internal sealed class CSharpTypes(IEnumerable<ApiVersion> versions)
{
    private static readonly Dictionary<string, string> Known = new()
    {
        ["void"] = "void", ["bool"] = "byte", ["char"] = "byte", ["int"] = "int", ["float"] = "float", ["double"] = "double",
        ["size_t"] = "nuint", ["uintptr_t"] = "nuint",
        ["int8_t"] = "sbyte", ["int16_t"] = "short", ["int32_t"] = "int", ["int64_t"] = "long",
        ["uint8_t"] = "byte", ["uint16_t"] = "ushort", ["uint32_t"] = "uint", ["uint64_t"] = "ulong",
        ["float16_t"] = "ushort", ["bfloat16_t"] = "ushort", ["mlx_complex64_t"] = "mlx_complex64", ["FILE"] = "void",
    };

    private static readonly HashSet<string> Keywords = ["base", "fixed", "in", "is", "object", "out", "params", "ref", "string", "this",
        "event", "lock", "operator", "checked", "default"];

    private readonly HashSet<string> _own = [.. versions.SelectMany(v => v.Structs.Select(s => s.Name)
        .Concat(v.Enums.Select(e => e.Name)))];

    private readonly Dictionary<string, CType> _callbacks = versions.SelectMany(v => v.Callbacks).GroupBy(c => c.Name)
        .ToDictionary(g => g.Key, g => g.First().Type);

    internal string Of(CType type)
    {
        if (type.IsFunction)
            return $"delegate* unmanaged[Cdecl]<{string.Join(", ", type.Parameters.Append(type.Returns!).Select(Of))}>";
        if (_callbacks.TryGetValue(type.Base, out CType? callback)) return Of(callback) + new string('*', type.Pointers);
        if (_own.Contains(type.Base)) return type.Base + new string('*', type.Pointers);
        if (Known.TryGetValue(type.Base, out string? name)) return name + new string('*', type.Pointers);
        throw new NotSupportedException($"The C type '{type}' has no C# counterpart yet: add it to {nameof(CSharpTypes)}.");
    }

    internal static string Name(string name) => Keywords.Contains(name) ? "@" + name : name;

    internal string Parameters(IEnumerable<ApiParameter> parameters) =>
        string.Join(", ", parameters.Select(p => $"{Of(p.Type)} {Name(p.Name)}"));

    internal static string Arguments(IEnumerable<ApiParameter> parameters) => string.Join(", ", parameters.Select(p => Name(p.Name)));

    internal static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
}
