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
        List<KeyValuePair<string, MlxArray>> weights = WeightFiles.Load(path);
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
        WeightFiles.Save(path, Parameters().Flatten());
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
        WeightFiles.SaveShards(directory, Parameters().Flatten(), maxShardBytes);
    }
}
