using DotMlx.LanguageModels;

namespace DotMlx.Tool.Models;

/// <summary>Converts user input to tokens.</summary>
internal static class Prompts
{
    /// <summary>The tokenizer of a model that must have one.</summary>
    public static Tokenizer Tokenizer(LanguageModel model) =>
        model.Tokenizer ?? throw new ToolException($"the model in '{model.Folder}' has no tokenizer.json, so it cannot read text.");

    /// <summary>Returns the tokens of a question, with the model's chat template, or of an unchanged text.</summary>
    public static int[] Tokens(LanguageModel model, string text, string? system, bool raw)
    {
        Tokenizer tokenizer = Tokenizer(model);
        if (raw && system is not null)
        {
            throw new ToolException("--system needs the model's chat template, which --raw doesn't use.");
        }
        int[] tokens = raw || model.ChatTemplate is not { } template ? tokenizer.Encode(text) : tokenizer.Encode(
            template.Render(Messages(text, system), addGenerationPrompt: true, specialTokens: tokenizer.SpecialTokens),
                addSpecialTokens: false);
        return tokens.Length > 0 ? tokens : throw new ToolException("the prompt is empty.");
    }

    private static IEnumerable<object?> Messages(string text, string? system)
    {
        if (system is not null)
        {
            yield return Message("system", system);
        }
        yield return Message("user", text);
    }

    private static Dictionary<string, object?> Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
