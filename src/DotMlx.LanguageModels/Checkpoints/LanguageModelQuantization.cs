using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.LanguageModels;

/// <summary>Quantizes the weights of language models.</summary>
public static class LanguageModelQuantization
{
    /// <summary>
    /// Quantizes the layers of a model one at a time, so that at most one layer is in memory twice. Already quantized layers don't change,
    /// nor do layers whose last weight axis isn't a multiple of the group size (<c>nn.quantize</c> of MLX).
    /// </summary>
    /// <param name="model">The model. Its layers are replaced, and the original weights are freed.</param>
    /// <param name="recipe">The quantization of each layer.</param>
    /// <param name="progress">Receives a report after each layer; null for none.</param>
    /// <exception cref="InvalidOperationException">No layer of the model can be quantized with these settings.</exception>
    public static void Quantize(this LanguageModel model, QuantizationRecipe recipe, IProgress<QuantizationProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(recipe);
        int layers = model.Model is Decoder decoder ? decoder.Description.Layers.Count : 0;
        List<(string Path, Module Layer, Quantization How)> chosen = [];
        foreach ((string path, Module layer) in model.Model.LeafModules())
        {
            if (layer is IQuantizable { CanQuantize: true } && WeightOf(layer) is { } weight
                && recipe.Of(path, layers, weight.Shape[^1]) is { } how)
            {
                chosen.Add((path, layer, how));
            }
        }
        if (chosen.Count == 0)
        {
            throw new InvalidOperationException(
                $"No layer of the model in '{model.Folder}' can be quantized in groups of {recipe.Default.GroupSize}: "
                + "either all are already quantized, or their sizes aren't multiples of the group size.");
        }
        for (int i = 0; i < chosen.Count; i++)
        {
            (string path, Module layer, Quantization how) = chosen[i];
            Module quantized = ((IQuantizable)layer).ToQuantized(how.GroupSize, how.Bits, how.Mode);
            Mx.Eval(quantized.Parameters());
            model.Model.UpdateModules([new(path, quantized)]);
            model.LayersHaveChanged();
            WeightOf(layer)!.Dispose();
            progress?.Report(new(path, i + 1, chosen.Count));
        }
    }

    /// <summary>The quantization of a layer; null if the layer isn't quantized.</summary>
    internal static Quantization? Of(Module layer) => layer switch
    {
        QuantizedLinear linear => new(linear.GroupSize, linear.Bits, linear.Mode),
        QuantizedEmbedding embedding => new(embedding.GroupSize, embedding.Bits, embedding.Mode),
        QuantizedSwitchLinear experts => experts.Quantization,
        _ => null,
    };

    private static MlxArray? WeightOf(Module layer) => layer switch
    {
        Linear linear => linear.Weight,
        Embedding embedding => embedding.Weight,
        SwitchLinear experts => experts.Weight,
        _ => null,
    };
}

/// <summary>The progress of quantization.</summary>
/// <param name="Layer">The path of the layer that was quantized last.</param>
/// <param name="Done">The number of layers quantized so far.</param>
/// <param name="Total">The number of layers to quantize.</param>
public readonly record struct QuantizationProgress(string Layer, int Done, int Total);
