using System.Globalization;

namespace DotMlx;

/// <summary>
/// Handles dotted paths in Python's format, and names nodes in messages. A name is one key; a path consists of names with dots between
/// them. A dot inside a key looks like a dot between keys, so code that follows a path asks the nodes for their keys and never splits the
/// path beforehand.
/// </summary>
internal static class TreePaths
{
    /// <summary>The highest list index that a key may represent. A node with a higher number among its keys becomes a dictionary.</summary>
    public const int MaxListIndex = 1_000_000;

    /// <summary>Returns the path of a child. Null is the path of the root; "" is the path of a child with an empty name.</summary>
    public static string Below(string? path, string name) => path is null ? name : string.Concat(path, ".", name);

    /// <summary>
    /// Like <see cref="Below"/>, for names that aren't empty, so that "" can be the path of the root. Both arguments may be paths.
    /// </summary>
    public static string Join(string path, string name) => path.Length == 0 ? name : string.Concat(path, ".", name);

    public static string Join(string path, int index) => Join(path, Index(index));

    /// <summary>
    /// Lists the ways to split the first name off a path, the shortest name first. The tail is null if the name is the whole path.
    /// </summary>
    public static IEnumerable<(string Name, string? Tail)> Heads(string path)
    {
        for (int dot = path.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = path.IndexOf('.', dot + 1))
        {
            yield return (path[..dot], path[(dot + 1)..]);
        }

        yield return (path, null);
    }

    public static string Index(int index) => index.ToString(CultureInfo.InvariantCulture);

    public static string Quote(string path) => path.Length == 0 ? "the tree" : $"'{path}'";

    /// <summary>
    /// Parses a name as a list index. Only canonical digits are accepted, so not "00", "+1", or digits of other scripts.
    /// </summary>
    public static bool TryIndex(string name, out int index)
    {
        index = 0;
        return name.Length > 0 && char.IsAsciiDigit(name[0]) && (name[0] != '0' || name.Length == 1)
            && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out index)
            && index <= MaxListIndex;
    }

    public static string Describe(MlxArray array)
    {
        if (array.IsDisposed)
        {
            return "disposed";
        }

        return $"{array.DType.ToString().ToLowerInvariant()} [{string.Join(", ", array.Shape.ToArray())}]";
    }

    /// <summary>Finds the path of a node inside a tree by reference, for messages about a node whose path wasn't recorded.</summary>
    public static string Find(Tree root, Tree node) => TryFind(root, node, null) ?? "";

    private static string? TryFind(Tree root, Tree node, string? path)
    {
        if (ReferenceEquals(root, node))
        {
            return path ?? "";
        }

        using Nesting level = Nesting.Enter();
        for (int i = 0; i < root.ChildCount; i++)
        {
            if (TryFind(root.ChildAt(i), node, Below(path, root.NameAt(i))) is { } found)
            {
                return found;
            }
        }

        return null;
    }
}
