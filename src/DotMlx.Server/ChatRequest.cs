using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace DotMlx.Server;

/// <summary>Parses a chat completion request of the OpenAI API.</summary>
internal static class ChatRequest
{
    private const int MaxTopLogprobs = 20;

    internal static (List<ChatMessage> Messages, ChatOptions Options) Read(RequestFields fields)
    {
        JsonArray messages = fields.List("messages") is { Count: > 0 } list
            ? list
            : throw RequestFields.Wrong("messages", "a list of at least one message");
        if (fields.Integer("n") is not (null or 1))
        {
            throw ApiException.Bad("'n' must be 1: send several requests, which are computed together.", "n");
        }
        bool logprobs = fields.Flag("logprobs");
        int? top = fields.Count("top_logprobs", most: MaxTopLogprobs);
        if (top is not null && !logprobs)
        {
            throw ApiException.Bad("'top_logprobs' needs 'logprobs' to be true.", "top_logprobs");
        }
        ChatOptions options = new()
        {
            MaxOutputTokens = fields.Integer("max_completion_tokens") ?? fields.Integer("max_tokens"),
            Temperature = fields.Number("temperature"),
            TopP = fields.Number("top_p"),
            TopK = fields.Integer("top_k"),
            FrequencyPenalty = fields.Number("frequency_penalty"),
            PresencePenalty = fields.Number("presence_penalty"),
            Seed = fields.Integer("seed"),
            StopSequences = fields.Texts("stop"),
            ResponseFormat = FormatOf(fields["response_format"]),
            Tools = ToolsOf(fields.List("tools")),
            ToolMode = ModeOf(fields["tool_choice"]),
        };
        options.AdditionalProperties = new()
            { ["logit_bias"] = fields.NumbersByToken("logit_bias"), ["logprobs"] = logprobs, ["top_logprobs"] = top };
        if (fields["chat_template_kwargs"] is JsonObject more)
        {
            options.AdditionalProperties["chat_template_kwargs"] = more.ToDictionary(item => item.Key, item => (object?)item.Value);
        }
        return ([.. messages.Select((message, i) => MessageOf(message as JsonObject, i))], options);
    }

    private static ChatMessage MessageOf(JsonObject? message, int index)
    {
        string place = $"messages[{index}]";
        RequestFields fields = new(message ?? throw RequestFields.Wrong(place, "an object"));
        string role = fields.Text("role") ?? throw RequestFields.Wrong(place + ".role", "a text");
        List<AIContent> contents = [];
        if (role == "tool")
        {
            string id = fields.Text("tool_call_id") ?? throw RequestFields.Wrong(place + ".tool_call_id", "a text");
            return new(ChatRole.Tool, [new FunctionResultContent(id, string.Concat(TextsOf(fields["content"], place)))]);
        }
        contents.AddRange(TextsOf(fields["content"], place).Select(text => new TextContent(text)));
        foreach (JsonNode? call in fields.List("tool_calls") ?? [])
        {
            contents.Add(CallOf(call, place));
        }
        return new(role switch
        {
            "system" or "developer" => ChatRole.System,
            "user" => ChatRole.User,
            "assistant" => ChatRole.Assistant,
            _ => throw ApiException.Bad($"'{place}.role' is '{role}'; expected system, developer, user, assistant, or tool.",
                place + ".role"),
        }, contents);
    }

    private static IEnumerable<string> TextsOf(JsonNode? content, string place)
    {
        switch (content)
        {
            case null:
                yield break;
            case JsonValue value when value.TryGetValue(out string? text):
                yield return text;
                break;
            case JsonArray parts:
                foreach (JsonNode? part in parts)
                {
                    RequestFields fields = new(part as JsonObject
                        ?? throw RequestFields.Wrong(place + ".content", "a text or a list of parts"));
                    yield return fields.Text("type") is null or "text"
                        ? fields.Text("text") ?? throw RequestFields.Wrong(place + ".content.text", "a text")
                        : throw ApiException.Bad($"'{place}.content' holds a part of the type '{fields.Text("type")}', but the model "
                        + $"reads text only.", place + ".content");
                }
                break;
            default:
                throw RequestFields.Wrong(place + ".content", "a text or a list of parts");
        }
    }

    private static FunctionCallContent CallOf(JsonNode? call, string place)
    {
        RequestFields fields = new(call as JsonObject ?? throw RequestFields.Wrong(place + ".tool_calls", "a list of calls"));
        RequestFields function = new(fields["function"] as JsonObject
            ?? throw RequestFields.Wrong(place + ".tool_calls.function", "an object"));
        string name = function.Text("name") ?? throw RequestFields.Wrong(place + ".tool_calls.function.name", "a text");
        string id = fields.Text("id") ?? throw RequestFields.Wrong(place + ".tool_calls.id", "a text");
        try
        {
            var arguments = JsonNode.Parse(function.Text("arguments") is { Length: > 0 } text ? text : "{}") as JsonObject;
            return new(id, name, arguments?.ToDictionary(item => item.Key, item => (object?)item.Value)
                ?? throw RequestFields.Wrong(place + ".tool_calls.function.arguments", "the JSON text of an object"));
        }
        catch (JsonException)
        {
            throw RequestFields.Wrong(place + ".tool_calls.function.arguments", "the JSON text of an object");
        }
    }

    private static List<AITool>? ToolsOf(JsonArray? tools)
    {
        if (tools is null)
        {
            return null;
        }
        List<AITool> declared = [];
        foreach (JsonNode? tool in tools)
        {
            RequestFields fields = new(tool as JsonObject ?? throw RequestFields.Wrong("tools", "a list of functions"));
            if (fields.Text("type") is not (null or "function"))
            {
                throw ApiException.Bad($"A tool has the type '{fields.Text("type")}'; functions are supported.", "tools");
            }
            RequestFields function = new(fields["function"] as JsonObject ?? throw RequestFields.Wrong("tools.function", "an object"));
            JsonNode schema = function["parameters"] ?? new JsonObject { ["type"] = "object", ["properties"] = new JsonObject() };
            declared.Add(AIFunctionFactory.CreateDeclaration(
                function.Text("name") is { Length: > 0 } name ? name : throw RequestFields.Wrong("tools.function.name", "a text"),
                function.Text("description"), JsonDocument.Parse(schema.ToJsonString()).RootElement.Clone()));
        }
        return declared;
    }

    private static ChatToolMode? ModeOf(JsonNode? choice) => choice switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out string? text) => text switch
        {
            "auto" => ChatToolMode.Auto,
            "none" => ChatToolMode.None,
            "required" => ChatToolMode.RequireAny,
            _ => throw RequestFields.Wrong("tool_choice", "auto or none"),
        },
        _ => ChatToolMode.RequireAny,
    };

    private static ChatResponseFormat? FormatOf(JsonNode? format)
    {
        if (format is null)
        {
            return null;
        }
        RequestFields fields = new(format as JsonObject ?? throw RequestFields.Wrong("response_format", "an object"));
        return fields.Text("type") switch
        {
            "text" => ChatResponseFormat.Text,
            "json_object" => ChatResponseFormat.Json,
            "json_schema" when fields["json_schema"] is JsonObject outer && outer["schema"] is JsonObject schema =>
                ChatResponseFormat.ForJsonSchema(JsonDocument.Parse(schema.ToJsonString()).RootElement.Clone()),
            _ => throw RequestFields.Wrong("response_format.type", "text, json_object, or json_schema with a schema"),
        };
    }
}
