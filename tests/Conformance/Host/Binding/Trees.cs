using System.Numerics;
using DotMlx.Conformance.Wire;

namespace DotMlx.Conformance.Binding;

internal static class Trees
{
    /// <summary>
    /// Converts Python's lists and dictionaries to a <see cref="Tree"/>; null if a leaf is neither an array nor a number.
    /// </summary>
    public static Tree? From(object? value) => value switch
    {
        Tree tree => tree,
        MlxArray array => array,
        bool or long or double or ulong or Complex => Conversions.To<MlxArray>(value),
        PythonDictionary named => FromItems(named),
        _ when Sequences.ItemsOf(value) is { } items => FromItems(items),
        _ => null,
    };

    private static TreeList? FromItems(object?[] items)
    {
        TreeList list = [];
        foreach (object? item in items)
        {
            if (From(item) is not { } child)
            {
                return null;
            }

            list.Add(child);
        }

        return list;
    }

    private static TreeDictionary? FromItems(PythonDictionary named)
    {
        TreeDictionary dictionary = new();
        foreach ((object? key, object? value) in named.Items)
        {
            if (From(value) is not { } child)
            {
                return null;
            }

            dictionary.Add(key as string ?? key?.ToString() ?? "None", child);
        }

        return dictionary;
    }
}
