namespace DotMlx.LanguageModels.FineTuning;

/// <summary>One text to learn from, as tokens.</summary>
/// <param name="Tokens">The tokens.</param>
/// <param name="PromptLength">How many of the first tokens are not learned: the prompt, where it is masked; else 0.</param>
public sealed record Example(int[] Tokens, int PromptLength);
