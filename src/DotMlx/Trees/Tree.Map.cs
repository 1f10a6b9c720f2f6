namespace DotMlx;

public abstract partial class Tree
{
    /// <summary>
    /// Applies a function to every array and returns a tree of the same structure (Python's <c>tree_map</c>).
    /// </summary>
    /// <param name="map">Gets an array, returns the array that takes its place.</param>
    /// <param name="tree">The tree; it stays as it is.</param>
    public static Tree Map(Func<MlxArray, MlxArray> map, Tree tree)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(tree);
        return Apply(map, tree);
    }

    /// <summary>Applies a function to the arrays of two trees; the structure is that of the first.</summary>
    /// <param name="map">Gets an array of each tree.</param>
    /// <param name="tree">The tree that decides the structure.</param>
    /// <param name="other">May have more keys and longer lists than <paramref name="tree"/>, not fewer.</param>
    /// <exception cref="ArgumentException"><paramref name="other"/> lacks a node; the message names its path.</exception>
    public static Tree Map(Func<MlxArray, MlxArray, MlxArray> map, Tree tree, Tree other)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(other);
        return Apply(map, tree, other, other);
    }

    /// <summary>Applies a function to the arrays of three trees; the structure is that of the first.</summary>
    /// <param name="map">Gets an array of each tree.</param>
    /// <param name="tree">The tree that decides the structure.</param>
    /// <param name="second">May have more keys and longer lists than <paramref name="tree"/>, not fewer.</param>
    /// <param name="third">May have more keys and longer lists than <paramref name="tree"/>, not fewer.</param>
    /// <exception cref="ArgumentException">A tree lacks a node; the message names its path.</exception>
    public static Tree Map(Func<MlxArray, MlxArray, MlxArray, MlxArray> map, Tree tree, Tree second, Tree third)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        return Apply(map, tree, second, third, second, third);
    }

    /// <summary>
    /// Applies a function to every array together with its dotted path, such as <c>layers.0.weight</c>
    /// (Python's <c>tree_map_with_path</c>). The path of a tree that is one leaf is empty.
    /// </summary>
    public static Tree MapWithPath(Func<string, MlxArray, MlxArray> map, Tree tree)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(tree);
        return Apply(map, "", tree);
    }

    /// <summary>Applies a function to every array of two trees together with its dotted path; the structure is that of the first.</summary>
    /// <exception cref="ArgumentException"><paramref name="other"/> lacks a node; the message names its path.</exception>
    public static Tree MapWithPath(Func<string, MlxArray, MlxArray, MlxArray> map, Tree tree, Tree other)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(other);
        return Apply(map, "", tree, other, other);
    }

    /// <summary>Folds the arrays from the first to the last (Python's <c>tree_reduce</c>).</summary>
    /// <param name="fold">Gets the result so far and the next array.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="initial">The result for a tree without arrays.</param>
    public static TResult Reduce<TResult>(Func<TResult, MlxArray, TResult> fold, Tree tree, TResult initial)
    {
        ArgumentNullException.ThrowIfNull(fold);
        ArgumentNullException.ThrowIfNull(tree);
        TResult result = initial;
        foreach (MlxArray leaf in tree.Leaves)
        {
            result = fold(result, leaf);
        }

        return result;
    }

    /// <summary>Takes one step down in a tree that follows another one, whose node has this key.</summary>
    internal static Tree Follow(Tree other, Tree otherRoot, string key, int likely) =>
        other is TreeDictionary dictionary && dictionary.Get(key, likely) is { } child ? child : throw Missing(other, otherRoot, key);

    internal static Tree Follow(Tree other, Tree otherRoot, int index) =>
        other is TreeList list && index < list.Count ? list.ItemAt(index) : throw Missing(other, otherRoot, TreePaths.Index(index));

    internal static MlxArray FollowLeaf(Tree other, Tree otherRoot) =>
        other is TreeLeaf leaf
            ? leaf.Array
            : throw new ArgumentException(
                $"The trees do not match: {TreePaths.Quote(TreePaths.Find(otherRoot, other))} is an array in the first tree and {other.Description} in another.");

    private static ArgumentException Missing(Tree other, Tree otherRoot, string key)
    {
        string path = TreePaths.Find(otherRoot, other);
        return new ArgumentException(
            $"The trees do not match: '{TreePaths.Join(path, key)}' is in the first tree only; in another, {TreePaths.Quote(path)} is {other.Description}.");
    }

    private static Tree Apply(Func<MlxArray, MlxArray> map, Tree tree)
    {
        switch (tree)
        {
            case TreeList list:
                TreeList newList = new(list.Count);
                for (int i = 0; i < list.Count; i++)
                {
                    newList.Add(Apply(map, list.ItemAt(i)));
                }

                return newList;
            case TreeDictionary dictionary:
                TreeDictionary newDictionary = new(dictionary.Count);
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    newDictionary.Add(key, Apply(map, value));
                }

                return newDictionary;
            default:
                return new TreeLeaf(map(tree.Array));
        }
    }

    private static Tree Apply(Func<MlxArray, MlxArray, MlxArray> map, Tree tree, Tree other, Tree otherRoot)
    {
        switch (tree)
        {
            case TreeList list:
                TreeList newList = new(list.Count);
                for (int i = 0; i < list.Count; i++)
                {
                    newList.Add(Apply(map, list.ItemAt(i), Follow(other, otherRoot, i), otherRoot));
                }

                return newList;
            case TreeDictionary dictionary:
                TreeDictionary newDictionary = new(dictionary.Count);
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    newDictionary.Add(key, Apply(map, value, Follow(other, otherRoot, key, i), otherRoot));
                }

                return newDictionary;
            default:
                return new TreeLeaf(map(tree.Array, FollowLeaf(other, otherRoot)));
        }
    }

    private static Tree Apply(Func<MlxArray, MlxArray, MlxArray, MlxArray> map, Tree tree, Tree second, Tree third, Tree root2, Tree root3)
    {
        switch (tree)
        {
            case TreeList list:
                TreeList newList = new(list.Count);
                for (int i = 0; i < list.Count; i++)
                {
                    newList.Add(Apply(map, list.ItemAt(i), Follow(second, root2, i), Follow(third, root3, i), root2, root3));
                }

                return newList;
            case TreeDictionary dictionary:
                TreeDictionary newDictionary = new(dictionary.Count);
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    newDictionary.Add(
                        key, Apply(map, value, Follow(second, root2, key, i), Follow(third, root3, key, i), root2, root3));
                }

                return newDictionary;
            default:
                return new TreeLeaf(map(tree.Array, FollowLeaf(second, root2), FollowLeaf(third, root3)));
        }
    }

    private static Tree Apply(Func<string, MlxArray, MlxArray> map, string path, Tree tree)
    {
        switch (tree)
        {
            case TreeList list:
                TreeList newList = new(list.Count);
                for (int i = 0; i < list.Count; i++)
                {
                    newList.Add(Apply(map, TreePaths.Join(path, i), list.ItemAt(i)));
                }

                return newList;
            case TreeDictionary dictionary:
                TreeDictionary newDictionary = new(dictionary.Count);
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    newDictionary.Add(key, Apply(map, TreePaths.Join(path, key), value));
                }

                return newDictionary;
            default:
                return new TreeLeaf(map(path, tree.Array));
        }
    }

    private static Tree Apply(Func<string, MlxArray, MlxArray, MlxArray> map, string path, Tree tree, Tree other, Tree otherRoot)
    {
        switch (tree)
        {
            case TreeList list:
                TreeList newList = new(list.Count);
                for (int i = 0; i < list.Count; i++)
                {
                    newList.Add(Apply(map, TreePaths.Join(path, i), list.ItemAt(i), Follow(other, otherRoot, i), otherRoot));
                }

                return newList;
            case TreeDictionary dictionary:
                TreeDictionary newDictionary = new(dictionary.Count);
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    newDictionary.Add(key, Apply(map, TreePaths.Join(path, key), value, Follow(other, otherRoot, key, i), otherRoot));
                }

                return newDictionary;
            default:
                return new TreeLeaf(map(path, tree.Array, FollowLeaf(other, otherRoot)));
        }
    }
}
