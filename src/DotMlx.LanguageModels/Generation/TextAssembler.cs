namespace DotMlx.LanguageModels;

/// <summary>Decodes tokens to text incrementally and detects the end of the text.</summary>
internal sealed class TextAssembler
{
    private readonly StreamingDecoder? _decoder;
    private readonly StopStrings _stops;
    private readonly HashSet<int> _endTokens;

    internal TextAssembler(Tokenizer? tokenizer, GenerationOptions options, IReadOnlyList<int> endTokens)
    {
        if (tokenizer is null && options.StopStrings.Count > 0)
        {
            throw new InvalidOperationException("Stop strings need the model's tokenizer, but its folder has no tokenizer.json.");
        }
        _decoder = tokenizer?.StartDecoding();
        _stops = new(options.StopStrings);
        _endTokens = [.. options.EndTokens ?? endTokens];
    }

    /// <summary>The number of tokens of the prompt that came from a cache.</summary>
    internal int CachedPromptTokens { get; set; }

    /// <summary>Adds the decoded text to a token, and the finish reason if the generation ends with this token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="isLast">Whether the token limit has been reached.</param>
    internal GeneratedToken Add(GeneratedToken token, bool isLast)
    {
        token = token with { CachedPromptTokens = CachedPromptTokens };
        if (_endTokens.Contains(token.Token))
        {
            return token with { Text = Rest(), FinishReason = FinishReason.EndToken };
        }
        (string text, bool found) = _stops.Add(_decoder?.Add(token.Token) ?? "");
        if (found)
        {
            return token with { Text = text, FinishReason = FinishReason.StopString };
        }
        return isLast
            ? token with { Text = text + Rest(), FinishReason = FinishReason.Length }
            : token with { Text = text };
    }

    private string Rest()
    {
        (string text, bool found) = _stops.Add(_decoder?.Finish() ?? "");
        return found ? text : text + _stops.Finish();
    }
}
