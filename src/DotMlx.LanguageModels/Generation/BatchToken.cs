namespace DotMlx.LanguageModels;

/// <summary>A generated token of one text in a batch.</summary>
/// <param name="Index">The index of the prompt.</param>
/// <param name="Token">The generated token.</param>
public readonly record struct BatchToken(int Index, GeneratedToken Token);
