using System.Collections;

namespace DotMlx;

/// <summary>A list of trees, like Python's lists and tuples. An element without parameters is an empty dictionary.</summary>
public sealed class TreeList : Tree, IList<Tree>, IReadOnlyList<Tree>
{
    private readonly List<Tree> _items;

    /// <summary>Creates an empty list.</summary>
    public TreeList() => _items = [];

    /// <summary>Creates an empty list with capacity for <paramref name="capacity"/> elements.</summary>
    public TreeList(int capacity) => _items = new List<Tree>(capacity);

    /// <summary>Creates a list with the given elements.</summary>
    /// <exception cref="ArgumentNullException">The sequence or one of its elements is null.</exception>
    public TreeList(IEnumerable<Tree> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        _items = [];
        foreach (Tree item in items)
        {
            Add(item);
        }
    }

    /// <summary>The number of elements at this level.</summary>
    public int Count => _items.Count;

    /// <summary>False, because trees are mutable.</summary>
    public bool IsReadOnly => false;

    /// <inheritdoc/>
    public override Tree this[int index]
    {
        get => (uint)index < (uint)_items.Count ? ReadAs(_items[index], null, index) : throw OutOfRange(index);
        set
        {
            if ((uint)index >= (uint)_items.Count)
            {
                throw OutOfRange(index);
            }

            _items[index] = Checked(value, index);
        }
    }

    /// <summary>Adds an element at the end.</summary>
    /// <exception cref="ArgumentNullException">The element is null.</exception>
    public void Add(Tree item) => _items.Add(Checked(item, _items.Count));

    /// <summary>Inserts an element; the elements after it move up.</summary>
    /// <exception cref="ArgumentNullException">The element is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative or greater than <see cref="Count"/>.</exception>
    public void Insert(int index, Tree item) => _items.Insert(index, Checked(item, index));

    /// <summary>Removes the first occurrence of this object; its arrays stay valid.</summary>
    /// <returns>Whether the element existed.</returns>
    public bool Remove(Tree item) => _items.Remove(item);

    /// <summary>Removes the element at a position; its arrays stay valid.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The element doesn't exist.</exception>
    public void RemoveAt(int index) => _items.RemoveAt(index);

    /// <summary>Removes every element; the arrays stay valid.</summary>
    public void Clear() => _items.Clear();

    /// <summary>Whether this object itself is an element.</summary>
    public bool Contains(Tree item) => _items.Contains(item);

    /// <summary>The position of this object itself, or -1.</summary>
    public int IndexOf(Tree item) => _items.IndexOf(item);

    /// <summary>Copies the elements, but not their arrays, to a .NET array.</summary>
    /// <param name="array">The destination.</param>
    /// <param name="arrayIndex">The position of the first element in the destination.</param>
    public void CopyTo(Tree[] array, int arrayIndex)
    {
        _items.CopyTo(array, arrayIndex);
        for (int i = 0; i < _items.Count; i++)
        {
            ReadAs(_items[i], null, i);
        }
    }

    /// <summary>Enumerates the elements.</summary>
    public IEnumerator<Tree> GetEnumerator()
    {
        int index = 0;
        foreach (Tree item in _items)
        {
            yield return ReadAs(item, null, index++);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal override string Description => _items.Count == 0 ? "an empty list" : $"a list of {_items.Count}";

    internal Tree ItemAt(int index) => _items[index];

    /// <inheritdoc cref="TreeDictionary.Assign"/>
    internal void Assign(TreeList source, bool adopt = false)
    {
        if (ReferenceEquals(source, this))
        {
            return;
        }

        if (_items.Count > source.Count)
        {
            _items.RemoveRange(source.Count, _items.Count - source.Count);
        }

        for (int i = 0; i < source.Count; i++)
        {
            Tree value = source.ItemAt(i);
            if (i == _items.Count)
            {
                _items.Add(adopt ? value : value.Copy());
            }
            else if (!TryAssign(_items[i], value, adopt))
            {
                _items[i] = adopt ? value : value.Copy();
            }
        }
    }

    internal override int ChildCount => _items.Count;

    internal override StateNode? Owner { get; set; }

    internal override Tree ChildAt(int index) => _items[index];

    internal override string NameAt(int index) => TreePaths.Index(index);

    internal override Tree? Child(string name) => TreePaths.TryIndex(name, out int index) && index < _items.Count ? _items[index] : null;

    internal override Tree? ChildLike(Tree node, int index) => node is TreeList && index < _items.Count ? _items[index] : null;

    internal override Tree NewLike() => new TreeList(_items.Count);

    internal override void AddLike(Tree node, int index, Tree child) => _items.Add(child);

    private static Tree Checked(Tree item, int index) =>
        item ?? throw new ArgumentNullException(nameof(item),
            $"Element {index} of the list is null: use an empty TreeDictionary for an element without arrays.");

    private ArgumentOutOfRangeException OutOfRange(int index) =>
        new(nameof(index), index, $"{Where} is {Description}: there is no element {index}.");
}
