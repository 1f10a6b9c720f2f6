using DotMlx.Bindings;

namespace DotMlx.Optimizers;

public abstract partial class Optimizer
{
    // Looking for a shape among more would cost what sharing gives.
    private const int MostShapes = 16;

    private readonly List<SpreadScalars> _scalars = [];
    private bool _sharesAmongParameters;

    /// <summary>
    /// Creates the state of every parameter that has none. Not needed before <see cref="ApplyGradients"/>, which does it for the
    /// gradients it gets; useful to have the state before the first update.
    /// </summary>
    /// <param name="parameters">A dictionary of parameters.</param>
    /// <exception cref="ArgumentException">
    /// The tree is not a dictionary, or a parameter has the name of an entry of the state, such as <c>step</c>.
    /// </exception>
    public virtual void Init(Tree parameters)
    {
        TreeDictionary dictionary = CheckTop(parameters, nameof(parameters));
        try
        {
            Begin();
            Prepare(dictionary, _state);
        }
        finally
        {
            End(parameters, parameters);
        }

        _initialized = true;
    }

    /// <summary>
    /// Computes new parameters from gradients (Python's <c>apply_gradients</c>): renews scheduled hyper-parameters for the current
    /// step, counts the step, and updates every leaf that has a gradient. Leaves seen for the first time get their state.
    /// </summary>
    /// <param name="gradients">A dictionary of gradients, which may leave out any part of the parameters.</param>
    /// <param name="parameters">The parameters; may have more leaves than <paramref name="gradients"/>.</param>
    /// <returns>The new parameters in the structure of <paramref name="gradients"/>. What was passed in stays as it is.</returns>
    /// <exception cref="ArgumentException">
    /// The trees do not fit each other or the state, or a gradient has another shape than its parameter; the message names the path.
    /// </exception>
    public virtual Tree ApplyGradients(Tree gradients, Tree parameters)
    {
        TreeDictionary dictionary = CheckTop(gradients, nameof(gradients));
        ArgumentNullException.ThrowIfNull(parameters);
        if (!_initialized)
        {
            Init(gradients);
        }

        try
        {
            Begin();
            foreach ((string name, Schedule schedule) in _schedules)
            {
                Renew(name, schedule);
            }

            CountStep();
            Roots roots = new(gradients, parameters);
            ApplyGroups(dictionary, parameters, roots);
            return Apply(dictionary, parameters, _state, roots);
        }
        finally
        {
            End(gradients, parameters);
        }
    }

    private void Begin()
    {
        _shared.Begin();
        _leaf.Begin();

        // In a compiled function fusion does better, and what a derived class adds to an element-wise rule need not be element-wise.
        _sharesAmongParameters = IsElementwise && IsOfTheLibrary && !TraceLock.IsHeldByCurrentThread;
    }

    private void End(Tree gradients, Tree parameters)
    {
        EndGroups();
        _leaf.Dispose();
        _shared.Dispose();
        _scalars.Clear();
        foreach (PerType quantity in _perType)
        {
            quantity.Clear();
        }

        // The graph was built from bare handles, so the arrays must live until here.
        GC.KeepAlive(gradients);
        GC.KeepAlive(parameters);
    }

    private TreeDictionary CheckTop(Tree tree, string argument)
    {
        ArgumentNullException.ThrowIfNull(tree, argument);
        if (tree is not TreeDictionary dictionary)
        {
            throw new ArgumentException(
                $"The {argument} of an optimizer are a dictionary, but this is {tree.Description}. Put it into one under a name: new TreeDictionary {{ [\"w\"] = … }}.",
                argument);
        }

        foreach (string name in _entries)
        {
            if (dictionary.ContainsKey(name))
            {
                throw new ArgumentException(
                    $"A parameter cannot be named '{name}': the optimizer's state has an entry of its own under this name. Rename it, or put the parameters into a dictionary one level deeper.",
                    argument);
            }
        }

        return dictionary;
    }

    private void Prepare(Tree parameters, Tree state)
    {
        switch (parameters)
        {
            case TreeDictionary dictionary:
                TreeDictionary states = (TreeDictionary)state;
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    Prepare(value, StateOf(value, states, key, i + states.Count - dictionary.Count));
                }

                break;
            case TreeList list:
                TreeList slots = (TreeList)state;
                for (int i = 0; i < list.Count; i++)
                {
                    Prepare(list.ItemAt(i), StateOf(list.ItemAt(i), slots, i));
                }

                break;
            case TreeLeaf { Peek: var array }:
                InitLeaf(array, (TreeDictionary)state);
                break;
        }
    }

    private void InitLeaf(MlxArray parameter, TreeDictionary state)
    {
        if (state.Count == 0)
        {
            int mark = _leaf.Mark;
            if (MasterWeights && IsNarrow(parameter.DType))
            {
                InitWide(parameter, state);
            }
            else
            {
                InitSingle(parameter, state);
            }

            _leaf.Release(mark);
        }
    }

    private Tree Apply(Tree gradients, Tree parameters, Tree state, in Roots roots)
    {
        switch (gradients)
        {
            case TreeDictionary dictionary:
                TreeDictionary states = (TreeDictionary)state;
                TreeDictionary newDictionary = new(dictionary.Count);
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    Tree parameter = Tree.Follow(parameters, roots.Parameters, key, i);
                    newDictionary.Add(key, Apply(value, parameter, StateOf(value, states, key, i + states.Count - dictionary.Count), roots));
                }

                return newDictionary;
            case TreeList list:
                TreeList slots = (TreeList)state;
                TreeList newList = new(list.Count);
                for (int i = 0; i < list.Count; i++)
                {
                    Tree value = list.ItemAt(i);
                    Tree parameter = Tree.Follow(parameters, roots.Parameters, i);
                    newList.Add(Apply(value, parameter, StateOf(value, slots, i), roots));
                }

                return newList;
            default:
                return ApplyLeaf((TreeLeaf)gradients, parameters, (TreeDictionary)state, roots);
        }
    }

    private TreeLeaf ApplyLeaf(TreeLeaf gradient, Tree parameters, TreeDictionary state, in Roots roots)
    {
        if (Grouped(gradient) is { } updated)
        {
            return new TreeLeaf(updated);
        }

        MlxArray array = gradient.Peek;
        MlxArray parameter = parameters is TreeLeaf { Peek: var leaf } ? leaf : Tree.FollowLeaf(parameters, roots.Parameters);
        ReadOnlySpan<int> shape = CheckShapes(array, parameter, gradient, roots);
        InitLeaf(array, state);
        try
        {
            _leaf.Scalars = ScalarsFor(shape);
            MlxArray result = (MasterWeights && IsNarrow(parameter.DType) ? ApplyWide(array, parameter, state) : ApplySingle(array, parameter, state))
                ?? throw new InvalidOperationException($"{GetType().Name}.ApplySingle returned null for '{TreePaths.Find(roots.Gradients, gradient)}'.");
            _leaf.Dispose();
            return new TreeLeaf(result);
        }
        catch (MlxException error)
        {
            string path = TreePaths.Find(roots.Gradients, gradient);
            throw new MlxException(
                $"The update of '{path}' failed (gradient {TreePaths.Describe(array)}, parameter {TreePaths.Describe(parameter)}): {error.Message}",
                error.Operation,
                error);
        }
        finally
        {
            _leaf.Scalars = null;
        }
    }

    /// <summary>The scalars in the shape of a parameter, where the rule is element by element and other parameters have that shape too.</summary>
    private SpreadScalars? ScalarsFor(ReadOnlySpan<int> shape)
    {
        if (!_sharesAmongParameters || shape.IsEmpty)
        {
            return null;
        }

        for (int i = _scalars.Count - 1; i >= 0; i--)
        {
            if (_scalars[i].Shape.SequenceEqual(shape))
            {
                return _scalars[i];
            }
        }

        if (_scalars.Count < MostShapes)
        {
            _scalars.Add(new SpreadScalars(shape.ToArray(), _shared));
        }

        return null;
    }

    /// <returns>The shape that both have; valid as long as the gradient.</returns>
    private static unsafe ReadOnlySpan<int> CheckShapes(MlxArray gradient, MlxArray parameter, TreeLeaf node, in Roots roots)
    {
        mlx_array left = gradient.Handle;
        mlx_array right = parameter.Handle;
        int dimensions = (int)Mlxc.mlx_array_ndim(left);
        if (dimensions == (int)Mlxc.mlx_array_ndim(right))
        {
            // An array without dimensions need not have a place for them.
            ReadOnlySpan<int> shape = dimensions == 0 ? [] : new(Mlxc.mlx_array_shape(left), dimensions);
            if (dimensions == 0 || shape.SequenceEqual(new ReadOnlySpan<int>(Mlxc.mlx_array_shape(right), dimensions)))
            {
                return shape;
            }
        }

        throw new ArgumentException(
            $"The gradient of '{TreePaths.Find(roots.Gradients, node)}' is {TreePaths.Describe(gradient)}, but the parameter is {TreePaths.Describe(parameter)}: their shapes must agree.");
    }

    private Tree StateOf(Tree parameter, TreeDictionary states, string key, int likely)
    {
        Tree? existing = states.Get(key, likely);
        Tree state = Fitting(parameter, existing, states, key);
        if (!ReferenceEquals(state, existing))
        {
            states[key] = state;
        }

        return state;
    }

    private Tree StateOf(Tree parameter, TreeList slots, int index)
    {
        Tree? existing = index < slots.Count ? slots.ItemAt(index) : null;
        Tree state = Fitting(parameter, existing, slots, TreePaths.Index(index));
        if (existing is null)
        {
            slots.Add(state);
        }
        else if (!ReferenceEquals(state, existing))
        {
            slots[index] = state;
        }

        return state;
    }

    /// <summary>The node of the state for a node of the parameters: the one there is, or a new one where there is nothing.</summary>
    private Tree Fitting(Tree parameter, Tree? existing, Tree parent, string key)
    {
        switch (parameter, existing)
        {
            case (TreeList, TreeList):
            case (TreeDictionary or TreeLeaf, TreeDictionary):
                return existing;
            case (TreeList, null or { IsEmptyContainer: true }):
                return new TreeList();
            case (_, null or { IsEmptyContainer: true }):
                return new TreeDictionary();
            case (TreeDictionary, TreeList list):
                // A dictionary with number keys comes back from a file as a list.
                TreeDictionary dictionary = new(list.Count);
                for (int i = 0; i < list.Count; i++)
                {
                    if (!list.ItemAt(i).IsEmptyContainer)
                    {
                        dictionary.Add(TreePaths.Index(i), list.ItemAt(i));
                    }
                }

                return dictionary;
            default:
                throw new ArgumentException(
                    $"The state does not fit the parameters: '{TreePaths.Join(TreePaths.Find(_state, parent), key)}' is {existing.Description} in the state of {GetType().Name} and {parameter.Description} in the parameters.");
        }
    }

    /// <summary>The trees an update started from, to name the path in a message.</summary>
    private readonly struct Roots(Tree gradients, Tree parameters)
    {
        public Tree Gradients { get; } = gradients;

        public Tree Parameters { get; } = parameters;
    }
}
