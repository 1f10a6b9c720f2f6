using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>
/// The weights of linear layers, transposed once per generation instead of once per token. The transposed weights are views of the same
/// memory.
/// </summary>
internal sealed class TransposedWeights : IDisposable
{
    private readonly Dictionary<Module, MlxArray> _transposed = new(ReferenceEqualityComparer.Instance);

    /// <summary>Applies a layer.</summary>
    internal MlxArray Apply(Linear layer, MlxArray x)
    {
        if (layer.GetType() != typeof(Linear))
        {
            return layer.Forward(x);
        }
        MlxArray weight = Of(layer, layer.Weight);
        return layer.Bias is null ? Mx.MatMul(x, weight) : Mx.AddMM(layer.Bias, x, weight);
    }

    /// <summary>Computes logits with an embedding table.</summary>
    internal MlxArray ApplyAsLinear(Embedding table, MlxArray x) =>
        table.GetType() == typeof(Embedding) ? Mx.MatMul(x, Of(table, table.Weight)) : table.AsLinear(x);

    public void Dispose()
    {
        foreach (MlxArray weight in _transposed.Values)
        {
            weight.Dispose();
        }
        _transposed.Clear();
    }

    private MlxArray Of(Module layer, MlxArray weight)
    {
        if (!_transposed.TryGetValue(layer, out MlxArray? transposed))
        {
            _transposed[layer] = transposed = Mx.Transpose(weight);
            MlxScope.Detach(transposed);
        }
        return transposed;
    }
}
