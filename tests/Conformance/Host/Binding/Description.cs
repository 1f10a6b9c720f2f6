using System.Reflection;
using DotMlx.Conformance.Wire;

namespace DotMlx.Conformance.Binding;

/// <summary>Describes arguments and overloads in messages.</summary>
internal static class Description
{
    private const int ItemsShown = 4;

    public static string Of(object?[] arguments, PythonDictionary named) =>
        string.Join(", ", arguments.Select(Of).Concat(named.Items.Select(item => $"{item.Key}: {Of(item.Value)}")));

    public static string Of(MethodBase method) =>
        $"{method.Name}({string.Join(", ", method.GetParameters().Select(p => $"{p.ParameterType.Name} {p.Name}"))})";

    public static string Of(object? value) => value switch
    {
        null => "None",
        MlxArray array => $"array[{array.DType}]",
        object?[] items => $"[{First(items)}]",
        PythonTuple tuple => $"({First(tuple.Items)})",
        PythonDictionary => "dict",
        PythonFunction => "function",
        string text => $"\"{text}\"",
        bool or long or double => value.ToString()!,
        _ => value.GetType().Name,
    };

    private static string First(object?[] items) => string.Join(", ", items.Take(ItemsShown).Select(Of));
}
