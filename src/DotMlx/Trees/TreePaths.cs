using System.Globalization;

namespace DotMlx;

/// <summary>
/// Dotted paths, as Python writes them, and the words for nodes in messages. A name is one key; a path is names with dots between them. A dot
/// inside a key looks like one between keys, so whoever follows a path asks the nodes for their keys, and never splits it beforehand.
/// </summary>
internal static class TreePaths
{
    /// <summary>A list with a higher index than this is not believed: the keys of such a node make a dictionary.</summary>
    public const int MaxListIndex = 1_000_000;

    /// <summary>The path of a child; null is the path of the root, "" that of a child with an empty name.</summary>
    public static string Below(string? path, string name) => path is null ? name : string.Concat(path, ".", name);

    /// <summary>As <see cref="Below"/> where names are not empty, so that "" can be the path of the root. Both may be paths.</summary>
    public static string Join(string path, string name) => path.Length == 0 ? name : string.Concat(path, ".", name);

    public static string Join(string path, int index) => Join(path, Index(index));

    /// <summary>The ways to take the first name off a path, the shortest name first; the rest is null where the name is all.</summary>
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

    /// <summary>Reads a name as a list index: only the digits that an index is written with, so not "00", "+1" or digits of other scripts.</summary>
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

    /// <summary>The path of a node inside a tree, found by reference: for messages, when it is too late to have kept it.</summary>
    public static string Find(Tree root, Tree node) => TryFind(root, node, null) ?? "";

    private static string? TryFind(Tree root, Tree node, string? path)
    {
        if (ReferenceEquals(root, node))
        {
            return path ?? "";
        }

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
