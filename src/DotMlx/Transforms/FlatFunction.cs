namespace DotMlx;

/// <summary>
/// A function of structures as a function of flat lists. It stores the structure of its arguments and of its result, but none of their
/// arrays, because MLX may keep the function as long as a graph lives.
/// </summary>
internal sealed class FlatFunction
{
    private readonly Func<object?[], object?> function;
    private readonly object?[] skeleton;
    private object? result;

    internal FlatFunction(Func<object?[], object?> function, object?[] arguments)
    {
        this.function = function;
        skeleton = (object?[])Structures.Skeleton(arguments)!;
    }

    internal MlxArray[] Invoke(MlxArray[] inputs)
    {
        object? value = function(Structures.Rebuild(skeleton, inputs));
        result = Structures.Skeleton(value);
        return Structures.Flatten(value);
    }

    /// <summary>The result of the last call without its arrays.</summary>
    internal object? Outline => result;

    /// <summary>The result of the last call with other arrays.</summary>
    internal object? Result(ReadOnlySpan<MlxArray> arrays) => Structures.Rebuild(result, arrays);
}
