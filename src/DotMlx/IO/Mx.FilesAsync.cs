namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>As <see cref="Load(string, long?)"/>, on a thread of the pool.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxUnpackedBytes">As in <see cref="Load(string, long?)"/>.</param>
    /// <param name="progress">Is told how far the loading has come, on the thread that loads.</param>
    /// <param name="cancellationToken">Ends the loading; nothing is left of it.</param>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    public static Task<ArrayFile> LoadAsync(
        string path, long? maxUnpackedBytes = null, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Transfer.Run(transfer => Load(path, maxUnpackedBytes, transfer), progress, cancellationToken);
    }

    /// <summary>As <see cref="LoadSafetensors(string)"/>, on a thread of the pool.</summary>
    /// <inheritdoc cref="LoadAsync(string, long?, IProgress{FileProgress}?, CancellationToken)"/>
    public static Task<SafetensorsFile> LoadSafetensorsAsync(
        string path, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Transfer.Run(transfer => LoadSafetensors(path, transfer), progress, cancellationToken);
    }

    /// <summary>As <see cref="LoadGguf(string)"/>, on a thread of the pool.</summary>
    /// <inheritdoc cref="LoadAsync(string, long?, IProgress{FileProgress}?, CancellationToken)"/>
    public static Task<GgufFile> LoadGgufAsync(string path, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Transfer.Run(transfer => LoadGguf(path, transfer), progress, cancellationToken);
    }

    /// <summary>As <see cref="Save(string, MlxArray)"/>, on a thread of the pool, the array as it is now.</summary>
    /// <param name="path">The file, to which <c>.npy</c> is added when it is missing.</param>
    /// <param name="array">The array; it may be changed or disposed meanwhile.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves.</param>
    /// <param name="cancellationToken">Ends the saving; a file that was there stays as it was.</param>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    public static Task SaveAsync(
        string path, MlxArray array, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(array);
        return Saving.SaveHeld([KeyValuePair.Create("", array)], (held, transfer) => SaveNpy(path, held[0].Value, transfer),
            progress, cancellationToken);
    }

    /// <summary>
    /// As <see cref="Savez(string, IEnumerable{KeyValuePair{string, MlxArray}})"/>, on a thread of the pool, the arrays as they are now.
    /// </summary>
    /// <param name="path">The file, to which <c>.npz</c> is added when it is missing.</param>
    /// <param name="arrays">The arrays; they may be changed or disposed meanwhile.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves.</param>
    /// <param name="cancellationToken">Ends the saving; a file that was there stays as it was.</param>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    public static Task SavezAsync(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default) => Saving.SaveHeld(
            arrays, (held, transfer) => SaveNpz(path, held, compressed: false, transfer), progress, cancellationToken);

    /// <summary>
    /// As <see cref="SavezAsync(string, IEnumerable{KeyValuePair{string, MlxArray}}, IProgress{FileProgress}?, CancellationToken)"/>,
    /// compressed.
    /// </summary>
    /// <inheritdoc cref="SavezAsync(string, IEnumerable{KeyValuePair{string, MlxArray}}, IProgress{FileProgress}?, CancellationToken)"/>
    public static Task SavezCompressedAsync(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default) => Saving.SaveHeld(
            arrays, (held, transfer) => SaveNpz(path, held, compressed: true, transfer), progress, cancellationToken);

    /// <summary>
    /// As <see cref="SaveSafetensors(string, IEnumerable{KeyValuePair{string, MlxArray}}, IReadOnlyDictionary{string, string}?)"/>, on a
    /// thread of the pool, the arrays as they are now: training may go on meanwhile.
    /// </summary>
    /// <param name="path">The file, to which <c>.safetensors</c> is added when it is missing.</param>
    /// <param name="arrays">The arrays; they may be changed or disposed meanwhile.</param>
    /// <param name="metadata">Texts to keep with them.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves.</param>
    /// <param name="cancellationToken">Ends the saving; a file that was there stays as it was.</param>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    public static Task SaveSafetensorsAsync(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, string>? metadata = null,
        IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Dictionary<string, string>? texts = metadata?.ToDictionary();
        return Saving.SaveHeld(arrays, (held, transfer) => SaveSafetensors(path, held, texts, transfer), progress, cancellationToken);
    }

    /// <summary>
    /// As <see cref="SaveGguf(string, IEnumerable{KeyValuePair{string, MlxArray}}, IReadOnlyDictionary{string, GgufValue}?)"/>, on a thread
    /// of the pool, the arrays as they are now.
    /// </summary>
    /// <param name="path">The file, to which <c>.gguf</c> is added when it is missing.</param>
    /// <param name="arrays">The arrays; they may be changed or disposed meanwhile.</param>
    /// <param name="metadata">Texts, lists of texts, and numbers or lists of numbers, which must not be disposed meanwhile.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves.</param>
    /// <param name="cancellationToken">Ends the saving; a file that was there stays as it was.</param>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    public static Task SaveGgufAsync(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, GgufValue>? metadata = null,
        IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Dictionary<string, GgufValue>? values = metadata?.ToDictionary();
        return Saving.SaveHeld(arrays, (held, transfer) => SaveGguf(path, held, values, transfer), progress, cancellationToken);
    }
}
