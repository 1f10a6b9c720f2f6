namespace DotMlx.LanguageModels.Hub;

/// <summary>How <see cref="ModelHub"/> finds and downloads a model. The defaults are those of Python's <c>huggingface_hub</c>.</summary>
public sealed record HubOptions
{
    /// <summary>A branch, a tag, or a commit; <c>main</c> by default.</summary>
    public string Revision { get; init; } = "main";

    /// <summary>
    /// The access token. By default, the environment variable <c>HF_TOKEN</c>, or else the file <c>token</c> in the folder named by
    /// <c>HF_HOME</c>. The token is sent only to the host of <see cref="Endpoint"/>.
    /// </summary>
    public string? Token { get; init; }

    /// <summary>
    /// The address of the hub. By default, the environment variable <c>HF_ENDPOINT</c>, or else <c>https://huggingface.co</c>.
    /// </summary>
    public Uri? Endpoint { get; init; }

    /// <summary>
    /// The cache folder, which Python shares. By default, <c>HF_HUB_CACHE</c>, <c>HF_HOME/hub</c>, or <c>~/.cache/huggingface/hub</c>.
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>Uses only the cache. By default, true if the environment variable <c>HF_HUB_OFFLINE</c> is 1.</summary>
    public bool? Offline { get; init; }

    /// <summary>Receives the progress of the download; null for none.</summary>
    public IProgress<HubProgress>? Progress { get; init; }

    /// <summary>The maximum time without data before a connection counts as broken; 30 seconds by default.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The maximum number of retries without progress; 5 by default.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>The wait before the first retry, which doubles with each further one.</summary>
    internal TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);
}
