namespace DotMlx.Samples.Digits;

internal static class OutputFile
{
    /// <summary>Writes a file, and creates its folder.</summary>
    /// <exception cref="UserErrorException">The file can't be written.</exception>
    public static void Write(string path, Action write)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"cannot write '{path}': {e.Message}", e);
        }
    }
}
