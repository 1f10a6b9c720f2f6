using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>Selects the layers of a decoder that get a low-rank adapter, wraps them, and fuses them.</summary>
internal static class AdapterLayers
{
    /// <summary>The layers that a configuration selects, by dotted path, in the order of the model.</summary>
    /// <exception cref="ArgumentException">The model has fewer layers than requested, or no layer matches.</exception>
    internal static List<KeyValuePair<string, Module>> Choose(Decoder decoder, AdapterConfig config)
    {
        config.Lora.Check();
        int first = FirstLayer(decoder, config.Layers);
        HashSet<string> keys = config.Lora.Keys is { } named
            ? [.. named]
            : [.. decoder.Model.Layers.SelectMany(layer => AdaptableLayers(layer, _ => true)).Select(item => item.Key)];
        List<KeyValuePair<string, Module>> chosen = [];
        for (int i = first; i < decoder.Model.Layers.Count; i++)
        {
            string path = PathOf(i);
            chosen.AddRange(AdaptableLayers(decoder.Model.Layers[i], keys.Contains)
                .Select(item => KeyValuePair.Create($"{path}.{item.Key}", item.Value)));
        }
        HashSet<string> known = [.. chosen.Select(item => item.Key)];
        chosen.AddRange(AdaptableLayers(decoder, keys.Contains).Where(item => known.Add(item.Key)));
        return chosen.Count > 0 ? chosen : throw new ArgumentException(
            $"None of the layers {string.Join(", ", keys.Select(key => $"'{key}'"))} is a linear, expert, or embedding layer of the model; "
            + $"its layers have {string.Join(", ", AdaptableLayers(decoder.Model.Layers[^1], _ => true).Select(item => $"'{item.Key}'"))}.");
    }

    /// <summary>The index of the first decoder layer that is trained.</summary>
    /// <exception cref="ArgumentException">The model has fewer layers than requested.</exception>
    internal static int FirstLayer(Decoder decoder, int layers)
    {
        int count = decoder.Model.Layers.Count;
        return layers <= count
            ? layers <= 0 ? 0 : count - layers
            : throw new ArgumentException($"{layers} layers were requested, but the model has {count}; 0 means all.");
    }

    internal static string PathOf(int layer) => FormattableString.Invariant($"model.layers.{layer}");

    /// <summary>Wraps a layer with a new low-rank adapter.</summary>
    /// <exception cref="NotSupportedException">DoRA doesn't support expert layers.</exception>
    internal static Module Wrap(string path, Module layer, FineTuningMethod method, int rank, double scale, double dropout) =>
        (layer, method) switch
    {
        (Linear x, FineTuningMethod.Lora) => LoraLinear.FromLinear(x, rank, dropout, scale),
        (SwitchLinear x, FineTuningMethod.Lora) => new LoraSwitchLinear(x, rank, dropout, scale),
        (Embedding x, FineTuningMethod.Lora) => new LoraEmbedding(x, rank, dropout, scale),
        (Linear x, FineTuningMethod.Dora) => new DoraLinear(x, rank, dropout, scale),
        (Embedding x, FineTuningMethod.Dora) => new DoraEmbedding(x, rank, dropout, scale),
        _ => throw new NotSupportedException(
            $"'{path}' is a {layer.GetType().Name}, which DoRA does not support: leave it out of the keys, or use LoRA."),
    };

    /// <summary>The layer that a low-rank adapter wraps.</summary>
    internal static Module Base(Module wrapper) => wrapper switch
    {
        LoraLinear x => x.Linear,
        LoraSwitchLinear x => x.Linear,
        LoraEmbedding x => x.Embedding,
        _ => throw new ArgumentException($"{wrapper.GetType().Name} isn't a LoRA or DoRA layer.", nameof(wrapper)),
    };

    /// <summary>A layer with the low-rank adapter merged into its weight.</summary>
    internal static Module Fuse(Module wrapper, bool dequantize) => wrapper switch
    {
        LoraLinear x => x.Fuse(dequantize),
        LoraSwitchLinear x => x.Fuse(dequantize),
        LoraEmbedding x => x.Fuse(dequantize),
        _ => throw new ArgumentException($"{wrapper.GetType().Name} isn't a LoRA or DoRA layer.", nameof(wrapper)),
    };

    internal static bool IsCorrection(Module module) =>
        module is LoraLinear or LoraSwitchLinear or LoraEmbedding;

    private static IEnumerable<KeyValuePair<string, Module>> AdaptableLayers(Module module, Func<string, bool> isChosen) =>
        module.NamedModules().Where(item => item.Value is Linear or SwitchLinear or Embedding && isChosen(item.Key)).Reverse();
}
