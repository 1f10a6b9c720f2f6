using System.Collections.Frozen;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using DotMlx.Conformance.Wire;
using DotMlx.NN;

namespace DotMlx.Conformance.Binding;

/// <summary>
/// Converts Python's values to C# types. The cost of a conversion orders overloads: conversions that a compiler prefers cost less.
/// </summary>
internal static class Conversions
{
    private const int Widened = 1;
    private const int ToFloatingPoint = 3;
    private const int UserDefined = 4;

    /// <summary>A compiler converts a number to an array only as a last resort.</summary>
    private const int NumberAsArray = 5;

    /// <summary>Conversions that Python has and C# lacks: a bool to a number, a number to a pair.</summary>
    private const int OnlyPython = 7;

    private static readonly Lock Lock = new();
    private static readonly NullabilityInfoContext Nullability = new();
    private static readonly Dictionary<Type, MethodInfo[]> Operators = [];

    private static readonly FrozenSet<Type> Collections = new[]
    {
        typeof(ReadOnlySpan<>), typeof(IEnumerable<>), typeof(IReadOnlyList<>), typeof(IReadOnlyCollection<>), typeof(IList<>),
    }.ToFrozenSet();

    public static T To<T>(object? value) => (T)To(typeof(T), value)!;

    public static object? To(Type type, object? value)
    {
        int cost = 0;
        return TryConvert(value, type, ref cost, out object? result)
            ? result
            : throw new BindException($"{Description.Of(value)} is no {type}");
    }

    public static bool TryConvert(object? value, ParameterInfo parameter, ref int cost, out object? result)
    {
        if (value is not null)
        {
            return TryConvert(value, parameter.ParameterType, ref cost, out result);
        }

        result = null;
        Type type = parameter.ParameterType;
        if (type.IsByRefLike)
        {
            cost += Widened;
            return parameter.HasDefaultValue;
        }

        if (type.IsValueType)
        {
            return Nullable.GetUnderlyingType(type) is not null;
        }

        if (parameter is { HasDefaultValue: true, DefaultValue: null })
        {
            return true;
        }

        lock (Lock)
        {
            return Nullability.Create(parameter).WriteState != NullabilityState.NotNull;
        }
    }

    public static bool TryConvert(object? value, Type type, ref int cost, out object? result)
    {
        result = value;
        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return value is null || TryConvert(value, inner, ref cost, out result);
        }

        if (value is null)
        {
            return !type.IsValueType;
        }

        if (type == typeof(object) || (type.IsInstanceOfType(value) && value is not object?[]))
        {
            // As for a literal, int comes before long.
            cost += type == typeof(long) && value is long number && number == (int)number ? Widened : 0;
            return true;
        }

        return TryNumber(value, type, ref cost, out result) || TrySimple(value, type, ref cost, out result)
            || TryContainer(value, type, ref cost, out result) || TryOperator(value, type, ref cost, out result);
    }

    /// <summary>The element type of an array, a span, or a collection; null for other types.</summary>
    public static Type? ElementOf(Type type) =>
        type.IsArray ? type.GetElementType()
        : type.IsGenericType && Collections.Contains(type.GetGenericTypeDefinition()) ? type.GetGenericArguments()[0]
        : null;

    private static bool TryNumber(object value, Type type, ref int cost, out object? result)
    {
        (result, int own) = value switch
        {
            long number when type == typeof(int) && number == (int)number => ((object?)(int)number, 0),
            long number when type == typeof(ulong) => (unchecked((ulong)number), Widened + 1),
            long number when type == typeof(double) => ((double)number, ToFloatingPoint),
            long number when type == typeof(float) => ((float)number, ToFloatingPoint),
            double number when type == typeof(float) => ((float)number, Widened),
            bool flag when type == typeof(int) => (flag ? 1 : 0, OnlyPython),
            bool flag when type == typeof(long) => (flag ? 1L : 0L, OnlyPython),
            bool flag when type == typeof(MlxArray) => ((MlxArray)flag, NumberAsArray),
            long number when type == typeof(MlxArray) => (number == (int)number ? (MlxArray)(int)number : (MlxArray)number, NumberAsArray),
            ulong number when type == typeof(MlxArray) => ((MlxArray)number, NumberAsArray),
            double number when type == typeof(MlxArray) => ((MlxArray)number, NumberAsArray),
            Complex number when type == typeof(MlxArray) => ((MlxArray)number, NumberAsArray),
            _ => (null, 0),
        };
        cost += own;
        return result is not null;
    }

    private static bool TrySimple(object value, Type type, ref int cost, out object? result)
    {
        result = null;
        switch (value)
        {
            case string text when type.IsEnum:
                return Enum.TryParse(type, text.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out result);
            case MlxDevice device when type == typeof(DeviceType):
                result = device.Type;
                break;
            case byte[] bytes when type == typeof(Stream):
                result = new MemoryStream(bytes);
                break;
            case PythonFunction function when typeof(Delegate).IsAssignableFrom(type):
                result = Delegates.Make(type, function);
                break;
            case PythonFunction function when type == typeof(IUnaryModule):
                result = new Lambda(Delegates.Make<Func<MlxArray, MlxArray>>(function));
                break;
            case ThreadLocalStream stream when type == typeof(MlxStream):
                result = (MlxStream)stream;
                break;
            default:
                if (typeof(Tree).IsAssignableFrom(type) && Trees.From(value) is { } tree && type.IsInstanceOfType(tree))
                {
                    result = tree;
                }

                break;
        }

        return result is not null;
    }

    private static bool TryContainer(object value, Type type, ref int cost, out object? result)
    {
        result = null;
        if (value is PythonDictionary named)
        {
            return TryDictionary(named, type, ref cost, out result);
        }

        if (type.IsGenericType && type.IsValueType && typeof(ITuple).IsAssignableFrom(type))
        {
            return TryTuple(value, type, ref cost, out result);
        }

        if (Sequences.ItemsOf(value) is not { } items)
        {
            return false;
        }

        if (type == typeof(object[]))
        {
            result = items;
            return true;
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>))
        {
            return TryMake(items, type, ref cost, out result);
        }

        return ElementOf(type) is { } element && TryArray(items, element, ref cost, out result);
    }

    private static bool TryArray(object?[] items, Type element, ref int cost, out object? result)
    {
        result = null;
        Array array = Array.CreateInstance(element, items.Length);
        for (int i = 0; i < items.Length; i++)
        {
            if (!TryConvert(items[i], element, ref cost, out object? item))
            {
                return false;
            }

            array.SetValue(item, i);
        }

        result = array;
        return true;
    }

    private static bool TryTuple(object value, Type type, ref int cost, out object? result)
    {
        object?[]? items = Sequences.ItemsOf(value);
        if (items is null && value is long)
        {
            // Python repeats a number if one is needed for each axis.
            items = [.. Enumerable.Repeat(value, type.GetGenericArguments().Length)];
            cost += OnlyPython;
        }

        result = null;
        return items is not null && TryMake(items, type, ref cost, out result);
    }

    /// <summary>Creates a tuple or a pair from its parts.</summary>
    private static bool TryMake(object?[] items, Type type, ref int cost, out object? result)
    {
        result = null;
        Type[] parts = type.GetGenericArguments();
        if (items.Length != parts.Length)
        {
            return false;
        }

        object?[] converted = new object?[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!TryConvert(items[i], parts[i], ref cost, out converted[i]))
            {
                return false;
            }
        }

        result = Activator.CreateInstance(type, converted);
        return true;
    }

    private static bool TryDictionary(PythonDictionary named, Type type, ref int cost, out object? result)
    {
        result = null;
        Type[] parts = type.GetGenericArguments();
        if (parts is [{ IsGenericType: true } pair] && pair.GetGenericTypeDefinition() == typeof(KeyValuePair<,>))
        {
            parts = pair.GetGenericArguments();
        }

        if (parts.Length != 2)
        {
            return false;
        }

        object dictionary = Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(parts))!;
        MethodInfo add = dictionary.GetType().GetMethod("Add")!;
        foreach ((object? key, object? value) in named.Items)
        {
            if (!TryConvert(key, parts[0], ref cost, out object? k) || !TryConvert(value, parts[1], ref cost, out object? v))
            {
                return false;
            }

            add.Invoke(dictionary, [k, v]);
        }

        result = dictionary;
        return type.IsInstanceOfType(dictionary);
    }

    /// <summary>An implicit conversion that the type declares: a size from a number or a pair, a stream from a device.</summary>
    private static bool TryOperator(object value, Type type, ref int cost, out object? result)
    {
        result = null;
        if (type == typeof(MlxArray) || !IsOurs(type) || typeof(Tree).IsAssignableFrom(type))
        {
            return false;
        }

        (MethodInfo Method, object? Value, int Cost)? best = null;
        foreach (MethodInfo method in OperatorsOf(type))
        {
            int own = UserDefined;
            Type source = method.GetParameters()[0].ParameterType;
            object? converted = value;
            bool fits = IsOurs(source) && !source.IsEnum
                ? source.IsInstanceOfType(value)
                : TryConvert(value, source, ref own, out converted);
            if (fits && (best is null || own < best.Value.Cost))
            {
                best = (method, converted, own);
            }
        }

        if (best is not { } chosen)
        {
            return false;
        }

        cost += chosen.Cost;
        result = Invoker.For(chosen.Method)(null, [chosen.Value]);
        return true;
    }

    private static bool IsOurs(Type type) => type.Namespace?.StartsWith(nameof(DotMlx), StringComparison.Ordinal) == true;

    private static MethodInfo[] OperatorsOf(Type type)
    {
        lock (Lock)
        {
            return Operators.TryGetValue(type, out MethodInfo[]? known)
                ? known
                : Operators[type] = [.. type.GetMethods(BindingFlags.Public | BindingFlags.Static)
                    .Where(method => method.Name == "op_Implicit" && method.ReturnType == type)];
        }
    }
}
