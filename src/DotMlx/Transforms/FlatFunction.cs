namespace DotMlx;

/// <summary>
/// Turns a function of structures into a function of flat lists. It stores the structures of the arguments and of the result, but none of
/// their arrays, because MLX may keep the function as long as a graph lives.
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

    /// <summary>The structure of the last result, without its arrays.</summary>
    internal object? Outline => _result;

    /// <summary>Returns the structure of the last result with other arrays.</summary>
    internal object? Result(ReadOnlySpan<MlxArray> arrays) => TreeDef.Unflatten(_result, arrays);
}
