namespace DotMlx;

public abstract partial class Tree
{
    /// <summary>
    /// Joins two trees that complement each other (Python's <c>tree_merge</c>): dictionaries by key and lists by position. The other tree's
    /// node at the same path replaces an empty container. The result has its own containers.
    /// </summary>
    /// <param name="left">The tree whose keys come first and whose arrays are the first argument of <paramref name="merge"/>.</param>
    /// <param name="right">The other tree.</param>
    /// <param name="merge">Combines two arrays at the same path; if null, two arrays at the same path are an error.</param>
    /// <exception cref="ArgumentException">
    /// Both trees have an array at the same path but <paramref name="merge"/> is null, or nodes at the same path have different kinds. The
    /// message names the path.
    /// </exception>
    public static Tree Merge(Tree left, Tree right, Func<MlxArray, MlxArray, MlxArray>? merge = null)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return MergeAt(new TreePath(), left, right, merge);
    }

    private static Tree MergeAt(TreePath path, Tree left, Tree right, Func<MlxArray, MlxArray, MlxArray>? merge)
    {
        bool sameKind = left.GetType() == right.GetType();
        switch (left, right)
        {
            case (_, { IsEmptyContainer: true }) when sameKind || !left.IsEmptyContainer:
                return left.Copy();
            case ({ IsEmptyContainer: true }, _) when !right.IsEmptyContainer:
                return right.Copy();
            case (TreeLeaf(var a), TreeLeaf(var b)):
                return new TreeLeaf(merge is not null ? merge(a, b) : throw new ArgumentException(
                    $"Cannot merge {path.Quoted}: both trees have an array there. Pass a merge function to combine them."));
            case (_, _) when sameKind:
                return MergeChildren(path, left, right, merge);
            default:
                throw new ArgumentException($"Cannot merge {path.Quoted}: it is {left.Description} on the "
                    + $"left and {right.Description} on the right.");
        }
    }

    private static Tree MergeChildren(TreePath path, Tree left, Tree right, Func<MlxArray, MlxArray, MlxArray>? merge)
    {
        Tree result = left.NewLike();
        TreePath below = path.In(left);
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < left.ChildCount; i++)
        {
            below.Index = i;
            Tree child = left.ChildAt(i);
            result.AddLike(left, i, right.ChildLike(left, i) is { } other ? MergeAt(below, child, other, merge) : child.Copy());
        }

        for (int i = 0; i < right.ChildCount; i++)
        {
            if (left.ChildLike(right, i) is null)
            {
                result.AddLike(right, i, right.ChildAt(i).Copy());
            }
        }

        return result;
    }
}
