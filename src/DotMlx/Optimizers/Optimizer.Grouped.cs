namespace DotMlx.Optimizers;

public abstract partial class Optimizer
{
    // Above this size a kernel of its own costs a parameter next to nothing.
    private const long GreatestGroupedSize = 8192;
    private const int FewestMembers = 4;

    private readonly Dictionary<DType, LeafGroup> _groups = [];

    /// <summary>
    /// Updates all small parameters of one dtype together, as one flat array: much faster for models with many of them, and the same
    /// to the last bit. State, gradients and parameters are still one array per parameter, now views of the flat ones.
    /// Has no effect on optimizers whose rule is not element by element (<see cref="Adafactor"/>, <see cref="Muon"/>, custom ones),
    /// on parameters with float32 masters, and inside compiled functions, where fusion does better.
    /// </summary>
    public virtual bool GroupSmallParameters { get; set; }

    /// <summary>Whether the update rule treats every element alike and by itself.</summary>
    internal virtual bool IsElementwise => false;

    /// <summary>Updates the groups ahead of the walk, which then finds the results in its own order.</summary>
    private void ApplyGroups(TreeDictionary gradients, Tree parameters, in Roots roots)
    {
        if (!GroupSmallParameters || !_sharesAmongParameters)
        {
            return;
        }

        foreach (LeafGroup group in _groups.Values)
        {
            group.Begin();
        }

        Collect(gradients, parameters, _state, roots);
        foreach (LeafGroup group in _groups.Values)
        {
            if (group.Count >= FewestMembers)
            {
                group.Update(_leaf, ApplySingle);
                _leaf.Dispose();
            }
        }
    }

    private void Collect(Tree gradients, Tree parameters, Tree state, in Roots roots)
    {
        switch (gradients)
        {
            case TreeDictionary dictionary:
                TreeDictionary states = (TreeDictionary)state;
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    Collect(value, Tree.Follow(parameters, roots.Parameters, key, i), StateOf(value, states, key, i + states.Count - dictionary.Count), roots);
                }

                break;
            case TreeList list:
                TreeList slots = (TreeList)state;
                for (int i = 0; i < list.Count; i++)
                {
                    Tree value = list.ItemAt(i);
                    Collect(value, Tree.Follow(parameters, roots.Parameters, i), StateOf(value, slots, i), roots);
                }

                break;
            case TreeLeaf { Peek: var gradient } leaf when parameters is TreeLeaf { Peek: var parameter }:
                DType dtype = gradient.DType;
                if (gradient.NDim > 0 && gradient.Size is > 0 and <= GreatestGroupedSize && parameter.DType == dtype && !(MasterWeights && IsNarrow(dtype)))
                {
                    CheckShapes(gradient, parameter, leaf, roots);
                    InitLeaf(gradient, (TreeDictionary)state);
                    if (!_groups.TryGetValue(dtype, out LeafGroup? group))
                    {
                        _groups.Add(dtype, group = new LeafGroup());
                    }

                    group.Add(leaf, gradient, parameter, (TreeDictionary)state);
                }

                break;
        }
    }

    /// <summary>The result of a leaf that was updated in a group.</summary>
    private MlxArray? Grouped(TreeLeaf gradient)
    {
        foreach (LeafGroup group in _groups.Values)
        {
            if (group.TakeResult(gradient) is { } result)
            {
                return result;
            }
        }

        return null;
    }

    private void EndGroups()
    {
        foreach (LeafGroup group in _groups.Values)
        {
            group.End();
        }
    }
}
