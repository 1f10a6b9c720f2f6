namespace DotMlx.LanguageModels;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model generated a token that ends the text.</summary>
    EndToken,

    /// <summary>A stop string appeared.</summary>
    StopString,

    /// <summary>The maximum number of tokens was reached.</summary>
    Length,
}

/// <summary>A generated token.</summary>
/// <param name="Token">The token.</param>
/// <param name="Text">
/// The text that is final with this token: none while a character is incomplete or a stop string may be starting. The texts of all tokens
/// together are the generated text. Empty if the model has no tokenizer.
/// </param>
public sealed record GeneratedToken(int Token, string Text)
{
    /// <summary>The logarithm of the model's probability for the token, before penalties and temperature; null unless requested.</summary>
    public double? LogProbability { get; init; }

    /// <summary>The most likely tokens at this position, the most likely first; empty unless requested.</summary>
    public IReadOnlyList<TokenProbability> TopLogProbabilities { get; init; } = [];

    /// <summary>
    /// The number of prompt tokens whose keys and values came from a cache. It is the same for all tokens of a text, and 0 in a batch.
    /// </summary>
    public int CachedPromptTokens { get; init; }

    /// <summary>Why the generation ended with this token; null if it continues.</summary>
    public FinishReason? FinishReason { get; init; }
}

/// <summary>A token and its probability.</summary>
/// <param name="Token">The token.</param>
/// <param name="LogProbability">The logarithm of its probability.</param>
public readonly record struct TokenProbability(int Token, double LogProbability);
