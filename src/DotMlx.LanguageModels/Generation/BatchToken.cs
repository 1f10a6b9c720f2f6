namespace DotMlx.LanguageModels;

/// <summary>A token of one of several texts.</summary>
/// <param name="Index">The number of the text's prompt.</param>
/// <param name="Token">The token.</param>
public readonly record struct BatchToken(int Index, GeneratedToken Token);
