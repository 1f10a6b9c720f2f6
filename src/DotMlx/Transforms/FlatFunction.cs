namespace DotMlx;

/// <summary>
/// A function of structures as a function of flat lists. It stores the structure of its arguments and of its result, but none of their
/// arrays, because MLX may keep the function as long as a graph lives.
/// </summary>
internal sealed class FlatFunction
{
    private readonly Func<object?[], object?> _function;
    private readonly object?[] _treeDef;
    private object? _result;

    internal FlatFunction(Func<object?[], object?> function, object?[] arguments)
    {
        _function = function;
        _treeDef = (object?[])TreeDef.Of(arguments)!;
    }

    internal MlxArray[] Invoke(MlxArray[] inputs)
    {
        object? value = _function(TreeDef.Unflatten(_treeDef, inputs));
        _result = TreeDef.Of(value);
        return TreeDef.Flatten(value);
    }

    /// <summary>The result of the last call without its arrays.</summary>
    internal object? Outline => _result;

    /// <summary>The result of the last call with other arrays.</summary>
    internal object? Result(ReadOnlySpan<MlxArray> arrays) => TreeDef.Unflatten(_result, arrays);
}
