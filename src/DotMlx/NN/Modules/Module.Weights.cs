namespace DotMlx.NN;

public abstract partial class Module
{
    private const int ShownProblems = 50;

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
        KeyValuePair<string, MlxArray>[] given = [.. weights];
        if (strict)
        {
            CheckWeights(given);
        }
        return given.Length == 0 ? this : Update(Tree.Unflatten(given), strict: false);
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

    private void CheckWeights(KeyValuePair<string, MlxArray>[] given)
    {
        Dictionary<string, MlxArray> present = Parameters().Flatten().ToDictionary();
        HashSet<string> names = [.. given.Select(g => g.Key)];
        List<string> problems = [];
        foreach (string name in names.Where(name => !present.ContainsKey(name)).Order(StringComparer.Ordinal))
        {
            problems.Add($"'{name}' is not in the model");
        }
        foreach ((string name, MlxArray array) in present.Where(p => !names.Contains(p.Key)).OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            problems.Add($"'{name}' is missing, expected shape {ModuleUpdate.Shape(array)}");
        }
        foreach ((string name, MlxArray array) in given)
        {
            if (present.TryGetValue(name, out MlxArray? expected) && !array.Shape.SequenceEqual(expected.Shape))
            {
                problems.Add($"'{name}' has the shape {ModuleUpdate.Shape(array)}, expected {ModuleUpdate.Shape(expected)}");
            }
        }
        if (problems.Count > 0)
        {
            string more = problems.Count > ShownProblems ? $"\n  ... and {problems.Count - ShownProblems} more" : "";
            throw new ArgumentException(
                $"The weights do not fit {GetType().Name}, which is unchanged:\n  {string.Join("\n  ", problems.Take(ShownProblems))}{more}\n"
                + "Pass strict: false to load what has a place here, whatever its shape.");
        }
    }
}
