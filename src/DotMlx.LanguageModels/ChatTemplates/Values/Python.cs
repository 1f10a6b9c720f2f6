using System.Numerics;
using System.Runtime.CompilerServices;

namespace DotMlx.LanguageModels.ChatTemplates.Values;

/// <summary>
/// Python's rules for values: null (None), bool, long or <see cref="BigInteger"/> (only beyond long), double, string, <see cref="Markup"/>,
/// List&lt;object?&gt;, <see cref="Tuple"/>, <see cref="Mapping"/>, and values that templates create.
/// </summary>
internal static class Python
{
    public static string TypeName(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        string => "str",
        Markup => "Markup",
        List<object?> => "list",
        Tuple => "tuple",
        Mapping => "dict",
        View view => view.Type,
        Generator => "generator",
        Undefined => "Undefined",
        Namespace => "Namespace",
        Macro => "Macro",
        Loop => "LoopContext",
        _ => "function",
    };

    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        BigInteger number => !number.IsZero,
        double number => number != 0,
        string text => text.Length > 0,
        Markup markup => markup.Text.Length > 0,
        List<object?> list => list.Count > 0,
        Tuple tuple => tuple.Items.Count > 0,
        Mapping mapping => mapping.Count > 0,
        View view => view.Items.Count > 0,
        _ => true,
    };

    /// <summary>The text of a string or of safe text, or null.</summary>
    public static string? AsText(object? value) => value as string ?? (value as Markup)?.Text;

    public static bool IsInteger(object? value) => value is long or BigInteger;

    /// <summary>A number as an integer, with true and false as 1 and 0; null for other values.</summary>
    public static BigInteger? AsInteger(object? value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long number => number,
        BigInteger number => number,
        _ => null,
    };

    public static double? AsDouble(object? value) => value is double number ? number : (double?)AsInteger(value);

    public static object Integer(BigInteger value) => value >= long.MinValue && value <= long.MaxValue ? (long)value : value;

    public static bool AreEqual(object? left, object? right)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (AsText(left) is { } text)
            return text == AsText(right);
        if (AsInteger(left) is { } integer)
            return AsInteger(right) is { } other ? integer == other : right is double real && (double)integer == real;
        return (left, right) switch
        {
            (double a, _) => AsDouble(right) is { } b && a == b,
            (null, _) => right is null,
            (Undefined, _) => right is Undefined,
            (List<object?> a, List<object?> b) => AllEqual(a, b),
            (Tuple a, Tuple b) => AllEqual(a.Items, b.Items),
            (Mapping a, Mapping b) => a.Count == b.Count
                && a.Members.All(member => b.TryGet(member.Key, out object? value) && AreEqual(member.Value, value)),
            _ => Equals(left, right),
        };
    }

    private static bool AllEqual(IReadOnlyList<object?> left, IReadOnlyList<object?> right) =>
        left.Count == right.Count && left.Zip(right).All(pair => AreEqual(pair.First, pair.Second));

    /// <summary>Compares two values that have an order.</summary>
    public static int Compare(object? left, object? right, string operation)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (AsText(left) is { } a && AsText(right) is { } b)
            return PythonText.Compare(a, b);
        if (AsInteger(left) is { } m && AsInteger(right) is { } n)
            return m.CompareTo(n);
        if (AsDouble(left) is { } x && AsDouble(right) is { } y)
            return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
        if (Items(left, right) is var (first, second))
        {
            for (int i = 0; i < Math.Min(first.Count, second.Count); i++)
            {
                if (!AreEqual(first[i], second[i]))
                    return Compare(first[i], second[i], operation);
            }
            return first.Count.CompareTo(second.Count);
        }
        ThrowIfUndefined(left, right);
        throw new TemplateFault($"'{operation}' not supported between instances of '{TypeName(left)}' and '{TypeName(right)}'");
    }

    private static (IReadOnlyList<object?>, IReadOnlyList<object?>)? Items(object? left, object? right) => (left, right) switch
    {
        (List<object?> a, List<object?> b) => (a, b),
        (Tuple a, Tuple b) => (a.Items, b.Items),
        _ => null,
    };

    public static void ThrowIfUndefined(params ReadOnlySpan<object?> values)
    {
        foreach (object? value in values)
        {
            if (value is Undefined undefined)
                throw undefined.Fault();
        }
    }

    public static bool Contains(object? container, object? item)
    {
        if (AsText(container) is { } text)
        {
            return AsText(item) is { } part ? text.Contains(part, StringComparison.Ordinal)
                : throw (item is Undefined undefined ? undefined.Fault()
                    : new TemplateFault($"'in <string>' requires string as left operand, not {TypeName(item)}"));
        }
        return container is Mapping mapping ? mapping.TryGet(item, out _) : Iterate(container).Any(other => AreEqual(other, item));
    }

    public static bool IsIterable(object? value) =>
        value is string or Markup or List<object?> or Tuple or Mapping or View or Generator or Undefined;

    /// <summary>Returns the items of a list, the keys of a dictionary, or the characters of a string.</summary>
    public static IReadOnlyList<object?> Iterate(object? value) => value switch
    {
        List<object?> list => list,
        Tuple tuple => tuple.Items,
        Mapping mapping => [.. mapping.Keys],
        string text => [.. PythonText.Characters(text)],
        Markup markup => [.. PythonText.Characters(markup.Text)],
        View view => view.Items,
        Generator generator => generator.TakeAll(),
        Undefined => [],
        _ => throw new TemplateFault($"'{TypeName(value)}' object is not iterable"),
    };

    public static long Length(object? value) => value switch
    {
        string text => PythonText.Length(text),
        Markup markup => PythonText.Length(markup.Text),
        List<object?> list => list.Count,
        Tuple tuple => tuple.Items.Count,
        Mapping mapping => mapping.Count,
        View view => view.Items.Count,
        Undefined => 0,
        _ => throw new TemplateFault($"object of type '{TypeName(value)}' has no len()"),
    };

    public static int Index(object? value, string what = "an integer")
    {
        if (AsInteger(value) is { } number)
            return (int)BigInteger.Max(int.MinValue, BigInteger.Min(int.MaxValue, number));
        ThrowIfUndefined(value);
        throw new TemplateFault($"expected {what}, not '{TypeName(value)}'");
    }
}
