using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>Reads and rebuilds the weights of embeddings and expert layers, quantized or not, for their low-rank adapters.</summary>
internal static class LayerWeights
{
    internal static MlxArray Of(Embedding embedding) => (embedding ?? throw new ArgumentNullException(nameof(embedding))).Weight;

    internal static MlxArray Of(SwitchLinear linear) => (linear ?? throw new ArgumentNullException(nameof(linear))).Weight;

    internal static MlxArray Uniform(double limit, params int[] shape) => Mx.Random.Uniform((float)-limit, (float)limit, shape);

    /// <summary>The number of vectors in an embedding and their size.</summary>
    internal static (int Count, int Dims) Size(Embedding embedding) => embedding is QuantizedEmbedding quantized
        ? (quantized.Weight.Shape[0], quantized.Weight.Shape[1] * 32 / quantized.Bits)
        : (embedding.Weight.Shape[0], embedding.Weight.Shape[1]);

    /// <summary>The weight of a layer, dequantized if necessary.</summary>
    internal static MlxArray Plain(Module layer) => layer switch
    {
        QuantizedEmbedding x => Mx.Dequantize(x.Weight, x.Scales, x.Biases, x.GroupSize, x.Bits, x.Mode),
        QuantizedSwitchLinear x => Mx.Dequantize(
            x.Weight, x.Scales, x.Biases, x.Quantization.GroupSize, x.Quantization.Bits, x.Quantization.Mode),
        Embedding x => x.Weight,
        SwitchLinear x => x.Weight,
        _ => throw new ArgumentException($"{layer.GetType().Name} has no weight that an adapter can change.", nameof(layer)),
    };

    /// <summary>A layer of the same type whose weight is a function of the original weight. The new layer shares the bias.</summary>
    internal static T Change<T>(T layer, bool dequantize, Func<MlxArray, MlxArray> change)
        where T : Module
    {
        using MlxScope scope = MlxScope.Begin();
        Module changed = Rebuild(layer, change(Plain(layer)), dequantize);
        foreach (MlxArray array in changed.Parameters().Leaves)
        {
            scope.Keep(array);
        }
        return (T)changed;
    }

    /// <summary>The weight of a fused DoRA layer: the sum of weight and update, with its rows scaled to the given norms.</summary>
    internal static MlxArray WithMagnitudes(MlxArray weight, MlxArray update, MlxArray magnitudes)
    {
        MlxArray adapted = weight + Mx.AsType(update, weight.DType);
        return Mx.AsType(Mx.ExpandDims(magnitudes / Mx.Linalg.Norm(adapted, axis: 1), -1) * adapted, weight.DType);
    }

    internal static NotSupportedException FuseFirst(Module layer) =>
        new($"{layer.GetType().Name} has an adapter, which can't be quantized: quantize the layer before the adapter "
        + "is added, or call Fuse() first.");

    private static Module Rebuild(Module layer, MlxArray weight, bool dequantize) => (layer, dequantize) switch
    {
        (QuantizedEmbedding x, false) => QuantizedEmbedding.FromEmbedding(new(weight), x.GroupSize, x.Bits, x.Mode),
        (QuantizedSwitchLinear x, false) => new SwitchLinear(weight, x.Bias).ToQuantized(
            x.Quantization.GroupSize, x.Quantization.Bits, x.Quantization.Mode),
        (Embedding, _) => new Embedding(weight),
        (SwitchLinear x, _) => new SwitchLinear(weight, x.Bias),
        _ => throw new ArgumentException($"{layer.GetType().Name} has no weight that an adapter can change.", nameof(layer)),
    };
}
