namespace DotMlx;

/// <summary>
/// A file that appears under its name only when it is complete: it is written beside it and then renamed, so that an
/// existing file is never lost to a failure in between.
/// </summary>
internal sealed class AtomicFile : IDisposable
{
    private readonly string target;
    private bool committed;

    /// <param name="path">Where the file shall be. A link is followed.</param>
    /// <param name="extension">The extension of the temporary name; functions of MLX append their own when it is missing.</param>
    internal AtomicFile(string path, string extension)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileInfo file = new(path);
        target = file.LinkTarget is null ? file.FullName : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        string? folder = Path.GetDirectoryName(target);
        if (folder is null || Path.GetFileName(target).Length == 0)
        {
            throw new ArgumentException($"'{path}' is no file name.", nameof(path));
        }

        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"'{path}' cannot be saved: there is no folder '{folder}'.");
        }

        TemporaryPath = Path.Combine(folder, $".{Guid.NewGuid():N}{extension}");
    }

    internal string TemporaryPath { get; }

    /// <summary>Writes the file at <paramref name="path"/>, or leaves what is there.</summary>
    internal static void Write(string path, Action<Stream> write)
    {
        using AtomicFile file = new(path, ".tmp");
        using (FileStream stream = new(file.TemporaryPath, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
        {
            write(stream);
            stream.Flush(flushToDisk: true);
        }

        file.Commit();
    }

    /// <summary>Gives the finished file its name.</summary>
    /// <param name="overwrite">Whether a file that is there already is replaced.</param>
    /// <exception cref="IOException">There is a file, and it shall not be replaced.</exception>
    internal void Commit(bool overwrite = true)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(target))
        {
            File.SetUnixFileMode(TemporaryPath, File.GetUnixFileMode(target));
        }

        File.Move(TemporaryPath, target, overwrite);
        committed = true;
    }

    public void Dispose()
    {
        if (!committed)
        {
            File.Delete(TemporaryPath);
        }
    }
}
