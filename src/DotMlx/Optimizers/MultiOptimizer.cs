using System.Diagnostics.CodeAnalysis;

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
[SuppressMessage("ApiDesign", "RS0022", Justification = "Members that aren't for programs are internal.")]
public class MultiOptimizer : OptimizerBase
{
    private const string StatesKey = "states";

    private readonly OptimizerBase[] _optimizers;
    private readonly Func<string, MlxArray, bool>[] _filters;

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
        if (_optimizers.Length == 0)
        {
            throw new ArgumentException("At least one optimizer is needed.", nameof(optimizers));
        }

        if (_filters.Length != _optimizers.Length - 1)
        {
            throw new ArgumentException(
                $"{_filters.Length} filters were given, but {_optimizers.Length - 1} are needed, one for every optimizer but the last.",
                nameof(filters));
        }

        if (_optimizers.Contains(null!) || _filters.Contains(null!))
        {
            throw new ArgumentException("An optimizer or a filter is null.", nameof(optimizers));
        }

        if (_optimizers.Distinct(ReferenceEqualityComparer.Instance).Count() != _optimizers.Length)
        {
            throw new ArgumentException("The same optimizer occurs twice, but each has only one state.", nameof(optimizers));
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

    /// <inheritdoc/>
    public override void RestoreState(Tree state)
    {
        TreeList states = States(state, nameof(state));
        ForEach((optimizer, i) => optimizer.RestoreState(states.ItemAt(i)));
    }

    /// <inheritdoc/>
    internal override string StateKind => $"MultiOptimizer({string.Join(", ", _optimizers.Select(optimizer => optimizer.StateKind))})";

    internal override PendingUpdate Compute(TreeDictionary gradients, TreeDictionary parameters) =>
        Together(gradients, (optimizer, part) => optimizer.Compute(part, parameters));

    internal override PendingUpdate Prepare(TreeDictionary parameters) =>
        Together(parameters, (optimizer, part) => optimizer.Prepare(part));

    internal override TreeDictionary Snapshot()
    {
        using GateHold hold = new(this);
        return new() { [StatesKey] = new TreeList(_optimizers.Select(optimizer => (Tree)optimizer.Snapshot())) };
    }

    internal override void Lock() => ForEach((optimizer, _) => optimizer.Lock());

    internal override void Unlock() => ForEach((optimizer, _) => optimizer.Unlock());

    internal override void CollectPrivate(List<MlxArray> arrays) => ForEach((optimizer, _) => optimizer.CollectPrivate(arrays));

    internal override void RestoreOwnState(Tree state)
    {
        TreeList states = States(state, nameof(state));
        ForEach((optimizer, i) => optimizer.RestoreOwnState(states.ItemAt(i)));
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

        TreeDictionary[]? parts = parameters is null ? null : Split(parameters, []);
        ForEach((optimizer, i) => optimizer.CheckState(TreePaths.Join(path, i), states.ItemAt(i), parts?[i], allowMissing, file));
    }

    internal override void AdoptState(TreeDictionary loaded)
    {
        TreeList states = States(loaded, nameof(loaded));
        ForEach((optimizer, i) => optimizer.AdoptState((TreeDictionary)states.ItemAt(i)));
    }

    internal override void Enter(string what)
    {
        base.Enter(what);
        int entered = 0;
        try
        {
            for (; entered < _optimizers.Length; entered++)
            {
                _optimizers[entered].Enter(what);
            }
        }
        catch
        {
            while (--entered >= 0)
            {
                _optimizers[entered].Leave();
            }

            base.Leave();
            throw;
        }
    }

    internal override void Leave()
    {
        ForEach((optimizer, _) => optimizer.Leave());
        base.Leave();
    }

    private void ForEach(Action<OptimizerBase, int> action)
    {
        for (int i = 0; i < _optimizers.Length; i++)
        {
            action(_optimizers[i], i);
        }
    }

    private JointUpdate Together(TreeDictionary tree, Func<OptimizerBase, TreeDictionary, PendingUpdate> compute)
    {
        List<int> owners = [];
        TreeDictionary[] parts = Split(tree, owners);
        JointUpdate update = new(this, tree, owners);
        try
        {
            ForEach((optimizer, i) => update.Add(compute(optimizer, parts[i])));
            return update;
        }
        catch
        {
            update.Discard();
            throw;
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

    /// <summary>
    /// Returns one tree per member, with the leaves that the member takes; lists keep their positions. Also lists the owner of each leaf.
    /// </summary>
    private TreeDictionary[] Split(TreeDictionary tree, List<int> owners)
    {
        Tree?[] parts = Split(tree, new TreePath(), owners);
        return [.. parts.Select(part => part as TreeDictionary ?? new TreeDictionary())];
    }

    private Tree?[] Split(Tree tree, TreePath path, List<int> owners)
    {
        Tree?[] parts = new Tree?[_optimizers.Length];
        if (tree is TreeLeaf leaf)
        {
            string name = path.ToString();
            int owner = 0;
            while (owner < _filters.Length && !_filters[owner](name, leaf.Array))
            {
                owner++;
            }

            owners.Add(owner);
            parts[owner] = leaf;
            return parts;
        }

        TreePath below = path.In(tree);
        for (int i = 0; i < tree.ChildCount; i++)
        {
            below.Index = i;
            Tree?[] children = Split(tree.ChildAt(i), below, owners);
            for (int j = 0; j < parts.Length; j++)
            {
                if (children[j] is { } child)
                {
                    Tree part = parts[j] ??= tree.NewLike();
                    while (part is TreeList list && list.Count < i)
                    {
                        list.Add(new TreeDictionary());
                    }

                    part.AddLike(tree, i, child);
                }
            }
        }

        return parts;
    }

    /// <summary>Holds the locks of all members' states until disposed.</summary>
    private readonly ref struct GateHold
    {
        private readonly MultiOptimizer _optimizer;

        public GateHold(MultiOptimizer optimizer)
        {
            _optimizer = optimizer;
            optimizer.Lock();
        }

        public void Dispose() => _optimizer.Unlock();
    }

    /// <summary>The updates of all members, which are committed together.</summary>
    private sealed class JointUpdate(MultiOptimizer optimizer, TreeDictionary tree, List<int> owners) : PendingUpdate
    {
        private readonly List<PendingUpdate> _updates = [];
        private TreeDictionary? _parameters;

        public override TreeDictionary Parameters => _parameters ??= Merge();

        public void Add(PendingUpdate update) => _updates.Add(update);

        public override void Commit()
        {
            using GateHold hold = new(optimizer);
            _updates.ForEach(update => update.Commit());
        }

        public override void Discard() => _updates.ForEach(update => update.Discard());

        private TreeDictionary Merge()
        {
            List<MlxArray>[] leaves = [.. _updates.Select(update =>
            {
                List<MlxArray> list = [];
                update.Parameters.CollectLeaves(list, shown: false);
                return list;
            })];
            int[] next = new int[leaves.Length];
            int leaf = 0;
            return (TreeDictionary)tree.RebuildLeaves(_ =>
            {
                int owner = owners[leaf++];
                return leaves[owner][next[owner]++];
            });
        }
    }
}
