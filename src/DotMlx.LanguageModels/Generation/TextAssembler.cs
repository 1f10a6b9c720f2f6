namespace DotMlx.LanguageModels;

/// <summary>Turns tokens into text as they come, and finds where the text ends.</summary>
internal sealed class TextAssembler
{
    private readonly StreamingDecoder? _decoder;
    private readonly StopStrings _stops;
    private readonly HashSet<int> _endTokens;

    internal TextAssembler(Tokenizer? tokenizer, GenerationOptions options, IReadOnlyList<int> endTokens)
    {
        if (tokenizer is null && options.StopStrings.Count > 0)
        {
            throw new InvalidOperationException("Stop strings need the model's tokenizer, and its folder has no tokenizer.json.");
        }
        _decoder = tokenizer?.StartDecoding();
        _stops = new(options.StopStrings);
        _endTokens = [.. options.EndTokens ?? endTokens];
    }

    /// <summary>Adds to a token its text, and the reason where the generation ends with it.</summary>
    /// <param name="token">The token.</param>
    /// <param name="isLast">Whether no more tokens are allowed.</param>
    internal GeneratedToken Add(GeneratedToken token, bool isLast)
    {
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
