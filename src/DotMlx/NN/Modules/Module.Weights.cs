namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>
    /// Loads parameters from a file (<c>Module.load_weights</c>): <c>.safetensors</c>, <c>.npz</c>, or several safetensors files through
    /// their index (<c>model.safetensors.index.json</c>, or the directory that holds it). Names are those of Python.
    /// </summary>
    /// <param name="path">The file or directory.</param>
    /// <param name="strict">Whether names and shapes must be exactly those of this module.</param>
    /// <returns>This module.</returns>
    /// <exception cref="ArgumentException">Strict, and names or shapes differ; the message lists them. Or the kind of file is unknown.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public Module LoadWeights(string path, bool strict = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return TakeWeights(WeightFiles.Load(path, new Transfer()), strict);
    }

    /// <summary>As <see cref="LoadWeights(string, bool)"/>: the files are read on a thread of the pool, then the module takes the arrays.</summary>
    /// <param name="path">The file or directory.</param>
    /// <param name="strict">Whether names and shapes must be exactly those of this module.</param>
    /// <param name="progress">Is told how far the loading has come, on the thread that loads; of several files one after the other.</param>
    /// <param name="cancellationToken">Ends the loading; the module stays as it was.</param>
    /// <returns>This module.</returns>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
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
            // What found no place here is of no use to anyone.
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

    /// <summary>Takes parameters from pairs of dotted names and arrays (<c>Module.load_weights</c>).</summary>
    /// <param name="weights">Names as <see cref="Parameters"/> flattens them, and arrays.</param>
    /// <param name="strict">Whether names and shapes must be exactly those of this module.</param>
    /// <returns>This module.</returns>
    /// <exception cref="ArgumentException">Strict, and names or shapes differ; the message lists them.</exception>
    public Module LoadWeights(IEnumerable<KeyValuePair<string, MlxArray>> weights, bool strict = true)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ModuleUpdate.Weights(this, [.. weights], strict);
        return this;
    }

    /// <summary>Saves all parameters and buffers (<c>Module.save_weights</c>); Python's <c>load_weights</c> reads the file.</summary>
    /// <param name="path">A file name that ends in <c>.safetensors</c> or <c>.npz</c>.</param>
    /// <exception cref="ArgumentException">It ends otherwise.</exception>
    public void SaveWeights(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        WeightFiles.Save(path, Parameters().Flatten(), new Transfer());
    }

    /// <summary>As <see cref="SaveWeights"/>, on a thread of the pool, the parameters as they are now: training may go on meanwhile.</summary>
    /// <param name="path">A file name that ends in <c>.safetensors</c> or <c>.npz</c>.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves.</param>
    /// <param name="cancellationToken">Ends the saving; a file that was there stays as it was.</param>
    /// <exception cref="ArgumentException">The name ends otherwise.</exception>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    public Task SaveWeightsAsync(string path, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        WeightFiles.CheckExtension(path);
        return Saving.SaveHeld(
            Parameters().Flatten(), (held, transfer) => WeightFiles.Save(path, held, transfer), progress, cancellationToken);
    }

    /// <summary>
    /// Saves all parameters and buffers as several safetensors files with an index, <c>model-00001-of-0000n.safetensors</c> and
    /// <c>model.safetensors.index.json</c>, as large models are published.
    /// </summary>
    /// <param name="directory">Where; it is made if it is not there.</param>
    /// <param name="maxShardBytes">How many bytes of arrays a file holds at most, unless a single array is larger.</param>
    public void SaveShardedWeights(string directory, long maxShardBytes = 5L << 30)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardBytes);
        WeightFiles.SaveShards(directory, Parameters().Flatten(), maxShardBytes, new Transfer());
    }

    /// <summary>As <see cref="SaveShardedWeights"/>, on a thread of the pool, the parameters as they are now.</summary>
    /// <param name="directory">Where; it is made if it is not there.</param>
    /// <param name="maxShardBytes">How many bytes of arrays a file holds at most, unless a single array is larger.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves; of several files one after the other.</param>
    /// <param name="cancellationToken">Ends the saving; files that were there stay as they were.</param>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    public Task SaveShardedWeightsAsync(
        string directory, long maxShardBytes = 5L << 30, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardBytes);
        return Saving.SaveHeld(
            Parameters().Flatten(), (held, transfer) => WeightFiles.SaveShards(directory, held, maxShardBytes, transfer), progress, cancellationToken);
    }
}
