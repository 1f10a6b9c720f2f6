namespace DotMlx.LanguageModels.Tests;

/// <summary>Prompts of a model with known answers, and the tokens that follow them.</summary>
internal static class Prompts
{
    /// <summary>The prompt of a model's folder, and the tokens that the original generates after it.</summary>
    internal static (int[] Prompt, int[] Next) Of(string name)
    {
        using SafetensorsFile expected = Expected.Of(name);
        int[] all = expected["generated"].ToArray<int>();
        int length = expected["prompt"].Shape[1];
        return (all[..length], all[length..]);
    }

    internal static int[] Tokens(this IEnumerable<GeneratedToken> tokens) => [.. tokens.Select(token => token.Token)];

    /// <summary>Options that generate as the original did: a fixed number of tokens, whatever they are.</summary>
    internal static GenerationOptions Greedy { get; } = new() { MaxTokens = 24, EndTokens = [] };
}
