using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>
/// The weights of linear layers in the form that the CPU or GPU multiplies fastest, prepared once instead of for each token. They last as
/// long as a generation. Plain weights are transposed, which takes no memory. On a CPU, MLX multiplies packed weights many times slower
/// than plain ones, so the first small ones are unpacked.
/// </summary>
internal sealed class TransposedWeights : IDisposable
{
    /// <summary>The maximum memory for unpacked weights: little beside a model that people run, and enough for a small one.</summary>
    private const long MaxUnpackedBytes = 4 << 20;

    private readonly Dictionary<Module, MlxArray?> _prepared = new(ReferenceEqualityComparer.Instance);
    private readonly bool _unpacks = Mx.DefaultDevice().Type == DeviceType.Cpu;
    private long _unpackedBytes;

    /// <summary>Applies a layer.</summary>
    internal MlxArray Apply(Linear layer, MlxArray x)
    {
        if (Of(layer) is not { } weight)
        {
            return layer.Forward(x);
        }
        return layer.Bias is null ? Mx.MatMul(x, weight) : Mx.AddMM(layer.Bias, x, weight);
    }

    /// <summary>The logits of a table of embeddings.</summary>
    internal MlxArray ApplyAsLinear(Embedding table, MlxArray x) => Of(table) is { } weight ? Mx.MatMul(x, weight) : table.AsLinear(x);

    public void Dispose()
    {
        foreach (MlxArray? weight in _prepared.Values)
        {
            weight?.Dispose();
        }
        _prepared.Clear();
    }

    /// <summary>The transposed weight of a layer; null if the layer computes faster or differently.</summary>
    private MlxArray? Of(Module layer)
    {
        if (!_prepared.TryGetValue(layer, out MlxArray? prepared))
        {
            _prepared[layer] = prepared = layer switch
            {
                QuantizedLinear x when x.GetType() == typeof(QuantizedLinear) =>
                    Unpack(x.Weight, x.Scales, x.Biases, x.GroupSize, x.Bits, x.Mode),
                QuantizedEmbedding x => Unpack(x.Weight, x.Scales, x.Biases, x.GroupSize, x.Bits, x.Mode),
                Linear x when x.GetType() == typeof(Linear) => Mx.Transpose(x.Weight),
                Embedding x when x.GetType() == typeof(Embedding) => Mx.Transpose(x.Weight),
                _ => null,
            };
            if (prepared is not null)
            {
                MlxScope.Detach(prepared);
            }
        }
        return prepared;
    }

    private MlxArray? Unpack(MlxArray weight, MlxArray scales, MlxArray? biases, int groupSize, int bits, string mode)
    {
        long bytes = scales.Size * groupSize * sizeof(float);
        if (!_unpacks || scales.DType != DType.Float32 || _unpackedBytes + bytes > MaxUnpackedBytes)
        {
            return null;
        }
        _unpackedBytes += bytes;
        using MlxArray unpacked = Mx.Dequantize(weight, scales, biases, groupSize, bits, mode);
        return Mx.Transpose(unpacked);
    }
}
