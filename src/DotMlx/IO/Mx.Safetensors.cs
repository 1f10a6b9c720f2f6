namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Saves named arrays atomically as a safetensors file (<c>mx.save_safetensors</c>).</summary>
    /// <param name="path">The file; <c>.safetensors</c> is appended if it is missing. An existing file is replaced.</param>
    /// <param name="arrays">Arrays with different names, of any type but float64, none empty.</param>
    /// <param name="metadata">Strings to store with the arrays, such as <c>format</c>: <c>mlx</c>.</param>
    /// <exception cref="ArgumentException">An array or a name can't be saved; the message names it.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public static void SaveSafetensors(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(arrays);
        SaveSafetensors(path, arrays, metadata, new Transfer());
    }

    /// <summary>Writes named arrays to a stream in the safetensors format.</summary>
    /// <param name="stream">The stream, which is written from its position on; it doesn't need to seek, and it stays open.</param>
    /// <param name="arrays">Arrays with different names, of any type but float64, none empty.</param>
    /// <param name="metadata">Strings to store with the arrays.</param>
    /// <exception cref="ArgumentException">An array or a name can't be saved; the message names it.</exception>
    /// <remarks>An exception of the stream is thrown unchanged.</remarks>
    public static void SaveSafetensors(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(arrays);
        Safetensors.Save(stream, arrays, metadata, new Transfer());
    }

    /// <summary>Loads a safetensors file (<c>mx.load</c>).</summary>
    /// <param name="path">The file.</param>
    /// <returns>The arrays in the order of the file's header, and its metadata.</returns>
    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="InvalidDataException">The file is broken; the message names the file and the fault.</exception>
    public static SafetensorsFile LoadSafetensors(string path) => LoadSafetensors(path, new Transfer());

    /// <summary>Loads safetensors from a stream, from its position to its end.</summary>
    /// <param name="stream">
    /// A stream. If it can't seek, it is first read to its end, and from 64 MiB on it is kept in a temporary file.
    /// </param>
    /// <exception cref="InvalidDataException">The data is broken; the message names the fault.</exception>
    /// <remarks>An exception of the stream is thrown unchanged.</remarks>
    public static SafetensorsFile LoadSafetensors(Stream stream)
    {
        using ByteSource source = ByteSource.Open(stream);
        return Safetensors.Load(source, new Transfer());
    }

    /// <summary>Loads safetensors from memory.</summary>
    /// <param name="data">The bytes of a file.</param>
    /// <exception cref="InvalidDataException">The data is broken; the message names the fault.</exception>
    public static SafetensorsFile LoadSafetensors(ReadOnlyMemory<byte> data)
    {
        using ByteSource source = ByteSource.Open(data);
        return Safetensors.Load(source, new Transfer());
    }

    private static SafetensorsFile LoadSafetensors(string path, Transfer transfer)
    {
        using ByteSource source = ByteSource.Open(path);
        return Safetensors.Load(source, transfer);
    }

    private static void SaveSafetensors(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, string>? metadata,
        Transfer transfer) =>
        AtomicFile.Write(WithExtension(path, ".safetensors"), stream => Safetensors.Save(stream, arrays, metadata, transfer));

    private static string WithExtension(string path, string extension) =>
        path.EndsWith(extension, StringComparison.OrdinalIgnoreCase) ? path : path + extension;
}
