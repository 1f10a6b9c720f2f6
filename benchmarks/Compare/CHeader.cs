using System.Text;
using System.Text.Json;

namespace DotMlx.Compare;

/// <summary>Writes the C declarations that <c>work.c</c> needs, from the same description as the C# imports.</summary>
internal static class CHeader
{
    internal static string Write(string apiJson)
    {
        using JsonDocument api = JsonDocument.Parse(apiJson);
        var text = new StringBuilder("#pragma once\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <stdio.h>\n");
        foreach (JsonElement e in api.RootElement.GetProperty("enums").EnumerateArray())
        {
            IEnumerable<string> members = e.GetProperty("members").EnumerateObject().Select(m => $"{m.Name} = {m.Value.GetInt32()}");
            text.Append("typedef enum { ").AppendJoin(", ", members).Append(" } ").Append(Name(e)).Append(";\n");
        }

        foreach (JsonElement s in api.RootElement.GetProperty("structs").EnumerateArray())
        {
            text.Append("typedef struct { ");
            foreach (JsonElement field in s.GetProperty("fields").EnumerateArray())
            {
                text.Append(Declare(field.GetProperty("type").GetString()!, Name(field))).Append("; ");
            }

            text.Append("} ").Append(Name(s)).Append(";\n");
        }

        foreach (JsonElement f in api.RootElement.GetProperty("functions").EnumerateArray())
        {
            // Complex numbers, half types, and C's variable arguments aren't needed here.
            string[] parameters = [.. f.GetProperty("parameters").EnumerateArray()
                .Select(p => Declare(p.GetProperty("type").GetString()!, Name(p)))];
            string signature =
                $"{f.GetProperty("returns").GetString()} {Name(f)}({(parameters.Length == 0 ? "void" : string.Join(", ", parameters))});\n";
            if (!signature.Contains("complex64_t") && !signature.Contains("float16_t") && !signature.Contains("...")
                && !signature.Contains("error_handler"))
            {
                text.Append(signature);
            }
        }

        return text.ToString();
    }

    private static string Name(JsonElement element) => element.GetProperty("name").GetString()!;

    // C writes the name of a function pointer inside its type.
    private static string Declare(string type, string name) =>
        type.Contains("(*)") ? type.Replace("(*)", $"(*{name})") : $"{type} {name}";
}
