using System.Buffers;

namespace DotMlx.LanguageModels.Tokenizers.Decoders;

/// <summary>Removes the spaces that tokenizing English puts before punctuation and contractions.</summary>
internal static class CleanUp
{
    /// <summary>
    /// The characters that a rule of <see cref="Text"/> has: text can be cut after any other without changing the result.
    /// </summary>
    private static readonly SearchValues<char> InRules = SearchValues.Create(" .?!,'ntmsver");

    /// <summary>As the WordPiece decoder does it, token by token.</summary>
    public static string WordPiece(string text) => Rest(Start(text).Replace(" do not", " don't", StringComparison.Ordinal));

    /// <summary>As <c>clean_up_tokenization_spaces</c> asks for it, on the whole text.</summary>
    public static string Text(string text) => Rest(Start(text));

    /// <summary>How much of <paramref name="text"/> can be cleaned up before what follows is known.</summary>
    public static int SafeLength(ReadOnlySpan<char> text) => text.LastIndexOfAnyExcept(InRules) + 1;

    private static string Start(string text) => text
        .Replace(" .", ".", StringComparison.Ordinal).Replace(" ?", "?", StringComparison.Ordinal)
        .Replace(" !", "!", StringComparison.Ordinal).Replace(" ,", ",", StringComparison.Ordinal)
        .Replace(" ' ", "'", StringComparison.Ordinal).Replace(" n't", "n't", StringComparison.Ordinal)
        .Replace(" 'm", "'m", StringComparison.Ordinal);

    private static string Rest(string text) => text
        .Replace(" 's", "'s", StringComparison.Ordinal).Replace(" 've", "'ve", StringComparison.Ordinal)
        .Replace(" 're", "'re", StringComparison.Ordinal);
}
