using System.Reflection;
using DotMlx.Bindings;

namespace DotMlx.Tests.Coverage;

/// <summary>One name of Python's mlx.core: what stands for it in C#, and the C functions behind it.</summary>
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

    /// <summary>Reads a line of rows.tsv; without members it takes the public one of the same name.</summary>
    internal static CoverageRow Parse(string line)
    {
        string[] cells = line.Split('\t');
        string[] members = List(cells[3]);
        return new CoverageRow(
            cells[0], cells[1], List(cells[2]), members.Length > 0 ? members : SameName(cells[0], cells[1]), cells[4]);
    }

    /// <summary>The name under which golden/ops.json has the function.</summary>
    internal string GoldenName => Area.StartsWith("mlx.core.", StringComparison.Ordinal) && Area != "mlx.core.array"
        ? $"{Area["mlx.core.".Length..]}.{Name}"
        : Name;

    /// <summary>Members and C functions that do not exist.</summary>
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
    /// Whether the package DotMlx.Tensors gives the type a member of that name. The compiler keeps the members of an extension block in
    /// a nested type, beside which a method named &lt;Extension&gt;$ takes the type that is extended.
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
