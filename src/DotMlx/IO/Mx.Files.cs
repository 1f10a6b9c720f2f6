namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>
    /// Loads an npy, npz, safetensors, or GGUF file (<c>mx.load</c>). The first bytes or, failing that, the extension decide the format.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="maxUnpackedBytes">
    /// The maximum total unpacked size of an npz file's entries; null for 256 MiB or 100 times the file's length, whichever is larger.
    /// </param>
    /// <returns>The arrays by name; an npy file converts to its array. Safetensors and GGUF come with metadata.</returns>
    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="IOException">The path is a folder, a FIFO, or a device, or the file can't be read.</exception>
    /// <exception cref="InvalidDataException">The file is broken or has an unknown format; the message says which.</exception>
    public static ArrayFile Load(string path, long? maxUnpackedBytes = null) => Load(path, maxUnpackedBytes, new Transfer());

    /// <summary>Loads from a stream, from its position on. The first bytes decide the format.</summary>
    /// <param name="stream">
    /// A stream. If it can't seek, it is first read to its end, and from 64 MiB on it is kept in a temporary file. If it can seek, its
    /// position after an npy array is the array's end.
    /// </param>
    /// <param name="maxUnpackedBytes">As in <see cref="Load(string, long?)"/>.</param>
    /// <exception cref="InvalidDataException">The data is broken or has an unknown format.</exception>
    /// <remarks>Exceptions that the stream throws are passed on unchanged.</remarks>
    public static ArrayFile Load(Stream stream, long? maxUnpackedBytes = null)
    {
        ByteSource.CheckReadable(stream);
        long start = stream.CanSeek ? stream.Position : 0;
        using ByteSource source = ByteSource.Open(stream);
        return Load(stream, start, source, maxUnpackedBytes, new Transfer());
    }

    /// <summary>Loads from memory. The first bytes decide the format.</summary>
    /// <param name="data">The bytes of a file.</param>
    /// <param name="maxUnpackedBytes">As in <see cref="Load(string, long?)"/>.</param>
    /// <exception cref="InvalidDataException">The data is broken or has an unknown format.</exception>
    public static ArrayFile Load(ReadOnlyMemory<byte> data, long? maxUnpackedBytes = null)
    {
        using ByteSource source = ByteSource.Open(data);
        return FileFormats.Load(source, null, maxUnpackedBytes, new Transfer());
    }

    /// <summary>Saves an array as an npy file (<c>mx.save</c>), atomically.</summary>
    /// <param name="path">The file, to which <c>.npy</c> is appended if it is missing. An existing file is replaced.</param>
    /// <param name="array">A nonempty array of any type.</param>
    /// <exception cref="ArgumentException">The array is empty.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public static void Save(string path, MlxArray array)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(array);
        SaveNpy(path, array, new Transfer());
    }

    /// <summary>Writes an array to a stream in the npy format.</summary>
    /// <param name="stream">The stream, which is written from its position on; it doesn't need to seek, and it stays open.</param>
    /// <param name="array">A nonempty array of any type.</param>
    /// <exception cref="ArgumentException">The array is empty.</exception>
    /// <remarks>Exceptions that the stream throws are passed on unchanged.</remarks>
    public static void Save(Stream stream, MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(array);
        SaveNpy(stream, array, new Transfer());
    }

    /// <summary>Saves arrays as an npz file named <c>arr_0</c>, <c>arr_1</c>, …, as NumPy does.</summary>
    /// <param name="path">The file, to which <c>.npz</c> is appended if it is missing. An existing file is replaced.</param>
    /// <param name="arrays">Arrays of any type, none empty.</param>
    /// <exception cref="ArgumentException">An array is empty.</exception>
    public static void Savez(string path, params MlxArray[] arrays) => Savez(path, Numbered(arrays));

    /// <summary>Saves named arrays as an npz file: a zip archive of npy files.</summary>
    /// <param name="path">The file, to which <c>.npz</c> is appended if it is missing. An existing file is replaced.</param>
    /// <param name="arrays">Arrays with different names, of any type, none empty.</param>
    /// <exception cref="ArgumentException">An array is empty, or a name occurs twice.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public static void Savez(string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays) =>
        SaveNpz(path, arrays, compressed: false, new Transfer());

    /// <summary>Writes named arrays to a stream in the npz format.</summary>
    /// <param name="stream">The stream, which is written from its position on; it doesn't need to seek, and it stays open.</param>
    /// <param name="arrays">Arrays with different names, of any type, none empty.</param>
    /// <exception cref="ArgumentException">An array is empty, or a name occurs twice.</exception>
    public static void Savez(Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(arrays);
        Npz.Save(stream, arrays, compressed: false, new Transfer());
    }

    /// <summary>Like <see cref="Savez(string, MlxArray[])"/>, but compressed.</summary>
    /// <param name="path">The file, to which <c>.npz</c> is appended if it is missing. An existing file is replaced.</param>
    /// <param name="arrays">Arrays of any type, none empty.</param>
    /// <exception cref="ArgumentException">An array is empty.</exception>
    public static void SavezCompressed(string path, params MlxArray[] arrays) => SavezCompressed(path, Numbered(arrays));

    /// <summary>Like <see cref="Savez(string, IEnumerable{KeyValuePair{string, MlxArray}})"/>, but compressed.</summary>
    /// <param name="path">The file, to which <c>.npz</c> is appended if it is missing. An existing file is replaced.</param>
    /// <param name="arrays">Arrays with different names, of any type, none empty.</param>
    /// <exception cref="ArgumentException">An array is empty, or a name occurs twice.</exception>
    public static void SavezCompressed(string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays) =>
        SaveNpz(path, arrays, compressed: true, new Transfer());

    /// <summary>Like <see cref="Savez(Stream, IEnumerable{KeyValuePair{string, MlxArray}})"/>, but compressed.</summary>
    /// <param name="stream">The stream, which is written from its position on; it doesn't need to seek, and it stays open.</param>
    /// <param name="arrays">Arrays with different names, of any type, none empty.</param>
    /// <exception cref="ArgumentException">An array is empty, or a name occurs twice.</exception>
    public static void SavezCompressed(Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(arrays);
        Npz.Save(stream, arrays, compressed: true, new Transfer());
    }

    /// <summary>Saves named arrays as a GGUF file (<c>mx.save_gguf</c>), atomically.</summary>
    /// <param name="path">The file, to which <c>.gguf</c> is appended if it is missing. An existing file is replaced.</param>
    /// <param name="arrays">Arrays with different names, of type float32, float16, int8, int16, or int32, none empty.</param>
    /// <param name="metadata">Texts, lists of texts, and numbers or lists of numbers.</param>
    /// <exception cref="ArgumentException">An array, a name, or a value can't be saved; the message names it.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public static void SaveGguf(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, GgufValue>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(arrays);
        SaveGguf(path, arrays, metadata, new Transfer());
    }

    /// <summary>Writes named arrays to a stream in the GGUF format.</summary>
    /// <param name="stream">The stream, which is written from its position on; it doesn't need to seek, and it stays open.</param>
    /// <param name="arrays">Arrays with different names, of type float32, float16, int8, int16, or int32, none empty.</param>
    /// <param name="metadata">Texts, lists of texts, and numbers or lists of numbers.</param>
    /// <exception cref="ArgumentException">An array, a name, or a value can't be saved; the message names it.</exception>
    public static void SaveGguf(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, GgufValue>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(arrays);
        Gguf.Save(stream, arrays, metadata, new Transfer());
    }

    /// <summary>Loads a GGUF file (<c>mx.load</c>) with its metadata.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="InvalidDataException">The file is broken; the message names it and its fault.</exception>
    public static GgufFile LoadGguf(string path) => LoadGguf(path, new Transfer());

    /// <summary>Loads GGUF from a stream, from its position to its end.</summary>
    /// <param name="stream">
    /// A stream; if it can't seek, it is first read to its end, and from 64 MiB on it is kept in a temporary file.
    /// </param>
    /// <exception cref="InvalidDataException">The data is broken; the message names the fault.</exception>
    public static GgufFile LoadGguf(Stream stream)
    {
        using ByteSource source = ByteSource.Open(stream);
        return Gguf.Load(source, new Transfer());
    }

    /// <summary>Loads GGUF from memory.</summary>
    /// <param name="data">The bytes of a file.</param>
    /// <exception cref="InvalidDataException">The data is broken; the message names the fault.</exception>
    public static GgufFile LoadGguf(ReadOnlyMemory<byte> data)
    {
        using ByteSource source = ByteSource.Open(data);
        return Gguf.Load(source, new Transfer());
    }

    private static ArrayFile Load(string path, long? maxUnpackedBytes, Transfer transfer)
    {
        using ByteSource source = ByteSource.Open(path);
        return FileFormats.Load(source, path, maxUnpackedBytes, transfer);
    }

    private static ArrayFile Load(Stream stream, long start, ByteSource source, long? maxUnpackedBytes, Transfer transfer)
    {
        if (!stream.CanSeek || FileFormats.Of(source) != FileFormat.Npy)
        {
            return FileFormats.Load(source, null, maxUnpackedBytes, transfer);
        }

        ArrayFile file = Npy.LoadFile(source, transfer, out long end);
        stream.Position = start + end;
        return file;
    }

    private static void SaveNpy(string path, MlxArray array, Transfer transfer) =>
        AtomicFile.Write(WithExtension(path, ".npy"), stream => SaveNpy(stream, array, transfer));

    private static void SaveNpy(Stream stream, MlxArray array, Transfer transfer)
    {
        Saving.CheckArray("", array, nameof(array));
        transfer.Expect(array.NBytes);
        Npy.Save(stream, array, transfer);
    }

    private static GgufFile LoadGguf(string path, Transfer transfer)
    {
        using ByteSource source = ByteSource.Open(path);
        return Gguf.Load(source, transfer);
    }

    private static void SaveGguf(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, GgufValue>? metadata,
        Transfer transfer) =>
        AtomicFile.Write(WithExtension(path, ".gguf"), stream => Gguf.Save(stream, arrays, metadata, transfer));

    private static void SaveNpz(string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, bool compressed, Transfer transfer)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(arrays);
        AtomicFile.Write(WithExtension(path, ".npz"), stream => Npz.Save(stream, arrays, compressed, transfer));
    }

    private static IEnumerable<KeyValuePair<string, MlxArray>> Numbered(MlxArray[] arrays)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        return arrays.Select((array, i) => KeyValuePair.Create($"arr_{i}", array));
    }
}
