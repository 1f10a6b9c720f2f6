namespace DotMlx.LanguageModels;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model gave a token that ends the text.</summary>
    EndToken,

    /// <summary>A stop string appeared.</summary>
    StopString,

    /// <summary>There are as many tokens as were allowed.</summary>
    Length,
}

/// <summary>A token that was generated.</summary>
/// <param name="Token">The token.</param>
/// <param name="Text">
/// The text that is certain with it: nothing while a character is incomplete or a stop string may be beginning. The texts of all tokens
/// together are the generated text. Empty where the model has no tokenizer.
/// </param>
public sealed record GeneratedToken(int Token, string Text)
{
    /// <summary>The logarithm of the probability that the model gave it, before penalties and temperature; null unless asked for.</summary>
    public double? LogProbability { get; init; }

    /// <summary>The most likely tokens at this place, the most likely one first; empty unless asked for.</summary>
    public IReadOnlyList<TokenProbability> TopLogProbabilities { get; init; } = [];

    /// <summary>Why the generation ended with this token; null where it goes on.</summary>
    public FinishReason? FinishReason { get; init; }
}

/// <summary>A token and its probability.</summary>
/// <param name="Token">The token.</param>
/// <param name="LogProbability">The logarithm of its probability.</param>
public readonly record struct TokenProbability(int Token, double LogProbability);
