namespace DotMlx;

public abstract partial class Tree
{
    /// <summary>
    /// Joins two trees whose parts complement each other (Python's <c>tree_merge</c>): dictionaries by key, lists by position,
    /// an empty container gives way to whatever the other tree has in its place. The result has containers of its own.
    /// </summary>
    /// <param name="left">Its keys come first, and its side is the first argument of <paramref name="merge"/>.</param>
    /// <param name="right">The other tree.</param>
    /// <param name="merge">Decides where both trees have an array; without it that is an error.</param>
    /// <exception cref="ArgumentException">
    /// Both trees have an array at the same path and there is no <paramref name="merge"/>, or they have nodes of different
    /// kinds there; the message names the path.
    /// </exception>
    public static Tree Merge(Tree left, Tree right, Func<MlxArray, MlxArray, MlxArray>? merge = null)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return MergeAt("", left, right, merge);
    }

    private static Tree MergeAt(string path, Tree left, Tree right, Func<MlxArray, MlxArray, MlxArray>? merge)
    {
        switch (left, right)
        {
            case ({ IsEmptyContainer: true }, { IsEmptyContainer: true }) when left.GetType() != right.GetType():
                throw new ArgumentException(
                    $"Cannot merge {TreePaths.Quote(path)}: it is {left.Description} on the left and {right.Description} on the right.");
            case (_, { IsEmptyContainer: true }):
                return left.Copy();
            case ({ IsEmptyContainer: true }, _):
                return right.Copy();
            case (TreeList a, TreeList b):
                TreeList list = new(Math.Max(a.Count, b.Count));
                for (int i = 0; i < a.Count || i < b.Count; i++)
                {
                    list.Add(
                        i >= a.Count ? b.ItemAt(i).Copy()
                        : i >= b.Count ? a.ItemAt(i).Copy()
                        : MergeAt(TreePaths.Join(path, i), a.ItemAt(i), b.ItemAt(i), merge));
                }

                return list;
            case (TreeDictionary a, TreeDictionary b):
                return MergeDictionaries(path, a, b, merge);
            case (TreeLeaf(var a), TreeLeaf(var b)) when merge is not null:
                return new TreeLeaf(merge(a, b));
            case (TreeLeaf, TreeLeaf):
                throw new ArgumentException(
                    $"Cannot merge {TreePaths.Quote(path)}: both trees have an array there. Pass a merge function to combine them.");
            default:
                throw new ArgumentException(
                    $"Cannot merge {TreePaths.Quote(path)}: it is {left.Description} on the left and {right.Description} on the right.");
        }
    }

    private static TreeDictionary MergeDictionaries(
        string path, TreeDictionary left, TreeDictionary right, Func<MlxArray, MlxArray, MlxArray>? merge)
    {
        TreeDictionary result = new(left.Count + right.Count);
        foreach ((string key, Tree value) in left)
        {
            result.Add(key, right.Get(key) is { } other ? MergeAt(TreePaths.Join(path, key), value, other, merge) : value.Copy());
        }

        foreach ((string key, Tree value) in right)
        {
            if (!left.ContainsKey(key))
            {
                result.Add(key, value.Copy());
            }
        }

        return result;
    }
}
