namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Like <see cref="Load(string, long?)"/>, but on a thread-pool thread.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxUnpackedBytes">As in <see cref="Load(string, long?)"/>.</param>
    /// <param name="progress">Receives the progress, on the thread that loads.</param>
    /// <param name="cancellationToken">Cancels the loading and frees the arrays loaded so far.</param>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    public static Task<ArrayFile> LoadAsync(
        string path, long? maxUnpackedBytes = null, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Transfer.Run(transfer => Load(path, maxUnpackedBytes, transfer), progress, cancellationToken);
    }

    /// <summary>Like <see cref="LoadSafetensors(string)"/>, but on a thread-pool thread.</summary>
    /// <inheritdoc cref="LoadAsync(string, long?, IProgress{FileProgress}?, CancellationToken)"/>
    public static Task<SafetensorsFile> LoadSafetensorsAsync(
        string path, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Transfer.Run(transfer => LoadSafetensors(path, transfer), progress, cancellationToken);
    }

    /// <summary>Like <see cref="LoadGguf(string)"/>, but on a thread-pool thread.</summary>
    /// <inheritdoc cref="LoadAsync(string, long?, IProgress{FileProgress}?, CancellationToken)"/>
    public static Task<GgufFile> LoadGgufAsync(string path, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Transfer.Run(transfer => LoadGguf(path, transfer), progress, cancellationToken);
    }

    /// <summary>Like <see cref="Save(string, MlxArray)"/>, but on a thread-pool thread. Later changes to the array aren't saved.</summary>
    /// <param name="path">The file, to which <c>.npy</c> is appended if it is missing.</param>
    /// <param name="array">The array; it may be changed or disposed in the meantime.</param>
    /// <param name="progress">Receives the progress, on the thread that saves.</param>
    /// <param name="cancellationToken">Cancels the saving; an existing file stays unchanged.</param>
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
    /// Like <see cref="Savez(string, IEnumerable{KeyValuePair{string, MlxArray}})"/>, but on a thread-pool thread. Later
    /// changes to the arrays aren't saved.
    /// </summary>
    /// <param name="path">The file, to which <c>.npz</c> is appended if it is missing.</param>
    /// <param name="arrays">The arrays; they may be changed or disposed in the meantime.</param>
    /// <param name="progress">Receives the progress, on the thread that saves.</param>
    /// <param name="cancellationToken">Cancels the saving; an existing file stays unchanged.</param>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    public static Task SavezAsync(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default) => Saving.SaveHeld(
            arrays, (held, transfer) => SaveNpz(path, held, compressed: false, transfer), progress, cancellationToken);

    /// <summary>
    /// Like <see cref="SavezAsync(string, IEnumerable{KeyValuePair{string, MlxArray}}, IProgress{FileProgress}?, CancellationToken)"/>,
    /// compressed.
    /// </summary>
    /// <inheritdoc cref="SavezAsync(string, IEnumerable{KeyValuePair{string, MlxArray}}, IProgress{FileProgress}?, CancellationToken)"/>
    public static Task SavezCompressedAsync(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default) => Saving.SaveHeld(
            arrays, (held, transfer) => SaveNpz(path, held, compressed: true, transfer), progress, cancellationToken);

    /// <summary>
    /// Like <see cref="SaveSafetensors(string, IEnumerable{KeyValuePair{string, MlxArray}}, IReadOnlyDictionary{string, string}?)"/>, on a
    /// thread-pool thread. Later changes to the arrays aren't saved, so training may continue in the meantime.
    /// </summary>
    /// <param name="path">The file, to which <c>.safetensors</c> is appended if it is missing.</param>
    /// <param name="arrays">The arrays; they may be changed or disposed in the meantime.</param>
    /// <param name="metadata">Strings to store with the arrays.</param>
    /// <param name="progress">Receives the progress, on the thread that saves.</param>
    /// <param name="cancellationToken">Cancels the saving; an existing file stays unchanged.</param>
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
    /// Like <see cref="SaveGguf(string, IEnumerable{KeyValuePair{string, MlxArray}}, IReadOnlyDictionary{string, GgufValue}?)"/>, on a thread
    /// pool thread. Later changes to the arrays aren't saved.
    /// </summary>
    /// <param name="path">The file, to which <c>.gguf</c> is appended if it is missing.</param>
    /// <param name="arrays">The arrays; they may be changed or disposed in the meantime.</param>
    /// <param name="metadata">Strings, lists of strings, and numbers or lists of numbers; don't dispose them in the meantime.</param>
    /// <param name="progress">Receives the progress, on the thread that saves.</param>
    /// <param name="cancellationToken">Cancels the saving; an existing file stays unchanged.</param>
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
