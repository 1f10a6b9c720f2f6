using System.Numerics;
using DotMlx.LanguageModels.ChatTemplates.Values;
using Tuple = DotMlx.LanguageModels.ChatTemplates.Values.Tuple;

namespace DotMlx.LanguageModels.ChatTemplates.Functions;

/// <summary>The tests, which follow <c>is</c>.</summary>
internal static class Tests
{
    public static bool Apply(string name, object? value, Arguments arguments)
    {
        object? Other() => arguments.Bind(name, "other")[0] is var other && ReferenceEquals(other, Arguments.Missing)
            ? throw new TemplateFault($"the test '{name}' needs an argument") : other;

        return name switch
        {
            "defined" => value is not Undefined,
            "undefined" => value is Undefined,
            "none" => value is null,
            "boolean" => value is bool,
            "true" => value is true,
            "false" => value is false,
            "integer" => value is long or BigInteger,
            "float" => value is double,
            "number" => value is bool or long or BigInteger or double,
            "string" => value is string or Markup,
            "mapping" => value is Mapping,
            "iterable" => Python.IsIterable(value),
            "sequence" => value is string or Markup or List<object?> or Tuple or Mapping or Undefined or View { HasPlaces: true },
            "callable" => value is Function or Macro or Undefined or Cycler,
            "lower" => PythonText.Write(value) is var text && IsCased(text, char.IsLower, char.IsUpper),
            "upper" => PythonText.Write(value) is var text && IsCased(text, char.IsUpper, char.IsLower),
            "escaped" => value is Markup,
            "odd" => IsEven(value) == false,
            "even" => IsEven(value) == true,
            "divisibleby" => Operators.Remainder(value, arguments.Bind(name, "num")[0]).IsZero,
            "sameas" => IsSame(value, Other()),
            "in" => Python.Contains(Other(), value),
            "eq" or "equalto" or "==" => Operators.Compare("==", value, Other()),
            "ne" or "!=" => Operators.Compare("!=", value, Other()),
            "lt" or "lessthan" or "<" => Operators.Compare("<", value, Other()),
            "le" or "<=" => Operators.Compare("<=", value, Other()),
            "gt" or "greaterthan" or ">" => Operators.Compare(">", value, Other()),
            "ge" or ">=" => Operators.Compare(">=", value, Other()),
            "filter" => Filters.Has(PythonText.Write(value)),
            _ => throw new TemplateFault($"the test '{name}' is not supported"),
        };
    }

    private static bool? IsEven(object? value)
    {
        Python.ThrowIfUndefined(value);
        return Python.AsInteger(value) is { } number ? number.IsEven
            : value is double real ? (real % 2) switch { 0 => true, 1 or -1 => false, _ => null }
            : throw new TemplateFault($"'{Python.TypeName(value)}' isn't a number");
    }

    private static bool IsSame(object? left, object? right) => (left, right) switch
    {
        (bool or long or string or null, _) => left?.GetType() == right?.GetType() && Equals(left, right),
        _ => ReferenceEquals(left, right),
    };

    /// <summary>Whether the text has letters of the wanted case and none of the other case.</summary>
    public static bool IsCased(string text, Func<char, bool> wanted, Func<char, bool> other) => text.Any(wanted) && !text.Any(other);
}
