using System.Text;

namespace DotMlx.LanguageModels.Hub;

/// <summary>
/// The folder of one model in the cache, in the layout of Python's <c>huggingface_hub</c>: contents under <c>blobs</c>, named by their
/// digests; links to them under <c>snapshots/COMMIT</c>; and the commit of each branch or tag under <c>refs</c>.
/// </summary>
internal sealed class HubCache
{
    private readonly string _root;
    private readonly string _locks;

    internal HubCache(string folder, string repository)
    {
        string name = "models--" + repository.Replace("/", "--", StringComparison.Ordinal);
        _root = Path.Combine(Path.GetFullPath(folder), name);
        _locks = Path.Combine(Path.GetFullPath(folder), ".locks", name);
    }

    internal string Snapshot(string commit) => Path.Combine(_root, "snapshots", commit);

    internal string Blob(HubFile file) => Path.Combine(_root, "blobs", file.Digest);

    /// <summary>Returns the folder of a revision that was downloaded before, or null.</summary>
    internal string? Find(string revision)
    {
        string reference = Path.Combine(_root, "refs", Path.Combine(revision.Split('/')));
        string commit = File.Exists(reference) ? File.ReadAllText(reference).Trim() : revision;
        return ModelHub.IsCommit(commit) && Directory.Exists(Snapshot(commit)) ? Snapshot(commit) : null;
    }

    /// <summary>Whether the snapshot has the complete file. Python, too, creates a link only after its file is complete.</summary>
    internal bool Has(string commit, HubFile file)
    {
        FileInfo info = new(Path.Combine(Snapshot(commit), file.Name));
        FileSystemInfo? target = info.LinkTarget is null ? info : info.ResolveLinkTarget(returnFinalTarget: true);
        return target is FileInfo { Exists: true } found && found.Length == file.Size;
    }

    /// <summary>Returns the first file that a model needs but the folder lacks, or null if the folder is complete.</summary>
    internal static string? MissingFrom(string folder)
    {
        if (!File.Exists(Path.Combine(folder, "config.json")))
        {
            return "config.json";
        }
        string index = Path.Combine(folder, CheckpointIndex);
        if (File.Exists(index))
        {
            return SafetensorsIndex.Read(index).Files.FirstOrDefault(shard => !File.Exists(Path.Combine(folder, shard)));
        }
        return Directory.EnumerateFiles(folder, "*.safetensors").Any(File.Exists) ? null : "model.safetensors";
    }

    internal const string CheckpointIndex = "model.safetensors.index.json";

    /// <summary>Prevents other processes, including Python's, from downloading the same file at the same time.</summary>
    internal async Task<FileStream> LockAsync(HubFile file, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_locks);
        Directory.CreateDirectory(Path.Combine(_root, "blobs"));
        string path = Path.Combine(_locks, file.Digest + ".lock");
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                await Task.Delay(100, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Adds a complete file to the snapshot: as a link, or as a copy if links aren't allowed.</summary>
    internal void Link(string commit, HubFile file)
    {
        string path = Path.Combine(Snapshot(commit), file.Name);
        string folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        string temporary = Path.Combine(folder, $".{Guid.NewGuid():N}.tmp");
        try
        {
            File.CreateSymbolicLink(temporary, Path.GetRelativePath(folder, Blob(file)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && OperatingSystem.IsWindows())
        {
            File.Copy(Blob(file), temporary);
        }
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Records the commit of a branch or tag.</summary>
    internal void Remember(string revision, string commit)
    {
        if (revision == commit)
        {
            return;
        }
        string path = Path.Combine(_root, "refs", Path.Combine(revision.Split('/')));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        WholeFile.Write(path, stream => stream.Write(Encoding.ASCII.GetBytes(commit)));
    }
}
