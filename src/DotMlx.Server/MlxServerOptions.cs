using DotMlx.LanguageModels;

namespace DotMlx.Server;

/// <summary>How an <see cref="MlxServer"/> serves.</summary>
public sealed record MlxServerOptions
{
    /// <summary>The address to listen on; another host than 127.0.0.1 or localhost is reached from other machines. Port 0 takes a free one.</summary>
    public string Url { get; init; } = "http://127.0.0.1:8080";

    /// <summary>The name of the model in requests and answers; null for the name of its folder.</summary>
    public string? ModelId { get; init; }

    /// <summary>Folders of adapters by the name that requests use as <c>model</c>.</summary>
    public IReadOnlyDictionary<string, string> Adapters { get; init; } = new Dictionary<string, string>();

    /// <summary>The key that requests must carry as <c>Authorization: Bearer</c>; null asks for none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>The most bytes of a request.</summary>
    public long MaxRequestBytes { get; init; } = 8L << 20;

    /// <summary>The most tokens of a prompt.</summary>
    public int MaxPromptTokens { get; init; } = 32768;

    /// <summary>The most tokens of an answer, whatever a request asks for.</summary>
    public int MaxTokens { get; init; } = 4096;

    /// <summary>The most texts of one request for completions or embeddings.</summary>
    public int MaxTexts { get; init; } = 256;

    /// <summary>The most time that a request takes, waiting included.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many requests are computed together and how many wait.</summary>
    public SchedulerOptions Scheduler { get; init; } = new();
}
