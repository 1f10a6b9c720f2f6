using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>Loads adapters in the format of mlx-lm.</summary>
internal static class AdapterFiles
{
    internal const string WeightsName = "adapters.safetensors";

    internal static Adapter Load(LanguageModel model, string folder)
    {
        AdapterConfig config = AdapterConfig.Load(folder);
        string path = Path.Combine(folder, WeightsName);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{folder}' isn't an adapter: it has no {WeightsName}.", path);
        }
        SafetensorsFile file = Mx.LoadSafetensors(path);
        HashSet<MlxArray> used = new(ReferenceEqualityComparer.Instance);
        try
        {
            return config.Method == FineTuningMethod.Full
                ? Full(model, config, path, file, used)
                : LowRank(model, config, path, file, used);
        }
        finally
        {
            foreach (MlxArray array in file.Values.Where(array => !used.Contains(array)))
            {
                array.Dispose();
            }
        }
    }

    /// <summary>Assigns an array to a parameter of a low-rank adapter layer and checks its shape and dtype.</summary>
    internal static void Set(Module layer, string path, string name, string parameter, MlxArray array)
    {
        if (!Adapter.OwnArrays(layer).TryGetValue(parameter, out MlxArray? there))
        {
            throw new InvalidDataException($"'{path}' does not fit: '{name}' has no place in a {layer.GetType().Name}.");
        }
        if (!there.Shape.SequenceEqual(array.Shape) || !array.DType.IsFloating())
        {
            throw new InvalidDataException(
                $"'{path}' does not fit: '{name}' has the shape {Shape(array)} and the type {array.DType}, "
                + $"expected {Shape(there)} of a floating-point type.");
        }
        layer.Update(new TreeDictionary { [parameter] = array });
        MlxScope.Detach(array);
        there.Dispose();
    }

    internal static string Shape(MlxArray array) => $"({string.Join(", ", array.Shape.ToArray())})";

    private static Adapter LowRank(LanguageModel model, AdapterConfig config, string path, SafetensorsFile file, HashSet<MlxArray> used)
    {
        Dictionary<string, Module> layers = AdapterConfig.Guarded(path, () => AdapterLayers.Choose(model.Decoder, config).ToDictionary(
            item => item.Key,
            item => AdapterLayers.Wrap(item.Key, item.Value, config.Method, config.Lora.Rank, config.Lora.Scale, config.Lora.Dropout),
            StringComparer.Ordinal));
        foreach ((string name, MlxArray array) in file)
        {
            int dot = name.LastIndexOf('.');
            if (dot < 0 || !layers.TryGetValue(name[..dot], out Module? layer))
            {
                throw new InvalidDataException(
                    $"'{path}' does not fit: '{name}' belongs to a layer that {AdapterConfig.FileName} does "
                    + $"not select or that the model does not have.");
            }
            Set(layer, path, name, name[(dot + 1)..], array);
            used.Add(array);
        }
        return Adapter.Of(model, config, layers);
    }

    private static Adapter Full(LanguageModel model, AdapterConfig config, string path, SafetensorsFile file, HashSet<MlxArray> used)
    {
        Dictionary<string, MlxArray> present = model.Model.Parameters().Flatten()
            .ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal);
        foreach ((string name, MlxArray array) in file)
        {
            if (!present.TryGetValue(name, out MlxArray? there))
            {
                throw new InvalidDataException($"'{path}' does not fit: the model has no weight '{name}'.");
            }
            if (!there.Shape.SequenceEqual(array.Shape))
            {
                throw new InvalidDataException($"'{path}' does not fit: '{name}' has the shape {Shape(array)}, expected {Shape(there)}.");
            }
        }
        foreach (MlxArray array in file.Values)
        {
            MlxScope.Detach(array);
            used.Add(array);
        }
        return Adapter.Of(model, config, file.ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal));
    }
}
