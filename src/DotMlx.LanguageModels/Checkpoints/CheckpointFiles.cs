using System.Text.Json;

namespace DotMlx.LanguageModels;

/// <summary>Finds and reads the safetensors files of a checkpoint: one, or several with an index.</summary>
internal static class CheckpointFiles
{
    internal const string SingleName = "model.safetensors";
    internal const string IndexName = "model.safetensors.index.json";

    private const long MaxIndexBytes = 256L << 20;

    /// <summary>The arrays of a folder, file after file.</summary>
    /// <exception cref="FileNotFoundException">The folder has no weights.</exception>
    /// <exception cref="InvalidDataException">The index or a file is broken.</exception>
    /// <param name="folder">The folder.</param>
    /// <param name="dtype">What floating-point weights are converted to; null leaves them as they are.</param>
    internal static Dictionary<string, MlxArray> Load(string folder, DType? dtype)
    {
        string single = Path.Combine(folder, SingleName), index = Path.Combine(folder, IndexName);
        if (File.Exists(single))
        {
            return LoadFiles([single], null, dtype);
        }
        if (File.Exists(index))
        {
            SortedDictionary<string, List<string>> expected = ReadIndex(index);
            return LoadFiles(expected.Keys.Select(name => Path.Combine(folder, name)), path => expected[Path.GetFileName(path)], dtype);
        }
        throw new FileNotFoundException(
            $"'{folder}' has no weights: expected '{SingleName}' or '{IndexName}'. "
            + "Other formats (PyTorch's .bin, GGUF) are not read here.", single);
    }

    private static Dictionary<string, MlxArray> LoadFiles(IEnumerable<string> paths, Func<string, List<string>>? expected, DType? dtype)
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
                        $"'{path}' cannot be loaded: weight '{weight}' is {type}, for which MLX has no element type; expected is a "
                        + $"checkpoint in bfloat16 or in MLX's quantization.");
                }
                foreach ((string name, MlxArray array) in file)
                {
                    if (!arrays.TryAdd(name, Converted(array, dtype)))
                    {
                        file.Dispose();
                        throw new InvalidDataException(
                            $"'{path}' cannot be loaded: another file of the checkpoint has a weight '{name}', too.");
                    }
                }
                string[] absent = [.. expected?.Invoke(path).Where(name => !file.ContainsKey(name)) ?? []];
                if (absent.Length > 0)
                {
                    throw new InvalidDataException(
                        $"'{path}' lacks weights that the index '{IndexName}' looks for in it: "
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

    /// <summary>Converts an array at once, so that both types are held of one array at a time.</summary>
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

    /// <summary>The files that an index names, each with the weights in it.</summary>
    private static SortedDictionary<string, List<string>> ReadIndex(string path)
    {
        if (new FileInfo(path).Length > MaxIndexBytes)
        {
            throw new InvalidDataException($"'{path}' cannot be loaded: it is larger than {MaxIndexBytes} bytes.");
        }
        SortedDictionary<string, List<string>> files = new(StringComparer.Ordinal);
        try
        {
            using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(path));
            if (index.RootElement.ValueKind != JsonValueKind.Object
                || !index.RootElement.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidDataException(
                    $"'{path}' cannot be loaded: it has no 'weight_map' that says which file holds which weight.");
            }
            foreach (JsonProperty entry in map.EnumerateObject())
            {
                string? file = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() : null;

                // An index comes from strangers: it names safetensors files beside itself and nothing else.
                if (string.IsNullOrEmpty(file) || file.AsSpan().ContainsAny('/', '\\', '\0')
                    || !file.EndsWith(".safetensors", StringComparison.Ordinal))
                {
                    throw new InvalidDataException(
                        $"'{path}' cannot be loaded: for '{entry.Name}' it names {entry.Value.GetRawText()}, "
                        + "expected a .safetensors file beside the index.");
                }
                if (!files.TryGetValue(file, out List<string>? weights))
                {
                    files[file] = weights = [];
                }
                weights.Add(entry.Name);
            }
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"'{path}' cannot be loaded: it is no valid JSON ({exception.Message.TrimEnd('.')}).",
                exception);
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidDataException($"'{path}' cannot be loaded: it holds text that is no valid Unicode.", exception);
        }

        foreach (string file in files.Keys)
        {
            string whole = Path.Combine(Path.GetDirectoryName(path)!, file);
            if (!File.Exists(whole))
            {
                throw new FileNotFoundException(
                    $"'{path}' names the file '{file}', which is not beside it; the download may be incomplete.", whole);
            }
        }
        return files.Count > 0 ? files : throw new InvalidDataException($"'{path}' cannot be loaded: its 'weight_map' is empty.");
    }
}
