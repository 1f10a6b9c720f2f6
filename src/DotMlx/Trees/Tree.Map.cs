using System.Runtime.CompilerServices;

namespace DotMlx;

public abstract partial class Tree
{
    /// <summary>
    /// Applies a function to every array and returns a tree of the same structure (Python's <c>tree_map</c>).
    /// </summary>
    /// <param name="map">Receives an array and returns its replacement.</param>
    /// <param name="tree">The tree; it doesn't change.</param>
    public static Tree Map(Func<MlxArray, MlxArray> map, Tree tree)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(tree);
        return Rebuild(tree, [], null, (leaf, _, _) => new TreeLeaf(map(leaf.Array)));
    }

    /// <summary>Applies a function to the arrays of two trees. The result has the structure of the first tree.</summary>
    /// <param name="map">Receives one array from each tree.</param>
    /// <param name="tree">The tree that determines the structure.</param>
    /// <param name="other">May have more keys and longer lists than <paramref name="tree"/>, but not fewer or shorter ones.</param>
    /// <exception cref="ArgumentException"><paramref name="other"/> lacks a node; the message names its path.</exception>
    [OverloadResolutionPriority(1)]
    public static Tree Map(Func<MlxArray, MlxArray, MlxArray> map, Tree tree, Tree other)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(other);
        return Rebuild(tree, [other], new TreePath(), (leaf, others, path) => new TreeLeaf(map(leaf.Array, ArrayOf(others[0], path))));
    }

    /// <summary>
    /// Applies a function to every array of a tree and the whole node of another tree at the same path, such as a parameter and its
    /// optimizer state (Python's <c>tree_map</c> with a deeper second tree).
    /// </summary>
    /// <param name="map">Receives an array and a node, which may be a subtree; returns the node that replaces the array.</param>
    /// <param name="tree">The tree that determines the structure.</param>
    /// <param name="other">Has a node wherever <paramref name="tree"/> has one.</param>
    /// <exception cref="ArgumentException"><paramref name="other"/> lacks a node; the message names its path.</exception>
    /// <example><code>
    /// Tree effective = Tree.Map((weight, state) => weight - state["m"].Array, model.TrainableParameters(), optimizer.State);
    /// </code></example>
    public static Tree Map(Func<MlxArray, Tree, Tree> map, Tree tree, Tree other)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(other);
        return Rebuild(tree, [other], new TreePath(), (leaf, others, path) => map(leaf.Array, Shown(others[0]))
            ?? throw new InvalidOperationException($"The function returned null for {path?.Quoted}. Return "
            + $"an empty TreeDictionary instead."));
    }

    /// <summary>Applies a function to the arrays of three trees. The result has the structure of the first tree.</summary>
    /// <param name="map">Receives one array from each tree.</param>
    /// <param name="tree">The tree that determines the structure.</param>
    /// <param name="second">May have more keys and longer lists than <paramref name="tree"/>, but not fewer or shorter ones.</param>
    /// <param name="third">May have more keys and longer lists than <paramref name="tree"/>, but not fewer or shorter ones.</param>
    /// <exception cref="ArgumentException">A tree lacks a node; the message names its path.</exception>
    public static Tree Map(Func<MlxArray, MlxArray, MlxArray, MlxArray> map, Tree tree, Tree second, Tree third)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        return Rebuild(
            tree, [second, third], new TreePath(),
            (leaf, others, path) => new TreeLeaf(map(leaf.Array, ArrayOf(others[0], path), ArrayOf(others[1], path))));
    }

    /// <summary>
    /// Applies a function to every array with its dotted path, such as <c>layers.0.weight</c> (Python's <c>tree_map_with_path</c>). If the
    /// tree is a single leaf, its path is empty.
    /// </summary>
    public static Tree MapWithPath(Func<string, MlxArray, MlxArray> map, Tree tree)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(tree);
        return Rebuild(tree, [], new TreePath(), (leaf, _, path) => new TreeLeaf(map(path!.ToString(), leaf.Array)));
    }

    /// <summary>
    /// Applies a function to every array of two trees with its dotted path. The result has the structure of the first tree.
    /// </summary>
    /// <exception cref="ArgumentException"><paramref name="other"/> lacks a node; the message names its path.</exception>
    public static Tree MapWithPath(Func<string, MlxArray, MlxArray, MlxArray> map, Tree tree, Tree other)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(other);
        return Rebuild(
            tree, [other], new TreePath(),
            (leaf, others, path) => new TreeLeaf(map(path!.ToString(), leaf.Array, ArrayOf(others[0], path))));
    }

    /// <summary>Applies a function to every array of this tree and returns a tree of the same structure.</summary>
    /// <param name="map">Receives an array and returns its replacement.</param>
    public Tree Map(Func<MlxArray, MlxArray> map) => Map(map, this);

    /// <summary>
    /// Applies a function to the arrays of this tree and of another tree, which must have at least the nodes of this tree.
    /// </summary>
    /// <param name="map">Receives one array from each tree.</param>
    /// <param name="other">May have more keys and longer lists than this tree, but not fewer or shorter ones.</param>
    /// <exception cref="ArgumentException"><paramref name="other"/> lacks a node; the message names its path.</exception>
    public Tree Map(Func<MlxArray, MlxArray, MlxArray> map, Tree other) => Map(map, this, other);

    /// <summary>Applies a function to every array of this tree with its dotted path.</summary>
    /// <param name="map">Receives a path and an array, and returns the array's replacement.</param>
    public Tree MapWithPath(Func<string, MlxArray, MlxArray> map) => MapWithPath(map, this);

    /// <summary>Folds the arrays from the first to the last (Python's <c>tree_reduce</c>).</summary>
    /// <param name="fold">Receives the result so far and the next array.</param>
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

    /// <summary>Descends one level in a second tree, under the key of the first tree's node.</summary>
    internal static Tree Follow(Tree other, Tree otherRoot, string key, int likely) =>
        other is TreeDictionary dictionary && dictionary.Get(key, likely) is { } child ? child : throw Missing(other, otherRoot, key);

    internal static Tree Follow(Tree other, Tree otherRoot, int index) =>
        other is TreeList list && index < list.Count ? list.ItemAt(index) : throw Missing(other, otherRoot, TreePaths.Index(index));

    internal static MlxArray FollowLeaf(Tree other, Tree otherRoot) =>
        other is TreeLeaf leaf
            ? leaf.Array
            : throw new ArgumentException(
                $"The trees do not match: {TreePaths.Quote(TreePaths.Find(otherRoot, other))} is an array in the first tree "
                + $"and {other.Description} in another.");

    private static ArgumentException Missing(Tree other, Tree otherRoot, string key)
    {
        string path = TreePaths.Find(otherRoot, other);
        return new ArgumentException(
            $"The trees do not match: '{TreePaths.Join(path, key)}' is in the first tree only; in "
            + $"another, {TreePaths.Quote(path)} is {other.Description}.");
    }

    private static MlxArray ArrayOf(Tree node, TreePath? path) => node is TreeLeaf leaf
        ? leaf.Array
        : throw new ArgumentException($"The trees do not match: {path?.Quoted} is an array in the first "
        + $"tree and {node.Description} in another.");

    // The function may keep the node, so its leaves are no longer private.
    private static Tree Shown(Tree node)
    {
        List<MlxArray> leaves = [];
        node.CollectLeaves(leaves, shown: true);
        return node;
    }
}
