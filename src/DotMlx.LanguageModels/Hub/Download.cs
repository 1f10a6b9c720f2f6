namespace DotMlx.LanguageModels.Hub;

/// <summary>A download of one commit.</summary>
internal sealed class Download(
    HubClient client, HubCache cache, HubOptions options, string commit, IReadOnlyList<HubFile> listed, string repository)
{
    private readonly Dictionary<string, HubFile> _listed = listed.GroupBy(file => file.Name)
        .ToDictionary(group => group.Key, group => group.First());
    private long _done;
    private long _size;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!_listed.ContainsKey("config.json"))
        {
            throw new HubException($"'{repository}' at '{options.Revision}' has no config.json, so it isn't a model that can be loaded.");
        }
        await FetchAsync(_listed.Values.Where(file => HubFile.IsNeeded(file.Name)), cancellationToken).ConfigureAwait(false);
        await FetchAsync(Weights(), cancellationToken).ConfigureAwait(false);
    }

    private HubFile[] Weights()
    {
        if (_listed.ContainsKey(HubCache.CheckpointIndex))
        {
            string index = Path.Combine(cache.Snapshot(commit), HubCache.CheckpointIndex);
            return [.. SafetensorsIndex.Read(index).Files.Select(shard => _listed.TryGetValue(shard, out HubFile? file)
                ? file
                : throw new HubException($"The index of '{repository}' names '{shard}', which the repository doesn't have."))];
        }
        if (_listed.TryGetValue("model.safetensors", out HubFile? whole))
        {
            return [whole];
        }
        HubFile[] others = [.. _listed.Values.Where(file =>
            file.Name.EndsWith(".safetensors", StringComparison.Ordinal) && !file.Name.Contains('/'))];
        return others.Length > 0
            ? others
            : throw new HubException($"'{repository}' at '{options.Revision}' has no weights in safetensors format.");
    }

    private async Task FetchAsync(IEnumerable<HubFile> files, CancellationToken cancellationToken)
    {
        HubFile[] all = [.. files];
        foreach (HubFile file in all)
        {
            Check(file);
        }
        _size += all.Sum(file => file.Size);
        foreach (HubFile file in all)
        {
            if (!cache.Has(commit, file))
            {
                await FetchAsync(file, cancellationToken).ConfigureAwait(false);
            }
            _done += file.Size;
            options.Progress?.Report(new(file.Name, file.Size, file.Size, _done, _size));
        }
    }

    private async Task FetchAsync(HubFile file, CancellationToken cancellationToken)
    {
        await using FileStream held = await cache.LockAsync(file, cancellationToken).ConfigureAwait(false);
        string blob = cache.Blob(file);
        if (!File.Exists(blob) || new FileInfo(blob).Length != file.Size)
        {
            string incomplete = blob + ".incomplete";
            long done = _done;
            await client.DownloadAsync(
                commit,
                file,
                incomplete,
                received => options.Progress?.Report(new(file.Name, received, file.Size, done + received, _size)),
                cancellationToken).ConfigureAwait(false);
            File.Move(incomplete, blob, overwrite: true);
        }
        cache.Link(commit, file);
    }

    /// <summary>Rejects a file that would be written outside the folder or whose contents couldn't be verified.</summary>
    private void Check(HubFile file)
    {
        if (!HubFile.IsSafe(file.Name))
        {
            throw new HubException(
                $"The hub lists '{file.Name}' among the files of '{repository}', which isn't a path inside the model's folder.");
        }
        if (file.Size < 0 || file.Digest.Length is not (40 or 64) || !file.Digest.All(char.IsAsciiHexDigitLower))
        {
            throw new HubException(
                $"The hub lists '{file.Name}' of '{repository}' without a size and a digest, so that a download couldn't be checked.");
        }
    }
}
