using System.Text;

namespace DotMlx;

/// <summary>
/// Paths in files, for trees whose keys can't be expressed as dotted paths. A dot in a name is written <c>\.</c>, a backslash is written
/// <c>\\</c>, an empty name is written <c>\e</c>, and a dictionary key that looks like a list index is preceded by a backslash.
/// </summary>
internal static class EscapedPaths
{
    private const string EmptyName = "\\e";

    // The key of the metadata in a safetensors file, which no array can use.
    private const string Taken = "__metadata__";

    /// <summary>Whether dotted paths of this tree would produce a different tree.</summary>
    public static bool AreNeeded(Tree tree)
    {
        bool indexed = tree is TreeDictionary && tree.LeafCount > 0;
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < tree.ChildCount; i++)
        {
            if (tree.ChildAt(i).LeafCount == 0)
            {
                continue;
            }

            string name = tree.NameAt(i);
            indexed &= TreePaths.TryIndex(name, out _);
            if (name.Length == 0 || name == Taken || name.Contains('.', StringComparison.Ordinal) || AreNeeded(tree.ChildAt(i)))
            {
                return true;
            }
        }

        return indexed;
    }

    public static void List(Tree tree, string path, List<KeyValuePair<string, MlxArray>> items)
    {
        if (tree is TreeLeaf leaf)
        {
            items.Add(KeyValuePair.Create(path, leaf.Peek));
            return;
        }

        using Nesting level = Nesting.Enter();
        for (int i = 0; i < tree.ChildCount; i++)
        {
            string name = tree is TreeList ? tree.NameAt(i) : Escape(tree.NameAt(i));
            List(tree.ChildAt(i), TreePaths.Join(path, name), items);
        }
    }

    /// <summary>Splits a path into keys. Dictionary keys that look like indices keep their backslash.</summary>
    public static List<string> Split(string path)
    {
        List<string> names = [];
        StringBuilder name = new();
        for (int i = 0; i <= path.Length; i++)
        {
            if (i == path.Length || path[i] == '.')
            {
                names.Add(name.ToString());
                name.Clear();
            }
            else if (path[i] == '\\' && i + 1 < path.Length)
            {
                name.Append(path[i]).Append(path[++i]);
            }
            else
            {
                name.Append(path[i]);
            }
        }

        return names;
    }

    /// <summary>Returns the key for a name that <see cref="Split"/> returned.</summary>
    public static string Unescape(string written)
    {
        if (written == EmptyName)
        {
            return "";
        }

        StringBuilder name = new(written.Length);
        for (int i = 0; i < written.Length; i++)
        {
            if (written[i] == '\\' && i + 1 < written.Length)
            {
                i++;
            }

            name.Append(written[i]);
        }

        return name.ToString();
    }

    private static string Escape(string name) => name.Length == 0 ? EmptyName
        : name == Taken || TreePaths.TryIndex(name, out _) ? "\\" + name
        : name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(".", "\\.", StringComparison.Ordinal);
}
