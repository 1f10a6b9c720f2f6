namespace DotMlx.LanguageModels;

/// <summary>Finds and reads the safetensors files of a checkpoint: one, or several with an index.</summary>
internal static class CheckpointFiles
{
    internal const string SingleName = "model.safetensors";
    internal const string IndexName = "model.safetensors.index.json";

    /// <summary>Loads the arrays of a folder, file by file.</summary>
    /// <exception cref="FileNotFoundException">The folder has no weights.</exception>
    /// <exception cref="InvalidDataException">The index or a file is invalid.</exception>
    /// <param name="folder">The folder.</param>
    /// <param name="dtype">The dtype to which floating-point weights are converted; null for no conversion.</param>
    internal static Dictionary<string, MlxArray> Load(string folder, DType? dtype)
    {
        string single = Path.Combine(folder, SingleName), index = Path.Combine(folder, IndexName);
        if (File.Exists(single))
        {
            return LoadFiles([single], null, dtype);
        }
        if (File.Exists(index))
        {
            SafetensorsIndex shards = ReadIndex(index);
            ILookup<string, string> expected = shards.Places.ToLookup(place => shards.Locate(place.Value), place => place.Key);
            return LoadFiles(expected.Select(file => file.Key), path => expected[path], dtype);
        }
        throw new FileNotFoundException(
            $"'{folder}' has no weights: expected '{SingleName}' or '{IndexName}'. "
            + "Other formats (PyTorch's .bin, GGUF) aren't supported.", single);
    }

    private static Dictionary<string, MlxArray> LoadFiles(
        IEnumerable<string> paths, Func<string, IEnumerable<string>>? expected, DType? dtype)
    {
        Dictionary<string, MlxArray> arrays = new(StringComparer.Ordinal);
        try
        {
            foreach (string path in paths)
            {
                SafetensorsFile file = Mx.LoadSafetensors(path);
                if (file.Float8Types.Count > 0)
                {
                    (string weight, string type) = file.Float8Types.First();
                    file.Dispose();
                    throw new InvalidDataException(
                        $"'{path}' cannot be loaded: weight '{weight}' is {type}, for which MLX has no element type; expected a "
                        + $"checkpoint in bfloat16 or in MLX's quantization.");
                }
                foreach ((string name, MlxArray array) in file)
                {
                    if (!arrays.TryAdd(name, Converted(array, dtype)))
                    {
                        file.Dispose();
                        throw new InvalidDataException(
                            $"'{path}' cannot be loaded: another file of the checkpoint also has a weight '{name}'.");
                    }
                }
                string[] absent = [.. expected?.Invoke(path).Where(name => !file.ContainsKey(name)) ?? []];
                if (absent.Length > 0)
                {
                    throw new InvalidDataException(
                        $"'{path}' lacks weights that the index '{IndexName}' assigns to it: "
                        + $"{string.Join(", ", absent.Select(name => $"'{name}'"))}.");
                }
            }
            return arrays;
        }
        catch
        {
            foreach (MlxArray array in arrays.Values)
            {
                array.Dispose();
            }
            throw;
        }
    }

    /// <summary>Converts and evaluates an array, so that only one array at a time is in memory twice.</summary>
    private static MlxArray Converted(MlxArray array, DType? dtype)
    {
        if (dtype is not { } wanted || array.DType == wanted || !array.DType.IsFloating())
        {
            return array;
        }
        using (array)
        {
            MlxArray converted = Mx.AsType(array, wanted);
            converted.Eval();
            return converted;
        }
    }

    /// <summary>Reads an index and checks that all of its files exist.</summary>
    private static SafetensorsIndex ReadIndex(string path)
    {
        SafetensorsIndex index = SafetensorsIndex.Read(path);
        foreach (string file in index.Files)
        {
            string whole = index.Locate(file);
            if (!File.Exists(whole))
            {
                throw new FileNotFoundException(
                    $"'{path}' names the file '{file}', which isn't in the same folder; the download may be incomplete.", whole);
            }
        }
        return index.Files.Count > 0 ? index : throw new InvalidDataException($"'{path}' cannot be loaded: its 'weight_map' is empty.");
    }
}
