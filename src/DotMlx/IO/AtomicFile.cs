namespace DotMlx;

/// <summary>
/// A file that appears under its name only when it is complete. It is written next to the target and then renamed, so that a failure never
/// destroys an existing file. Only regular files are replaced.
/// </summary>
internal sealed class AtomicFile : IDisposable
{
    private readonly string _path;
    private readonly string _target;
    private bool _committed;

    /// <param name="path">The path of the file. A link is followed.</param>
    /// <param name="extension">The extension of the temporary name; functions of MLX append their own if it is missing.</param>
    /// <exception cref="IOException">The path leads to something other than a regular file, or the folder doesn't exist.</exception>
    internal AtomicFile(string path, string extension)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        ThrowIfIrregular();
        FileInfo file = new(path);
        _target = file.LinkTarget is null ? file.FullName : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        string? folder = Path.GetDirectoryName(_target);
        if (folder is null || Path.GetFileName(_target).Length == 0)
        {
            throw new ArgumentException($"'{path}' isn't a file name.", nameof(path));
        }

        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"'{path}' cannot be saved: there is no folder '{folder}'.");
        }

        TemporaryPath = Path.Combine(folder, $".{Guid.NewGuid():N}{extension}");
    }

    internal string TemporaryPath { get; }

    /// <summary>Writes the file at <paramref name="path"/>, or keeps the existing file.</summary>
    internal static void Write(string path, Action<Stream> write)
    {
        using AtomicFile file = new(path, ".tmp");
        file.Write(write);
        file.Commit();
    }

    /// <summary>Writes the temporary file and flushes it to disk. Exceptions name the requested file.</summary>
    internal void Write(Action<Stream> write)
    {
        try
        {
            FileStreamOptions options = new()
                { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 1 << 16 };
            if (!OperatingSystem.IsWindows() && File.Exists(_target))
            {
                // A file that only its owner may read stays protected while it is written.
                options.UnixCreateMode = File.GetUnixFileMode(_target);
            }

            using FileStream stream = new(TemporaryPath, options);
            write(stream);
            stream.Flush(flushToDisk: true);
        }
        catch (IOException exception)
        {
            throw new IOException(Explain(exception), exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new UnauthorizedAccessException(Explain(exception), exception);
        }
    }

    /// <summary>Renames the finished file.</summary>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <exception cref="IOException">
    /// A file exists that must not be replaced, or the path leads to something other than a regular file.
    /// </exception>
    internal void Commit(bool overwrite = true)
    {
        ThrowIfIrregular();
        if (!OperatingSystem.IsWindows() && File.Exists(_target))
        {
            // The owner comes first, because changing it removes permissions.
            FileKind.CopyOwner(_target, TemporaryPath);
            File.SetUnixFileMode(TemporaryPath, File.GetUnixFileMode(_target));
        }

        File.Move(TemporaryPath, _target, overwrite);
        _committed = true;
    }

    public void Dispose()
    {
        if (!_committed)
        {
            File.Delete(TemporaryPath);
        }
    }

    private void ThrowIfIrregular()
    {
        if (FileKind.Irregular(_path) is { } kind)
        {
            string advice = kind == "a folder" ? "" : " To write into it, open it and save to the stream.";
            throw new IOException($"'{_path}' cannot be saved: it is {kind}, but only regular files can be replaced.{advice}");
        }
    }

    private string Explain(Exception exception) =>
        $"'{_path}' cannot be saved: {exception.Message.Replace(TemporaryPath, _target, StringComparison.Ordinal).TrimEnd('.')}.";
}
