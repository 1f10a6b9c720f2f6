using System.Collections;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using DotMlx.LanguageModels.ChatTemplates.Values;

namespace DotMlx.LanguageModels.ChatTemplates;

/// <summary>Converts a caller's values to template values. Unknown types are rejected, because templates don't use reflection.</summary>
internal static class Conversion
{
    private const int MaxDepth = 256;

    public static object? ToValue(object? value, string name, int depth = 0)
    {
        if (depth > MaxDepth)
            throw new ArgumentException($"'{name}' is nested more than {MaxDepth} deep.", nameof(value));
        return value switch
        {
            null or bool or string or long => value,
            int or short or sbyte or byte or ushort or uint => Convert.ToInt64(value, null),
            ulong number => Python.Integer(number),
            BigInteger number => Python.Integer(number),
            double or float or Half => Convert.ToDouble(value is Half half ? (double)half : value, null),
            decimal number => number == Math.Truncate(number) ? Python.Integer(new BigInteger(number)) : (double)number,
            JsonElement element => OfElement(element),
            JsonNode node => OfText(node.ToJsonString()),
            JsonDocument document => OfElement(document.RootElement),
            IDictionary dictionary =>
                OfMembers(dictionary.Keys.Cast<object>().Select(key => (Key(key, name), dictionary[key])), name, depth),
            IEnumerable<KeyValuePair<string, object?>> members =>
                OfMembers(members.Select(member => (member.Key, member.Value)), name, depth),
            IEnumerable<KeyValuePair<string, string>> members =>
                OfMembers(members.Select(member => (member.Key, (object?)member.Value)), name, depth),
            IEnumerable items => Listed(items.Cast<object?>().Select((item, i) => ToValue(item, $"{name}[{i}]", depth + 1))),
            _ => throw new ArgumentException(
                $"'{name}' is of the type {value.GetType()}. A template takes null, bool, numbers, strings, lists, "
                + "dictionaries with string keys, and JSON.", nameof(value)),
        };
    }

    private static List<object?> Listed(IEnumerable<object?> items) => [.. items];

    private static string Key(object key, string name) =>
        key as string ?? throw new ArgumentException(
            $"'{name}' is a dictionary with keys of the type {key.GetType()}; they must be strings.", nameof(key));

    private static Mapping OfMembers(IEnumerable<(string Key, object? Value)> members, string name, int depth)
    {
        var mapping = new Mapping();
        foreach ((string key, object? value) in members)
            mapping.Set(key, ToValue(value, $"{name}.{key}", depth + 1));
        return mapping;
    }

    private static object? OfText(string json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
        return OfElement(document.RootElement);
    }

    private static object? OfElement(JsonElement element)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var mapping = new Mapping();
                foreach (JsonProperty member in element.EnumerateObject())
                    mapping.Set(member.Name, OfElement(member.Value));
                return mapping;
            case JsonValueKind.Array:
                return Listed(element.EnumerateArray().Select(OfElement));
            case JsonValueKind.String:
                return element.GetString();
            case JsonValueKind.Number:
                return element.TryGetInt64(out long number) ? number : OfNumber(element.GetRawText());
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            default:
                return null;
        }
    }

    private static object OfNumber(string text) => text.AsSpan().IndexOfAny(".eE") < 0
        ? Python.Integer(BigInteger.Parse(text, System.Globalization.CultureInfo.InvariantCulture))
        : double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
