using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace DotMlx;

/// <summary>A dictionary of trees in insertion order; the state dictionary of modules and optimizers.</summary>
/// <example><code>TreeDictionary parameters = new() { ["weight"] = weight, ["bias"] = bias };</code></example>
public sealed partial class TreeDictionary : Tree, IDictionary<string, Tree>, IReadOnlyDictionary<string, Tree>
{
    private readonly OrderedDictionary<string, Tree> _items;

    /// <summary>Creates an empty dictionary.</summary>
    public TreeDictionary() => _items = new OrderedDictionary<string, Tree>(StringComparer.Ordinal);

    /// <summary>Creates an empty dictionary with capacity for <paramref name="capacity"/> entries.</summary>
    public TreeDictionary(int capacity) => _items = new OrderedDictionary<string, Tree>(capacity, StringComparer.Ordinal);

    /// <summary>Creates a dictionary with the given entries.</summary>
    /// <exception cref="ArgumentException">A key occurs twice.</exception>
    public TreeDictionary(IEnumerable<KeyValuePair<string, Tree>> items)
        : this()
    {
        ArgumentNullException.ThrowIfNull(items);
        foreach ((string key, Tree value) in items)
        {
            Add(key, value);
        }
    }

    /// <summary>The number of entries at this level.</summary>
    public int Count => _items.Count;

    /// <summary>False, because trees are mutable.</summary>
    public bool IsReadOnly => false;

    /// <summary>The keys, in insertion order.</summary>
    public ICollection<string> Keys => _items.Keys;

    /// <summary>The current values, in insertion order.</summary>
    public ICollection<Tree> Values
    {
        get
        {
            List<Tree> values = new(_items.Count);
            foreach ((_, Tree value) in this)
            {
                values.Add(value);
            }

            return values;
        }
    }

    /// <inheritdoc/>
    public override Tree this[string key]
    {
        get => IndexOf(key) is int index and >= 0
            ? ReadAs(_items.GetAt(index).Value, key, 0)
            : throw new KeyNotFoundException($"{Where} is {Description}: there is no key '{key}'.");
        set
        {
            using TreeHold hold = Hold();
            IsChanged = true;
            if (IndexOf(key) is int index and >= 0)
            {
                _items.SetAt(index, Checked(key, value));
            }
            else
            {
                _items.Add(key, Checked(key, value));
            }
        }
    }

    /// <summary>Adds an entry at the end.</summary>
    /// <param name="key">The name of the entry: one part of a dotted path.</param>
    /// <param name="value">An array, a list, or a dictionary.</param>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    /// <exception cref="ArgumentException">The key already exists.</exception>
    public void Add(string key, Tree value)
    {
        using TreeHold hold = Hold();
        IsChanged = true;
        _items.Add(key, Checked(key, value));
    }

    /// <summary>Whether an entry with this name exists at this level.</summary>
    public bool ContainsKey(string key) => _items.ContainsKey(key);

    /// <summary>Removes an entry; its arrays stay valid.</summary>
    /// <returns>Whether the entry existed.</returns>
    public bool Remove(string key)
    {
        using TreeHold hold = Hold();
        IsChanged = true;
        return _items.Remove(key);
    }

    /// <summary>Looks up an entry at this level; <see cref="Tree.TryFind"/> follows a dotted path.</summary>
    /// <returns>Whether the entry exists.</returns>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Tree value)
    {
        if (!_items.TryGetValue(key, out value))
        {
            return false;
        }

        ReadAs(value, key, 0);
        return true;
    }

    /// <summary>Removes every entry; the arrays stay valid.</summary>
    public void Clear()
    {
        using TreeHold hold = Hold();
        IsChanged = true;
        _items.Clear();
    }

    /// <summary>Enumerates the entries in insertion order.</summary>
    public IEnumerator<KeyValuePair<string, Tree>> GetEnumerator()
    {
        foreach (KeyValuePair<string, Tree> item in _items)
        {
            ReadAs(item.Value, item.Key, 0);
            yield return item;
        }
    }

    void ICollection<KeyValuePair<string, Tree>>.Add(KeyValuePair<string, Tree> item) => Add(item.Key, item.Value);

    bool ICollection<KeyValuePair<string, Tree>>.Contains(KeyValuePair<string, Tree> item) =>
        _items.TryGetValue(item.Key, out Tree? value) && ReferenceEquals(value, item.Value);

    bool ICollection<KeyValuePair<string, Tree>>.Remove(KeyValuePair<string, Tree> item) =>
        ((ICollection<KeyValuePair<string, Tree>>)this).Contains(item) && Remove(item.Key);

    void ICollection<KeyValuePair<string, Tree>>.CopyTo(KeyValuePair<string, Tree>[] array, int arrayIndex)
    {
        ArgumentNullException.ThrowIfNull(array);
        foreach (KeyValuePair<string, Tree> item in this)
        {
            array[arrayIndex++] = item;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    IEnumerable<string> IReadOnlyDictionary<string, Tree>.Keys => Keys;

    IEnumerable<Tree> IReadOnlyDictionary<string, Tree>.Values => Values;

    /// <summary>Copies all containers; the arrays are shared.</summary>
    public override TreeDictionary Copy() => (TreeDictionary)base.Copy();

    /// <inheritdoc cref="Tree.Map(Func{MlxArray, MlxArray})"/>
    public new TreeDictionary Map(Func<MlxArray, MlxArray> map) => (TreeDictionary)base.Map(map);

    /// <inheritdoc cref="Tree.Map(Func{MlxArray, MlxArray, MlxArray}, Tree)"/>
    public new TreeDictionary Map(Func<MlxArray, MlxArray, MlxArray> map, Tree other) => (TreeDictionary)base.Map(map, other);

    /// <inheritdoc cref="Tree.MapWithPath(Func{string, MlxArray, MlxArray})"/>
    public new TreeDictionary MapWithPath(Func<string, MlxArray, MlxArray> map) => (TreeDictionary)base.MapWithPath(map);

    internal override string Description
    {
        get
        {
            const int shown = 8;
            if (_items.Count == 0)
            {
                return "an empty dictionary";
            }

            string keys = string.Join(", ", _items.Keys.Take(shown).Select(key => $"'{key}'"));
            string rest = _items.Count > shown ? $", … ({_items.Count} in all)" : "";
            return (_items.Count == 1 ? "a dictionary with the key " : "a dictionary with the keys ") + keys + rest;
        }
    }

    internal KeyValuePair<string, Tree> EntryAt(int index) => _items.GetAt(index);

    internal Tree? Get(string key) => IndexOf(key) is int index and >= 0 ? _items.GetAt(index).Value : null;

    /// <summary>Replaces the value of the entry at a position.</summary>
    internal void SetAt(int index, Tree value) => _items.SetAt(index, value);

    // Names in a program are usually the same string objects as the keys, and a parameter's dictionary has few keys.
    private int IndexOf(string key)
    {
        const int few = 4;
        for (int i = 0; i < _items.Count && i < few; i++)
        {
            if (ReferenceEquals(_items.GetAt(i).Key, key))
            {
                return i;
            }
        }

        return _items.IndexOf(key);
    }

    /// <summary>
    /// Returns the child with a key, or null. The lookup is fast if the key is the same string object at the likely position.
    /// </summary>
    internal Tree? Get(string key, int likely)
    {
        if ((uint)likely < (uint)_items.Count && _items.GetAt(likely) is var (found, child) && ReferenceEquals(found, key))
        {
            return child;
        }

        return _items.TryGetValue(key, out Tree? value) ? value : null;
    }

    /// <summary>
    /// Makes this dictionary equal to <paramref name="source"/>. This object and, if possible, its containers stay the same, so code that
    /// holds them sees the change. Leaves are shared.
    /// </summary>
    /// <param name="source">The tree to copy from.</param>
    /// <param name="adopt">Whether private leaves of the source, which the caller gives up, stay private here.</param>
    internal void Assign(TreeDictionary source, bool adopt = false)
    {
        if (ReferenceEquals(source, this))
        {
            return;
        }

        IsChanged = true;
        for (int i = _items.Count - 1; i >= 0; i--)
        {
            if (!source._items.ContainsKey(_items.GetAt(i).Key))
            {
                _items.RemoveAt(i);
            }
        }

        for (int i = 0; i < source._items.Count; i++)
        {
            (string key, Tree value) = source._items.GetAt(i);
            if (!TryAssign(Get(key), value, adopt))
            {
                _items[key] = adopt ? value : value.Copy();
            }
        }
    }

    internal override StateNode? Owner { get; set; }

    /// <summary>Whether an entry was set since this flag was last cleared.</summary>
    internal bool IsChanged { get; set; }

    internal override int ChildCount => _items.Count;

    internal override Tree ChildAt(int index) => _items.GetAt(index).Value;

    internal override string NameAt(int index) => _items.GetAt(index).Key;

    internal override Tree? Child(string name) => Get(name);

    internal override Tree? ChildLike(Tree node, int index) => node is TreeDictionary other ? Get(other.EntryAt(index).Key, index) : null;

    internal override Tree NewLike() => new TreeDictionary(_items.Count);

    internal override void AddLike(Tree node, int index, Tree child) => _items.Add(node.NameAt(index), child);

    private static Tree Checked(string key, Tree value) =>
        value ?? throw new ArgumentNullException(nameof(value),
            $"The value for the key '{key}' is null: leave the key out, or use an empty TreeDictionary.");
}
