using System.Text;
using System.Text.Json.Nodes;
using DotMlx.LanguageModels;
using Microsoft.Extensions.AI;

namespace DotMlx.Server;

/// <summary>Handles <c>POST /v1/completions</c>, which continues prompts.</summary>
internal static class CompletionEndpoint
{
    private const int DefaultTokens = 16;
    private const int MaxLogprobs = 5;

    internal static async Task HandleAsync(
        ServedModel model, LanguageModel language, MlxServerOptions limits, RequestFields fields, HttpResponse response,
        ServerMetrics metrics,
        CancellationToken cancellationToken)
    {
        GenerationScheduler scheduler = model.Scheduler
            ?? throw ApiException.Bad($"The model '{model.Id}' only produces embeddings.", "model");
        List<int[]> prompts = PromptsOf(fields["prompt"], language, limits);
        GenerationOptions options = OptionsOf(fields, language, limits);
        string id = Guid.NewGuid().ToString("N");
        EventStream? events = fields.Flag("stream") ? new(response) : null;
        using SemaphoreSlim turn = new(1);
        int generated = 0, cached = 0;
        JsonObject[] choices = await Task.WhenAll(prompts.Select(async (prompt, index) =>
        {
            StringBuilder text = new();
            List<GeneratedToken> tokens = [];
            string reason = "stop";
            int count = 0;
            await foreach (GeneratedToken token in scheduler.GenerateAsync(prompt, options, model.Adapter, cancellationToken)
                .ConfigureAwait(false))
            {
                Interlocked.Increment(ref generated);
                int offset = text.Length;
                text.Append(token.Text);
                if (count++ == 0)
                {
                    Interlocked.Add(ref cached, token.CachedPromptTokens);
                }
                tokens.Add(token);
                reason = token.FinishReason == FinishReason.Length ? "length" : "stop";
                if (events is not null && (token.Text.Length > 0 || token.FinishReason is not null))
                {
                    JsonObject chunk = ChatEndpoint.Envelope(id, "text_completion", model.Id);
                    chunk["choices"] = new JsonArray(Choice(
                        index, token.Text, token.FinishReason is null
                            ? null
                            : reason, Logprobs.OfText(tokens, language.Tokenizer, offset)));
                    tokens.Clear();
                    await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
                    try
                    {
                        await events.SendAsync(chunk, cancellationToken).ConfigureAwait(false);
                    }
                    finally
                    {
                        turn.Release();
                    }
                }
            }
            return Choice(index, text.ToString(), reason, Logprobs.OfText(tokens, language.Tokenizer, offset: 0));
        })).ConfigureAwait(false);
        int read = prompts.Sum(prompt => prompt.Length);
        metrics.Used(read, generated);
        if (events is not null)
        {
            await events.EndAsync(cancellationToken).ConfigureAwait(false);
            return;
        }
        JsonObject json = ChatEndpoint.Envelope(id, "text_completion", model.Id);
        json["choices"] = new JsonArray([.. choices]);
        json["usage"] = ChatEndpoint.UsageOf(new UsageDetails
        {
            InputTokenCount = read, CachedInputTokenCount = cached, OutputTokenCount = generated, TotalTokenCount = read + generated,
        });
        await MlxServer.WriteAsync(response, json, cancellationToken).ConfigureAwait(false);
    }

    private static JsonObject Choice(int index, string text, string? reason, JsonObject? logprobs) =>
        new() { ["index"] = index, ["text"] = text, ["logprobs"] = logprobs, ["finish_reason"] = reason };

    private static GenerationOptions OptionsOf(RequestFields fields, LanguageModel model, MlxServerOptions limits)
    {
        foreach (string name in new[] { "suffix", "echo", "best_of" })
        {
            if (fields[name] is { } value && value.ToJsonString() is not ("false" or "1" or "null"))
            {
                throw ApiException.Bad($"'{name}' is not supported.", name);
            }
        }
        if (fields.Integer("n") is not (null or 1))
        {
            throw ApiException.Bad("'n' must be 1: send the prompt several times.", "n");
        }
        int? logprobs = fields.Count("logprobs", MaxLogprobs);
        return new()
        {
            LogProbabilities = logprobs is not null,
            TopLogProbabilities = logprobs ?? 0,
            LogitBias = fields.NumbersByToken("logit_bias") ?? new Dictionary<int, double>(),
            MaxTokens = Math.Min(fields.Integer("max_tokens") ?? DefaultTokens, limits.MaxTokens),
            Temperature = fields.Number("temperature") ?? 0,
            TopP = fields.Number("top_p") ?? 1,
            TopK = fields.Integer("top_k") ?? 0,
            FrequencyPenalty = fields.Number("frequency_penalty") ?? 0,
            PresencePenalty = fields.Number("presence_penalty") ?? 0,
            Seed = fields.Integer("seed") is { } seed ? unchecked((ulong)seed) : null,
            StopStrings = fields.Texts("stop") ?? [],
        };
    }

    private static List<int[]> PromptsOf(JsonNode? prompt, LanguageModel model, MlxServerOptions limits)
    {
        const string Expected = "a text, a list of texts, a list of tokens, or a list of lists of tokens";
        List<int[]> prompts = prompt switch
        {
            JsonValue value when value.TryGetValue(out string? text) => [Encode(text)],
            JsonArray { Count: > 0 } list when list.All(item => item is JsonValue value && value.TryGetValue(out int _)) => [Tokens(list)],
            JsonArray { Count: > 0 } list => [.. list.Select(item => item switch
            {
                JsonValue value when value.TryGetValue(out string? text) => Encode(text),
                JsonArray tokens => Tokens(tokens),
                _ => throw RequestFields.Wrong("prompt", Expected),
            })],
            _ => throw RequestFields.Wrong("prompt", Expected),
        };
        if (prompts.Count > limits.MaxTexts)
        {
            throw ApiException.Bad($"The request has {prompts.Count} prompts; this server takes at most {limits.MaxTexts}.", "prompt");
        }
        foreach (int[] tokens in prompts)
        {
            if (tokens.Length == 0)
            {
                throw ApiException.Bad("A prompt has no tokens.", "prompt");
            }
            if (tokens.Length > limits.MaxPromptTokens)
            {
                throw ServedModel.TooLong(tokens.Length, limits);
            }
        }
        return prompts;

        int[] Encode(string text) => (model.Tokenizer
            ?? throw ApiException.Bad("The model has no tokenizer: send tokens.", "prompt")).Encode(text);

        static int[] Tokens(JsonArray list) =>
            [.. list.Select(item => item is JsonValue value && value.TryGetValue(out int token)
                ? token
                : throw RequestFields.Wrong("prompt", Expected))];
    }
}
