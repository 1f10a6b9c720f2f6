namespace DotMlx.LanguageModels.FineTuning;

/// <summary>A training text as token IDs.</summary>
/// <param name="Tokens">The token IDs.</param>
/// <param name="PromptLength">The number of leading tokens that the loss excludes: the length of a masked prompt; otherwise, 0.</param>
public sealed record Example(int[] Tokens, int PromptLength);
