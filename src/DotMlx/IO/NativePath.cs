namespace DotMlx;

/// <summary>
/// A file with a name that functions of MLX accept: one without '%', which would break their messages. A file with another name gets a link
/// or a copy in the temporary folder.
/// </summary>
internal sealed class NativePath : IDisposable
{
    private readonly string? _folder;

    private NativePath(string path, string? folder)
    {
        Path = path;
        _folder = folder;
    }

    internal string Path { get; }

    internal static NativePath Of(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        if (!full.Contains('%', StringComparison.Ordinal))
        {
            return new NativePath(full, null);
        }

        return InTemporaryFolder(System.IO.Path.GetExtension(full), name =>
        {
            if (!TryLink(name, full))
            {
                File.Copy(full, name);
            }
        });
    }

    /// <summary>A new file in the temporary folder, deleted when it is disposed.</summary>
    internal static NativePath InTemporaryFolder(string extension, Action<string> make)
    {
        string folder = Directory.CreateTempSubdirectory("dotmlx-").FullName;
        NativePath path = new(System.IO.Path.Combine(folder, "file" + extension), folder);
        try
        {
            make(path.Path);
            return path;
        }
        catch
        {
            path.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static bool TryLink(string name, string target)
    {
        try
        {
            File.CreateSymbolicLink(name, target);
            return true;
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException or PlatformNotSupportedException)
        {
            return false;
        }
    }
}
