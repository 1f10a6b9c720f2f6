using DotMlx.LanguageModels;

namespace DotMlx.Server;

/// <summary>The options of an <see cref="MlxServer"/>.</summary>
public sealed record MlxServerOptions
{
    /// <summary>
    /// The URL to listen on. A host other than 127.0.0.1 or localhost can make the server reachable from other machines. Port 0 selects a
    /// free port.
    /// </summary>
    public string Url { get; init; } = "http://127.0.0.1:8080";

    /// <summary>The model name in requests and responses; null for the name of the model folder.</summary>
    public string? ModelId { get; init; }

    /// <summary>The adapter folders by name. Requests select an adapter by this name in the <c>model</c> field.</summary>
    public IReadOnlyDictionary<string, string> Adapters { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// The API key that requests must send as <c>Authorization: Bearer</c>; null disables authorization. <c>/health</c> never requires the
    /// key.
    /// </summary>
    public string? ApiKey { get; init; }

    /// <summary>The maximum size of a request body, in bytes. The default is 8 MiB.</summary>
    public long MaxRequestBytes { get; init; } = 8L << 20;

    /// <summary>The maximum number of tokens in a prompt.</summary>
    public int MaxPromptTokens { get; init; } = 32768;

    /// <summary>The maximum number of tokens to generate per text. It limits the value in the request.</summary>
    public int MaxTokens { get; init; } = 4096;

    /// <summary>The maximum number of texts in a completion or embedding request.</summary>
    public int MaxTexts { get; init; } = 256;

    /// <summary>The maximum duration of a request, including the time in the queue.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The limits of the scheduler: the number of running requests, waiting requests, and kept prompt caches.</summary>
    public SchedulerOptions Scheduler { get; init; } = new();
}
