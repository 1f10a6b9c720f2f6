using System.Globalization;
using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>
/// Stores caches as safetensors files: the arrays of the layers, the tokens that they represent, and the kinds of the caches.
/// </summary>
internal static class CacheFiles
{
    private const string Format = "dotmlx-cache-1";

    internal static void Save(string path, IReadOnlyList<LayerCache> layers, IReadOnlyList<int> tokens)
    {
        if (tokens.Count == 0 || layers[0].Offset == 0)
        {
            throw new InvalidOperationException("The cache is empty, so there is nothing to save.");
        }
        List<KeyValuePair<string, MlxArray>> arrays = [new("tokens", MlxArray.Create<int>([.. tokens], tokens.Count))];
        try
        {
            for (int i = 0; i < layers.Count; i++)
            {
                arrays.AddRange(layers[i].Capture().Select((array, j) => new KeyValuePair<string, MlxArray>(Name(i, j), array)));
            }
            Mx.SaveSafetensors(path, arrays, new Dictionary<string, string>
            {
                ["format"] = Format,
                ["kinds"] = string.Join(",", layers.Select(layer => layer.Kind)),
                ["offset"] = layers[0].Offset.ToString(CultureInfo.InvariantCulture),
            });
        }
        finally
        {
            foreach ((_, MlxArray array) in arrays)
            {
                array.Dispose();
            }
        }
    }

    /// <summary>Fills caches from a file.</summary>
    /// <returns>The tokens that the caches represent.</returns>
    /// <exception cref="InvalidDataException">The file isn't a cache, or its model or kind differs. The caches are then empty.</exception>
    internal static int[] Load(string path, IReadOnlyList<LayerCache> layers, DecoderDescription description)
    {
        using SafetensorsFile file = Mx.LoadSafetensors(path);
        if (file.Metadata.GetValueOrDefault("format") != Format
            || !int.TryParse(file.Metadata.GetValueOrDefault("offset"), NumberStyles.None, CultureInfo.InvariantCulture, out int offset)
                || offset == 0
            || !file.TryGetValue("tokens", out MlxArray? tokens) || tokens.DType != DType.Int32 || tokens.NDim != 1
                || tokens.Shape[0] != offset)
        {
            throw new InvalidDataException($"'{path}' cannot be loaded: it isn't a cache that this library saved.");
        }
        string kinds = string.Join(",", layers.Select(layer => layer.Kind));
        if (file.Metadata.GetValueOrDefault("kinds") != kinds)
        {
            throw new InvalidDataException(
                $"'{path}' cannot be loaded: its layers are {file.Metadata.GetValueOrDefault("kinds") ?? "missing"}, "
                    + $"but this cache's layers are {kinds}.");
        }
        try
        {
            for (int i = 0; i < layers.Count; i++)
            {
                List<MlxArray> arrays = [];
                while (file.TryGetValue(Name(i, arrays.Count), out MlxArray? array))
                {
                    arrays.Add(array);
                }
                AttentionDescription attention = description.Layers[i].Attention;
                if (arrays.FirstOrDefault(array =>
                    array.NDim != 4 || array.Shape[1] != attention.KeyValueHeads || array.Shape[0] != 1) is { } odd)
                {
                    throw new InvalidDataException(
                        $"an array of layer {i} has the shape ({string.Join(", ", odd.Shape.ToArray())}), "
                            + $"expected (1, {attention.KeyValueHeads}, positions, features)");
                }
                if (layers[i] is not QuantizedCache
                    && arrays.Any(array => array.Shape[3] != attention.HeadDims || !array.DType.IsFloating()))
                {
                    throw new InvalidDataException(
                        $"an array of layer {i} doesn't have {attention.HeadDims} floating-point features per head");
                }
                layers[i].Restore(arrays, offset);
            }
            return tokens.ToArray<int>();
        }
        catch (InvalidDataException exception)
        {
            foreach (LayerCache layer in layers)
            {
                layer.Dispose();
            }
            throw new InvalidDataException($"'{path}' cannot be loaded: {exception.Message}.", exception);
        }
    }

    /// <summary>Checks the number of arrays and the number of positions in them.</summary>
    /// <exception cref="InvalidDataException">The arrays don't belong to a cache of this kind.</exception>
    internal static void CheckArrays(string kind, IReadOnlyList<MlxArray> arrays, int count, int positions, bool exact)
    {
        if (arrays.Count != count)
        {
            throw new InvalidDataException($"a layer of the kind {kind} has {arrays.Count} arrays, expected {count}");
        }
        if (arrays.FirstOrDefault(array =>
            array.Shape[2] != positions || (exact && !array.Shape.SequenceEqual(arrays[0].Shape))) is { } odd)
        {
            throw new InvalidDataException(
                $"an array of a layer of the kind {kind} has the shape ({string.Join(", ", odd.Shape.ToArray())}), "
                + $"expected {positions} positions");
        }
    }

    private static string Name(int layer, int index) => string.Create(CultureInfo.InvariantCulture, $"layers.{layer}.{index}");
}
