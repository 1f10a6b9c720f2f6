using System.Collections.Concurrent;

namespace DotMlx;

/// <summary>
/// Splits the arguments of a compiled function into arrays and everything else. The arrays become inputs of the graph; the structure and
/// the constants become part of the key under which MLX caches the graph.
/// </summary>
internal sealed class CompileKey
{
    // Every string has a unique number, so that no two strings share a graph.
    private static readonly ConcurrentDictionary<string, ulong> Texts = new(StringComparer.Ordinal);

    private enum Tag : ulong
    {
        Array = 1,
        Null,
        List,
        Dictionary,
        Text,
        Boolean,
        Integer,
        Unsigned,
        Floating,
        Number,
    }

    internal List<MlxArray> Arrays { get; } = [];

    internal List<ulong> Constants { get; } = [];

    /// <summary>
    /// One entry per array of the arguments, in order: the .NET number that it represents, or null for an input of the graph.
    /// </summary>
    internal List<MlxArray?> Numbers { get; } = [];

    internal void Clear()
    {
        Arrays.Clear();
        Constants.Clear();
        Numbers.Clear();
    }

    /// <exception cref="ArgumentException">The value isn't an array, a structure of arrays, or a constant.</exception>
    internal void Add(object? value)
    {
        switch (value)
        {
            case MlxArray array:
                Add(array);
                break;
            case null:
                Add(Tag.Null);
                break;
            case Tree tree:
                Add(tree);
                break;
            case IEnumerable<MlxArray> several:
                MlxArray[] items = several as MlxArray[] ?? [.. several];
                Add(Tag.List, (ulong)items.Length);
                foreach (MlxArray item in items)
                {
                    Add(item);
                }

                break;
            case Dictionary<string, MlxArray> named:
                Add(Tag.Dictionary, (ulong)named.Count);
                foreach ((string key, MlxArray item) in named)
                {
                    Constants.Add(NumberOf(key));
                    Add(item);
                }

                break;
            case string text:
                Add(Tag.Text, NumberOf(text));
                break;
            case bool flag:
                Add(Tag.Boolean, flag ? 1ul : 0);
                break;
            case ulong unsigned:
                Add(Tag.Unsigned, unsigned);
                break;
            case sbyte or short or int or long or byte or ushort or uint or char or Enum:
                Add(Tag.Integer, (ulong)Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));
                break;
            case double or float or Half:
                double number = value switch
                {
                    float single => single,
                    Half half => (double)half,
                    _ => (double)value,
                };
                Add(Tag.Floating, BitConverter.DoubleToUInt64Bits(number));
                break;
            default:
                object?[] parts = TreeDef.TupleItems(value) ?? value as object?[] ?? throw Unsupported(value);
                Add(Tag.List, (ulong)parts.Length);
                foreach (object? part in parts)
                {
                    Add(part);
                }

                break;
        }
    }

    private void Add(Tree tree)
    {
        if (tree is TreeLeaf leaf)
        {
            Add(leaf.Peek);
            return;
        }

        Add(tree is TreeList ? Tag.List : Tag.Dictionary, (ulong)tree.ChildCount);
        for (int i = 0; i < tree.ChildCount; i++)
        {
            if (tree is TreeDictionary)
            {
                Constants.Add(NumberOf(tree.NameAt(i)));
            }

            Add(tree.ChildAt(i));
        }
    }

    private void Add(MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);

        // A .NET number must stay weakly typed inside the function, where it adapts to the arrays next to it.
        if (array.Weak is { } weak)
        {
            (WeakScalar.NumberKind kind, ulong value, ulong imaginary) = weak.Identity;
            Add(Tag.Number, (ulong)kind);
            Constants.Add(value);
            Constants.Add(imaginary);
            Numbers.Add(array);
            return;
        }

        Add(Tag.Array);
        Arrays.Add(array);
        Numbers.Add(null);
    }

    private void Add(Tag tag) => Constants.Add((ulong)tag);

    private void Add(Tag tag, ulong value)
    {
        Constants.Add((ulong)tag);
        Constants.Add(value);
    }

    private static ulong NumberOf(string text) => Texts.GetOrAdd(text, static _ => (ulong)Interlocked.Increment(ref _lastText));

    private static long _lastText;

    private static ArgumentException Unsupported(object value) => new(
        $"A compiled function takes arrays, structures of arrays, and constants (numbers, strings, enums, "
        + $"null), but got a {value.GetType()}.");
}
