using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx.Optimizers;

/// <summary>
/// One update of an optimizer. It checks gradients, parameters, and state, computes all new arrays without changing anything, and finally
/// commits them. The arrays that update rules create belong to an arena, which frees them parameter by parameter. One object is reused for
/// all updates of an optimizer.
/// </summary>
internal sealed unsafe partial class TreeUpdate
{
    internal const string MasterKey = "master";

    private static readonly TreeDictionary Nothing = new();

    private readonly Optimizer _optimizer;
    private readonly List<Leaf> _leaves = [];
    private readonly List<Action> _attachments = [];
    private readonly List<KeyValuePair<string, MlxArray>> _scalars = [];
    private readonly List<(string Name, DType DType, MlxArray Array)> _once = [];
    private readonly List<StateLayout> _layouts = [];
    private readonly List<nint> _results = [];
    private readonly List<nint> _replaced = [];
    private readonly SharedScalars _shared = new();
    private readonly TreeDictionary _scratch = new();
    private readonly Dictionary<DType, FlatGroup> _groups = [];
    private Tree[] _given = [];
    private readonly List<KeyValuePair<string, Tree>> _additions = [];
    private TreeDictionary _state = Nothing;
    private TreeDictionary? _shownState;
    private Arena? _arena;
    private Arena? _leafArena;
    private bool _hasMasters;
    private bool _grouped;
    private int _number;

    public TreeUpdate(Optimizer optimizer)
    {
        _optimizer = optimizer;
        Containers = new StateNode(Gate);
    }

    /// <summary>The lock of the state, which every traversal of the state takes.</summary>
    public StateGate Gate { get; } = new();

    /// <summary>The optimizer's data about the containers of the state.</summary>
    public StateNode Containers { get; }

    /// <summary>Starts an update of the current state.</summary>
    public void Begin(TreeDictionary state)
    {
        _state = state;
        _hasMasters = _optimizer.MasterWeights;
        _number++;
    }

    /// <summary>Creates the state of parameters that have none.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="masters">Whether to include float32 masters.</param>
    public void Prepare(TreeDictionary parameters, bool masters = false)
    {
        _optimizer.CheckNames(parameters, nameof(parameters));
        using Arena arena = _leafArena = Arena.Open();
        Collect(parameters, null, _state, new TreePath());
        foreach (Leaf leaf in _leaves)
        {
            if (leaf.State.Node.Count == 0)
            {
                InitLeaf(leaf);
                if (masters && leaf.HasMaster)
                {
                    _scratch.Add(MasterKey, Mx.ZerosLike(leaf.Gradient, DType.Float32));
                }

                leaf.State.Take(_scratch, [], arena);
                arena.Release();
            }
        }
    }

    /// <summary>Computes the update.</summary>
    /// <returns>The new parameters in the structure of the gradients.</returns>
    public TreeDictionary Compute(TreeDictionary gradients, TreeDictionary parameters)
    {
        _optimizer.CheckNames(gradients, nameof(gradients));
        bool traces = TraceLock.IsHeldByCurrentThread;
        foreach (FlatGroup group in _groups.Values)
        {
            group.Begin();
        }

        _grouped = _optimizer.GroupSmallParameters && _optimizer.HasElementwiseRule && !traces;
        int at = 0;
        using (_arena = Arena.Open())
        using (_leafArena = Arena.Open(traces ? null : _shared))
        {
            try
            {
                // All leaves are checked before any update is computed.
                Collect(gradients, parameters, _state, new TreePath());
                CollectionsMarshal.SetCount(_results, _leaves.Count);
                CollectionsMarshal.AsSpan(_results).Clear();
                if (_grouped)
                {
                    Gather();
                }

                for (; at < _leaves.Count; at++)
                {
                    PrefetchAfter(at);
                    ComputeLeaf(at);
                    TakeAdditions(_leafArena);
                    _leafArena.Release();
                }
            }
            catch (MlxException error) when (at < _leaves.Count)
            {
                Leaf leaf = _leaves[at];
                throw new MlxException(
                    $"The update of '{gradients.FlattenUnseen()[at].Key}' failed (gradient {TreePaths.Describe(leaf.Gradient)}, "
                    + $"parameter {TreePaths.Describe(leaf.Parameter)}): {error.Message}",
                    error.Operation,
                    error);
            }
        }

        int next = 0;
        var updated = (TreeDictionary)gradients.RebuildLeaves(_ => Result(next++));
        _results.Clear();
        return updated;
    }

    /// <summary>Makes the update visible; the caller holds the state.</summary>
    public void Commit()
    {
        bool frees = !Gate.HasReaders;
        _attachments.ForEach(attach => attach());

        foreach (FlatGroup group in _groups.Values)
        {
            group.Commit(frees);
        }

        foreach (Leaf leaf in _leaves)
        {
            leaf.State.Commit(_replaced, frees);
        }

        foreach ((string name, MlxArray value) in _scalars)
        {
            Optimizer.Put(_state, name, value);
        }

        foreach ((string key, Tree value) in _additions)
        {
            _state[key] = value;
        }

        NativeFree.Free(MemoryMarshal.Cast<nint, mlx_array>(CollectionsMarshal.AsSpan(_replaced)));
        End();
    }

    /// <summary>Frees what was computed; without an update, it does nothing.</summary>
    public void Discard()
    {
        foreach (Leaf leaf in _leaves)
        {
            leaf.State.Discard();
        }

        foreach (FlatGroup group in _groups.Values)
        {
            group.Discard();
        }

        foreach (nint result in _results)
        {
            NativeFree.Free((void*)result);
        }

        foreach ((_, MlxArray value) in _scalars)
        {
            value.Dispose();
        }

        foreach ((_, Tree value) in _additions)
        {
            value.DisposeArrays();
        }

        End();
    }

    private void End()
    {
        _shared.Clear();
        _arena = _leafArena = null;
        _shownState = null;
        _state = Nothing;
        _scratch.Clear();
        _leaves.Clear();
        _attachments.Clear();
        _scalars.Clear();
        _additions.Clear();
        _once.Clear();
        _layouts.Clear();
        _results.Clear();
        _replaced.Clear();
        Array.Clear(_given);
    }

    private void InitLeaf(Leaf leaf)
    {
        _scratch.Clear();
        bool widens = leaf.Gradient.DType == DType.Float16 || leaf.Kind.DType != leaf.State.Kind.DType;
        _optimizer.CallInit(widens ? leaf.Gradient.AsType(DType.Float32) : leaf.Gradient, _scratch);
    }

    /// <summary>Groups small parameters.</summary>
    private void Gather()
    {
        for (int i = 0; i < _leaves.Count; i++)
        {
            Leaf leaf = _leaves[i];
            if (!FlatGroup.Takes(leaf))
            {
                continue;
            }

            if (!_groups.TryGetValue(leaf.Kind.DType, out FlatGroup? group))
            {
                _groups.Add(leaf.Kind.DType, group = new FlatGroup());
            }

            group.Add(i, leaf);
        }

        foreach (FlatGroup group in _groups.Values)
        {
            if (group.IsWorthIt)
            {
                group.Compute(this, _scratch, _leafArena!, CollectionsMarshal.AsSpan(_results));
                _leafArena!.Release();
            }
        }
    }

    // The objects of a leaf are no longer in the processor's cache, and each one points to the next. Each call loads one link of each
    // chain.
    private void PrefetchAfter(int index)
    {
        ReadOnlySpan<Leaf> next = CollectionsMarshal.AsSpan(_leaves)[(index + 1)..];
        if (next.Length < 4)
        {
            return;
        }

        Prefetch.LongObject(next[3].State);
        Prefetch.Object(next[3].Gradient);
        Prefetch.Object(next[3].Parameter);
        next[2].State.PrefetchEntries();
        next[1].State.PrefetchArrays();
        next[0].State.PrefetchNatives();
        next[0].Gradient.PrefetchNative();
        next[0].Parameter.PrefetchNative();
    }

    private void ComputeLeaf(int index)
    {
        if (_results[index] != 0)
        {
            return;
        }

        Leaf leaf = _leaves[index];
        ParameterState state = leaf.State;
        state.Show(_scratch, ref _given, _leafArena!);
        if (_scratch.Count == 0)
        {
            InitLeaf(leaf);
        }

        _results[index] = (nint)ApplyRule(leaf.Gradient, leaf.Parameter, leaf.Kind.DType, state.Kind, leaf.HasMaster).ctx;
        state.Take(_scratch, _given, _leafArena!);
    }

    /// <summary>Runs the rule on the entries in <see cref="_scratch"/>.</summary>
    /// <returns>The new parameter, which the caller owns.</returns>
    internal mlx_array ApplyRule(MlxArray gradient, MlxArray parameter, DType dtype, ArrayKind kind, bool master)
    {
        _shared.Begin(kind);
        if ((master || gradient.DType == DType.Float16) && gradient.DType != DType.Float32)
        {
            gradient = Widen(gradient, kind);
        }

        if (master && _scratch.Get(MasterKey) is TreeLeaf known)
        {
            parameter = known.Peek;
        }
        else if (dtype != kind.DType)
        {
            parameter = Widen(parameter, kind);
        }

        MlxArray result = _optimizer.CallRule(gradient, parameter, _scratch)
            ?? throw new InvalidOperationException($"{_optimizer.GetType().Name}.ApplySingle returned null.");
        if (!result.HasShape(kind.Shape))
        {
            throw new InvalidOperationException(
                $"{_optimizer.GetType().Name}.ApplySingle returned {TreePaths.Describe(result)} for a parameter that "
                + $"is {TreePaths.Describe(parameter)}. It must keep the shape.");
        }

        if (master)
        {
            _scratch[MasterKey] = result;
        }

        return _leafArena!.Take(result.DType == dtype ? result : result.AsType(dtype));

        static MlxArray Widen(MlxArray array, ArrayKind kind)
        {
            MlxArray wide = array.AsType(DType.Float32);
            wide.SetKind(kind.DType == DType.Float32 ? kind : null);
            return wide;
        }
    }

    private MlxArray Result(int index)
    {
        MlxArray updated = new(new mlx_array { ctx = (void*)_results[index] });
        _results[index] = 0;
        Leaf leaf = _leaves[index];
        updated.SetKind(leaf.Kind);
        if (_grouped && leaf.State.TakePart() is { } part)
        {
            updated.Part = part;
        }

        return updated;
    }
}

/// <summary>A parameter with its gradient and its state.</summary>
/// <param name="Gradient">The gradient, which has the parameter's shape.</param>
/// <param name="Parameter">The current parameter.</param>
/// <param name="State">The parameter's state.</param>
/// <param name="Kind">The parameter's shape and dtype.</param>
/// <param name="HasMaster">Whether the parameter has a float32 master.</param>
internal readonly record struct Leaf(MlxArray Gradient, MlxArray Parameter, ParameterState State, ArrayKind Kind, bool HasMaster);
