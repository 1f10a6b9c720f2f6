namespace DotMlx.Optimizers;

/// <summary>
/// Small parameters of one dtype that are updated as one flat array. The flat state and the flat parameters are reused from update to
/// update. The trees hold parts of the flat arrays, and parts of the state are created only when they are read. Each part knows its flat
/// array until the part is changed (<see cref="FlatPart"/>). If a part doesn't match, the flat array is assembled again.
/// </summary>
internal sealed unsafe class FlatGroup
{
    // Above this number of elements, a separate kernel adds almost no overhead per parameter.
    private const long MaxSize = 8192;
    private const int MinMembers = 4;

    private readonly List<(int Index, Leaf Leaf)> _members = [];
    private readonly List<Entry> _entries = [];
    private string[] _keys = [];
    private FlatArray? _parameters;
    private FlatArray? _nextParameters;

    public bool IsWorthIt => _members.Count >= MinMembers;

    /// <summary>Whether a parameter is small enough, and whether its gradient and state match it.</summary>
    public static bool Takes(Leaf leaf)
    {
        int[] shape = leaf.Kind.Shape;
        bool takes = !leaf.HasMaster && shape.Length > 0 && leaf.State.Node.Count > 0 && leaf.Gradient.DType == leaf.Kind.DType
            && FlatPart.SizeOf(shape) is > 0 and <= MaxSize;
        for (int i = 0; takes && i < leaf.State.Node.Count; i++)
        {
            takes = leaf.State.Node.ChildAt(i) is TreeLeaf entry
                && (entry is { IsView: true, View: FlatPart part } ? part.Shape.AsSpan().SequenceEqual(shape) : entry.Peek.HasShape(shape));
        }

        return takes;
    }

    /// <summary>Starts to collect the members of an update.</summary>
    public void Begin() => _members.Clear();

    /// <summary>Adds a member if its state has the same entries as the others.</summary>
    public void Add(int index, Leaf leaf)
    {
        if (_members.Count == 0)
        {
            _keys = [.. leaf.State.Keys];
        }

        if (leaf.State.Keys.SequenceEqual(_keys))
        {
            _members.Add((index, leaf));
        }
    }

    /// <summary>Computes the update of all members.</summary>
    /// <param name="update">Runs the rule.</param>
    /// <param name="scratch">The dictionary for the rule.</param>
    /// <param name="arena">The arena that owns the temporaries.</param>
    /// <param name="results">Receives the new parameters, each at its position.</param>
    public void Compute(TreeUpdate update, TreeDictionary scratch, Arena arena, Span<nint> results)
    {
        MlxArray gradient = Join(member => member.Gradient);
        FlatArray? before = FlatPart.Together(_members.Select(member =>
            member.Leaf.Parameter.Part is { IsCurrent: true } part ? part : null));
        MlxArray parameter = before?.Array ?? Join(member => member.Parameter);
        scratch.Clear();
        for (int i = 0; i < _keys.Length; i++)
        {
            int entry = i;
            FlatArray? flat = FlatPart.Together(_members.Select(member => PartOf(member.Leaf.State.Node.ChildAt(entry))));
            bool isNew = flat is null;
            flat ??= new FlatArray(MlxArray.CreateUnscoped(arena.Take(Join(member => ((TreeLeaf)member.State.Node.ChildAt(entry)).Peek))));
            TreeLeaf given = new(arena.Borrow(flat.Array));
            _entries.Add(new Entry(flat, isNew, given));
            scratch.Add(_keys[i], given);
        }

        DType dtype = _members[0].Leaf.Kind.DType;
        int[] shape = [(int)gradient.Size];
        ArrayKind kind = new(shape, _members[0].Leaf.State.Kind.DType);
        _nextParameters = new FlatArray(MlxArray.CreateUnscoped(update.ApplyRule(gradient, parameter, dtype, kind, master: false)));
        for (int i = 0; i < _keys.Length; i++)
        {
            if (scratch.Count != _keys.Length || scratch.Get(_keys[i], i) is not TreeLeaf { Peek: var array } value
                || !array.HasShape(shape))
            {
                throw new InvalidOperationException(
                    $"'{_keys[i]}' in the state hasn't kept its shape, so small parameters can't be grouped: turn GroupSmallParameters "
                    + $"off, or override IsElementwise with false.");
            }

            if (!ReferenceEquals(value, _entries[i].Given))
            {
                _entries[i] = _entries[i] with { Next = MlxArray.CreateUnscoped(arena.Take(array)) };
            }
        }

        long offset = 0;
        foreach ((int index, Leaf leaf) in _members)
        {
            FlatPart part = leaf.State.Part = new FlatPart(_nextParameters, leaf.Kind.Shape, offset);
            results[index] = (nint)part.View().ctx;
            offset += FlatPart.SizeOf(leaf.Kind.Shape);
        }
    }

    /// <summary>Updates the state from the flat state; arrays that the program holds don't change.</summary>
    /// <param name="frees">Whether nothing uses the replaced arrays.</param>
    public void Commit(bool frees)
    {
        _parameters?.Array.Dispose();
        _parameters = _nextParameters;
        _nextParameters = null;
        long offset = 0;
        foreach (Entry entry in _entries)
        {
            if (entry.Next is { } next)
            {
                entry.Flat.Become(next, frees);
            }
        }

        foreach ((_, Leaf leaf) in _entries.Count > 0 ? _members : [])
        {
            bool changed = false;
            for (int i = 0; i < _entries.Count; i++)
            {
                Tree shown = leaf.State.Node.ChildAt(i);
                if (shown is TreeLeaf { IsView: true, View: FlatPart part } && part.Flat == _entries[i].Flat && part.Offset == offset)
                {
                    continue;
                }

                leaf.State.Node.SetAt(i, TreeLeaf.Private(new FlatPart(_entries[i].Flat, leaf.Kind.Shape, offset)));
                changed = true;
                if (frees && shown is TreeLeaf { IsPrivate: true, IsView: false, Peek: var array })
                {
                    array.Dispose();
                }
            }

            if (changed)
            {
                leaf.State.LearnEntries();
            }

            offset += FlatPart.SizeOf(leaf.Kind.Shape);
        }

        _entries.Clear();
    }

    /// <summary>Discards the update.</summary>
    public void Discard()
    {
        _nextParameters?.Array.Dispose();
        _nextParameters = null;
        foreach (Entry entry in _entries)
        {
            entry.Next?.Dispose();
            if (entry.IsNew)
            {
                entry.Flat.Array.Dispose();
            }
        }

        _entries.Clear();
    }

    private static FlatPart? PartOf(Tree entry) => entry switch
    {
        TreeLeaf { IsView: true, View: FlatPart part } => part,
        TreeLeaf { IsView: false, Peek: { Part: { IsCurrent: true } part } } => part,
        _ => null,
    };

    private MlxArray Join(Func<Leaf, MlxArray> array) => Mx.Concatenate([.. _members.Select(member => array(member.Leaf))], axis: null);

    /// <summary>One entry of the state, for all members.</summary>
    /// <param name="Flat">The current flat array of the entry.</param>
    /// <param name="IsNew">Whether the flat array was assembled for this update.</param>
    /// <param name="Given">The array that the rule receives.</param>
    private sealed record Entry(FlatArray Flat, bool IsNew, TreeLeaf Given)
    {
        /// <summary>The new value.</summary>
        public MlxArray? Next { get; init; }
    }
}
