using System.Text.Json;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// Tokenizes a JSON line in one of the four formats of mlx-lm: <c>messages</c>, <c>messages</c> with <c>tools</c>, <c>prompt</c> and
/// <c>completion</c>, or <c>text</c>.
/// </summary>
internal sealed class ExampleReader
{
    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate? _template;
    private readonly string _folder;
    private readonly bool _maskPrompt;

    internal ExampleReader(LanguageModel model, DataOptions options)
    {
        _tokenizer = model.Tokenizer
            ?? throw new NotSupportedException($"'{model.Folder}' has no tokenizer.json, so text can't be tokenized.");
        (_template, _folder, _maskPrompt) = (model.ChatTemplate, model.Folder, options.MaskPrompt);
    }

    /// <summary>Parses and tokenizes a line.</summary>
    /// <exception cref="FormatException">The line has none of the formats.</exception>
    /// <exception cref="JsonException">The line isn't valid JSON.</exception>
    /// <exception cref="ChatTemplateException">The chat template of the model rejects the conversation.</exception>
    internal Example Read(ReadOnlyMemory<byte> line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"it is {Name(root.ValueKind)}, expected an object");
        }
        if (root.TryGetProperty("prompt", out JsonElement prompt) && root.TryGetProperty("completion", out JsonElement completion))
        {
            return Conversation([Message("user", Text(prompt, "prompt")), Message("assistant", Text(completion, "completion"))],
                ToolsOf(root), answers: true);
        }
        if (root.TryGetProperty("messages", out JsonElement messages))
        {
            return Conversation(MessagesOf(messages), ToolsOf(root), answers: null);
        }
        if (root.TryGetProperty("text", out JsonElement text))
        {
            return PlainText(Text(text, "text"));
        }
        string names = string.Join(", ", root.EnumerateObject().Take(8).Select(property => $"'{property.Name}'"));
        throw new FormatException($"it has {(names.Length > 0 ? names : "nothing")}, expected 'messages', "
            + $"'prompt' and 'completion', or 'text'");
    }

    private Example PlainText(string text)
    {
        if (_maskPrompt)
        {
            throw new FormatException("it has 'text', which has no prompt to mask: set MaskPrompt to false, "
                + "or use 'messages' or 'prompt' and 'completion'");
        }
        int[] tokens = _tokenizer.Encode(text);
        return new(_tokenizer.EosId is { } end && (tokens.Length == 0 || tokens[^1] != end) ? [.. tokens, end] : tokens, 0);
    }

    private Example Conversation(List<object?> messages, List<object?>? tools, bool? answers)
    {
        int[] tokens = Render(messages, tools, addGenerationPrompt: false);
        if (!_maskPrompt)
        {
            return new(tokens, 0);
        }
        if (messages.Count < 2)
        {
            throw new FormatException("it has only one message, so there is no prompt to mask: expected at least two messages");
        }
        bool prompts = answers
            ?? (messages[^1] is JsonElement last && last.TryGetProperty("role", out JsonElement role) && role.ValueEquals("assistant"));
        return new(tokens, Render(messages[..^1], tools, prompts).Length);
    }

    private int[] Render(List<object?> messages, List<object?>? tools, bool addGenerationPrompt)
    {
        ChatTemplate template = _template
            ?? throw new FormatException($"it is a conversation, but the model in '{_folder}' has no chat template: use 'text'");

        // The chat template already contains the special tokens.
        return _tokenizer.Encode(
            template.Render(messages, tools, addGenerationPrompt, specialTokens: _tokenizer.SpecialTokens), addSpecialTokens: false);
    }

    private static List<object?> MessagesOf(JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            throw new FormatException("'messages' isn't a list of messages");
        }
        List<object?> list = [];
        foreach (JsonElement message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out JsonElement role)
                || role.ValueKind != JsonValueKind.String)
            {
                throw new FormatException($"message {list.Count + 1} of 'messages' has no 'role'");
            }
            list.Add(message);
        }
        return list;
    }

    private static List<object?>? ToolsOf(JsonElement root)
    {
        if (!root.TryGetProperty("tools", out JsonElement tools) || tools.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        return tools.ValueKind == JsonValueKind.Array
            ? [.. tools.EnumerateArray().Select(tool => (object?)tool)]
            : throw new FormatException($"'tools' is {Name(tools.ValueKind)}, expected a list");
    }

    private static Dictionary<string, object?> Message(string role, string content) =>
        new(StringComparer.Ordinal) { ["role"] = role, ["content"] = content };

    private static string Text(JsonElement element, string name) => element.ValueKind == JsonValueKind.String
        ? element.GetString()!
        : throw new FormatException($"'{name}' is {Name(element.ValueKind)}, expected a string");

    private static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
