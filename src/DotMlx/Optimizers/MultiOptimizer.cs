namespace DotMlx.Optimizers;

/// <summary>
/// Combines several optimizers, each for its own leaves (Python's <c>MultiOptimizer</c>). A leaf goes to the first optimizer whose filter
/// accepts it, or to the last optimizer if no filter does.
/// </summary>
/// <example><code>
/// MultiOptimizer optimizer = new(
///     [new Muon(0.02), new AdamW(0.001)],
///     [(path, leaf) => leaf.NDim >= 2 &amp;&amp; !path.Contains("embedding")]);
/// </code></example>
public class MultiOptimizer : OptimizerBase
{
    private const string StatesKey = "states";

    private readonly OptimizerBase[] _optimizers;
    private readonly Func<string, MlxArray, bool>[] _filters;
    private readonly Optimizer[] _rules;

    /// <summary>Combines optimizers.</summary>
    /// <param name="optimizers">At least one optimizer.</param>
    /// <param name="filters">
    /// One filter per optimizer except the last. A filter receives the dotted path of a leaf and its array (a gradient, or a parameter in
    /// <see cref="OptimizerBase.Init"/>), and returns whether the optimizer takes the leaf.
    /// </param>
    /// <exception cref="ArgumentException">There is no optimizer, an optimizer occurs twice, or the number of filters is wrong.</exception>
    public MultiOptimizer(IReadOnlyList<OptimizerBase> optimizers, IReadOnlyList<Func<string, MlxArray, bool>>? filters = null)
    {
        ArgumentNullException.ThrowIfNull(optimizers);
        _optimizers = [.. optimizers];
        _filters = [.. filters ?? []];
        int needed = _optimizers.Length - 1;
        Require(needed >= 0, "At least one optimizer is needed.", nameof(optimizers));
        Require(
            _filters.Length == needed,
            $"{_filters.Length} filters were given, but {needed} are needed, one for every optimizer but the last.",
            nameof(filters));
        Require(!_optimizers.Contains(null!) && !_filters.Contains(null!), "An optimizer or a filter is null.", nameof(optimizers));
        _rules = [.. _optimizers.SelectMany(optimizer => optimizer.Rules)];
        Require(
            _rules.Distinct().Count() == _rules.Length, "The same optimizer occurs twice, but each has only one state.", nameof(optimizers));

        static void Require(bool condition, string message, string parameter)
        {
            if (!condition)
            {
                throw new ArgumentException(message, parameter);
            }
        }
    }

    /// <summary>The combined optimizers.</summary>
    public IReadOnlyList<OptimizerBase> Optimizers => _optimizers;

    /// <summary>
    /// The live states of the members in a new dictionary, <c>{ "states": [ … ] }</c>. Assigning a dictionary sets the state of each
    /// member.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The value has no list <c>states</c> with one dictionary per member; no state is assigned.
    /// </exception>
    /// <exception cref="InvalidOperationException">The state was assigned during an update.</exception>
    public override TreeDictionary State
    {
        get => new() { [StatesKey] = new TreeList(_optimizers.Select(optimizer => (Tree)optimizer.State)) };
        set
        {
            TreeList states = States(value, nameof(value));
            ForEach((optimizer, i) => optimizer.State = (TreeDictionary)states.ItemAt(i));
        }
    }

    /// <summary>The step of the first member; all members count the same updates.</summary>
    public override MlxArray Step => _optimizers[0].Step;

    /// <summary>The learning rate of the first member; setting it sets the rate of all members.</summary>
    public override MlxArray LearningRate
    {
        get => _optimizers[0].LearningRate;
        set => ForEach((optimizer, _) => optimizer.LearningRate = value);
    }

    /// <summary>Whether every member follows a schedule of the learning rate.</summary>
    public override bool HasLearningRateSchedule => _optimizers.All(optimizer => optimizer.HasLearningRateSchedule);

    /// <summary>Whether every member has float32 masters; setting this property sets it for all members.</summary>
    public override bool MasterWeights
    {
        get => _optimizers.All(optimizer => optimizer.MasterWeights);
        set => ForEach((optimizer, _) => optimizer.MasterWeights = value);
    }

    /// <summary>Whether every member groups small parameters; setting this property sets it for all members.</summary>
    public override bool GroupSmallParameters
    {
        get => _optimizers.All(optimizer => optimizer.GroupSmallParameters);
        set => ForEach((optimizer, _) => optimizer.GroupSmallParameters = value);
    }

    internal override IReadOnlyList<Optimizer> Rules => _rules;

    /// <inheritdoc/>
    internal override string StateKind => $"MultiOptimizer({string.Join(", ", _optimizers.Select(optimizer => optimizer.StateKind))})";

    internal override TreeDictionary Compute(TreeDictionary gradients, TreeDictionary parameters)
    {
        (TreeDictionary[] parts, List<int> owners) = Split(gradients);
        Queue<MlxArray>[] updated = [.. parts.Select((part, i) =>
        {
            List<MlxArray> leaves = [];
            _optimizers[i].Compute(part, parameters).CollectLeaves(leaves, shown: false);
            return new Queue<MlxArray>(leaves);
        })];
        int next = 0;
        return (TreeDictionary)gradients.RebuildLeaves(_ => updated[owners[next++]].Dequeue());
    }

    internal override void Prepare(TreeDictionary parameters)
    {
        TreeDictionary[] parts = Split(parameters).Parts;
        ForEach((optimizer, i) => optimizer.Prepare(parts[i]));
    }

    internal override TreeDictionary Snapshot() =>
        new() { [StatesKey] = new TreeList(_optimizers.Select(optimizer => (Tree)optimizer.Snapshot())) };

    internal override void Replace(Tree state, bool adopts)
    {
        TreeList states = States(state, nameof(state));
        ForEach((optimizer, i) => optimizer.Replace(states.ItemAt(i), adopts));
    }

    internal override void CheckState(string prefix, Tree loaded, TreeDictionary? parameters, bool allowMissing, Checkpoint file)
    {
        string path = TreePaths.Join(prefix, StatesKey);
        if (loaded is not TreeDictionary dictionary || dictionary.Get(StatesKey) is not TreeList states
            || states.Count != _optimizers.Length)
        {
            file.Add($"'{path}' is {loaded.Child(StatesKey)?.Description ?? "missing"}, expected a list of {_optimizers.Length} states");
            return;
        }

        TreeDictionary[]? parts = parameters is null ? null : Split(parameters).Parts;
        ForEach((optimizer, i) => optimizer.CheckState(TreePaths.Join(path, i), states.ItemAt(i), parts?[i], allowMissing, file));
    }

    private void ForEach(Action<OptimizerBase, int> action)
    {
        for (int i = 0; i < _optimizers.Length; i++)
        {
            action(_optimizers[i], i);
        }
    }

    private TreeList States(Tree? state, string argument)
    {
        ArgumentNullException.ThrowIfNull(state, argument);
        if (state is TreeDictionary dictionary && dictionary.Get(StatesKey) is TreeList states && states.Count == _optimizers.Length
            && Enumerable.Range(0, states.Count).All(i => states.ItemAt(i) is TreeDictionary))
        {
            return states;
        }

        throw new ArgumentException(
            $"The state of a MultiOptimizer is a dictionary with a list '{StatesKey}' of {_optimizers.Length} dictionaries, one per "
            + $"optimizer, but this is {state.Description}.",
            argument);
    }

    /// <summary>Returns one tree per member, with the leaves that the member takes, and the member of each leaf.</summary>
    private (TreeDictionary[] Parts, List<int> Owners) Split(TreeDictionary tree)
    {
        List<int> owners = [.. tree.Flatten().Select(leaf =>
        {
            int owner = Array.FindIndex(_filters, accepts => accepts(leaf.Key, leaf.Value));
            return owner < 0 ? _filters.Length : owner;
        })];
        TreeDictionary[] parts = [.. _optimizers.Select((_, i) =>
        {
            int next = 0;
            return (TreeDictionary?)Part(tree, () => owners[next++] == i) ?? new TreeDictionary();
        })];
        return (parts, owners);
    }

    /// <summary>Returns the part of a tree with some leaves, whose lists keep their positions, or null if there is no such leaf.</summary>
    private static Tree? Part(Tree tree, Func<bool> takesNext)
    {
        if (tree is TreeLeaf)
        {
            return takesNext() ? tree : null;
        }

        Tree? part = null;
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < tree.ChildCount; i++)
        {
            if (Part(tree.ChildAt(i), takesNext) is { } child)
            {
                part ??= tree.NewLike();
                while (part is TreeList list && list.Count < i)
                {
                    list.Add(new TreeDictionary());
                }

                part.AddLike(tree, i, child);
            }
        }

        return part;
    }
}
