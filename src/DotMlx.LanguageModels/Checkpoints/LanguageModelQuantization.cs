using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.LanguageModels;

/// <summary>Packing a model's weights into a few bits each.</summary>
public static class LanguageModelQuantization
{
    /// <summary>
    /// Quantizes the layers of a model one after the other, so that little memory is held twice. Layers that are quantized already, and
    /// those
    /// whose size is no multiple of the group size, stay as they are (<c>nn.quantize</c> of Python).
    /// </summary>
    /// <param name="model">The model; its layers are replaced.</param>
    /// <param name="recipe">How each layer is quantized.</param>
    /// <param name="progress">Gets how many of the layers are done, after each; null for none.</param>
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
                + "either all are quantized already, or their sizes are no multiples of the group size.");
        }
        for (int i = 0; i < chosen.Count; i++)
        {
            (string path, Module layer, Quantization how) = chosen[i];
            Module quantized = ((IQuantizable)layer).ToQuantized(how.GroupSize, how.Bits, how.Mode);
            Mx.Eval(quantized.Parameters());
            model.Model.UpdateModules([new(path, quantized)]);
            WeightOf(layer)!.Dispose();
            progress?.Report(new(path, i + 1, chosen.Count));
        }
    }

    /// <summary>How a layer is quantized; null where it is not.</summary>
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

/// <summary>The progress of a quantization.</summary>
/// <param name="Layer">The path of the layer that was quantized last.</param>
/// <param name="Done">How many layers are quantized.</param>
/// <param name="Total">How many layers will be.</param>
public readonly record struct QuantizationProgress(string Layer, int Done, int Total);
