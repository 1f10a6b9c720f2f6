using System.Text.Json;

namespace DotMlx.Tests;

internal static partial class Golden
{
    /// <summary>Objects become dictionaries, lists become lists, and arrays and numbers become leaves.</summary>
    internal static Tree Tree(JsonElement element)
    {
        if (IsArray(element))
        {
            return Array(element);
        }

        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var dictionary = new TreeDictionary();
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    dictionary.Add(property.Name, Tree(property.Value));
                }

                return dictionary;
            case JsonValueKind.Array:
                var list = new TreeList();
                foreach (JsonElement item in element.EnumerateArray())
                {
                    list.Add(Tree(item));
                }

                return list;
            default:
                return MlxArray.Scalar((float)Number(element));
        }
    }
}
