namespace DotMlx;

public abstract partial class Tree
{
    // Trees are traversed recursively, and paths come from files, so an unbounded path could overflow the stack.
    private const int MaxDepth = 128;

    // A gap in a list takes memory, although nothing in a file stands for it.
    private const int MaxGaps = 65_536;
    private const int MaxGapsPerArray = 16;

    /// <summary>
    /// Lists every array with its dotted path, such as <c>layers.0.weight</c> (Python's <c>tree_flatten</c>). Containers without arrays
    /// aren't listed. <see cref="Find"/> follows every such path, even if a key itself contains a dot.
    /// </summary>
    /// <param name="prefix">
    /// A prefix for every path, followed by a dot. If the tree is a single leaf, its path is the prefix itself.
    /// </param>
    public IReadOnlyList<KeyValuePair<string, MlxArray>> Flatten(string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(prefix);
        List<KeyValuePair<string, MlxArray>> items = [];
        Append(this, prefix.Length == 0 ? null : prefix, items, shown: true);
        return items;
    }

    /// <summary>Like <see cref="Flatten"/>, for internal use: the leaves stay private.</summary>
    internal List<KeyValuePair<string, MlxArray>> FlattenUnseen(string prefix = "")
    {
        List<KeyValuePair<string, MlxArray>> items = [];
        Append(this, prefix.Length == 0 ? null : prefix, items, shown: false);
        return items;
    }

    /// <summary>
    /// Builds a tree from dotted paths, the inverse of <see cref="Flatten"/> (Python's <c>tree_unflatten</c>). If all keys of a node are
    /// list indices ("0", "10", but not "00"), the node becomes a list with empty dictionaries in gaps; otherwise, it becomes a dictionary.
    /// A node whose gaps would bring the tree to more than 65,536 gaps, and 16 for each array, becomes a dictionary, too.
    /// Every dot separates two keys, so a key that contains a dot comes back as two keys; <see cref="TreeDictionary.Save"/> preserves it.
    /// </summary>
    /// <param name="items">Paths and arrays. Without items, the result is an empty list; one item with an empty path gives a leaf.</param>
    /// <exception cref="ArgumentException">A path occurs twice or has more than 128 parts.</exception>
    public static Tree Unflatten(IEnumerable<KeyValuePair<string, MlxArray>> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        List<Entry> entries = [];
        foreach ((string path, MlxArray array) in items)
        {
            ArgumentNullException.ThrowIfNull(path, nameof(items));
            if (array is null)
            {
                throw new ArgumentNullException(nameof(items), $"The array at '{path}' is null.");
            }

            entries.Add(EntryOf(path, path.Length == 0 ? [] : [.. path.Split('.')], array));
        }

        return entries.Count == 0 ? new TreeList() : Build(entries, 0, new GapBudget(entries.Count));
    }

    private static void Append(Tree tree, string? path, List<KeyValuePair<string, MlxArray>> items, bool shown)
    {
        if (tree is TreeLeaf leaf)
        {
            items.Add(KeyValuePair.Create(path ?? "", shown ? leaf.Array : leaf.Peek));
            return;
        }

        using TreeHold hold = tree.Hold();
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < tree.ChildCount; i++)
        {
            Append(tree.ChildAt(i), TreePaths.Below(path, tree.NameAt(i)), items, shown);
        }
    }

    /// <summary>Like <see cref="Unflatten"/>, from the paths of <see cref="EscapedPaths"/>.</summary>
    private protected static Tree UnflattenEscaped(IEnumerable<KeyValuePair<string, MlxArray>> items)
    {
        List<Entry> entries = [.. items.Select(item => EntryOf(item.Key, EscapedPaths.Split(item.Key), item.Value))];
        return entries.Count == 0 ? new TreeList() : Build(entries, 0, new GapBudget(entries.Count), EscapedPaths.Unescape);
    }

    private static Entry EntryOf(string path, List<string> names, MlxArray array) => names.Count <= MaxDepth
        ? new Entry(path, names, array)
        : throw new ArgumentException($"The path '{path[..Math.Min(path.Length, 40)]}…' has {names.Count} parts, but a tree can be "
        + $"at most {MaxDepth} nodes deep.");

    private static Tree Build(List<Entry> entries, int depth, GapBudget gaps, Func<string, string>? unescape = null)
    {
        if (entries is [var only] && only.Names.Count == depth)
        {
            return new TreeLeaf(only.Array);
        }

        OrderedDictionary<string, List<Entry>> groups = new(StringComparer.Ordinal);
        foreach (Entry entry in entries)
        {
            // If another path continues beyond the end of this one, the array gets the key "", as in Python.
            string name = depth < entry.Names.Count ? entry.Names[depth] : "";
            if (!groups.TryGetValue(name, out List<Entry>? group))
            {
                groups.Add(name, group = []);
            }
            else if (depth >= entry.Names.Count)
            {
                throw new ArgumentException($"The path '{entry.Path}' occurs twice.");
            }

            group.Add(entry);
        }

        return AsList(groups, depth, gaps, unescape) is { } list ? list : AsDictionary(groups, depth, gaps, unescape);
    }

    private static TreeDictionary AsDictionary(
        OrderedDictionary<string, List<Entry>> groups, int depth, GapBudget gaps, Func<string, string>? unescape)
    {
        TreeDictionary dictionary = new(groups.Count);
        foreach ((string key, List<Entry> group) in groups)
        {
            dictionary.Add(unescape?.Invoke(key) ?? key, BuildGroup(group, depth, gaps, unescape));
        }

        return dictionary;
    }

    private static TreeList? AsList(
        OrderedDictionary<string, List<Entry>> groups, int depth, GapBudget gaps, Func<string, string>? unescape)
    {
        SortedDictionary<int, List<Entry>> sorted = [];
        int last = -1;
        foreach ((string key, List<Entry> group) in groups)
        {
            if (!TreePaths.TryIndex(key, out int index))
            {
                return null;
            }

            sorted.Add(index, group);
            last = Math.Max(last, index);
        }

        if (!gaps.TryTake(last + 1 - sorted.Count))
        {
            return null;
        }

        TreeList list = new(sorted.Count);
        foreach ((int index, List<Entry> group) in sorted)
        {
            while (list.Count < index)
            {
                list.Add(new TreeDictionary());
            }

            list.Add(BuildGroup(group, depth, gaps, unescape));
        }

        return list;
    }

    // The depth of a single path never exceeds its length.
    private static Tree BuildGroup(List<Entry> group, int depth, GapBudget gaps, Func<string, string>? unescape) =>
        Build(group, group is [var only] ? Math.Min(depth + 1, only.Names.Count) : depth + 1, gaps, unescape);

    private readonly record struct Entry(string Path, List<string> Names, MlxArray Array);

    /// <summary>The gaps that the lists of a tree may have together.</summary>
    private sealed class GapBudget(int arrays)
    {
        private long _left = MaxGaps + ((long)MaxGapsPerArray * arrays);

        public bool TryTake(int gaps)
        {
            bool suffices = gaps <= _left;
            _left -= suffices ? gaps : 0;
            return suffices;
        }
    }
}
