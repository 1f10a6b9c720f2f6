using System.Text;
using System.Text.Json.Nodes;
using DotMlx.LanguageModels;

namespace DotMlx.Server;

/// <summary>Formats log-probabilities of tokens as the OpenAI API does.</summary>
internal static class Logprobs
{
    /// <summary>The <c>logprobs</c> of a chat completion or of a part of it; null if the tokens have no log-probabilities.</summary>
    internal static JsonObject? OfChat(IReadOnlyList<GeneratedToken> tokens, Tokenizer tokenizer)
    {
        JsonNode?[] content =
        [
            .. Shown(tokens).Select(token =>
            {
                JsonObject json = Describe(tokenizer, token.Token, token.LogProbability!.Value);
                json["top_logprobs"] = new JsonArray([.. token.TopLogProbabilities.Select(top =>
                    (JsonNode?)Describe(tokenizer, top.Token, top.LogProbability))]);
                return (JsonNode?)json;
            }),
        ];
        return content.Length == 0 ? null : new() { ["content"] = new JsonArray(content), ["refusal"] = null };
    }

    /// <summary>The <c>logprobs</c> of a text completion or of a part of it; null if the tokens have no log-probabilities.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="tokenizer">The tokenizer, or null for a model without one.</param>
    /// <param name="offset">The number of characters before these tokens.</param>
    internal static JsonObject? OfText(IReadOnlyList<GeneratedToken> tokens, Tokenizer? tokenizer, int offset)
    {
        JsonArray texts = [], values = [], tops = [], offsets = [];
        foreach (GeneratedToken token in Shown(tokens))
        {
            string text = Text(tokenizer, token.Token);
            texts.Add(text);
            values.Add(Number(token.LogProbability!.Value));
            JsonObject best = [];
            foreach (TokenProbability top in token.TopLogProbabilities)
            {
                best[Text(tokenizer, top.Token)] = Number(top.LogProbability);
            }
            tops.Add(best);
            offsets.Add(offset);
            offset += text.Length;
        }
        return texts.Count == 0
            ? null
            : new() { ["tokens"] = texts, ["token_logprobs"] = values, ["top_logprobs"] = tops, ["text_offset"] = offsets };
    }

    /// <summary>The tokens that are part of the text and have a log-probability.</summary>
    private static IEnumerable<GeneratedToken> Shown(IReadOnlyList<GeneratedToken> tokens) =>
        tokens.Where(token => token.LogProbability is not null && token.FinishReason != FinishReason.EndToken);

    private static JsonObject Describe(Tokenizer tokenizer, int token, double logProbability)
    {
        byte[] bytes = tokenizer.IdToBytes(token);
        return new()
        {
            ["token"] = Encoding.UTF8.GetString(bytes), ["logprob"] = Number(logProbability),
            ["bytes"] = new JsonArray([.. bytes.Select(value => (JsonNode?)(int)value)]),
        };
    }

    /// <summary>Returns a finite number, because JSON has no infinity.</summary>
    private static double Number(double logProbability) => Math.Max(logProbability, -9999);

    private static string Text(Tokenizer? tokenizer, int token) =>
        tokenizer is null ? "" : Encoding.UTF8.GetString(tokenizer.IdToBytes(token));
}
