using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.Samples.Lora;

/// <summary>Puts low-rank corrections on a quantized model and takes them off again.</summary>
internal static class Adapters
{
    private const int GroupSize = 32;

    /// <summary>Quantizes a model and leaves nothing trainable but corrections of its linear layers.</summary>
    public static void Attach(Decoder model, int bits, int rank, float scale)
    {
        model.Quantize(GroupSize, bits);
        model.Freeze();
        List<KeyValuePair<string, Module>> corrected = [];
        foreach ((string path, Module layer) in model.LeafModules())
        {
            if (path.StartsWith("model.layers.", StringComparison.Ordinal) && layer is QuantizedLinear linear)
            {
                corrected.Add(new(path, LoraLinear.FromLinear(linear, rank, scale: scale)));
            }
        }
        model.UpdateModules(corrected);
    }

    /// <summary>Adds the corrections into the weights and undoes the quantization, so that any program can load the model.</summary>
    public static void Fuse(Decoder model)
    {
        List<KeyValuePair<string, Module>> plain = [];
        foreach ((string path, Module layer) in model.NamedModules())
        {
            if (layer is LoraLinear lora)
            {
                plain.Add(new(path, lora.Fuse(dequantize: true)));
            }
        }
        model.UpdateModules(plain);
        model.UpdateModules(model.LeafModules().Where(item => item.Value is QuantizedLinear or QuantizedEmbedding)
            .Select(item => new KeyValuePair<string, Module>(item.Key, Dequantize(item.Value))).ToArray());
        model.Unfreeze();
    }

    private static Module Dequantize(Module layer) => layer switch
    {
        QuantizedLinear l => new Linear(Mx.Dequantize(l.Weight, l.Scales, l.Biases, l.GroupSize, l.Bits, l.Mode), l.Bias),
        QuantizedEmbedding e => new Embedding(Mx.Dequantize(e.Weight, e.Scales, e.Biases, e.GroupSize, e.Bits, e.Mode)),
        _ => layer,
    };
}
