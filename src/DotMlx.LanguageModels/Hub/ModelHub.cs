using System.Text.RegularExpressions;

namespace DotMlx.LanguageModels.Hub;

/// <summary>
/// Downloads models from the Hugging Face Hub to the cache that it shares with Python's <c>huggingface_hub</c>, so that each model is
/// downloaded only once.
/// </summary>
public static partial class ModelHub
{
    /// <summary>
    /// Returns the folder of a model, and downloads missing files: options, tokenizer, chat template, and safetensors weights. Interrupted
    /// downloads continue where they stopped. If the hub can't be reached, a complete folder in the cache is used.
    /// </summary>
    /// <param name="repository">The name of the model, such as <c>Qwen/Qwen3-0.6B</c>.</param>
    /// <param name="options">Revision, token, cache, and progress; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the download. The next download continues from the received data.</param>
    /// <returns>The folder, for <see cref="LanguageModel.Load"/>.</returns>
    /// <exception cref="ArgumentException">The name or the revision isn't valid.</exception>
    /// <exception cref="HubException">
    /// The model doesn't exist, needs a token, or has no safetensors weights; the hub can't be reached; or a file differs from the one
    /// announced.
    /// </exception>
    /// <exception cref="FileNotFoundException">
    /// <see cref="HubOptions.Offline"/> is true, and the cache doesn't contain the complete model.
    /// </exception>
    public static async Task<string> DownloadAsync(string repository, HubOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new();
        HubCache cache = Cache(repository, options);
        if (options.Offline ?? HubEnvironment.Offline)
        {
            return Cached(cache, repository, options.Revision);
        }
        using HubClient client = new(repository, options);
        string commit;
        IReadOnlyList<HubFile> listed;
        try
        {
            (commit, listed) = await client.ListAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (HubException exception) when (exception.StatusCode is null or >= System.Net.HttpStatusCode.InternalServerError)
        {
            if (cache.Find(options.Revision) is { } folder && HubCache.MissingFrom(folder) is null)
            {
                return folder;
            }
            throw;
        }
        await new Download(client, cache, options, commit, listed, repository).RunAsync(cancellationToken).ConfigureAwait(false);
        cache.Remember(options.Revision, commit);
        return cache.Snapshot(commit);
    }

    /// <summary>Returns the folder of a model if the cache contains the complete model; otherwise, null. Nothing is downloaded.</summary>
    /// <param name="repository">The name of the model, such as <c>Qwen/Qwen3-0.6B</c>.</param>
    /// <param name="options">Revision and cache; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name or the revision isn't valid.</exception>
    public static string? FindCached(string repository, HubOptions? options = null)
    {
        options ??= new();
        string? folder = Cache(repository, options).Find(options.Revision);
        return folder is not null && HubCache.MissingFrom(folder) is null ? folder : null;
    }

    internal static bool IsCommit(string text) => text.Length == 40 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Whether a text can be the name of a repository rather than a path.</summary>
    internal static bool IsRepository(string text) => text.Length <= 96 && Repository().IsMatch(text)
        && !text.Contains("--", StringComparison.Ordinal) && !text.Contains("..", StringComparison.Ordinal);

    private static HubCache Cache(string repository, HubOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(repository);
        if (!IsRepository(repository))
        {
            throw new ArgumentException($"'{repository}' isn't the name of a model on the hub, such as 'Qwen/Qwen3-0.6B'.",
                nameof(repository));
        }
        if (!HubFile.IsSafe(options.Revision))
        {
            throw new ArgumentException($"'{options.Revision}' isn't a branch, a tag, or a commit.", nameof(options));
        }
        return new(options.CacheFolder ?? HubEnvironment.CacheFolder, repository);
    }

    private static string Cached(HubCache cache, string repository, string revision)
    {
        string? folder = cache.Find(revision);
        string? missing = folder is null ? null : HubCache.MissingFrom(folder);
        return folder is not null && missing is null
            ? folder
            : throw new FileNotFoundException(
                $"'{repository}' at '{revision}' isn't "
                + $"{(folder is null ? "in the cache" : $"complete in the cache: '{Path.Combine(folder, missing!)}' is missing")}, "
                + "and downloads are switched off (HF_HUB_OFFLINE or HubOptions.Offline).");
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Repository();
}
