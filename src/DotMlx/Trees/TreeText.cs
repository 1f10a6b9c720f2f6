using System.Text;

namespace DotMlx;

/// <summary>Prints a tree as an indented outline.</summary>
internal static class TreeText
{
    public static string Of(Tree tree)
    {
        StringBuilder text = new();
        tree = tree.Copy();
        switch (tree)
        {
            case TreeLeaf { Peek: var array }:
                text.Append(TreePaths.Describe(array));
                break;
            case { IsEmptyContainer: true }:
                text.Append(Empty(tree));
                break;
            default:
                Children(text, tree, 0);
                text.Length--;
                break;
        }

        return text.ToString();
    }

    private static void Children(StringBuilder text, Tree tree, int depth)
    {
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < tree.ChildCount; i++)
        {
            Node(text, tree is TreeList ? $"[{tree.NameAt(i)}]" : tree.NameAt(i), tree.ChildAt(i), depth);
        }
    }

    private static void Node(StringBuilder text, string name, Tree node, int depth)
    {
        text.Append(' ', 2 * depth).Append(name);
        switch (node)
        {
            case TreeLeaf { Peek: var array }:
                text.Append(": ").Append(TreePaths.Describe(array)).Append('\n');
                break;
            case { IsEmptyContainer: true }:
                text.Append(": ").Append(Empty(node)).Append('\n');
                break;
            default:
                text.Append('\n');
                Children(text, node, depth + 1);
                break;
        }
    }

    private static string Empty(Tree tree) => tree is TreeList ? "[]" : "{}";
}
