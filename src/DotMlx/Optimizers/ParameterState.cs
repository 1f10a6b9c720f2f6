using DotMlx.Bindings;

namespace DotMlx.Optimizers;

/// <summary>
/// What an optimizer knows of the state of one parameter beside the dictionary that shows it: what it was checked for, so that it need not be
/// checked again, and the entries that wait to be committed.
/// </summary>
internal sealed class ParameterState(StateGate gate, TreeDictionary node) : StateNode(gate)
{
    private static readonly ArrayKind Unknown = new([], DType.Bool);

    private string[] _keys = [];
    private Tree[] _entries = [];

    // By entry, a handle that takes its place at the commit, or 0.
    private (nint Handle, ArrayKind? Kind)[] _next = [];

    // All entries after the commit, where they are not the same ones with other arrays.
    private List<KeyValuePair<string, Tree>>? _replacement;

    /// <summary>The dictionary.</summary>
    public TreeDictionary Node => node;

    /// <summary>The shape of the parameter, and the dtype that its update is computed in.</summary>
    public ArrayKind Kind { get; set; } = Unknown;

    /// <summary>Whether entries in float16, such as Python writes, are shown in float32.</summary>
    public bool Widens { get; set; }

    /// <summary>The last update that came here.</summary>
    public int LastUpdate { get; set; }

    /// <summary>What the new parameter is a part of.</summary>
    public FlatPart? Part { get; set; }

    /// <summary>The names of the entries.</summary>
    public ReadOnlySpan<string> Keys => _keys;

    /// <summary>Whether the entries are those that were checked or committed last.</summary>
    public bool IsKnown(ArrayKind kind)
    {
        if (node.Count != _entries.Length || !Kind.Equals(kind))
        {
            return false;
        }

        for (int i = 0; i < _entries.Length; i++)
        {
            if (!ReferenceEquals(node.ChildAt(i), _entries[i]))
            {
                return false;
            }
        }

        return true;
    }


    /// <summary>Takes note of the entries as they are.</summary>
    public void LearnEntries()
    {
        int count = node.Count;
        if (_entries.Length != count)
        {
            (_keys, _entries, _next) = (new string[count], new Tree[count], new (nint, ArrayKind?)[count]);
        }

        for (int i = 0; i < count; i++)
        {
            (_keys[i], _entries[i]) = node.EntryAt(i);
        }
    }

    /// <summary>Gives a rule the entries in a dictionary of its own, with arrays that end with the arena.</summary>
    /// <param name="scratch">The dictionary; it often has the same keys already.</param>
    /// <param name="given">Takes what is put in, to see later what the rule has changed.</param>
    /// <param name="arena">The arena.</param>
    public void Show(TreeDictionary scratch, ref Tree[] given, Arena arena)
    {
        int count = _entries.Length;
        if (given.Length < count)
        {
            Array.Resize(ref given, count);
        }

        bool same = scratch.Count == count;
        for (int i = 0; same && i < count; i++)
        {
            same = ReferenceEquals(scratch.NameAt(i), _keys[i]);
        }

        if (!same)
        {
            scratch.Clear();
        }

        for (int i = 0; i < count; i++)
        {
            given[i] = Shown(_entries[i], Widens, arena);
            if (same)
            {
                scratch.SetAt(i, given[i]);
            }
            else
            {
                scratch.Add(_keys[i], given[i]);
            }
        }
    }

    /// <summary>Keeps what the rule has left in its dictionary for the commit.</summary>
    public void Take(TreeDictionary scratch, Tree[] given, Arena arena)
    {
        bool same = scratch.Count == _entries.Length;
        for (int i = 0; same && i < _entries.Length; i++)
        {
            same = scratch.NameAt(i) == _keys[i] && scratch.ChildAt(i) is TreeLeaf;
        }

        if (same)
        {
            for (int i = 0; i < _entries.Length; i++)
            {
                Tree value = scratch.ChildAt(i);
                if (!ReferenceEquals(value, given[i]))
                {
                    MlxArray array = ((TreeLeaf)value).Peek;
                    _next[i] = (Handle(arena.Take(array)), array.Kind);
                }
            }

            return;
        }

        _replacement = new(scratch.Count);
        for (int i = 0; i < scratch.Count; i++)
        {
            Tree value = scratch.ChildAt(i);
            int before = Array.IndexOf(_keys, scratch.NameAt(i));
            _replacement.Add(new(
                scratch.NameAt(i), before >= 0 && value is TreeLeaf && ReferenceEquals(value, given[before]) ? _entries[before] : Own(value, arena)));
        }
    }

    /// <summary>Makes what waits the state.</summary>
    /// <param name="replaced">Takes the arrays that go.</param>
    /// <param name="frees">Whether nobody uses them.</param>
    public void Commit(List<nint> replaced, bool frees)
    {
        if (_replacement is { } all)
        {
            _replacement = null;
            if (frees)
            {
                DisposeReplaced(all);
            }

            node.Clear();
            foreach ((string key, Tree value) in all)
            {
                node.Add(key, value);
            }

            LearnEntries();
            return;
        }

        for (int i = 0; i < _next.Length; i++)
        {
            (nint next, ArrayKind? kind) = _next[i];
            if (next == 0)
            {
                continue;
            }

            _next[i] = default;
            bool inPlace = i < node.Count && ReferenceEquals(node.ChildAt(i), _entries[i]);

            // What nobody has seen changes in place; what somebody may hold stays valid and is left to its holder.
            if (frees && inPlace && _entries[i] is TreeLeaf { IsPrivate: true, IsView: false, Peek: { IsDisposed: false } array })
            {
                replaced.Add(Handle(array.ExchangeHandle(AsArray(next), kind)));
                continue;
            }

            MlxArray own = MlxArray.CreateUnscoped(AsArray(next));
            own.Learn(kind);
            Tree leaf = _entries[i] = TreeLeaf.Private(own);
            if (inPlace)
            {
                node.SetAt(i, leaf);
            }
            else
            {
                node[_keys[i]] = leaf;
            }
        }
    }

    /// <summary>What the new parameter is a part of, asked for once.</summary>
    public FlatPart? TakePart()
    {
        FlatPart? part = Part;
        Part = null;
        return part;
    }

    /// <summary>Forgets what waits.</summary>
    public unsafe void Discard()
    {
        Part = null;
        foreach (ref (nint Handle, ArrayKind? Kind) next in _next.AsSpan())
        {
            NativeFree.Free((void*)next.Handle);
            next = default;
        }

        foreach ((_, Tree value) in _replacement ?? [])
        {
            if (Array.IndexOf(_entries, value) < 0)
            {
                value.DisposeArrays();
            }
        }

        _replacement = null;
    }

    /// <summary>A tree of the rule's with arrays that are the state's own.</summary>
    public static Tree Own(Tree value, Arena arena)
    {
        if (value is TreeLeaf leaf)
        {
            return TreeLeaf.Private(MlxArray.CreateUnscoped(arena.Take(leaf.Peek)));
        }

        Tree own = value.NewLike();
        for (int i = 0; i < value.ChildCount; i++)
        {
            own.AddLike(value, i, Own(value.ChildAt(i), arena));
        }

        return own;
    }

    private static Tree Shown(Tree entry, bool widens, Arena arena)
    {
        if (widens && entry is TreeLeaf { Peek: { DType: DType.Float16 } narrow })
        {
            return new TreeLeaf(narrow.AsType(DType.Float32));
        }

        // An array that somebody has seen never changes, so the rule may have it, too.
        if (entry is TreeLeaf leaf)
        {
            return leaf.IsPrivate ? new TreeLeaf(arena.Borrow(leaf.Peek)) : leaf;
        }

        Tree shown = entry.NewLike();
        for (int i = 0; i < entry.ChildCount; i++)
        {
            shown.AddLike(entry, i, Shown(entry.ChildAt(i), widens, arena));
        }

        return shown;
    }

    private void DisposeReplaced(List<KeyValuePair<string, Tree>> by)
    {
        List<MlxArray> replaced = [];
        foreach (Tree entry in _entries)
        {
            if (!by.Exists(kept => ReferenceEquals(kept.Value, entry)))
            {
                entry.CollectPrivate(replaced);
            }
        }

        replaced.ForEach(array => array.Dispose());
    }

    private static unsafe nint Handle(mlx_array array) => (nint)array.ctx;

    private static unsafe mlx_array AsArray(nint handle) => new() { ctx = (void*)handle };
}
