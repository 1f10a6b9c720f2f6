using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace DotMlx.Server;

/// <summary>Handles <c>POST /v1/chat/completions</c>.</summary>
internal static class ChatEndpoint
{
    internal static async Task HandleAsync(ServedModel model, RequestFields fields, HttpResponse response, ServerMetrics metrics,
        CancellationToken cancellationToken)
    {
        (List<ChatMessage> messages, ChatOptions options) = ChatRequest.Read(fields);
        if (fields.Flag("stream"))
        {
            bool usage = fields["stream_options"] is JsonObject more && more["include_usage"] is JsonValue include
                && include.TryGetValue(out bool wanted) && wanted;
            await StreamAsync(model, messages, options, usage, response, metrics, cancellationToken).ConfigureAwait(false);
            return;
        }
        ChatResponse answer = await model.Chat.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        JsonObject message = new() { ["role"] = "assistant", ["content"] = answer.Text.Length > 0 ? answer.Text : null };
        AIContent[] contents = [.. answer.Messages.SelectMany(part => part.Contents)];
        string reasoning = string.Concat(contents.OfType<TextReasoningContent>().Select(part => part.Text));
        if (reasoning.Length > 0)
        {
            message["reasoning_content"] = reasoning;
        }
        FunctionCallContent[] calls = [.. contents.OfType<FunctionCallContent>()];
        if (calls.Length > 0)
        {
            message["tool_calls"] = new JsonArray([.. calls.Select((call, i) => (JsonNode)CallOf(call, i, withIndex: false))]);
        }
        metrics.Used(answer.Usage?.InputTokenCount ?? 0, answer.Usage?.OutputTokenCount ?? 0);
        JsonObject json = Envelope(answer.ResponseId!, "chat.completion", model.Id);
        json["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0, ["message"] = message, ["logprobs"] = model.LogProbabilities(answer.RawRepresentation),
            ["finish_reason"] = ReasonOf(answer.FinishReason),
        });
        json["usage"] = UsageOf(answer.Usage);
        await MlxServer.WriteAsync(response, json, cancellationToken).ConfigureAwait(false);
    }

    internal static JsonObject Envelope(string id, string kind, string model) => new()
    {
        ["id"] = (kind.StartsWith("chat", StringComparison.Ordinal) ? "chatcmpl-" : "cmpl-") + id,
        ["object"] = kind,
        ["created"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
        ["model"] = model,
    };

    internal static JsonObject UsageOf(UsageDetails? usage) => new()
    {
        ["prompt_tokens"] = usage?.InputTokenCount ?? 0,
        ["completion_tokens"] = usage?.OutputTokenCount ?? 0,
        ["total_tokens"] = usage?.TotalTokenCount ?? 0,
        ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = usage?.CachedInputTokenCount ?? 0 },
    };

    private static async Task StreamAsync(
        ServedModel model, List<ChatMessage> messages, ChatOptions options, bool withUsage, HttpResponse response, ServerMetrics metrics,
        CancellationToken cancellationToken)
    {
        EventStream events = new(response);
        string id = Guid.NewGuid().ToString("N");
        int calls = 0;
        JsonObject? logprobs = null;
        bool begun = false;
        UsageDetails? usage = null;
        await foreach (ChatResponseUpdate update in model.Chat.GetStreamingResponseAsync(messages, options, cancellationToken)
            .ConfigureAwait(false))
        {
            logprobs = model.LogProbabilities(update.RawRepresentation);
            foreach (AIContent content in update.Contents)
            {
                JsonObject? delta = content switch
                {
                    TextContent text => new() { ["content"] = text.Text },
                    TextReasoningContent reasoning => new() { ["reasoning_content"] = reasoning.Text },
                    FunctionCallContent call => new() { ["tool_calls"] = new JsonArray(CallOf(call, calls++, withIndex: true)) },
                    _ => null,
                };
                usage = content is UsageContent used ? used.Details : usage;
                if (delta is not null)
                {
                    await SendAsync(delta, null).ConfigureAwait(false);
                }
            }
            if (update.FinishReason is { } reason)
            {
                await SendAsync([], ReasonOf(reason)).ConfigureAwait(false);
            }
        }
        metrics.Used(usage?.InputTokenCount ?? 0, usage?.OutputTokenCount ?? 0);
        if (withUsage)
        {
            JsonObject last = Envelope(id, "chat.completion.chunk", model.Id);
            last["choices"] = new JsonArray();
            last["usage"] = UsageOf(usage);
            await events.SendAsync(last, cancellationToken).ConfigureAwait(false);
        }
        await events.EndAsync(cancellationToken).ConfigureAwait(false);

        Task SendAsync(JsonObject delta, string? reason)
        {
            if (!begun)
            {
                delta["role"] = "assistant";
                begun = true;
            }
            JsonObject chunk = Envelope(id, "chat.completion.chunk", model.Id);
            chunk["choices"] = new JsonArray(new JsonObject
            {
                ["index"] = 0, ["delta"] = delta, ["logprobs"] = logprobs, ["finish_reason"] = reason,
            });
            logprobs = null;
            return events.SendAsync(chunk, cancellationToken);
        }
    }

    private static JsonObject CallOf(FunctionCallContent call, int index, bool withIndex)
    {
        JsonObject json = new()
        {
            ["id"] = call.CallId,
            ["type"] = "function",
            ["function"] = new JsonObject
            {
                ["name"] = call.Name,
                ["arguments"] = JsonSerializer.Serialize(
                    call.Arguments ?? new Dictionary<string, object?>(),
                    AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(IDictionary<string, object?>))),
            },
        };
        if (withIndex)
        {
            json["index"] = index;
        }
        return json;
    }

    private static string ReasonOf(ChatFinishReason? reason) =>
        reason == ChatFinishReason.ToolCalls ? "tool_calls" : reason == ChatFinishReason.Length ? "length" : "stop";
}
