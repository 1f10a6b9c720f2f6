using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace DotMlx.Extensions.AI;

/// <summary>
/// Reads function calls in the forms of various model families: JSON with <c>name</c> and <c>arguments</c> (Qwen, Hermes, Mistral) or
/// <c>parameters</c> (Llama), alone, in a list, or in a fenced block; a name followed by JSON (newer Mistral models); and Python calls with
/// keyword arguments (Gemma, Llama 3.2).
/// </summary>
internal static class ToolCallReader
{
    /// <summary>
    /// Returns the calls of a text that contains nothing else; none if the text contains anything else or a call of an unknown function.
    /// </summary>
    internal static IReadOnlyList<FunctionCallContent> Read(string text, IReadOnlyCollection<string> tools)
    {
        string body = Unwrap(text);
        List<FunctionCallContent>? calls = ReadJson(body) ?? ReadNamed(body, tools) ?? PythonCallReader.Read(body);
        return calls is { Count: > 0 } && calls.All(call => tools.Contains(call.Name)) ? calls : [];
    }

    internal static FunctionCallContent Call(string name, IDictionary<string, object?> arguments) =>
        // Mistral's templates accept only identifiers of nine letters and digits.
        new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5))[..9], name, arguments);

    /// <summary>Removes the markers of Llama and Mistral and the fence of a block.</summary>
    private static string Unwrap(string text)
    {
        string body = text.Trim();
        foreach (string marker in new[] { "<|python_tag|>", "[TOOL_CALLS]" })
        {
            body = body.StartsWith(marker, StringComparison.Ordinal) ? body[marker.Length..].Trim() : body;
        }
        if (!body.StartsWith("```", StringComparison.Ordinal))
        {
            return body;
        }
        int line = body.IndexOf('\n', StringComparison.Ordinal);
        int end = body.LastIndexOf("```", StringComparison.Ordinal);
        return line < 0 ? body : (end > line ? body[(line + 1)..end] : body[(line + 1)..]).Trim();
    }

    private static List<FunctionCallContent>? ReadJson(string text)
    {
        if (text.Length == 0 || text[0] is not ('{' or '['))
        {
            return null;
        }
        List<FunctionCallContent> calls = [];
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(text);
        while (rest.Length > 0)
        {
            try
            {
                Utf8JsonReader reader = new(rest);
                using JsonDocument document = JsonDocument.ParseValue(ref reader);
                if (!Collect(document.RootElement, calls))
                {
                    return null;
                }
                rest = rest[(int)reader.BytesConsumed..].TrimStart(" \r\n\t;,"u8);
            }
            catch (JsonException)
            {
                return null;
            }
        }
        return calls;
    }

    private static bool Collect(JsonElement element, List<FunctionCallContent> calls)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            return element.EnumerateArray().All(item => Collect(item, calls));
        }
        if (element.ValueKind != JsonValueKind.Object)
        {
            return false;
        }
        JsonElement call = element.TryGetProperty("function", out JsonElement function) && function.ValueKind == JsonValueKind.Object
            ? function : element;
        if (!call.TryGetProperty("name", out JsonElement name) || name.ValueKind != JsonValueKind.String
            || Arguments(call) is not { } arguments)
        {
            return false;
        }
        calls.Add(Call(name.GetString()!, arguments));
        return true;
    }

    private static Dictionary<string, object?>? Arguments(JsonElement call)
    {
        if (!call.TryGetProperty("arguments", out JsonElement arguments) && !call.TryGetProperty("parameters", out arguments))
        {
            return [];
        }
        return arguments.ValueKind switch
        {
            JsonValueKind.Null => [],
            JsonValueKind.String => Object(arguments.GetString()!),
            JsonValueKind.Object => Values(arguments),
            _ => null,
        };
    }

    /// <summary>Reads <c>name{…}</c> and <c>name[ARGS]{…}</c>.</summary>
    private static List<FunctionCallContent>? ReadNamed(string text, IReadOnlyCollection<string> tools)
    {
        int brace = text.IndexOf('{', StringComparison.Ordinal);
        string name = brace < 0 ? "" : text[..brace].Replace("[ARGS]", "", StringComparison.Ordinal).Trim();
        return tools.Contains(name) && Object(text[brace..]) is { } arguments ? [Call(name, arguments)] : null;
    }

    private static Dictionary<string, object?>? Object(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Values(document.RootElement) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Dictionary<string, object?> Values(JsonElement element)
    {
        Dictionary<string, object?> values = [];
        foreach (JsonProperty property in element.EnumerateObject())
        {
            values[property.Name] = property.Value.Clone();
        }
        return values;
    }
}
