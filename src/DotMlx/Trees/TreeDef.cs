namespace DotMlx;

/// <summary>
/// Flattens the values that functions under transforms take and return, and rebuilds such values with other arrays. A value is an <see
/// cref="MlxArray"/>; an array, list, or string dictionary of arrays; a <see cref="Tree"/>; or a tuple. Any other value has no arrays and
/// stays unchanged.
/// </summary>
internal static class TreeDef
{
    // Represents an array in a structure that must not keep arrays alive.
    private static readonly MlxArray Placeholder = 0;

    internal static MlxArray[] Flatten(object? value)
    {
        List<MlxArray> arrays = [];
        Flatten(value, arrays);
        return [.. arrays];
    }

    internal static void Flatten(object? value, List<MlxArray> arrays)
    {
        using Nesting level = Nesting.Enter();
        switch (value)
        {
            case null:
                break;
            case MlxArray array:
                arrays.Add(array);
                break;
            case Tree tree:
                tree.CollectLeaves(arrays, shown: false);
                break;
            case IEnumerable<MlxArray> several:
                arrays.AddRange(several);
                break;
            case Dictionary<string, MlxArray> named:
                arrays.AddRange(named.Values);
                break;
            case object?[] items:
                foreach (object? item in items)
                {
                    Flatten(item, arrays);
                }

                break;
            default:
                if (TupleItems(value) is { } parts)
                {
                    Flatten(parts, arrays);
                }

                break;
        }
    }

    /// <summary>Returns the structure of a value without its arrays, for <see cref="Unflatten{T}"/>.</summary>
    internal static object? Of(object? value) => value switch
    {
        null => null,
        MlxArray => Placeholder,
        MlxArray[] several => Enumerable.Repeat(Placeholder, several.Length).ToArray(),
        List<MlxArray> several => Enumerable.Repeat(Placeholder, several.Count).ToList(),
        Tree tree => Tree.Map(static _ => Placeholder, tree),
        Dictionary<string, MlxArray> named => named.ToDictionary(static item => item.Key, static _ => Placeholder),
        IEnumerable<MlxArray> several => several.Select(static _ => Placeholder).ToArray(),
        object?[] items => Array.ConvertAll(items, Of),
        _ => TupleItems(value) is { } parts ? TupleOf(value, Array.ConvertAll(parts, Of)) : value,
    };

    /// <summary>Fills a structure with arrays in the order of <see cref="Flatten(object?)"/>.</summary>
    internal static T Unflatten<T>(T structure, ReadOnlySpan<MlxArray> arrays)
    {
        int next = 0;
        return (T)Unflatten((object?)structure, arrays, ref next)!;
    }

    internal static object? Unflatten(object? structure, ReadOnlySpan<MlxArray> arrays, ref int next)
    {
        switch (structure)
        {
            case null:
                return null;
            case MlxArray:
                return arrays[next++];
            case MlxArray[] several:
                return Take(several.Length, arrays, ref next);
            case List<MlxArray> several:
                return Take(several.Count, arrays, ref next).ToList();
            case Tree tree:
                MlxArray[] leaves = Take(tree.LeafCount, arrays, ref next);
                int leaf = 0;
                return Tree.Map(_ => leaves[leaf++], tree);
            case Dictionary<string, MlxArray> named:
                Dictionary<string, MlxArray> filled = new(named.Count);
                foreach (string key in named.Keys)
                {
                    filled.Add(key, arrays[next++]);
                }

                return filled;
            case IEnumerable<MlxArray> several:
                return Take(several.Count(), arrays, ref next);
            case object?[] items:
                return UnflattenItems(items, arrays, ref next);
            default:
                return TupleItems(structure) is { } parts ? TupleOf(structure, UnflattenItems(parts, arrays, ref next)) : structure;
        }
    }

    /// <summary>Whether two tree definitions insert arrays in the same places, in the same order, among equal constants.</summary>
    internal static bool Same(object? left, object? right)
    {
        switch (left, right)
        {
            case (MlxArray, MlxArray):
                return true;
            case (Tree a, Tree b):
                return Tree.SameLayout(a, b);
            case (Dictionary<string, MlxArray> a, Dictionary<string, MlxArray> b):
                return a.Keys.SequenceEqual(b.Keys);
            case (IEnumerable<MlxArray> a, IEnumerable<MlxArray> b):
                return a.GetType() == b.GetType() && a.Count() == b.Count();
            case (object?[] a, object?[] b):
                return a.Length == b.Length && a.Zip(b).All(pair => Same(pair.First, pair.Second));
            case (not null, not null) when TupleItems(left) is { } a && TupleItems(right) is { } b:
                return left.GetType() == right.GetType() && Same(a, b);
            default:
                return Equals(left, right);
        }
    }

    private static MlxArray[] Take(int count, ReadOnlySpan<MlxArray> arrays, ref int next)
    {
        MlxArray[] taken = arrays.Slice(next, count).ToArray();
        next += count;
        return taken;
    }

    private static object?[] UnflattenItems(object?[] items, ReadOnlySpan<MlxArray> arrays, ref int next)
    {
        object?[] rebuilt = new object?[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            rebuilt[i] = Unflatten(items[i], arrays, ref next);
        }

        return rebuilt;
    }

    // Only closed types, because creating tuples of other types would need reflection that NativeAOT doesn't support.
    internal static object?[]? TupleItems(object value) => value switch
    {
        ValueTuple<MlxArray, MlxArray> t => [t.Item1, t.Item2],
        ValueTuple<MlxArray, MlxArray[]> t => [t.Item1, t.Item2],
        ValueTuple<MlxArray[], MlxArray> t => [t.Item1, t.Item2],
        ValueTuple<MlxArray[], MlxArray[]> t => [t.Item1, t.Item2],
        ValueTuple<MlxArray, Tree> t => [t.Item1, t.Item2],
        ValueTuple<Tree, MlxArray> t => [t.Item1, t.Item2],
        ValueTuple<Tree, Tree> t => [t.Item1, t.Item2],
        ValueTuple<MlxArray, MlxArray, MlxArray> t => [t.Item1, t.Item2, t.Item3],
        ValueTuple<MlxArray, MlxArray, Tree> t => [t.Item1, t.Item2, t.Item3],
        ValueTuple<MlxArray, Tree, Tree> t => [t.Item1, t.Item2, t.Item3],
        ValueTuple<MlxArray, MlxArray, MlxArray, MlxArray> t => [t.Item1, t.Item2, t.Item3, t.Item4],
        System.Runtime.CompilerServices.ITuple tuple => HoldsArrays(tuple) ? throw Unsupported(value) : null,
        _ => null,
    };

    private static object TupleOf(object kind, object?[] items) => kind switch
    {
        ValueTuple<MlxArray, MlxArray> => ((MlxArray)items[0]!, (MlxArray)items[1]!),
        ValueTuple<MlxArray, MlxArray[]> => ((MlxArray)items[0]!, (MlxArray[])items[1]!),
        ValueTuple<MlxArray[], MlxArray> => ((MlxArray[])items[0]!, (MlxArray)items[1]!),
        ValueTuple<MlxArray[], MlxArray[]> => ((MlxArray[])items[0]!, (MlxArray[])items[1]!),
        ValueTuple<MlxArray, Tree> => ((MlxArray)items[0]!, (Tree)items[1]!),
        ValueTuple<Tree, MlxArray> => ((Tree)items[0]!, (MlxArray)items[1]!),
        ValueTuple<Tree, Tree> => ((Tree)items[0]!, (Tree)items[1]!),
        ValueTuple<MlxArray, MlxArray, MlxArray> => ((MlxArray)items[0]!, (MlxArray)items[1]!, (MlxArray)items[2]!),
        ValueTuple<MlxArray, MlxArray, Tree> => ((MlxArray)items[0]!, (MlxArray)items[1]!, (Tree)items[2]!),
        ValueTuple<MlxArray, Tree, Tree> => ((MlxArray)items[0]!, (Tree)items[1]!, (Tree)items[2]!),
        ValueTuple<MlxArray, MlxArray, MlxArray, MlxArray> =>
            ((MlxArray)items[0]!, (MlxArray)items[1]!, (MlxArray)items[2]!, (MlxArray)items[3]!),
        _ => throw Unsupported(kind),
    };

    private static bool HoldsArrays(System.Runtime.CompilerServices.ITuple tuple)
    {
        for (int i = 0; i < tuple.Length; i++)
        {
            if (Flatten(tuple[i]).Length != 0)
            {
                return true;
            }
        }

        return false;
    }

    private static NotSupportedException Unsupported(object value) => new(
        $"A function under a transform cannot take or return a {value.GetType()} that holds arrays. Use a "
        + $"pair of arrays, MlxArray[], or a Tree.");
}
