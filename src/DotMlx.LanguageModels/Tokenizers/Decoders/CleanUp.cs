using System.Buffers;

namespace DotMlx.LanguageModels.Tokenizers.Decoders;

/// <summary>Removes the spaces that English tokenization leaves before punctuation and contractions.</summary>
internal static class CleanUp
{
    /// <summary>
    /// The characters in the rules of <see cref="Text"/>. Text can be split after any other character without changing the result.
    /// </summary>
    private static readonly SearchValues<char> InRules = SearchValues.Create(" .?!,'ntmsver");

    /// <summary>Cleans up one token, as the WordPiece decoder does.</summary>
    public static string WordPiece(string text) => Rest(Start(text).Replace(" do not", " don't", StringComparison.Ordinal));

    /// <summary>Cleans up the whole text, as <c>clean_up_tokenization_spaces</c> requires.</summary>
    public static string Text(string text) => Rest(Start(text));

    /// <summary>The length of the part of <paramref name="text"/> that can be cleaned up before the following text is known.</summary>
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
