using System.Reflection;
using System.Runtime.CompilerServices;
using DotMlx.Conformance.Wire;

namespace DotMlx.Conformance.Binding;

/// <summary>Chooses among overloads by the arguments from Python, as a C# compiler would.</summary>
internal static class Binder
{
    private static readonly object NotGiven = new();

    /// <summary>Python's names of parameters that C# names differently.</summary>
    private static readonly Dictionary<string, string[]> OtherNames = new(StringComparer.Ordinal)
    {
        ["axis"] = ["axes"],
        ["axes"] = ["axis"],
        ["indicesOrSections"] = ["indices", "sections"],
    };

    public static object? Call(MethodBase[] overloads, object? target, object?[] arguments, PythonDictionary named, string what)
    {
        (MethodBase Method, object?[] Values, int Cost)? best = null;
        foreach (MethodBase method in overloads)
        {
            if (Bind(method, arguments, named) is { } bound && (best is null || bound.Cost < best.Value.Cost))
            {
                best = (method, bound.Values, bound.Cost);
            }
        }

        return best is { } chosen
            ? Invoker.For(chosen.Method)(target, chosen.Values)
            : throw new BindException(
                $"{what}({Description.Of(arguments, named)}) fits none of {string.Join(" | ", overloads.Select(Description.Of))}");
    }

    private static (object?[] Values, int Cost)? Bind(MethodBase method, object?[] arguments, PythonDictionary named)
    {
        ParameterInfo[] parameters = method.GetParameters();
        object?[] values = new object?[parameters.Length];
        Array.Fill(values, NotGiven);
        int cost = 0;
        return BindPositions(parameters, arguments, values, ref cost) && BindNames(parameters, named, values, ref cost)
            && FillDefaults(parameters, values, ref cost)
            ? (values, cost)
            : null;
    }

    private static bool BindPositions(ParameterInfo[] parameters, object?[] arguments, object?[] values, ref int cost)
    {
        bool expands = parameters.Length > 0 && Expands(parameters[^1]);
        for (int i = 0; i < arguments.Length; i++)
        {
            if (expands && i == parameters.Length - 1)
            {
                return BindExpanded(parameters[i], arguments[i..], ref cost, out values[i]);
            }

            if (i >= parameters.Length || !Conversions.TryConvert(arguments[i], parameters[i], ref cost, out values[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The arguments of a <c>params</c> parameter: one list, or single values.</summary>
    private static bool BindExpanded(ParameterInfo parameter, object?[] rest, ref int cost, out object? value)
    {
        if (rest is [null or object?[] or PythonTuple] && Conversions.TryConvert(rest[0], parameter, ref cost, out value))
        {
            return true;
        }

        cost += 1;
        return Conversions.TryConvert(rest, parameter, ref cost, out value);
    }

    private static bool BindNames(ParameterInfo[] parameters, PythonDictionary named, object?[] values, ref int cost)
    {
        foreach ((object? key, object? value) in named.Items)
        {
            string name = (string)key!;
            int at = Array.FindIndex(parameters, parameter => string.Equals(parameter.Name, name, StringComparison.OrdinalIgnoreCase));
            if (at < 0 && OtherNames.TryGetValue(name, out string[]? others))
            {
                at = Array.FindIndex(parameters, parameter => others.Contains(parameter.Name));
            }

            if (at < 0 || values[at] != NotGiven || !Conversions.TryConvert(value, parameters[at], ref cost, out values[at]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool FillDefaults(ParameterInfo[] parameters, object?[] values, ref int cost)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] != NotGiven)
            {
                continue;
            }

            if (Expands(parameters[i]))
            {
                values[i] = Array.CreateInstance(Conversions.ElementOf(parameters[i].ParameterType)!, 0);
                cost += 1;
            }
            else if (parameters[i].HasDefaultValue)
            {
                values[i] = DefaultOf(parameters[i]);
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    private static bool Expands(ParameterInfo parameter) =>
        parameter.IsDefined(typeof(ParamArrayAttribute), false) || parameter.IsDefined(typeof(ParamCollectionAttribute), false);

    private static object? DefaultOf(ParameterInfo parameter)
    {
        Type type = parameter.ParameterType;
        Type? inner = Nullable.GetUnderlyingType(type);
        if (parameter.DefaultValue is { } given and not DBNull)
        {
            return (inner ?? type).IsEnum ? Enum.ToObject(inner ?? type, given) : given;
        }

        return type is { IsValueType: true, IsByRefLike: false } && inner is null ? Activator.CreateInstance(type) : null;
    }
}
