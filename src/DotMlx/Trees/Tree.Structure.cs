namespace DotMlx;

public abstract partial class Tree
{
    /// <summary>
    /// Whether two trees have the same containers: the same keys in any order, the same lengths, leaves in the same places.
    /// Shapes, dtypes and values of the arrays do not count.
    /// </summary>
    public static bool StructureEquals(Tree left, Tree right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        switch (left, right)
        {
            case (TreeLeaf, TreeLeaf):
                return true;
            case (TreeList a, TreeList b):
                if (a.Count != b.Count)
                {
                    return false;
                }

                for (int i = 0; i < a.Count; i++)
                {
                    if (!StructureEquals(a.ItemAt(i), b.ItemAt(i)))
                    {
                        return false;
                    }
                }

                return true;
            case (TreeDictionary a, TreeDictionary b):
                if (a.Count != b.Count)
                {
                    return false;
                }

                for (int i = 0; i < a.Count; i++)
                {
                    (string key, Tree value) = a.EntryAt(i);
                    if (b.Get(key) is not { } other || !StructureEquals(value, other))
                    {
                        return false;
                    }
                }

                return true;
            default:
                return false;
        }
    }

    /// <summary>
    /// Describes how <paramref name="actual"/> differs from <paramref name="expected"/>, one line per path: nodes that are
    /// missing, unexpected or of another kind, and arrays of another shape or dtype. Values are not compared.
    /// Empty when the trees agree.
    /// </summary>
    public static IReadOnlyList<string> Differences(Tree expected, Tree actual)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentNullException.ThrowIfNull(actual);
        List<string> differences = [];
        Compare("", expected, actual, differences);
        return differences;
    }

    private static void Compare(string path, Tree expected, Tree actual, List<string> differences)
    {
        switch (expected, actual)
        {
            case (TreeLeaf { Peek: var a }, TreeLeaf { Peek: var b }):
                if (a.DType != b.DType || !a.Shape.SequenceEqual(b.Shape))
                {
                    differences.Add(
                        $"{TreePaths.Quote(path)} is {TreePaths.Describe(b)}, expected {TreePaths.Describe(a)}");
                }

                break;
            case (TreeList a, TreeList b):
                for (int i = 0; i < a.Count || i < b.Count; i++)
                {
                    CompareOptional(
                        TreePaths.Join(path, i), i < a.Count ? a.ItemAt(i) : null, i < b.Count ? b.ItemAt(i) : null, differences);
                }

                break;
            case (TreeDictionary a, TreeDictionary b):
                for (int i = 0; i < a.Count; i++)
                {
                    (string key, Tree value) = a.EntryAt(i);
                    CompareOptional(TreePaths.Join(path, key), value, b.Get(key), differences);
                }

                for (int i = 0; i < b.Count; i++)
                {
                    (string key, Tree value) = b.EntryAt(i);
                    if (!a.ContainsKey(key))
                    {
                        CompareOptional(TreePaths.Join(path, key), null, value, differences);
                    }
                }

                break;
            default:
                differences.Add($"{TreePaths.Quote(path)} is {actual.Description}, expected {expected.Description}");
                break;
        }
    }

    private static void CompareOptional(string path, Tree? expected, Tree? actual, List<string> differences)
    {
        switch (expected, actual)
        {
            case (not null, not null):
                Compare(path, expected, actual, differences);
                break;
            case (not null, null):
                Leaves(expected, path, "is missing, expected", differences);
                break;
            case (null, not null):
                Leaves(actual, path, "is not expected, but there is", differences);
                break;
        }

        // Containers without arrays vanish when a tree is flattened, so their absence is no difference.
        static void Leaves(Tree tree, string path, string what, List<string> differences)
        {
            foreach ((string leaf, MlxArray array) in tree.FlattenUnseen(path))
            {
                differences.Add($"'{leaf}' {what} {TreePaths.Describe(array)}");
            }
        }
    }
}
