namespace DotMlx.Optimizers;

/// <content>Reads, checks, and replaces the state.</content>
public abstract partial class Optimizer
{
    private bool _adopts;

    internal override TreeDictionary Snapshot()
    {
        using TreeHold hold = _state.Hold();
        return (TreeDictionary)_state.RebuildLeaves(leaf => MlxArray.CreateUnscoped(Arena.Copy(leaf.Peek)));
    }

    internal override void Lock() => Monitor.Enter(_update.Containers.Gate);

    internal override void Unlock() => Monitor.Exit(_update.Containers.Gate);

    /// <summary>Puts a scalar into a state, which then owns the scalar.</summary>
    internal static void Put(TreeDictionary state, string key, MlxArray array)
    {
        using TreeHold hold = state.Hold();
        MlxArray? replaced = state.Get(key) is TreeLeaf { IsPrivate: true, IsView: false } leaf ? leaf.Peek : null;
        state[key] = TreeLeaf.Private(array);
        if (state.Owner?.Gate.HasReaders != true)
        {
            replaced?.Dispose();
        }
    }

    internal override void CheckState(string prefix, Tree loaded, TreeDictionary? parameters, bool allowMissing, Checkpoint file)
    {
        if (parameters is not null)
        {
            CheckNames(parameters, nameof(parameters));
        }

        file.Check(this, prefix, loaded, _state, parameters, allowMissing);
    }

    internal override void AdoptState(TreeDictionary loaded)
    {
        if (loaded.Get(LearningRateKey) is TreeLeaf { Peek: var rate } && !rate.DType.IsInexact())
        {
            // Python keeps a learning rate that was given as an integer.
            using MlxArray real = rate.AsType(DType.Float32);
            Put(loaded, LearningRateKey, MlxArray.CreateUnscoped(Arena.Copy(real)));
        }

        Assign(loaded, adopt: true);
    }

    internal override void CollectPrivate(List<MlxArray> arrays)
    {
        using TreeHold hold = _state.Hold();
        _state.CollectPrivate(arrays);
    }

    internal override void RestoreOwnState(Tree state)
    {
        state.Reclaim();
        _adopts = true;
        try
        {
            RestoreState(state);
        }
        finally
        {
            _adopts = false;
        }
    }

    /// <summary>Rejects parameters with the name of a state entry.</summary>
    internal void CheckNames(TreeDictionary parameters, string argument)
    {
        foreach (string name in _entries)
        {
            if (parameters.ContainsKey(name))
            {
                throw new ArgumentException(
                    $"A parameter cannot be named '{name}': the optimizer's state has an entry of its own under this name. Rename it, or "
                    + $"put the parameters into a dictionary one level deeper.",
                    argument);
            }
        }
    }

    private void Assign(Tree state, bool adopt)
    {
        if (state is not TreeDictionary dictionary)
        {
            throw new ArgumentException($"The state of an optimizer is a dictionary, but this is {state.Description}.", nameof(state));
        }

        using TreeHold hold = _state.Hold();
        _state.Assign(dictionary, adopt || _adopts);

        // A compiled step passes arrays that belong to the enclosing scope, but the state outlives the step.
        if (MlxScope.AnyActive)
        {
            List<MlxArray> leaves = [];
            _state.CollectLeaves(leaves, shown: false);
            leaves.ForEach(MlxScope.Detach);
        }
    }

    private void Store(string key, MlxArray value) => Put(_state, key, MlxArray.CreateUnscoped(Arena.Copy(value)));

    private MlxArray Scheduled(string name, Schedule schedule)
    {
        CheckScalar(StepKey);
        MlxArray value = Schedules.Call(schedule, ((TreeLeaf)_state.Get(StepKey)!).Peek, name);
        if (value.NDim != 0)
        {
            throw new InvalidOperationException($"The schedule of '{name}' must return a scalar, but "
                + $"returned {TreePaths.Describe(value)}. Reshape it to [].");
        }

        MlxArray own = MlxArray.CreateUnscoped(Arena.Copy(value));
        if (schedule.Target is Schedules.Formula)
        {
            value.Dispose();
        }

        return own;
    }

    private void CheckScalars()
    {
        foreach (string name in _entries)
        {
            if (name == StepKey || _state.ContainsKey(name))
            {
                CheckScalar(name);
            }
        }
    }

    private void CheckScalar(string key)
    {
        switch (_state.Get(key))
        {
            case TreeLeaf { Peek: { IsDisposed: false, NDim: 0 } }:
                return;
            case TreeLeaf { Peek: var array }:
                throw new InvalidOperationException(
                    $"'{key}' in the state of {GetType().Name} is {TreePaths.Describe(array)}, but must be "
                    + $"a scalar. Assign an array of shape [].");
            case null:
                throw new InvalidOperationException(
                    $"The state of {GetType().Name} has no '{key}': it is {_state.Description}. "
                    + (key == LearningRateKey
                        ? "Set LearningRate, or pass a learning rate to the constructor."
                        : "Was another optimizer's state assigned?"));
            case { } other:
                throw new InvalidOperationException(
                    $"'{key}' in the state of {GetType().Name} is {other.Description}, not a scalar: a parameter cannot have this name.");
        }
    }

    private MlxArray NextStep()
    {
        MlxArray step = ((TreeLeaf)_state.Get(StepKey)!).Peek;

        // A known step becomes a new constant, because a chain of additions that are never evaluated would grow forever.
        using MlxArray next = step.DType == DType.UInt64 && !TraceLock.IsHeldByCurrentThread && Evaluation.IsKnown(step)
            ? MlxArray.Scalar(step.Item<ulong>() + 1)
            : step + 1;
        return MlxArray.CreateUnscoped(Arena.Copy(next));
    }
}
