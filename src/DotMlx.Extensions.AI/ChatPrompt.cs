using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DotMlx.LanguageModels;
using Microsoft.Extensions.AI;

namespace DotMlx.Extensions.AI;

/// <summary>Converts messages and tools to tokens with the model's chat template.</summary>
internal sealed class ChatPrompt
{
    // The JSON is compact, because indentation costs tokens.
    private static readonly JsonSerializerOptions Compact = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    private readonly LanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly ChatTemplate _toolTemplate;

    internal ChatPrompt(LanguageModel model)
    {
        _model = model;
        _tokenizer = model.Tokenizer
            ?? throw new NotSupportedException($"The model in '{model.Folder}' has no tokenizer.json, so it can't read messages.");
        _template = model.ChatTemplate
            ?? throw new NotSupportedException(
                $"The model in '{model.Folder}' has no chat template. It is probably a base model; use its instruction-tuned version, "
                + "or generate from plain text with LanguageModel.GenerateAsync.");
        _toolTemplate = ChatTemplate.NamesIn(model.Folder).Contains("tool_use") ? ChatTemplate.Load(model.Folder, "tool_use")! : _template;
    }

    /// <summary>
    /// Creates the tokens of a request, the names of the tools that it offers, and whether the answer begins with reasoning.
    /// </summary>
    internal (int[] Tokens, IReadOnlyCollection<string> Tools, bool BeginsWithReasoning) Create(IEnumerable<ChatMessage> messages,
        ChatOptions? options)
    {
        AIFunctionDeclaration[] tools = Offered(options);
        ChatTemplate template = tools.Length > 0 ? _toolTemplate : _template;
        if (tools.Length > 0 && !template.Source.Contains("tools", StringComparison.Ordinal))
        {
            throw new NotSupportedException(
                $"The chat template of the model in '{_model.Folder}' doesn't support tools. "
                + "Use a model that was trained to call functions, or pass no tools.");
        }
        string text = template.Render(
            [.. Convert(messages, options)],
            tools.Length > 0 ? [.. tools.Select(Describe)] : null,
            addGenerationPrompt: true,
            _tokenizer.SpecialTokens,
            options?.AdditionalProperties?.TryGetValue("chat_template_kwargs", out object? more) == true
                ? more as IReadOnlyDictionary<string, object?>
                    ?? throw new ArgumentException("'chat_template_kwargs' must be an IReadOnlyDictionary<string, object?>.",
                        nameof(options))
                : null);
        bool reasons = text.TrimEnd().EndsWith("<think>", StringComparison.Ordinal);
        return (_tokenizer.Encode(text, addSpecialTokens: false), [.. tools.Select(tool => tool.Name)], reasons);
    }

    private static AIFunctionDeclaration[] Offered(ChatOptions? options)
    {
        if (options?.Tools is not { Count: > 0 } tools || options.ToolMode is NoneChatToolMode)
        {
            return [];
        }
        return options.ToolMode is RequiredChatToolMode
            ? throw new NotSupportedException("ChatToolMode.RequireAny and RequireSpecific aren't supported: "
                + "nothing forces a local model to call a function. Use ChatToolMode.Auto.")
            : [.. tools.Select(tool => tool as AIFunctionDeclaration
                ?? throw new NotSupportedException(
                    $"The tool '{tool.Name}' ({tool.GetType().Name}) isn't a function, and a local model has no hosted tools."))];
    }

    private static Dictionary<string, object?> Describe(AIFunctionDeclaration tool) => new()
    {
        ["type"] = "function",
        ["function"] = new Dictionary<string, object?>
        {
            ["name"] = tool.Name,
            ["description"] = tool.Description,
            ["parameters"] = tool.JsonSchema,
        },
    };

    private static IEnumerable<object?> Convert(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        string[] instructions = [.. new[] { options?.Instructions, FormatInstruction(options?.ResponseFormat) }.OfType<string>()];
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        bool first = true;
        foreach (ChatMessage message in messages)
        {
            if (first && instructions.Length > 0)
            {
                // Templates accept one system message, at the start.
                bool isSystem = message.Role == ChatRole.System;
                yield return Message("system", string.Join("\n\n", isSystem ? [message.Text, .. instructions] : instructions));
                first = false;
                if (isSystem)
                {
                    continue;
                }
            }
            first = false;
            foreach (object? converted in Convert(message, names))
            {
                yield return converted;
            }
        }
    }

    private static IEnumerable<object?> Convert(ChatMessage message, Dictionary<string, string> names)
    {
        List<string> texts = [];
        List<object?> calls = [];
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextContent text:
                    texts.Add(text.Text);
                    break;
                case FunctionCallContent call:
                    names[call.CallId] = call.Name;
                    calls.Add(new Dictionary<string, object?>
                    {
                        ["type"] = "function",
                        ["id"] = call.CallId,
                        ["function"] = new Dictionary<string, object?>
                        {
                            ["name"] = call.Name,
                            ["arguments"] = ToJson(call.Arguments ?? new Dictionary<string, object?>()),
                        },
                    });
                    break;
                case FunctionResultContent result:
                    Dictionary<string, object?> answer = Message("tool", ResultText(result));
                    answer["tool_call_id"] = result.CallId;
                    answer["name"] = names.GetValueOrDefault(result.CallId);
                    yield return answer;
                    break;
                case TextReasoningContent or UsageContent:
                    // Templates omit earlier reasoning.
                    break;
                default:
                    throw new NotSupportedException($"The model reads text only, but a message holds {content.GetType().Name}.");
            }
        }
        if (message.Role == ChatRole.Tool)
        {
            yield break;
        }
        Dictionary<string, object?> converted = Message(message.Role.Value, texts.Count == 0 && calls.Count > 0 ? null
            : string.Concat(texts));
        if (calls.Count > 0)
        {
            converted["tool_calls"] = calls;
        }
        yield return converted;
    }

    private static Dictionary<string, object?> Message(string role, string? content) => new() { ["role"] = role, ["content"] = content };

    private static string ResultText(FunctionResultContent result) => result switch
    {
        { Result: string text } => text,
        { Result: JsonElement { ValueKind: JsonValueKind.String } element } => element.GetString()!,
        { Result: null, Exception: { } exception } => $"Error: {exception.Message}",
        { Result: null } => "null",
        _ => ToJson(result.Result).GetRawText(),
    };

    private static JsonElement ToJson(object value)
    {
        JsonTypeInfo type = Compact.GetTypeInfo(value is IDictionary<string, object?> ? typeof(IDictionary<string, object?>)
            : value.GetType());
        return JsonSerializer.SerializeToElement(value, type);
    }

    private static string? FormatInstruction(ChatResponseFormat? format) => format switch
    {
        ChatResponseFormatJson { Schema: { } schema } =>
            $"Answer with a JSON object only, without any other text. It must follow this JSON schema:\n{schema.GetRawText()}",
        ChatResponseFormatJson => "Answer with a JSON object only, without any other text.",
        _ => null,
    };
}
