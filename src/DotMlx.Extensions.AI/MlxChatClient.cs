using System.Runtime.CompilerServices;
using DotMlx.LanguageModels;
using Microsoft.Extensions.AI;

namespace DotMlx.Extensions.AI;

/// <summary>
/// A language model as <see cref="IChatClient"/>: streaming, tools, usage, and reuse of earlier turns. Safe for several threads at once.
/// </summary>
/// <remarks>
/// <para>
/// Calls of functions are read in the forms of Qwen, Hermes, Llama, Mistral, and Gemma; add <c>UseFunctionInvocation()</c> to have them
/// carried out. Reasoning between <c>&lt;think&gt;</c> and <c>&lt;/think&gt;</c> becomes <see cref="TextReasoningContent"/>.
/// </para>
/// <para>
/// <see cref="ChatOptions.RawRepresentationFactory"/> may return a <see cref="GenerationOptions"/> that the other options are applied to.
/// <c>AdditionalProperties["chat_template_kwargs"]</c>, a dictionary, is passed to the chat template.
/// </para>
/// </remarks>
public sealed class MlxChatClient : IChatClient
{
    // A server must end; Microsoft.Extensions.AI leaves the limit to the client.
    private const int MaxTokens = 2048;

    private readonly LanguageModel _model;
    private readonly ChatPrompt _prompt;
    private readonly GenerationOptions _defaults;
    private readonly ConversationCaches _caches;
    private readonly SemaphoreSlim _slots;
    private readonly ChatClientMetadata _metadata;
    private readonly Generate _generate;

    /// <summary>Creates a client. The model isn't disposed with it.</summary>
    /// <param name="model">A decoder with a tokenizer and a chat template.</param>
    /// <param name="options">How requests are served; null for the defaults.</param>
    /// <exception cref="NotSupportedException">The model is no decoder, or it has no tokenizer or no chat template.</exception>
    public MlxChatClient(LanguageModel model, MlxChatClientOptions? options = null)
        : this(model, options, static (model, prompt, generation, cache, token) => model.GenerateAsync(prompt, generation, cache, token))
    {
    }

    /// <summary>Creates a client whose answers come from elsewhere, for tests of what surrounds them.</summary>
    internal MlxChatClient(LanguageModel model, MlxChatClientOptions? options, Generate generate)
    {
        ArgumentNullException.ThrowIfNull(model);
        _generate = generate;
        options ??= new();
        _ = model.Decoder;
        _model = model;
        _prompt = new(model);
        _defaults = options.Generation ?? model.RecommendedOptions with { MaxTokens = MaxTokens };
        _caches = new(model, options.CachedConversations);
        _slots = new(options.MaxConcurrentRequests, options.MaxConcurrentRequests);
        _metadata = new("mlx", defaultModelId: options.ModelId
            ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Folder))));
    }

    /// <summary>Generates the tokens of an answer.</summary>
    internal delegate IAsyncEnumerable<GeneratedToken> Generate(
        LanguageModel model, int[] prompt, GenerationOptions options, PromptCache cache, CancellationToken cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">
    /// The request asks for something that a local model can't do; the message names it.
    /// </exception>
    /// <exception cref="ChatTemplateException">The model's chat template refuses the conversation.</exception>
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">
    /// The request asks for something that a local model can't do; the message names it.
    /// </exception>
    /// <exception cref="ChatTemplateException">The model's chat template refuses the conversation.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        (int[] prompt, IReadOnlyCollection<string> tools, bool reasoning) = _prompt.Create(messages, options);
        GenerationOptions generation = Apply(options);
        ResponseParser parser = new(tools, reasoning);
        string id = Guid.NewGuid().ToString("N");

        ChatResponseUpdate Update(params IEnumerable<AIContent> contents) => new(ChatRole.Assistant, [.. contents])
        {
            ResponseId = id,
            MessageId = id,
            ModelId = options?.ModelId ?? _metadata.DefaultModelId,
            CreatedAt = DateTimeOffset.UtcNow,
        };

        await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        PromptCache? cache = null;
        try
        {
            (cache, int common) = _caches.Take(prompt, generation.Cache);
            int count = 0;
            FinishReason? reason = null;
            await foreach (GeneratedToken token in _generate(_model, prompt, generation, cache, cancellationToken).ConfigureAwait(false))
            {
                count++;
                reason = token.FinishReason;
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
                CachedInputTokenCount = common,
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
                _caches.Return(cache);
            }
            _slots.Release();
        }
    }

    /// <summary>Returns this client, its <see cref="ChatClientMetadata"/>, or its <see cref="LanguageModel"/>.</summary>
    /// <param name="serviceType">The type asked for.</param>
    /// <param name="serviceKey">Must be null.</param>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(_model) && serviceType != typeof(object) ? _model
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Frees what is kept of earlier conversations. Requests that run end normally.</summary>
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
        };
    }
}
