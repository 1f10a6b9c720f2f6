namespace DotMlx;

public static partial class Mx
{
    /// <summary>Like <see cref="Load(Stream, long?)"/>, but on a thread-pool thread.</summary>
    /// <param name="stream">
    /// A stream that no other code uses in the meantime. If it can't seek, it is read with its own asynchronous methods.
    /// </param>
    /// <param name="maxUnpackedBytes">As in <see cref="Load(string, long?)"/>.</param>
    /// <param name="progress">Receives the progress, on the thread that loads.</param>
    /// <param name="cancellationToken">Cancels the loading and frees the arrays loaded so far.</param>
    /// <exception cref="InvalidDataException">The data is broken or has an unknown format.</exception>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    /// <remarks>Exceptions that the stream throws are passed on unchanged.</remarks>
    public static Task<ArrayFile> LoadAsync(
        Stream stream, long? maxUnpackedBytes = null, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ByteSource.CheckReadable(stream);
        long start = stream.CanSeek ? stream.Position : 0;
        return Transfer.Run(stream, (source, transfer) => Load(stream, start, source, maxUnpackedBytes, transfer),
            progress, cancellationToken);
    }

    /// <summary>Like <see cref="LoadSafetensors(Stream)"/>, but on a thread-pool thread.</summary>
    /// <inheritdoc cref="LoadAsync(Stream, long?, IProgress{FileProgress}?, CancellationToken)"/>
    public static Task<SafetensorsFile> LoadSafetensorsAsync(
        Stream stream, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Transfer.Run(stream, Safetensors.Load, progress, cancellationToken);

    /// <summary>Like <see cref="LoadGguf(Stream)"/>, but on a thread-pool thread.</summary>
    /// <inheritdoc cref="LoadAsync(Stream, long?, IProgress{FileProgress}?, CancellationToken)"/>
    public static Task<GgufFile> LoadGgufAsync(
        Stream stream, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Transfer.Run(stream, Gguf.Load, progress, cancellationToken);

    /// <summary>Like <see cref="Save(Stream, MlxArray)"/>, but on a thread-pool thread. Later changes to the array aren't saved.</summary>
    /// <param name="stream">
    /// The stream, which is written from its position on with its own asynchronous methods. It doesn't need to seek, it stays open, and no
    /// other code may use it in the meantime.
    /// </param>
    /// <param name="array">The array; it may be changed or disposed in the meantime.</param>
    /// <param name="progress">Receives the progress, on the thread that saves.</param>
    /// <param name="cancellationToken">Cancels the saving; data already written to the stream stays in it.</param>
    /// <exception cref="ArgumentException">The array is empty.</exception>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    /// <remarks>Exceptions that the stream throws are passed on unchanged.</remarks>
    public static Task SaveAsync(
        Stream stream, MlxArray array, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(array);
        return SaveHeld(stream, [KeyValuePair.Create("", array)], (target, held, transfer) => SaveNpy(target, held[0].Value, transfer),
            progress, cancellationToken);
    }

    /// <summary>
    /// Like <see cref="Savez(Stream, IEnumerable{KeyValuePair{string, MlxArray}})"/>, but on a thread-pool thread. Later
    /// changes to the arrays aren't saved.
    /// </summary>
    /// <param name="stream">
    /// The stream, which is written from its position on with its own asynchronous methods. It doesn't need to seek, it stays open, and no
    /// other code may use it in the meantime.
    /// </param>
    /// <param name="arrays">The arrays; they may be changed or disposed in the meantime.</param>
    /// <param name="progress">Receives the progress, on the thread that saves.</param>
    /// <param name="cancellationToken">Cancels the saving; data already written to the stream stays in it.</param>
    /// <exception cref="ArgumentException">An array is empty, or a name occurs twice.</exception>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    /// <remarks>Exceptions that the stream throws are passed on unchanged.</remarks>
    public static Task SavezAsync(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        SaveHeld(stream, arrays, (target, held, transfer) => Npz.Save(target, held, compressed: false, transfer),
            progress, cancellationToken);

    /// <summary>Like <see cref="SavezCompressed(Stream, IEnumerable{KeyValuePair{string, MlxArray}})"/>, but on a thread-pool thread.</summary>
    /// <inheritdoc cref="SavezAsync(Stream, IEnumerable{KeyValuePair{string, MlxArray}}, IProgress{FileProgress}?, CancellationToken)"/>
    public static Task SavezCompressedAsync(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        SaveHeld(stream, arrays, (target, held, transfer) => Npz.Save(target, held, compressed: true, transfer),
            progress, cancellationToken);

    /// <summary>
    /// Like <see cref="SaveSafetensors(Stream, IEnumerable{KeyValuePair{string, MlxArray}}, IReadOnlyDictionary{string, string}?)"/>, on a
    /// thread of the pool, the arrays as they are now.
    /// </summary>
    /// <param name="stream">
    /// The stream, which is written from its position on with its own asynchronous methods. It doesn't need to seek, it stays open, and no
    /// other code may use it in the meantime.
    /// </param>
    /// <param name="arrays">The arrays; they may be changed or disposed in the meantime.</param>
    /// <param name="metadata">Strings to store with the arrays.</param>
    /// <param name="progress">Receives the progress, on the thread that saves.</param>
    /// <param name="cancellationToken">Cancels the saving; data already written to the stream stays in it.</param>
    /// <exception cref="ArgumentException">An array or a name can't be saved; the message names it.</exception>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    /// <remarks>Exceptions that the stream throws are passed on unchanged.</remarks>
    public static Task SaveSafetensorsAsync(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, string>? metadata = null,
        IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        Dictionary<string, string>? texts = metadata?.ToDictionary();
        return SaveHeld(stream, arrays, (target, held, transfer) => Safetensors.Save(target, held, texts, transfer),
            progress, cancellationToken);
    }

    /// <summary>
    /// Like <see cref="SaveGguf(Stream, IEnumerable{KeyValuePair{string, MlxArray}}, IReadOnlyDictionary{string, GgufValue}?)"/>, on a thread
    /// pool thread. Later changes to the arrays aren't saved.
    /// </summary>
    /// <param name="stream">
    /// The stream, which is written from its position on with its own asynchronous methods. It doesn't need to seek, it stays open, and no
    /// other code may use it in the meantime.
    /// </param>
    /// <param name="arrays">The arrays; they may be changed or disposed in the meantime.</param>
    /// <param name="metadata">Strings, lists of strings, and numbers or lists of numbers; don't dispose them in the meantime.</param>
    /// <param name="progress">Receives the progress, on the thread that saves.</param>
    /// <param name="cancellationToken">Cancels the saving; data already written to the stream stays in it.</param>
    /// <exception cref="ArgumentException">An array, a name, or a value can't be saved; the message names it.</exception>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    /// <remarks>Exceptions that the stream throws are passed on unchanged.</remarks>
    public static Task SaveGgufAsync(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, GgufValue>? metadata = null,
        IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        Dictionary<string, GgufValue>? values = metadata?.ToDictionary();
        return SaveHeld(stream, arrays, (target, held, transfer) => Gguf.Save(target, held, values, transfer), progress, cancellationToken);
    }

    private static Task SaveHeld(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays,
        Action<Stream, List<KeyValuePair<string, MlxArray>>, Transfer> save,
        IProgress<FileProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Saving.SaveHeld(
            arrays,
            (held, transfer) =>
            {
                using WaitingStream target = new(stream, cancellation);
                save(target, held, transfer);
                target.Flush();
            },
            progress,
            cancellation);
    }
}
