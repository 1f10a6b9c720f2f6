namespace DotMlx;

public static partial class Mx
{
    /// <summary>As <see cref="Load(Stream, long?)"/>, on a thread of the pool.</summary>
    /// <param name="stream">
    /// A stream, which nobody else may use meanwhile. One that cannot seek is read with its own asynchronous functions.
    /// </param>
    /// <param name="maxUnpackedBytes">As in <see cref="Load(string, long?)"/>.</param>
    /// <param name="progress">Is told how far the loading has come, on the thread that loads.</param>
    /// <param name="cancellationToken">Ends the loading; nothing is left of it.</param>
    /// <exception cref="InvalidDataException">The data are broken, or of no known format.</exception>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    /// <remarks>What the stream throws comes out as it was thrown.</remarks>
    public static Task<ArrayFile> LoadAsync(
        Stream stream, long? maxUnpackedBytes = null, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ByteSource.CheckReadable(stream);
        long start = stream.CanSeek ? stream.Position : 0;
        return Transfer.Run(stream, (source, transfer) => Load(stream, start, source, maxUnpackedBytes, transfer),
            progress, cancellationToken);
    }

    /// <summary>As <see cref="LoadSafetensors(Stream)"/>, on a thread of the pool.</summary>
    /// <inheritdoc cref="LoadAsync(Stream, long?, IProgress{FileProgress}?, CancellationToken)"/>
    public static Task<SafetensorsFile> LoadSafetensorsAsync(
        Stream stream, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Transfer.Run(stream, Safetensors.Load, progress, cancellationToken);

    /// <summary>As <see cref="LoadGguf(Stream)"/>, on a thread of the pool.</summary>
    /// <inheritdoc cref="LoadAsync(Stream, long?, IProgress{FileProgress}?, CancellationToken)"/>
    public static Task<GgufFile> LoadGgufAsync(
        Stream stream, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Transfer.Run(stream, Gguf.Load, progress, cancellationToken);

    /// <summary>As <see cref="Save(Stream, MlxArray)"/>, on a thread of the pool, the array as it is now.</summary>
    /// <param name="stream">
    /// Written from its position on, with its own asynchronous functions; it need not seek, stays open, and nobody else may use it
    /// meanwhile.
    /// </param>
    /// <param name="array">The array; it may be changed or disposed meanwhile.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves.</param>
    /// <param name="cancellationToken">Ends the saving; what the stream has got by then stays in it.</param>
    /// <exception cref="ArgumentException">The array is empty.</exception>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    /// <remarks>What the stream throws comes out as it was thrown.</remarks>
    public static Task SaveAsync(
        Stream stream, MlxArray array, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(array);
        return SaveHeld(stream, [KeyValuePair.Create("", array)], (target, held, transfer) => SaveNpy(target, held[0].Value, transfer),
            progress, cancellationToken);
    }

    /// <summary>
    /// As <see cref="Savez(Stream, IEnumerable{KeyValuePair{string, MlxArray}})"/>, on a thread of the pool, the arrays as they are now.
    /// </summary>
    /// <param name="stream">
    /// Written from its position on, with its own asynchronous functions; it need not seek, stays open, and nobody else may use it
    /// meanwhile.
    /// </param>
    /// <param name="arrays">The arrays; they may be changed or disposed meanwhile.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves.</param>
    /// <param name="cancellationToken">Ends the saving; what the stream has got by then stays in it.</param>
    /// <exception cref="ArgumentException">An array is empty, or a name occurs twice.</exception>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    /// <remarks>What the stream throws comes out as it was thrown.</remarks>
    public static Task SavezAsync(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        SaveHeld(stream, arrays, (target, held, transfer) => Npz.Save(target, held, compressed: false, transfer),
            progress, cancellationToken);

    /// <summary>As <see cref="SavezCompressed(Stream, IEnumerable{KeyValuePair{string, MlxArray}})"/>, on a thread of the pool.</summary>
    /// <inheritdoc cref="SavezAsync(Stream, IEnumerable{KeyValuePair{string, MlxArray}}, IProgress{FileProgress}?, CancellationToken)"/>
    public static Task SavezCompressedAsync(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        SaveHeld(stream, arrays, (target, held, transfer) => Npz.Save(target, held, compressed: true, transfer),
            progress, cancellationToken);

    /// <summary>
    /// As <see cref="SaveSafetensors(Stream, IEnumerable{KeyValuePair{string, MlxArray}}, IReadOnlyDictionary{string, string}?)"/>, on a
    /// thread of the pool, the arrays as they are now.
    /// </summary>
    /// <param name="stream">
    /// Written from its position on, with its own asynchronous functions; it need not seek, stays open, and nobody else may use it
    /// meanwhile.
    /// </param>
    /// <param name="arrays">The arrays; they may be changed or disposed meanwhile.</param>
    /// <param name="metadata">Texts to keep with them.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves.</param>
    /// <param name="cancellationToken">Ends the saving; what the stream has got by then stays in it.</param>
    /// <exception cref="ArgumentException">An array or a name is not savable; the message says which.</exception>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    /// <remarks>What the stream throws comes out as it was thrown.</remarks>
    public static Task SaveSafetensorsAsync(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, string>? metadata = null,
        IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        Dictionary<string, string>? texts = metadata?.ToDictionary();
        return SaveHeld(stream, arrays, (target, held, transfer) => Safetensors.Save(target, held, texts, transfer),
            progress, cancellationToken);
    }

    /// <summary>
    /// As <see cref="SaveGguf(Stream, IEnumerable{KeyValuePair{string, MlxArray}}, IReadOnlyDictionary{string, GgufValue}?)"/>, on a thread
    /// of the pool, the arrays as they are now.
    /// </summary>
    /// <param name="stream">
    /// Written from its position on, with its own asynchronous functions; it need not seek, stays open, and nobody else may use it
    /// meanwhile.
    /// </param>
    /// <param name="arrays">The arrays; they may be changed or disposed meanwhile.</param>
    /// <param name="metadata">Texts, lists of texts, and numbers or lists of numbers, which must not be disposed meanwhile.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves.</param>
    /// <param name="cancellationToken">Ends the saving; what the stream has got by then stays in it.</param>
    /// <exception cref="ArgumentException">An array, a name or a value is not savable; the message says which.</exception>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    /// <remarks>What the stream throws comes out as it was thrown.</remarks>
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
