namespace DotMlx;

/// <content>Uniform traversal of every kind of node, and construction of nodes of the same kind.</content>
public abstract partial class Tree
{
    /// <summary>An optimizer's data about a container of its state; null for all other containers.</summary>
    internal virtual StateNode? Owner
    {
        get => null;
        set => throw new InvalidOperationException("An array has no owner.");
    }

    /// <summary>Prevents the optimizer that owns this state, if any, from committing an update; dispose the result.</summary>
    internal TreeHold Hold() => new(Owner?.Gate);

    /// <summary>The number of children; a leaf has none.</summary>
    internal abstract int ChildCount { get; }

    /// <summary>The child at a position.</summary>
    internal abstract Tree ChildAt(int index);

    /// <summary>The name of a child: the key in a dictionary, or the index in a list, as digits.</summary>
    internal abstract string NameAt(int index);

    /// <summary>The children with their names, for internal reads that don't show them to the program.</summary>
    internal IEnumerable<KeyValuePair<string, Tree>> Children
    {
        get
        {
            for (int i = 0; i < ChildCount; i++)
            {
                yield return new(NameAt(i), ChildAt(i));
            }
        }
    }

    /// <summary>The child with this name, which is a single name instead of a path; null if there is none.</summary>
    internal abstract Tree? Child(string name);

    /// <summary>The child with the name of another node's child; null if there is none or if the nodes are of different kinds.</summary>
    internal abstract Tree? ChildLike(Tree node, int index);

    /// <summary>Creates an empty container of the same kind, with capacity for as many children.</summary>
    internal abstract Tree NewLike();

    /// <summary>Appends a child under the name of another node's child.</summary>
    internal abstract void AddLike(Tree node, int index, Tree child);

    /// <summary>Whether two trees have the same containers with the same names in the same order.</summary>
    internal static bool SameLayout(Tree left, Tree right)
    {
        if (left.GetType() != right.GetType() || left.ChildCount != right.ChildCount)
        {
            return false;
        }

        using Nesting level = Nesting.Enter();
        for (int i = 0; i < left.ChildCount; i++)
        {
            if (left.NameAt(i) != right.NameAt(i) || !SameLayout(left.ChildAt(i), right.ChildAt(i)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Assigns the contents of a container to another container of the same kind.</summary>
    /// <returns>False if the trees aren't containers of the same kind.</returns>
    private protected static bool TryAssign(Tree? target, Tree source, bool adopt)
    {
        switch (target, source)
        {
            case (TreeDictionary to, TreeDictionary from):
                to.Assign(from, adopt);
                return true;
            case (TreeList to, TreeList from):
                to.Assign(from, adopt);
                return true;
            default:
                return false;
        }
    }

    /// <summary>
    /// Builds a tree of the same structure by applying a function to each leaf and to the nodes of other trees at the same path.
    /// </summary>
    /// <param name="tree">The tree that determines the structure.</param>
    /// <param name="others">Trees that have at least the nodes of this tree.</param>
    /// <param name="path">The location of the tree; null if it isn't needed.</param>
    /// <param name="map">Creates a node from a leaf.</param>
    /// <exception cref="ArgumentException">Another tree lacks a node; the message names its path.</exception>
    private static Tree Rebuild(Tree tree, Tree[] others, TreePath? path, LeafMap map)
    {
        if (tree is TreeLeaf leaf)
        {
            return map(leaf, others, path);
        }

        if (tree.Owner is not null)
        {
            tree = tree.Copy();
        }

        Tree result = tree.NewLike();
        TreePath? below = path?.In(tree);
        Tree[] counterparts = others.Length == 0 ? others : new Tree[others.Length];
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < tree.ChildCount; i++)
        {
            below?.Index = i;
            for (int j = 0; j < others.Length; j++)
            {
                counterparts[j] = others[j].ChildLike(tree, i) ?? throw new ArgumentException(
                    $"The trees do not match: '{below}' is in the first tree only; in another, {path?.Quoted} is {others[j].Description}.");
            }

            result.AddLike(tree, i, Rebuild(tree.ChildAt(i), counterparts, below, map));
        }

        return result;
    }

    /// <summary>
    /// Builds a tree of the same structure by applying a function to each leaf, in order; the leaves stay private.
    /// </summary>
    internal Tree RebuildLeaves(Func<TreeLeaf, Tree> make)
    {
        if (this is TreeLeaf leaf)
        {
            return make(leaf);
        }

        Tree result = NewLike();
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < ChildCount; i++)
        {
            result.AddLike(this, i, ChildAt(i).RebuildLeaves(make));
        }

        return result;
    }

    private delegate Tree LeafMap(TreeLeaf leaf, Tree[] others, TreePath? path);
}
