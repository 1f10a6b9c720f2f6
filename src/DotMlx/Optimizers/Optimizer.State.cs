namespace DotMlx.Optimizers;

/// <content>Reads, checks, and replaces the state.</content>
public abstract partial class Optimizer
{
    internal override TreeDictionary Snapshot() =>
        (TreeDictionary)_state.RebuildLeaves(leaf => MlxArray.CreateUnscoped(Arena.Copy(leaf.Peek)));

    /// <summary>
    /// Lists the private arrays of the state. A compiled function, which replaces all of them, frees them immediately.
    /// </summary>
    internal void CollectPrivate(List<MlxArray> arrays) => _state.CollectPrivate(arrays);

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

    internal override void Replace(Tree state, bool adopts)
    {
        if (state is not TreeDictionary dictionary)
        {
            throw new ArgumentException($"The state of an optimizer is a dictionary, but this is {state.Description}.", nameof(state));
        }

        using TreeHold hold = _state.Hold();
        _state.Assign(dictionary, adopts);
        if (_state.Get(LearningRateKey) is TreeLeaf { Peek: { IsDisposed: false } rate } && !rate.DType.IsInexact())
        {
            // Python keeps a learning rate that was given as an integer.
            StoreRate(rate);
        }

        // A compiled step passes arrays that belong to the enclosing scope, but the state outlives the step.
        if (MlxScope.AnyActive)
        {
            List<MlxArray> leaves = [];
            _state.CollectLeaves(leaves, shown: false);
            leaves.ForEach(MlxScope.Detach);
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

    private void Store(string key, MlxArray value) => Put(_state, key, MlxArray.CreateUnscoped(Arena.Copy(value)));

    private void StoreRate(MlxArray rate)
    {
        using MlxArray? real = rate.DType.IsInexact() ? null : rate.AsType(DType.Float32);
        Store(LearningRateKey, real ?? rate);
    }

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
