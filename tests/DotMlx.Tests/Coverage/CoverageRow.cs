using System.Reflection;
using DotMlx.Bindings;

namespace DotMlx.Tests.Coverage;

/// <summary>A name of Python's mlx.core, its C# members, and the C functions that they call.</summary>
internal sealed record CoverageRow(string Area, string Name, string[] Functions, string[] Members, string Note)
{
    private static readonly Dictionary<string, Type> Homes = new()
    {
        ["mlx.core"] = typeof(Mx),
        ["mlx.core.array"] = typeof(MlxArray),
        ["mlx.core.random"] = typeof(Mx.Random),
        ["mlx.core.linalg"] = typeof(Mx.Linalg),
        ["mlx.core.fft"] = typeof(Mx.Fft),
        ["mlx.core.fast"] = typeof(Mx.Fast),
        ["mlx.core.metal"] = typeof(Mx.Metal),
        ["mlx.core.cuda"] = typeof(Mx.Cuda),
        ["mlx.core.distributed"] = typeof(Mx.Distributed),
    };

    private const BindingFlags Public = BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance;

    /// <summary>Reads a line of rows.tsv; without listed members, the member is the public one of the same name.</summary>
    internal static CoverageRow Parse(string line)
    {
        string[] cells = line.Split('\t');
        string[] members = List(cells[3]);
        return new CoverageRow(
            cells[0], cells[1], List(cells[2]), members.Length > 0 ? members : SameName(cells[0], cells[1]), cells[4]);
    }

    /// <summary>The function's name in golden/ops.json.</summary>
    internal string GoldenName => Area.StartsWith("mlx.core.", StringComparison.Ordinal) && Area != "mlx.core.array"
        ? $"{Area["mlx.core.".Length..]}.{Name}"
        : Name;

    /// <summary>The listed members and C functions that don't exist.</summary>
    internal IEnumerable<string> Missing()
        => Members.Where(member => !Exists(member)).Concat(
            Functions.Where(function => typeof(Mlxc).GetMethod(function) is null));

    private static bool Exists(string member)
    {
        if (FindType(member) is not null)
        {
            return true;
        }

        int dot = member.LastIndexOf('.');
        return dot > 0 && FindType(member[..dot]) is Type type && (member[(dot + 1)..] == "this[]"
            ? type.GetProperties().Any(property => property.GetIndexParameters().Length > 0)
            : type.GetMember(member[(dot + 1)..], Public).Length > 0 || IsExtended(type, member[(dot + 1)..]));
    }

    /// <summary>
    /// Whether the package DotMlx.Tensors adds a member of that name to the type. The compiler puts the members of an extension block into
    /// a nested type, next to a method &lt;Extension&gt;$ whose parameter is the extended type.
    /// </summary>
    private static bool IsExtended(Type type, string member)
    {
        const BindingFlags any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;
        return typeof(MlxTensorExtensions).Assembly.GetExportedTypes()
            .SelectMany(home => home.GetNestedTypes(any))
            .Where(block => block.GetNestedTypes(any).Any(marker =>
                marker.GetMethod("<Extension>$", any)?.GetParameters() is [{ } receiver] && receiver.ParameterType == type))
            .Any(block => block.GetMember(member, any).Length > 0);
    }

    private static Type? FindType(string name) =>
        typeof(Mx).Assembly.GetType($"DotMlx.{name.Replace("Mx.", "Mx+", StringComparison.Ordinal)}")
        ?? typeof(MlxLibrary).Assembly.GetType($"DotMlx.{name}");

    private static string[] SameName(string area, string name)
    {
        if (!Homes.TryGetValue(area, out Type? home))
        {
            return [];
        }

        string plain = name.Replace("_", "", StringComparison.Ordinal);
        string prefix = home.FullName!["DotMlx.".Length..].Replace('+', '.');
        return [.. home.GetMembers(Public)
            .Where(member => member is MethodInfo { IsSpecialName: false } or PropertyInfo or FieldInfo)
            .Where(member => string.Equals(member.Name, plain, StringComparison.OrdinalIgnoreCase))
            .Select(member => $"{prefix}.{member.Name}").Distinct()];
    }

    private static string[] List(string cell)
        => cell.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
