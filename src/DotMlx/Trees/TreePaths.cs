using System.Globalization;

namespace DotMlx;

/// <summary>Dotted paths and the words for nodes in messages.</summary>
internal static class TreePaths
{
    /// <summary>A list with a higher index than this is not believed: the keys of such a node make a dictionary.</summary>
    public const int MaxListIndex = 1_000_000;

    public static string Join(string prefix, string key) => prefix.Length == 0 ? key : string.Concat(prefix, ".", key);

    public static string Index(int index) => index.ToString(CultureInfo.InvariantCulture);

    public static string Join(string prefix, int index) => Join(prefix, Index(index));

    public static string Quote(string path) => path.Length == 0 ? "the tree" : $"'{path}'";

    /// <summary>Reads a path component made of ASCII digits only as a list index.</summary>
    public static bool TryIndex(string part, out int index)
    {
        index = 0;
        return part.Length > 0 && char.IsAsciiDigit(part[0])
            && int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out index)
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
    public static string Find(Tree root, Tree node) => TryFind(root, node, "") ?? "";

    private static string? TryFind(Tree root, Tree node, string path)
    {
        if (ReferenceEquals(root, node))
        {
            return path;
        }

        switch (root)
        {
            case TreeList list:
                for (int i = 0; i < list.Count; i++)
                {
                    if (TryFind(list.ItemAt(i), node, Join(path, i)) is { } found)
                    {
                        return found;
                    }
                }

                return null;
            case TreeDictionary dictionary:
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    if (TryFind(value, node, Join(path, key)) is { } found)
                    {
                        return found;
                    }
                }

                return null;
            default:
                return null;
        }
    }
}
