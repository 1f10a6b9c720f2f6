namespace DotMlx.Optimizers;

/// <content>Matches gradients, parameters, and state: everything is checked before anything is computed.</content>
internal sealed unsafe partial class TreeUpdate
{
    /// <summary>Traverses gradients, parameters, and state together and checks that they match.</summary>
    private void Collect(Tree gradients, Tree? parameters, Tree state, TreePath path)
    {
        if (state is not TreeLeaf && state.Owner?.Gate != Gate)
        {
            state.Owner = Containers;
        }

        TreePath below = path.In(gradients);
        int shift = state.ChildCount - gradients.ChildCount;
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < gradients.ChildCount; i++)
        {
            below.Index = i;
            Tree gradient = gradients.ChildAt(i);
            Tree? parameter = parameters is null ? gradient : parameters.ChildLike(gradients, i);
            if (parameter is null || ((parameter is TreeLeaf) != (gradient is TreeLeaf) && !gradient.IsEmptyContainer))
            {
                throw new ArgumentException(
                    $"The parameters don't match the gradients: '{below}' is {gradient.Description} in the gradients and "
                    + $"{parameter?.Description ?? "missing"} in the parameters.");
            }

            Tree node = StateOf(gradient, gradients, i, state, i + shift, below);
            if (gradient is TreeLeaf leaf)
            {
                Collect(leaf.Peek, ((TreeLeaf)parameter).Peek, (TreeDictionary)node, below);
            }
            else
            {
                Collect(gradient, parameters is null ? null : parameter, node, below);
            }
        }
    }

    private void Collect(MlxArray gradient, MlxArray parameter, TreeDictionary node, TreePath path)
    {
        if (gradient.IsDisposed || parameter.IsDisposed)
        {
            throw new ArgumentException($"The {(gradient.IsDisposed ? "gradient" : "parameter")} '{path}' "
                + $"has been disposed. Keep it until the update is done.");
        }

        ArrayKind kind = parameter.KnownKind;
        if (!ReferenceEquals(gradient.KnownKind, kind) && !gradient.HasShape(kind.Shape))
        {
            throw new ArgumentException(
                $"The gradient of '{path}' is {TreePaths.Describe(gradient)}, but the parameter "
                + $"is {TreePaths.Describe(parameter)}: their shapes must agree.");
        }

        bool master = _hasMasters && kind.DType is (DType.Float16 or DType.BFloat16);
        ArrayKind computed = master || kind.DType == DType.Float16 ? ArrayKind.Of(kind.Shape, DType.Float32) : kind;
        if (node.Owner is not ParameterState state || state.Gate != Gate)
        {
            node.Owner = state = new ParameterState(Gate, node);
        }

        if (state.LastUpdate == _number)
        {
            throw new InvalidOperationException($"The state of '{path}' is the same dictionary as that of "
                + $"another parameter. Give each its own: copy it.");
        }

        bool known = state.IsKnown(computed);
        state.LastUpdate = _number;
        Leaf leaf = new(gradient, parameter, state, kind, master);
        if (!known)
        {
            state.Kind = computed;
            state.Widens = kind.DType == DType.Float16;
            state.LearnEntries();
            if (node.Count > 0)
            {
                LayoutOf(leaf).Check(node, leaf, _optimizer, path);
            }
        }

        _leaves.Add(leaf);
    }

    /// <summary>Returns the state node for a node of the gradients: the existing one, or a new one that the commit attaches.</summary>
    private Tree StateOf(Tree gradient, Tree gradients, int index, Tree state, int likely, TreePath path)
    {
        Tree? existing = state is TreeDictionary dictionary
            ? dictionary.Get(gradients.NameAt(index), likely)
            : index < state.ChildCount ? state.ChildAt(index) : null;
        Tree node;
        switch (gradient, existing)
        {
            case (TreeList, TreeList):
            case (TreeDictionary or TreeLeaf, TreeDictionary):
                return existing;
            case (TreeList, null or { IsEmptyContainer: true }):
                node = new TreeList { Owner = Containers };
                break;
            case (_, null or { IsEmptyContainer: true }):
                node = new TreeDictionary { Owner = Containers };
                break;
            case (TreeDictionary, TreeList list):
                // A file returns a dictionary with numeric keys as a list.
                node = new TreeDictionary(list.Count) { Owner = Containers };
                for (int i = 0; i < list.Count; i++)
                {
                    if (!list.ItemAt(i).IsEmptyContainer)
                    {
                        node.AddLike(list, i, list.ItemAt(i));
                    }
                }

                break;
            default:
                throw new InvalidOperationException(
                    $"The state doesn't match the parameters: '{path}' is {existing.Description} in the state "
                    + $"of {_optimizer.GetType().Name} and {gradient.Description} in the parameters.");
        }

        AttachLater(state, gradients.NameAt(index), index, node);
        return node;
    }

    private void AttachLater(Tree parent, string name, int index, Tree child) => _attachments.Add(() =>
    {
        if (parent is TreeDictionary dictionary)
        {
            dictionary[name] = child;
        }
        else if (parent is TreeList list && index < list.Count)
        {
            list[index] = child;
        }
        else
        {
            ((TreeList)parent).Add(child);
        }
    });

    private StateLayout LayoutOf(Leaf leaf)
    {
        foreach (StateLayout known in _layouts)
        {
            if (known.IsOf(leaf.State))
            {
                return known;
            }
        }

        InitLeaf(leaf);
        StateLayout layout = new(leaf.State, _scratch);
        _leafArena!.Release();
        _layouts.Add(layout);
        return layout;
    }
}
