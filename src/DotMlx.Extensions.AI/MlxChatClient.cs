using System.Runtime.CompilerServices;
using DotMlx.LanguageModels;
using Microsoft.Extensions.AI;

namespace DotMlx.Extensions.AI;

/// <summary>
/// A language model as <see cref="IChatClient"/>: streaming, tools, usage, and reuse of earlier turns. All members are thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// Function calls are recognized in the forms of Qwen, Hermes, Llama, Mistral, and Gemma. Add <c>UseFunctionInvocation()</c> to execute
/// them. Reasoning between <c>&lt;think&gt;</c> and <c>&lt;/think&gt;</c> becomes <see cref="TextReasoningContent"/>.
/// </para>
/// <para>
/// <see cref="ChatOptions.RawRepresentationFactory"/> may return a <see cref="GenerationOptions"/>, to which the other options are applied.
/// </para>
/// <para>
/// The client supports these entries of <see cref="ChatOptions.AdditionalProperties"/>: <c>chat_template_kwargs</c>, an
/// <c>IReadOnlyDictionary&lt;string, object?&gt;</c>, is passed to the chat template. <c>logit_bias</c>, an <c>IReadOnlyDictionary&lt;int,
/// double&gt;</c>, is <see cref="GenerationOptions.LogitBias"/>. <c>logprobs</c>, a <c>bool</c>, and <c>top_logprobs</c>, an <c>int</c>,
/// request log-probabilities.
/// </para>
/// <para>
/// The raw representation of a response or an update is the <c>IReadOnlyList&lt;GeneratedToken&gt;</c> of its tokens.
/// </para>
/// </remarks>
public sealed class MlxChatClient : IChatClient
{
    // The client must set a limit, because Microsoft.Extensions.AI doesn't.
    private const int MaxTokens = 2048;

    private readonly LanguageModel _model;
    private readonly ChatPrompt _prompt;
    private readonly GenerationOptions _defaults;
    private readonly PromptCachePool _caches;
    private readonly SemaphoreSlim _slots;
    private readonly ChatClientMetadata _metadata;
    private readonly Generate _generate;

    /// <summary>Creates a client. The client doesn't dispose of the model.</summary>
    /// <param name="model">A decoder with a tokenizer and a chat template.</param>
    /// <param name="options">The client options; null for the defaults.</param>
    /// <exception cref="NotSupportedException">The model isn't a decoder, or it lacks a tokenizer or a chat template.</exception>
    public MlxChatClient(LanguageModel model, MlxChatClientOptions? options = null)
        : this(model, options, static (model, prompt, generation, cache, token) => model.GenerateAsync(prompt, generation, cache, token))
    {
    }

    /// <summary>Creates a client with another source of answers, for tests.</summary>
    internal MlxChatClient(LanguageModel model, MlxChatClientOptions? options, Generate generate)
    {
        ArgumentNullException.ThrowIfNull(model);
        _generate = generate;
        options ??= new();
        _ = model.Decoder;
        _model = model;
        _prompt = new(model);
        _defaults = options.Generation ?? model.RecommendedOptions with { MaxTokens = MaxTokens };
        _caches = new(options.CachedConversations);
        _slots = new(options.MaxConcurrentRequests, options.MaxConcurrentRequests);
        _metadata = new("mlx", defaultModelId: options.ModelId
            ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Folder))));
    }

    /// <summary>Generates the tokens of an answer.</summary>
    internal delegate IAsyncEnumerable<GeneratedToken> Generate(
        LanguageModel model, int[] prompt, GenerationOptions options, PromptCache cache, CancellationToken cancellationToken);

    /// <summary>Generates a response to a conversation.</summary>
    /// <param name="messages">The conversation so far.</param>
    /// <param name="options">The options of the request; null for the client's defaults.</param>
    /// <param name="cancellationToken">Ends the generation.</param>
    /// <returns>The response, with its usage and finish reason.</returns>
    /// <exception cref="NotSupportedException">
    /// The request requires an unsupported feature; the message names it.
    /// </exception>
    /// <exception cref="ChatTemplateException">The model's chat template rejects the conversation.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        List<ChatResponseUpdate> updates = [];
        List<GeneratedToken> tokens = [];
        await foreach (ChatResponseUpdate update in GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false))
        {
            updates.Add(update);
            tokens.AddRange((IReadOnlyList<GeneratedToken>)update.RawRepresentation!);
        }
        ChatResponse response = updates.ToChatResponse();
        response.RawRepresentation = tokens;
        return response;
    }

    /// <summary>Generates a response to a conversation and returns it piece by piece.</summary>
    /// <param name="messages">The conversation so far.</param>
    /// <param name="options">The options of the request; null for the client's defaults.</param>
    /// <param name="cancellationToken">Ends the generation.</param>
    /// <returns>The pieces of the response; the last one has the usage and the finish reason.</returns>
    /// <exception cref="NotSupportedException">
    /// The request requires an unsupported feature; the message names it.
    /// </exception>
    /// <exception cref="ChatTemplateException">The model's chat template rejects the conversation.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        (int[] prompt, IReadOnlyCollection<string> tools, bool reasoning) = _prompt.Create(messages, options);
        GenerationOptions generation = Apply(options);
        ResponseParser parser = new(tools, reasoning);
        string id = Guid.NewGuid().ToString("N");
        List<GeneratedToken> tokens = [];

        ChatResponseUpdate Update(params IEnumerable<AIContent> contents)
        {
            ChatResponseUpdate update = new(ChatRole.Assistant, [.. contents])
            {
                ResponseId = id,
                MessageId = id,
                ModelId = options?.ModelId ?? _metadata.DefaultModelId,
                CreatedAt = DateTimeOffset.UtcNow,
                RawRepresentation = tokens,
            };
            tokens = [];
            return update;
        }

        await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        PromptCache? cache = null;
        try
        {
            cache = _caches.Take(prompt, generation.Cache, _model.Adapter) ?? new(_model.Decoder, generation.Cache);
            int cached = 0;
            int count = 0;
            FinishReason? reason = null;
            await foreach (GeneratedToken token in _generate(_model, prompt, generation, cache, cancellationToken).ConfigureAwait(false))
            {
                count++;
                tokens.Add(token);
                reason = token.FinishReason;
                cached = token.CachedPromptTokens;
                AIContent[] contents = [.. parser.Add(token.Text)];
                if (contents.Length > 0)
                {
                    yield return Update(contents);
                }
            }
            AIContent[] rest = [.. parser.Finish()];
            ChatResponseUpdate last = Update([.. rest, new UsageContent(new UsageDetails
            {
                InputTokenCount = prompt.Length,
                CachedInputTokenCount = cached,
                OutputTokenCount = count,
                TotalTokenCount = prompt.Length + count,
            })]);
            last.FinishReason = parser.Calls > 0 ? ChatFinishReason.ToolCalls
                : reason == FinishReason.Length ? ChatFinishReason.Length
                : ChatFinishReason.Stop;
            yield return last;
        }
        finally
        {
            if (cache is not null)
            {
                _caches.Return(cache, _model.Adapter);
            }
            _slots.Release();
        }
    }

    /// <summary>Returns this client, its <see cref="ChatClientMetadata"/>, or its <see cref="LanguageModel"/>.</summary>
    /// <param name="serviceType">The requested type.</param>
    /// <param name="serviceKey">Must be null.</param>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        Services.Find(serviceType, serviceKey, this, _metadata, _model);

    /// <summary>Frees the caches of earlier conversations. Running requests complete normally.</summary>
    public void Dispose() => _caches.Dispose();

    private GenerationOptions Apply(ChatOptions? options)
    {
        if (options is null)
        {
            return _defaults;
        }
        if (options.ModelId is { } asked && asked != _metadata.DefaultModelId)
        {
            throw new ArgumentException($"The request asks for the model '{asked}', but this client serves '{_metadata.DefaultModelId}'.",
                nameof(options));
        }
        GenerationOptions given = options.RawRepresentationFactory?.Invoke(this) as GenerationOptions ?? _defaults;
        return given with
        {
            MaxTokens = options.MaxOutputTokens ?? given.MaxTokens,
            Temperature = options.Temperature ?? given.Temperature,
            TopP = options.TopP ?? given.TopP,
            TopK = options.TopK ?? given.TopK,
            FrequencyPenalty = options.FrequencyPenalty ?? given.FrequencyPenalty,
            PresencePenalty = options.PresencePenalty ?? given.PresencePenalty,
            Seed = options.Seed is { } seed ? unchecked((ulong)seed) : given.Seed,
            StopStrings = options.StopSequences is { Count: > 0 } stops ? [.. stops] : given.StopStrings,
            LogitBias = Property<IReadOnlyDictionary<int, double>>(options, "logit_bias", "IReadOnlyDictionary<int, double>")
                ?? given.LogitBias,
            LogProbabilities = Property<bool?>(options, "logprobs", "bool") ?? given.LogProbabilities,
            TopLogProbabilities = Property<int?>(options, "top_logprobs", "int") ?? given.TopLogProbabilities,
        };
    }

    private static T? Property<T>(ChatOptions options, string name, string expected) =>
        options.AdditionalProperties?.GetValueOrDefault(name) switch
        {
            null => default,
            T value => value,
            object other => throw new ArgumentException(
                $"AdditionalProperties[\"{name}\"] is {other.GetType().Name}, expected {expected}.", nameof(options)),
        };
}
