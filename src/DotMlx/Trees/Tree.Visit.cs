namespace DotMlx;

/// <content>How every walk in the library goes through a tree, whatever its nodes are, and how it builds another of the same kind.</content>
public abstract partial class Tree
{
    /// <summary>What an optimizer keeps beside a container of its state; null for all others.</summary>
    internal virtual StateNode? Owner
    {
        get => null;
        set => throw new InvalidOperationException("An array has no owner.");
    }

    /// <summary>Keeps the optimizer whose state this is, if any, from committing an update meanwhile; dispose the result.</summary>
    internal TreeHold Hold() => new(Owner?.Gate);

    /// <summary>The number of children; a leaf has none.</summary>
    internal abstract int ChildCount { get; }

    /// <summary>A child by its place.</summary>
    internal abstract Tree ChildAt(int index);

    /// <summary>The name of a child: a dictionary's key, or a list's index in digits.</summary>
    internal abstract string NameAt(int index);

    /// <summary>The child of this name, which is one name and no path; null where there is none.</summary>
    internal abstract Tree? Child(string name);

    /// <summary>The child with the name of another node's child; null where there is none or the nodes are of different kinds.</summary>
    internal abstract Tree? ChildLike(Tree node, int index);

    /// <summary>An empty container of this one's kind with room for as many children.</summary>
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

        for (int i = 0; i < left.ChildCount; i++)
        {
            if (left.NameAt(i) != right.NameAt(i) || !SameLayout(left.ChildAt(i), right.ChildAt(i)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Builds a tree of the same structure from what a function makes of each leaf and of the nodes of other trees in its place.</summary>
    /// <param name="tree">The tree that decides the structure.</param>
    /// <param name="others">Trees that have at least its nodes.</param>
    /// <param name="path">Where the tree is; null where nobody asks.</param>
    /// <param name="map">Makes a node of a leaf.</param>
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

    /// <summary>Builds a tree of the same structure from what a function makes of each leaf, in their order; nobody outside sees the leaves.</summary>
    internal Tree Remade(Func<TreeLeaf, Tree> make)
    {
        if (this is TreeLeaf leaf)
        {
            return make(leaf);
        }

        Tree result = NewLike();
        for (int i = 0; i < ChildCount; i++)
        {
            result.AddLike(this, i, ChildAt(i).Remade(make));
        }

        return result;
    }

    private delegate Tree LeafMap(TreeLeaf leaf, Tree[] others, TreePath? path);
}
