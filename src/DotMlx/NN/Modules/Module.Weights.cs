namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>
    /// Loads parameters from a file (<c>Module.load_weights</c>): <c>.safetensors</c>, <c>.npz</c>, or several safetensors files via
    /// their index (<c>model.safetensors.index.json</c>, or the directory that contains it). The names are Python's.
    /// </summary>
    /// <param name="path">The file or directory.</param>
    /// <param name="strict">Whether names and shapes must match this module exactly.</param>
    /// <returns>This module.</returns>
    /// <exception cref="ArgumentException">
    /// Strict: names or shapes differ; the message lists them. Or the file format is unknown.
    /// </exception>
    /// <exception cref="IOException">A file can't be read.</exception>
    public Module LoadWeights(string path, bool strict = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return TakeWeights(WeightFiles.Load(path, new Transfer()), strict);
    }

    /// <summary>
    /// Like <see cref="LoadWeights(string, bool)"/>, but reads the files on a thread-pool thread before the module takes the arrays.
    /// </summary>
    /// <param name="path">The file or directory.</param>
    /// <param name="strict">Whether names and shapes must match this module exactly.</param>
    /// <param name="progress">Receives the progress, on the thread that loads; several files are reported one after another.</param>
    /// <param name="cancellationToken">Cancels the load; the module doesn't change.</param>
    /// <returns>This module.</returns>
    /// <exception cref="OperationCanceledException">The load was canceled.</exception>
    public async Task<Module> LoadWeightsAsync(
        string path, bool strict = true, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return TakeWeights(await Transfer.Run(transfer => WeightFiles.Load(path, transfer), progress, cancellationToken), strict);
    }

    private Module TakeWeights(List<KeyValuePair<string, MlxArray>> weights, bool strict)
    {
        try
        {
            LoadWeights(weights, strict);
            foreach ((_, MlxArray array) in weights)
            {
                MlxScope.Detach(array);
            }
        }
        finally
        {
            // Callers can't reach loaded arrays that the module didn't take.
            HashSet<MlxArray> used = new(CaptureState().Leaves, ReferenceEqualityComparer.Instance);
            foreach ((_, MlxArray array) in weights)
            {
                if (!used.Contains(array))
                {
                    array.Dispose();
                }
            }
        }
        return this;
    }

    /// <summary>Loads parameters from pairs of dotted names and arrays (<c>Module.load_weights</c>).</summary>
    /// <param name="weights">Dotted names, as in the flattened <see cref="Parameters"/>, and arrays.</param>
    /// <param name="strict">Whether names and shapes must match this module exactly.</param>
    /// <returns>This module.</returns>
    /// <exception cref="ArgumentException">Strict: names or shapes differ; the message lists them.</exception>
    public Module LoadWeights(IEnumerable<KeyValuePair<string, MlxArray>> weights, bool strict = true)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ModuleUpdate.Weights(this, [.. weights], strict);
        return this;
    }

    /// <summary>Saves all parameters and buffers (<c>Module.save_weights</c>); Python's <c>load_weights</c> reads the file.</summary>
    /// <param name="path">A file name that ends with <c>.safetensors</c> or <c>.npz</c>.</param>
    /// <exception cref="ArgumentException">The file name has another extension.</exception>
    public void SaveWeights(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        WeightFiles.Save(path, Parameters().Flatten(), new Transfer());
    }

    /// <summary>
    /// Like <see cref="SaveWeights"/>, but on a thread-pool thread. The current parameters are saved, so training may continue.
    /// </summary>
    /// <param name="path">A file name that ends with <c>.safetensors</c> or <c>.npz</c>.</param>
    /// <param name="progress">Receives the progress, on the thread that saves.</param>
    /// <param name="cancellationToken">Cancels the save; an existing file doesn't change.</param>
    /// <exception cref="ArgumentException">The file name has another extension.</exception>
    /// <exception cref="OperationCanceledException">The save was canceled.</exception>
    public Task SaveWeightsAsync(string path, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        WeightFiles.CheckExtension(path);
        return Saving.SaveHeld(
            Parameters().Flatten(), (held, transfer) => WeightFiles.Save(path, held, transfer), progress, cancellationToken);
    }

    /// <summary>
    /// Saves all parameters and buffers as several safetensors files with an index, <c>model-00001-of-0000n.safetensors</c> and
    /// <c>model.safetensors.index.json</c>, in the form in which large models are published.
    /// </summary>
    /// <param name="directory">The directory, which is created if it doesn't exist.</param>
    /// <param name="maxShardBytes">The maximum number of bytes of arrays per file, except for a single array that is larger.</param>
    public void SaveShardedWeights(string directory, long maxShardBytes = 5L << 30)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardBytes);
        WeightFiles.SaveShards(directory, Parameters().Flatten(), maxShardBytes, new Transfer());
    }

    /// <summary>Like <see cref="SaveShardedWeights"/>, but on a thread-pool thread, with the current parameters.</summary>
    /// <param name="directory">The directory, which is created if it doesn't exist.</param>
    /// <param name="maxShardBytes">The maximum number of bytes of arrays per file, except for a single array that is larger.</param>
    /// <param name="progress">Receives the progress, on the thread that saves; several files are reported one after another.</param>
    /// <param name="cancellationToken">Cancels the save; existing files don't change.</param>
    /// <exception cref="OperationCanceledException">The save was canceled.</exception>
    public Task SaveShardedWeightsAsync(
        string directory, long maxShardBytes = 5L << 30, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardBytes);
        return Saving.SaveHeld(
            Parameters().Flatten(), (held, transfer) => WeightFiles.SaveShards(directory, held, maxShardBytes, transfer),
            progress, cancellationToken);
    }
}
