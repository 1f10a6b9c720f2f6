namespace DotMlx;

public abstract partial class Tree
{
    /// <summary>
    /// Lists every array with its dotted path, such as <c>layers.0.weight</c> (Python's <c>tree_flatten</c>).
    /// Containers without arrays leave no trace.
    /// </summary>
    /// <param name="prefix">Put before every path, with a dot; the path of a tree that is one leaf is the prefix itself.</param>
    public IReadOnlyList<KeyValuePair<string, MlxArray>> Flatten(string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(prefix);
        List<KeyValuePair<string, MlxArray>> items = [];
        Append(this, prefix, items, shown: true);
        return items;
    }

    /// <summary><see cref="Flatten"/> for the library itself: the leaves stay private.</summary>
    internal List<KeyValuePair<string, MlxArray>> FlattenUnseen(string prefix = "")
    {
        List<KeyValuePair<string, MlxArray>> items = [];
        Append(this, prefix, items, shown: false);
        return items;
    }

    /// <summary>
    /// Builds a tree from dotted paths, the inverse of <see cref="Flatten"/> (Python's <c>tree_unflatten</c>). Where all keys
    /// of a node are different numbers it becomes a list, holes filled with empty dictionaries; otherwise a dictionary.
    /// </summary>
    /// <param name="items">Paths and arrays. No items give an empty list; one item with an empty path gives a leaf.</param>
    /// <exception cref="ArgumentException">A path occurs twice.</exception>
    public static Tree Unflatten(IEnumerable<KeyValuePair<string, MlxArray>> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        List<Entry> entries = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach ((string path, MlxArray array) in items)
        {
            ArgumentNullException.ThrowIfNull(path, nameof(items));
            if (array is null)
            {
                throw new ArgumentNullException(nameof(items), $"The array at '{path}' is null.");
            }

            if (!seen.Add(path))
            {
                throw new ArgumentException($"The path '{path}' occurs twice.", nameof(items));
            }

            entries.Add(new Entry(path, array));
        }

        return Build(entries);
    }

    private static void Append(Tree tree, string path, List<KeyValuePair<string, MlxArray>> items, bool shown)
    {
        switch (tree)
        {
            case TreeList list:
                for (int i = 0; i < list.Count; i++)
                {
                    Append(list.ItemAt(i), TreePaths.Join(path, i), items, shown);
                }

                break;
            case TreeDictionary dictionary:
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    Append(value, TreePaths.Join(path, key), items, shown);
                }

                break;
            case TreeLeaf leaf:
                items.Add(KeyValuePair.Create(path, shown ? leaf.Array : leaf.Peek));
                break;
        }
    }

    private static Tree Build(List<Entry> entries)
    {
        if (entries.Count == 0)
        {
            return new TreeList();
        }

        if (entries is [{ Path: "" } only])
        {
            return new TreeLeaf(only.Array);
        }

        OrderedDictionary<string, List<Entry>> groups = new(StringComparer.Ordinal);
        foreach (Entry entry in entries)
        {
            int dot = entry.Path.IndexOf('.', StringComparison.Ordinal);
            string first = dot < 0 ? entry.Path : entry.Path[..dot];
            string rest = dot < 0 ? "" : entry.Path[(dot + 1)..];
            if (!groups.TryGetValue(first, out List<Entry>? group))
            {
                groups.Add(first, group = []);
            }

            group.Add(new Entry(rest, entry.Array));
        }

        return AsList(groups) is { } list ? list : AsDictionary(groups);
    }

    private static TreeDictionary AsDictionary(OrderedDictionary<string, List<Entry>> groups)
    {
        TreeDictionary dictionary = new(groups.Count);
        foreach ((string key, List<Entry> group) in groups)
        {
            dictionary.Add(key, Build(group));
        }

        return dictionary;
    }

    private static TreeList? AsList(OrderedDictionary<string, List<Entry>> groups)
    {
        SortedDictionary<int, List<Entry>> sorted = [];
        foreach ((string key, List<Entry> group) in groups)
        {
            // "01" and "1" are the same number: then the keys mean something else than positions.
            if (!TreePaths.TryIndex(key, out int index) || !sorted.TryAdd(index, group))
            {
                return null;
            }
        }

        TreeList list = new(sorted.Count);
        foreach ((int index, List<Entry> group) in sorted)
        {
            while (list.Count < index)
            {
                list.Add(new TreeDictionary());
            }

            list.Add(Build(group));
        }

        return list;
    }

    private readonly record struct Entry(string Path, MlxArray Array);
}
