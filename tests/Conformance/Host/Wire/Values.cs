namespace DotMlx.Conformance.Wire;

/// <summary>A function of Python, identified by the number under which Python keeps it.</summary>
internal sealed record PythonFunction(int Number);

internal sealed record PythonSlice(object? Start, object? Stop, object? Step);

internal sealed record PythonTuple(object?[] Items);

internal sealed record PythonDictionary(List<KeyValuePair<object?, object?>> Items);

internal sealed record PythonEllipsis
{
    public static readonly PythonEllipsis Value = new();
}

internal static class Sequences
{
    /// <summary>The items of a list or a tuple, or null.</summary>
    public static object?[]? ItemsOf(object? value) => value switch
    {
        object?[] items => items,
        PythonTuple tuple => tuple.Items,
        _ => null,
    };
}
