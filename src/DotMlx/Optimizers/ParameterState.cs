using DotMlx.Bindings;

namespace DotMlx.Optimizers;

/// <summary>
/// An optimizer's information about the state of one parameter, in addition to the dictionary that shows the state. It records which
/// entries were already checked, and it holds new entries until the commit.
/// </summary>
internal sealed class ParameterState(StateGate gate, TreeDictionary node) : StateNode(gate)
{
    private static readonly ArrayKind Unknown = new([], DType.Bool);

    private Entry[] _entries = [];

    // All entries after the commit, if their names or kinds change; null if only arrays are replaced.
    private List<KeyValuePair<string, Tree>>? _replacement;

    /// <summary>The dictionary that shows the state.</summary>
    public TreeDictionary Node => node;

    /// <summary>The shape of the parameter, and the dtype in which its update is computed.</summary>
    public ArrayKind Kind { get; set; } = Unknown;

    /// <summary>Whether the rule sees float16 entries, such as those that Python writes, in float32.</summary>
    public bool Widens { get; set; }

    /// <summary>The last update that used this state.</summary>
    public int LastUpdate { get; set; }

    /// <summary>The flat array of which the new parameter is a part.</summary>
    public FlatPart? Part { get; set; }

    /// <summary>The names of the entries.</summary>
    public IEnumerable<string> Keys => _entries.Select(entry => entry.Key);

    /// <summary>Whether the entries are those that were last checked or committed.</summary>
    public bool IsKnown(ArrayKind kind) => !node.IsChanged && Kind.Equals(kind);

    /// <summary>Records the current entries.</summary>
    public void LearnEntries()
    {
        if (_entries.Length != node.Count)
        {
            _entries = new Entry[node.Count];
        }

        for (int i = 0; i < _entries.Length; i++)
        {
            (string key, Tree value) = node.EntryAt(i);
            _entries[i] = new Entry
                { Key = key, Value = value, Array = value is TreeLeaf { IsView: false, Peek: var array } ? array : null };
        }

        node.IsChanged = false;
    }

    /// <summary>Loads the records of the entries into the processor's cache.</summary>
    public void PrefetchEntries() => Prefetch.LongObject(_entries);

    /// <summary>Loads the array objects into the processor's cache.</summary>
    public void PrefetchArrays()
    {
        foreach (ref Entry entry in _entries.AsSpan())
        {
            Prefetch.Object(entry.Array);
        }
    }

    /// <summary>Loads the native arrays into the processor's cache.</summary>
    public void PrefetchNatives()
    {
        foreach (ref Entry entry in _entries.AsSpan())
        {
            entry.Array?.PrefetchNative();
        }
    }

    /// <summary>Copies the entries to a dictionary for the rule, with arrays that the arena frees.</summary>
    /// <param name="scratch">The dictionary, which often already has the same keys.</param>
    /// <param name="given">Receives the added entries, so that changes by the rule can be detected later.</param>
    /// <param name="arena">The arena that frees the arrays.</param>
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
            same = ReferenceEquals(scratch.NameAt(i), _entries[i].Key);
        }

        if (!same)
        {
            scratch.Clear();
        }

        for (int i = 0; i < count; i++)
        {
            given[i] = _entries[i].Array is { } array && !Widens
                ? new TreeLeaf(arena.Borrow(array))
                : Shown(_entries[i].Value, Widens, arena);
            if (same)
            {
                scratch.SetAt(i, given[i]);
            }
            else
            {
                scratch.Add(_entries[i].Key, given[i]);
            }
        }
    }

    /// <summary>Holds the entries that the rule has left in its dictionary until the commit.</summary>
    public void Take(TreeDictionary scratch, Tree[] given, Arena arena)
    {
        bool same = scratch.Count == _entries.Length;
        for (int i = 0; same && i < _entries.Length; i++)
        {
            same = scratch.NameAt(i) == _entries[i].Key && scratch.ChildAt(i) is TreeLeaf;
        }

        if (same)
        {
            for (int i = 0; i < _entries.Length; i++)
            {
                Tree value = scratch.ChildAt(i);
                if (!ReferenceEquals(value, given[i]))
                {
                    MlxArray array = ((TreeLeaf)value).Peek;
                    (_entries[i].Next, _entries[i].NextKind) = (Handle(arena.Take(array)), array.Kind);
                }
            }
        }
        else
        {
            TakeAll(scratch, given, arena);
        }
    }

    private void TakeAll(TreeDictionary scratch, Tree[] given, Arena arena)
    {
        _replacement = new(scratch.Count);
        for (int i = 0; i < scratch.Count; i++)
        {
            Tree value = scratch.ChildAt(i);
            int before = Array.FindIndex(_entries, entry => entry.Key == scratch.NameAt(i));
            _replacement.Add(new(
                scratch.NameAt(i), before >= 0 && value is TreeLeaf && ReferenceEquals(value, given[before])
                    ? _entries[before].Value
                    : Own(value, arena)));
        }
    }

    /// <summary>Moves the held entries into the state.</summary>
    /// <param name="replaced">Receives the replaced arrays.</param>
    /// <param name="frees">Whether no other code uses the replaced arrays.</param>
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

        for (int i = 0; i < _entries.Length; i++)
        {
            ref Entry entry = ref _entries[i];
            if (entry.Next == 0)
            {
                continue;
            }

            mlx_array next = AsArray(entry.Next);
            entry.Next = 0;

            // A private array changes in place. An array that the program may hold stays valid and is left to the program.
            if (frees && !node.IsChanged && entry is { Array: { IsDisposed: false } array, Value: TreeLeaf { IsPrivate: true } })
            {
                replaced.Add(Handle(array.ExchangeHandle(next, entry.NextKind)));
                continue;
            }

            MlxArray own = MlxArray.CreateUnscoped(next);
            own.SetKind(entry.NextKind);
            (entry.Array, entry.Value) = (own, TreeLeaf.Private(own));
            if (node.IsChanged)
            {
                // The program has changed the dictionary in the meantime, so the next update checks it again.
                node[entry.Key] = entry.Value;
            }
            else
            {
                node.SetAt(i, entry.Value);
            }
        }
    }

    /// <summary>Returns the flat part for the new parameter and clears <see cref="Part"/>.</summary>
    public FlatPart? TakePart()
    {
        FlatPart? part = Part;
        Part = null;
        return part;
    }

    /// <summary>Discards the held entries.</summary>
    public unsafe void Discard()
    {
        Part = null;
        foreach (ref Entry entry in _entries.AsSpan())
        {
            NativeFree.Free((void*)entry.Next);
            entry.Next = 0;
        }

        foreach ((_, Tree value) in _replacement ?? [])
        {
            if (!Array.Exists(_entries, entry => ReferenceEquals(entry.Value, value)))
            {
                value.DisposeArrays();
            }
        }

        _replacement = null;
    }

    /// <summary>Copies a tree that the rule stored to arrays that the state owns.</summary>
    public static Tree Own(Tree value, Arena arena) => value.RebuildLeaves(leaf =>
    {
        MlxArray mine = MlxArray.CreateUnscoped(arena.Take(leaf.Peek));
        mine.SetKind(leaf.Peek.Kind);
        return TreeLeaf.Private(mine);
    });

    private static Tree Shown(Tree entry, bool widens, Arena arena) => entry.RebuildLeaves(leaf =>
        widens && leaf.Peek.DType == DType.Float16 ? leaf.Peek.AsType(DType.Float32) : arena.Borrow(leaf.Peek));

    private void DisposeReplaced(List<KeyValuePair<string, Tree>> by)
    {
        List<MlxArray> replaced = [];
        foreach (Entry entry in _entries)
        {
            if (!by.Exists(kept => ReferenceEquals(kept.Value, entry.Value)))
            {
                entry.Value.CollectPrivate(replaced);
            }
        }

        replaced.ForEach(array => array.Dispose());
    }

    private static unsafe nint Handle(mlx_array array) => (nint)array.ctx;

    private static unsafe mlx_array AsArray(nint handle) => new() { ctx = (void*)handle };

    private struct Entry
    {
        public string Key;
        public Tree Value;

        /// <summary>The array of a leaf, if it has been created.</summary>
        public MlxArray? Array;

        /// <summary>The native array that replaces the array at the commit, or 0.</summary>
        public nint Next;

        public ArrayKind? NextKind;
    }
}
