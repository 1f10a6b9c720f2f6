namespace DotMlx.Optimizers;

/// <summary>
/// Several optimizers, each for its own leaves (Python's <c>MultiOptimizer</c>): a leaf goes to the first optimizer whose filter
/// accepts it, and to the last one if none does.
/// </summary>
/// <example><code>
/// MultiOptimizer optimizer = new(
///     [new Muon(0.02f), new AdamW(0.001f)],
///     [(path, leaf) => leaf.NDim >= 2 &amp;&amp; !path.Contains("embedding")]);
/// </code></example>
public class MultiOptimizer : Optimizer
{
    private const string StatesKey = "states";

    private readonly Optimizer[] _optimizers;
    private readonly Func<string, MlxArray, bool>[] _filters;

    /// <summary>Combines optimizers.</summary>
    /// <param name="optimizers">At least one optimizer.</param>
    /// <param name="filters">
    /// One filter for every optimizer but the last: gets the dotted path of a leaf and its array (a gradient, or a parameter in
    /// <see cref="Init"/>) and says whether the optimizer takes the leaf.
    /// </param>
    /// <exception cref="ArgumentException">There is no optimizer, one occurs twice, or the number of filters does not fit.</exception>
    public MultiOptimizer(IReadOnlyList<Optimizer> optimizers, IReadOnlyList<Func<string, MlxArray, bool>>? filters = null)
    {
        ArgumentNullException.ThrowIfNull(optimizers);
        _optimizers = [.. optimizers];
        _filters = [.. filters ?? []];
        if (_optimizers.Length == 0)
        {
            throw new ArgumentException("At least one optimizer is needed.", nameof(optimizers));
        }

        if (_filters.Length != _optimizers.Length - 1)
        {
            throw new ArgumentException(
                $"Given {_filters.Length} filters but {_optimizers.Length - 1} are needed, one for every optimizer but the last.", nameof(filters));
        }

        if (_optimizers.Distinct(ReferenceEqualityComparer.Instance).Count() != _optimizers.Length)
        {
            throw new ArgumentException("The same optimizer occurs twice: each one has one state.", nameof(optimizers));
        }

        if (_optimizers.Contains(null!) || _filters.Contains(null!))
        {
            throw new ArgumentException("An optimizer or a filter is null.", nameof(optimizers));
        }
    }

    /// <summary>The combined optimizers.</summary>
    public IReadOnlyList<Optimizer> Optimizers => _optimizers;

    /// <summary>
    /// The members' live states in a new dictionary, as <c>{ "states": [ … ] }</c>. Assigning gives each member its own.
    /// </summary>
    /// <exception cref="ArgumentException">The value has no list <c>states</c> with one dictionary per member; nothing is assigned then.</exception>
    public override TreeDictionary State
    {
        get
        {
            TreeList states = new(_optimizers.Length);
            foreach (Optimizer optimizer in _optimizers)
            {
                states.Add(optimizer.State);
            }

            return new TreeDictionary { [StatesKey] = states };
        }

        set
        {
            TreeList states = States(value, nameof(value));
            for (int i = 0; i < _optimizers.Length; i++)
            {
                _optimizers[i].State = (TreeDictionary)states.ItemAt(i);
            }
        }
    }

    /// <summary>The step of the first member; all members count the same updates.</summary>
    public override MlxArray Step => _optimizers[0].Step;

    /// <summary>The learning rate of the first member; setting it sets that of all members.</summary>
    public override MlxArray LearningRate
    {
        get => _optimizers[0].LearningRate;
        set
        {
            foreach (Optimizer optimizer in _optimizers)
            {
                optimizer.LearningRate = value;
            }
        }
    }

    /// <summary>Whether every member has masters; setting it sets it for all members.</summary>
    public override bool MasterWeights
    {
        get => _optimizers.All(optimizer => optimizer.MasterWeights);
        set
        {
            foreach (Optimizer optimizer in _optimizers)
            {
                optimizer.MasterWeights = value;
            }
        }
    }

    /// <summary>Whether every member groups small parameters; setting it sets it for all members.</summary>
    public override bool GroupSmallParameters
    {
        get => _optimizers.All(optimizer => optimizer.GroupSmallParameters);
        set
        {
            foreach (Optimizer optimizer in _optimizers)
            {
                optimizer.GroupSmallParameters = value;
            }
        }
    }

    /// <inheritdoc/>
    public override void Init(Tree parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        TreeDictionary[] parts = Split(parameters);
        for (int i = 0; i < parts.Length; i++)
        {
            _optimizers[i].Init(parts[i]);
        }
    }

    /// <inheritdoc/>
    public override Tree ApplyGradients(Tree gradients, Tree parameters)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        ArgumentNullException.ThrowIfNull(parameters);
        TreeDictionary[] parts = Split(gradients);
        Tree result = Outline(gradients);
        for (int i = 0; i < parts.Length; i++)
        {
            result = Tree.Merge(result, _optimizers[i].ApplyGradients(parts[i], parameters));
        }

        return result;
    }

    /// <inheritdoc/>
    public override Tree CaptureState() => State.Copy();

    /// <inheritdoc/>
    public override void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        TreeList states = States(state, nameof(state));
        for (int i = 0; i < _optimizers.Length; i++)
        {
            _optimizers[i].RestoreState(states.ItemAt(i));
        }
    }

    /// <inheritdoc/>
    internal override void CollectPrivate(List<MlxArray> arrays) => Array.ForEach(_optimizers, optimizer => optimizer.CollectPrivate(arrays));

    /// <inheritdoc/>
    internal override void ReclaimState() => Array.ForEach(_optimizers, optimizer => optimizer.ReclaimState());

    /// <inheritdoc/>
    internal override string StateKind => $"MultiOptimizer({string.Join(", ", _optimizers.Select(optimizer => optimizer.StateKind))})";

    /// <inheritdoc/>
    internal override void CheckState(string prefix, Tree loaded, Tree? parameters, bool allowMissing, List<string> mismatches)
    {
        string path = TreePaths.Join(prefix, StatesKey);
        if (loaded is not TreeDictionary dictionary || dictionary.Get(StatesKey) is not TreeList states || states.Count != _optimizers.Length)
        {
            mismatches.Add($"'{path}' is {loaded.Child(StatesKey)?.Description ?? "missing"}, expected a list of {_optimizers.Length} states");
            return;
        }

        TreeDictionary[]? parts = parameters is null ? null : Split(parameters);
        for (int i = 0; i < _optimizers.Length; i++)
        {
            _optimizers[i].CheckState(TreePaths.Join(path, i), states.ItemAt(i), parts?[i], allowMissing, mismatches);
        }
    }

    /// <inheritdoc/>
    internal override void AdoptState(Tree loaded)
    {
        TreeList states = States(loaded, nameof(loaded));
        for (int i = 0; i < _optimizers.Length; i++)
        {
            _optimizers[i].AdoptState(states.ItemAt(i));
        }
    }

    /// <inheritdoc/>
    protected override void InitSingle(MlxArray parameter, TreeDictionary state) => throw NotItself();

    /// <inheritdoc/>
    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state) => throw NotItself();

    private static NotSupportedException NotItself() => new("A MultiOptimizer has no update rule of its own: its members do the work.");

    private TreeList States(Tree? state, string argument)
    {
        ArgumentNullException.ThrowIfNull(state, argument);
        if (state is TreeDictionary dictionary && dictionary.Get(StatesKey) is TreeList states && states.Count == _optimizers.Length
            && Enumerable.Range(0, states.Count).All(i => states.ItemAt(i) is TreeDictionary))
        {
            return states;
        }

        throw new ArgumentException(
            $"The state of a MultiOptimizer is a dictionary with a list '{StatesKey}' of {_optimizers.Length} dictionaries, one per optimizer, but this is {state.Description}.",
            argument);
    }

    /// <summary>One tree per member with the leaves it takes; lists keep their positions.</summary>
    private TreeDictionary[] Split(Tree tree)
    {
        if (tree is not TreeDictionary)
        {
            throw new ArgumentException($"The gradients and parameters of an optimizer are a dictionary, but this is {tree.Description}.", nameof(tree));
        }

        OrderedDictionary<TreeLeaf, int> owners = new(ReferenceEqualityComparer.Instance);
        Assign("", tree, owners);
        TreeDictionary[] parts = new TreeDictionary[_optimizers.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = Part(tree, owners, i) as TreeDictionary ?? new TreeDictionary();
        }

        return parts;
    }

    private void Assign(string path, Tree tree, OrderedDictionary<TreeLeaf, int> owners)
    {
        switch (tree)
        {
            case TreeDictionary dictionary:
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    Assign(TreePaths.Join(path, key), value, owners);
                }

                break;
            case TreeList list:
                for (int i = 0; i < list.Count; i++)
                {
                    Assign(TreePaths.Join(path, i), list.ItemAt(i), owners);
                }

                break;
            case TreeLeaf leaf:
                int owner = 0;
                while (owner < _filters.Length && !_filters[owner](path, leaf.Array))
                {
                    owner++;
                }

                owners[leaf] = owner;
                break;
        }
    }

    private static Tree? Part(Tree tree, OrderedDictionary<TreeLeaf, int> owners, int owner)
    {
        switch (tree)
        {
            case TreeDictionary dictionary:
                TreeDictionary entries = new();
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    if (Part(value, owners, owner) is { } part)
                    {
                        entries.Add(key, part);
                    }
                }

                return entries.Count > 0 ? entries : null;
            case TreeList list:
                TreeList items = new();
                for (int i = 0; i < list.Count; i++)
                {
                    if (Part(list.ItemAt(i), owners, owner) is { } part)
                    {
                        while (items.Count < i)
                        {
                            items.Add(new TreeDictionary());
                        }

                        items.Add(part);
                    }
                }

                return items.Count > 0 ? items : null;
            default:
                return owners[(TreeLeaf)tree] == owner ? tree : null;
        }
    }

    /// <summary>The containers of a tree with empty dictionaries for its leaves, to be filled by the members' results.</summary>
    private static Tree Outline(Tree tree)
    {
        switch (tree)
        {
            case TreeDictionary dictionary:
                TreeDictionary entries = new(dictionary.Count);
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    entries.Add(key, Outline(value));
                }

                return entries;
            case TreeList list:
                TreeList items = new(list.Count);
                for (int i = 0; i < list.Count; i++)
                {
                    items.Add(Outline(list.ItemAt(i)));
                }

                return items;
            default:
                return new TreeDictionary();
        }
    }
}
