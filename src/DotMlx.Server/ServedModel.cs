using System.Text.Json.Nodes;
using DotMlx.Extensions.AI;
using DotMlx.LanguageModels;
using DotMlx.LanguageModels.FineTuning;
using Microsoft.Extensions.AI;

namespace DotMlx.Server;

/// <summary>A model name that requests can select: the base model, or the model with an adapter.</summary>
internal sealed class ServedModel : IDisposable
{
    private readonly MlxChatClient? _chat;
    private readonly NotSupportedException? _whyNoChat;
    private readonly LanguageModel _language;

    internal ServedModel(string id, LanguageModel model, Adapter? adapter, GenerationScheduler? scheduler, MlxServerOptions options)
    {
        (Id, Adapter, Scheduler, _language) = (id, adapter, scheduler, model);
        try
        {
            // The chat client neither limits nor caches requests, because the scheduler does so for all clients.
            _chat = scheduler is null ? null : new MlxChatClient(
                model, new() { ModelId = id, MaxConcurrentRequests = int.MaxValue, CachedConversations = 0 },
                (_, prompt, generation, _, token) => prompt.Length > options.MaxPromptTokens
                    ? throw TooLong(prompt.Length, options)
                    : scheduler.GenerateAsync(prompt, generation
                        with { MaxTokens = Math.Min(generation.MaxTokens, options.MaxTokens) }, adapter, token));
        }
        catch (NotSupportedException error)
        {
            _whyNoChat = error;
        }
    }

    internal string Id { get; }

    internal Adapter? Adapter { get; }

    /// <summary>The scheduler that generates text; null for an embedding-only model.</summary>
    internal GenerationScheduler? Scheduler { get; }

    internal IChatClient Chat =>
        _chat ?? throw ApiException.Bad(_whyNoChat?.Message ?? $"The model '{Id}' only produces embeddings.", "model");

    internal static ApiException TooLong(int tokens, MlxServerOptions options) => new(
        StatusCodes.Status400BadRequest, $"The prompt has {tokens} tokens; this server takes at most {options.MaxPromptTokens}.",
        "messages", "context_length_exceeded");

    /// <summary>The log-probabilities of generated tokens in the form of chat completions; null if they weren't requested.</summary>
    internal JsonObject? LogProbabilities(object? tokens) =>
        tokens is IReadOnlyList<GeneratedToken> generated ? Logprobs.OfChat(generated, _language.Tokenizer!) : null;

    public void Dispose()
    {
        _chat?.Dispose();
        Adapter?.Dispose();
    }
}
