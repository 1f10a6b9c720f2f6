namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Loads a file of any format that MLX knows: npy, npz, safetensors or GGUF, by its extension or else by its first bytes.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The arrays by name; an npy file converts to its array. Safetensors and GGUF come with metadata.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is broken, or of no known format; the message names it and its fault.</exception>
    public static ArrayFile Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using ByteSource source = ByteSource.Open(path);
        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".npy" => One(source),
            ".npz" => Npz.Load(source),
            ".safetensors" => Safetensors.Load(source),
            ".gguf" => Gguf.Load(path),
            _ => FormatOf(source) == FileFormat.Gguf ? Gguf.Load(path) : Load(source),
        };
    }

    /// <summary>Loads from a stream, from its position on, in the format that its first bytes show.</summary>
    /// <param name="stream">A stream; one that cannot seek is read to its end first. After an npy array it stands behind it.</param>
    /// <exception cref="InvalidDataException">The data are broken, or of no known format.</exception>
    /// <remarks>What the stream throws comes out as it was thrown.</remarks>
    public static ArrayFile Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using ByteSource source = ByteSource.Open(stream);
        long start = stream.CanSeek ? stream.Position : 0;
        if (FormatOf(source) != FileFormat.Npy)
        {
            return Load(source);
        }

        ArrayFile file = new(source.Name, new OrderedDictionary<string, MlxArray> { [""] = Npy.Load(source, out long end) });
        if (stream.CanSeek)
        {
            stream.Position = start + end;
        }

        return file;
    }

    /// <summary>Loads from memory, in the format that the first bytes show.</summary>
    /// <param name="data">The bytes of a file.</param>
    /// <exception cref="InvalidDataException">The data are broken, or of no known format.</exception>
    public static ArrayFile Load(ReadOnlyMemory<byte> data)
    {
        using ByteSource source = ByteSource.Open(data);
        return Load(source);
    }

    /// <summary>Saves an array as an npy file (<c>mlx_save_writer</c>), all of it or nothing.</summary>
    /// <param name="path">The file, to which <c>.npy</c> is added when it is missing. An existing file is replaced.</param>
    /// <param name="array">An array of any type, not empty.</param>
    /// <exception cref="ArgumentException">The array is empty.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, MlxArray array)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(array);
        AtomicFile.Write(WithExtension(path, ".npy"), stream => Npy.Save(stream, array, nameof(array)));
    }

    /// <summary>Writes an array to a stream in the npy format.</summary>
    /// <param name="stream">Written from its position on; it need not seek, and stays open.</param>
    /// <param name="array">An array of any type, not empty.</param>
    /// <exception cref="ArgumentException">The array is empty.</exception>
    /// <remarks>What the stream throws comes out as it was thrown.</remarks>
    public static void Save(Stream stream, MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(array);
        Npy.Save(stream, array, nameof(array));
    }

    /// <summary>Saves arrays as an npz file named <c>arr_0</c>, <c>arr_1</c>, …, as NumPy does.</summary>
    /// <param name="path">The file, to which <c>.npz</c> is added when it is missing. An existing file is replaced.</param>
    /// <param name="arrays">Arrays of any type, none empty.</param>
    /// <exception cref="ArgumentException">An array is empty.</exception>
    public static void Savez(string path, params MlxArray[] arrays) => Savez(path, Numbered(arrays));

    /// <summary>Saves named arrays as an npz file: a zip archive of npy files.</summary>
    /// <param name="path">The file, to which <c>.npz</c> is added when it is missing. An existing file is replaced.</param>
    /// <param name="arrays">Arrays with different names, of any type, none empty.</param>
    /// <exception cref="ArgumentException">An array is empty, or a name occurs twice.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Savez(string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays) => SaveNpz(path, arrays, compressed: false);

    /// <summary>Writes named arrays to a stream in the npz format.</summary>
    /// <param name="stream">Written from its position on; it need not seek, and stays open.</param>
    /// <param name="arrays">Arrays with different names, of any type, none empty.</param>
    /// <exception cref="ArgumentException">An array is empty, or a name occurs twice.</exception>
    public static void Savez(Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(arrays);
        Npz.Save(stream, arrays, compressed: false);
    }

    /// <summary>As <see cref="Savez(string, MlxArray[])"/>, compressed.</summary>
    /// <param name="path">The file, to which <c>.npz</c> is added when it is missing. An existing file is replaced.</param>
    /// <param name="arrays">Arrays of any type, none empty.</param>
    /// <exception cref="ArgumentException">An array is empty.</exception>
    public static void SavezCompressed(string path, params MlxArray[] arrays) => SavezCompressed(path, Numbered(arrays));

    /// <summary>As <see cref="Savez(string, IEnumerable{KeyValuePair{string, MlxArray}})"/>, compressed.</summary>
    /// <param name="path">The file, to which <c>.npz</c> is added when it is missing. An existing file is replaced.</param>
    /// <param name="arrays">Arrays with different names, of any type, none empty.</param>
    /// <exception cref="ArgumentException">An array is empty, or a name occurs twice.</exception>
    public static void SavezCompressed(string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays) => SaveNpz(path, arrays, compressed: true);

    /// <summary>As <see cref="Savez(Stream, IEnumerable{KeyValuePair{string, MlxArray}})"/>, compressed.</summary>
    /// <param name="stream">Written from its position on; it need not seek, and stays open.</param>
    /// <param name="arrays">Arrays with different names, of any type, none empty.</param>
    /// <exception cref="ArgumentException">An array is empty, or a name occurs twice.</exception>
    public static void SavezCompressed(Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(arrays);
        Npz.Save(stream, arrays, compressed: true);
    }

    /// <summary>Saves named arrays as a GGUF file (<c>mlx_save_gguf</c>), all of it or nothing.</summary>
    /// <param name="path">The file, to which <c>.gguf</c> is added when it is missing. An existing file is replaced.</param>
    /// <param name="arrays">Arrays with different names, of type float32, float16, int8, int16 or int32, none empty.</param>
    /// <param name="metadata">Texts, lists of texts, and numbers or lists of numbers.</param>
    /// <exception cref="ArgumentException">An array, a name or a value is not savable; the message says which.</exception>
    /// <exception cref="NotSupportedException">The library in use has no GGUF.</exception>
    public static void SaveGguf(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, GgufValue>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(arrays);
        Gguf.Save(WithExtension(path, ".gguf"), arrays, metadata);
    }

    /// <summary>Writes named arrays to a stream in the GGUF format, through a temporary file.</summary>
    /// <param name="stream">Written from its position on; it need not seek, and stays open.</param>
    /// <param name="arrays">Arrays with different names, of type float32, float16, int8, int16 or int32, none empty.</param>
    /// <param name="metadata">Texts, lists of texts, and numbers or lists of numbers.</param>
    /// <exception cref="ArgumentException">An array, a name or a value is not savable; the message says which.</exception>
    public static void SaveGguf(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, GgufValue>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(arrays);
        Gguf.Save(stream, arrays, metadata);
    }

    /// <summary>Loads a GGUF file (<c>mlx_load_gguf</c>) with its metadata.</summary>
    /// <param name="path">The file. MLX opens GGUF files for writing, so one that is read-only is copied first.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is broken; the message names it and its fault.</exception>
    public static GgufFile LoadGguf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Gguf.Load(path);
    }

    /// <summary>Loads GGUF from a stream, from its position to its end, through a temporary file.</summary>
    /// <param name="stream">A stream; one that cannot seek is read to its end first.</param>
    /// <exception cref="InvalidDataException">The data are broken; the message names the fault.</exception>
    public static GgufFile LoadGguf(Stream stream)
    {
        using ByteSource source = ByteSource.Open(stream);
        return Gguf.Load(source);
    }

    /// <summary>Loads GGUF from memory, through a temporary file.</summary>
    /// <param name="data">The bytes of a file.</param>
    /// <exception cref="InvalidDataException">The data are broken; the message names the fault.</exception>
    public static GgufFile LoadGguf(ReadOnlyMemory<byte> data)
    {
        using ByteSource source = ByteSource.Open(data);
        return Gguf.Load(source);
    }

    /// <summary>The formats that are told apart by a file's first bytes.</summary>
    internal enum FileFormat
    {
        Unknown,
        Npy,
        Npz,
        Safetensors,
        Gguf,
    }

    private static ArrayFile Load(ByteSource source) => FormatOf(source) switch
    {
        FileFormat.Npy => One(source),
        FileFormat.Npz => Npz.Load(source),
        FileFormat.Safetensors => Safetensors.Load(source),
        FileFormat.Gguf => Gguf.Load(source),
        _ => throw source.Broken("it is neither npy, npz, safetensors nor GGUF"),
    };

    private static ArrayFile One(ByteSource source) => new(source.Name, new OrderedDictionary<string, MlxArray> { [""] = Npy.Load(source) });

    internal static FileFormat FormatOf(ByteSource source)
    {
        Span<byte> start = stackalloc byte[9];
        start = start[..(int)Math.Min(start.Length, source.Length)];
        source.Read(0, start);
        return start.StartsWith(NpyHeader.Magic) ? FileFormat.Npy
            : start.StartsWith("PK"u8) ? FileFormat.Npz
            : start.StartsWith("GGUF"u8) ? FileFormat.Gguf
            : start.Length == 9 && start[8] == '{' ? FileFormat.Safetensors
            : FileFormat.Unknown;
    }

    private static void SaveNpz(string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, bool compressed)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(arrays);
        AtomicFile.Write(WithExtension(path, ".npz"), stream => Npz.Save(stream, arrays, compressed));
    }

    private static IEnumerable<KeyValuePair<string, MlxArray>> Numbered(MlxArray[] arrays)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        return arrays.Select((array, i) => KeyValuePair.Create($"arr_{i}", array));
    }
}
