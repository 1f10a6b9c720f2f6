namespace DotMlx;

/// <summary>
/// A function of structures as a function of flat lists. It stores the structure of its arguments and of its result, but none of their
/// arrays, because MLX may keep the function as long as a graph lives.
/// </summary>
internal sealed class FlatFunction
{
    private readonly Func<object?[], object?> function;
    private readonly object?[] treeDef;
    private object? result;

    internal FlatFunction(Func<object?[], object?> function, object?[] arguments)
    {
        this.function = function;
        treeDef = (object?[])TreeDef.Of(arguments)!;
    }

    internal MlxArray[] Invoke(MlxArray[] inputs)
    {
        object? value = function(TreeDef.Unflatten(treeDef, inputs));
        result = TreeDef.Of(value);
        return TreeDef.Flatten(value);
    }

    /// <summary>The result of the last call without its arrays.</summary>
    internal object? Outline => result;

    /// <summary>The result of the last call with other arrays.</summary>
    internal object? Result(ReadOnlySpan<MlxArray> arrays) => TreeDef.Unflatten(result, arrays);
}
