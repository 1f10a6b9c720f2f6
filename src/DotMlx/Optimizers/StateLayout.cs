namespace DotMlx.Optimizers;

/// <summary>The state that a rule creates for parameters of one shape and dtype, against which other states are checked.</summary>
internal sealed class StateLayout
{
    private readonly ArrayKind _kind;
    private readonly (string Key, int[]? Shape)[] _entries;

    /// <param name="parameter">The parameter for which the state was created.</param>
    /// <param name="initial">The initial state of the parameter.</param>
    public StateLayout(ParameterState parameter, TreeDictionary initial)
    {
        _kind = parameter.Kind;
        _entries = [.. initial.Children.Select(entry => (entry.Key, (entry.Value as TreeLeaf)?.Peek.ShapeArray))];
    }

    public bool IsOf(ParameterState parameter) => parameter.Kind.Equals(_kind);

    /// <summary>Rejects a state that the rule can't use.</summary>
    /// <exception cref="InvalidOperationException">
    /// An entry is missing or has another shape or a wider dtype; the message says what to do.
    /// </exception>
    public void Check(TreeDictionary state, Leaf leaf, Optimizer optimizer, TreePath path)
    {
        foreach ((string key, int[]? shape) in _entries)
        {
            switch (state.Get(key))
            {
                case null:
                    throw new InvalidOperationException(
                        $"The state of '{path}' is {state.Description}, but {optimizer.GetType().Name} needs '{key}'. "
                        + "It seems to belong to another optimizer: assign a matching state, or remove this entry to start from scratch.");
                case TreeLeaf { Peek: var array } when shape is not null:
                    CheckArray(key, array, shape, leaf, path);
                    break;
                case { } other when (shape is null) == (other is TreeLeaf):
                    throw new InvalidOperationException($"'{key}' in the state of '{path}' is {other.Description}, "
                        + $"which {optimizer.GetType().Name} cannot use.");
            }
        }

        if (leaf.HasMaster && state.Get(TreeUpdate.MasterKey) is TreeLeaf { Peek: var master })
        {
            CheckArray(TreeUpdate.MasterKey, master, _kind.Shape, leaf, path);
        }
    }

    private void CheckArray(string key, MlxArray array, int[] shape, Leaf leaf, TreePath path)
    {
        if (array.IsDisposed)
        {
            throw new InvalidOperationException($"'{key}' in the state of '{path}' has been disposed. Assign a state whose arrays aren't "
                + $"disposed, or remove the entry of '{path}' to start from scratch.");
        }

        if (!array.Shape.SequenceEqual(shape))
        {
            throw new InvalidOperationException(
                $"'{key}' in the state of '{path}' is {TreePaths.Describe(array)}, but belongs to a "
                + $"parameter that is {TreePaths.Describe(leaf.Parameter)} "
                + $"and must have the shape [{string.Join(", ", shape)}]. Was a layer inserted or removed? Assign a matching state, or "
                + $"remove the entry of '{path}' to start from scratch.");
        }

        DType widest = _kind.DType == DType.BFloat16 ? DType.Float32 : _kind.DType;
        if (array.DType.IsInexact() && Mx.PromoteTypes(array.DType, widest) != widest)
        {
            throw new InvalidOperationException(
                $"'{key}' in the state of '{path}' is {TreePaths.Describe(array)}, which is wider than the "
                + $"parameter, {TreePaths.Describe(leaf.Parameter)}. "
                + $"Convert it with AsType({widest}).");
        }
    }
}
