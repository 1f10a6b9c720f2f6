namespace DotMlx;

public abstract partial class Tree
{
    /// <summary>
    /// Whether two trees have the same containers: the same keys in any order, the same lengths, and leaves in the same places. The shapes,
    /// dtypes, and values of the arrays don't matter.
    /// </summary>
    public static bool StructureEquals(Tree left, Tree right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        if (left.GetType() != right.GetType() || left.ChildCount != right.ChildCount)
        {
            return false;
        }

        using Nesting level = Nesting.Enter();
        for (int i = 0; i < left.ChildCount; i++)
        {
            if (right.ChildLike(left, i) is not { } other || !StructureEquals(left.ChildAt(i), other))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Describes how <paramref name="actual"/> differs from <paramref name="expected"/>, one line per path: nodes that are missing,
    /// unexpected, or of another kind, and arrays with another shape or dtype. Values aren't compared. Empty if the trees match.
    /// </summary>
    public static IReadOnlyList<string> Differences(Tree expected, Tree actual)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentNullException.ThrowIfNull(actual);
        List<string> differences = [];
        Compare(new TreePath(), expected.Copy(), actual.Copy(), differences);
        return differences;
    }

    private static void Compare(TreePath path, Tree expected, Tree actual, List<string> differences)
    {
        if (expected is TreeLeaf { Peek: var a } && actual is TreeLeaf { Peek: var b })
        {
            if (a.IsDisposed || b.IsDisposed ? a.IsDisposed != b.IsDisposed : a.DType != b.DType || !a.Shape.SequenceEqual(b.Shape))
            {
                differences.Add($"{path.Quoted} is {TreePaths.Describe(b)}, expected {TreePaths.Describe(a)}");
            }

            return;
        }

        if (expected.GetType() != actual.GetType())
        {
            differences.Add($"{path.Quoted} is {actual.Description}, expected {expected.Description}");
            return;
        }

        TreePath below = path.In(expected);
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < expected.ChildCount; i++)
        {
            below.Index = i;
            if (actual.ChildLike(expected, i) is { } counterpart)
            {
                Compare(below, expected.ChildAt(i), counterpart, differences);
            }
            else
            {
                ListLeaves(below, expected.ChildAt(i), "is missing, expected", differences);
            }
        }

        TreePath beyond = path.In(actual);
        for (int i = 0; i < actual.ChildCount; i++)
        {
            beyond.Index = i;
            if (expected.ChildLike(actual, i) is null)
            {
                ListLeaves(beyond, actual.ChildAt(i), "is not expected, but there is", differences);
            }
        }
    }

    // Containers without arrays disappear when a tree is flattened, so their absence isn't a difference.
    private static void ListLeaves(TreePath path, Tree tree, string what, List<string> differences)
    {
        foreach ((string leaf, MlxArray array) in tree.FlattenUnseen(path.ToString()))
        {
            differences.Add($"'{leaf}' {what} {TreePaths.Describe(array)}");
        }
    }
}
