using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>
/// Forms of the weights that need fewer operations per token. Each is made once per generation. Matrices are views of the model's memory;
/// only vectors are copied.
/// </summary>
internal sealed class PreparedWeights : IDisposable
{
    private readonly Dictionary<Module, MlxArray> _transposed = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Module, MlxArray> _biases = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Norm, (MlxArray Scale, MlxArray Eps)> _norms = new(ReferenceEqualityComparer.Instance);
    private MlxArray? _one;

    /// <summary>Applies a layer.</summary>
    internal MlxArray Apply(Linear layer, MlxArray x)
    {
        if (layer.GetType() == typeof(QuantizedLinear))
        {
            QuantizedLinear packed = (QuantizedLinear)layer;
            MlxArray product = Mx.QuantizedMatMul(
                x, packed.Weight, packed.Scales, packed.Biases, true, packed.GroupSize, packed.Bits, packed.Mode);
            return layer.Bias is null ? product : Intermediate.Replace(product, Mx.Add(product, BiasOf(layer, layer.Bias)));
        }
        if (layer.GetType() != typeof(Linear))
        {
            return layer.Forward(x);
        }
        MlxArray weight = Of(layer, layer.Weight);
        return layer.Bias is null ? Mx.MatMul(x, weight) : Mx.AddMM(BiasOf(layer, layer.Bias), x, weight);
    }

    /// <summary>Computes logits with an embedding table.</summary>
    internal MlxArray ApplyAsLinear(Embedding table, MlxArray x) =>
        table.GetType() == typeof(Embedding) ? Mx.MatMul(x, Of(table, table.Weight)) : table.AsLinear(x);

    /// <summary>Looks up the vector of one token.</summary>
    /// <param name="table">The embedding table.</param>
    /// <param name="token">The token ID, of shape (1,).</param>
    /// <returns>The vector, of shape (1, features).</returns>
    internal MlxArray Embed(Embedding table, MlxArray token)
    {
        if (table is not QuantizedEmbedding { Biases: not null } packed || packed.Scales.DType != DType.Float32)
        {
            return table.Forward(token);
        }

        // On the CPU, MLX unpacks a vector with dozens of operations. Multiplying the vector by 1 gives the same result in one operation,
        // except for the last bit on ARM.
        using MlxArray weight = Mx.Take(packed.Weight, token, axis: 0);
        using MlxArray scales = Mx.Take(packed.Scales, token, axis: 0);
        using MlxArray biases = Mx.Take(packed.Biases, token, axis: 0);
        _one ??= Lasting(Mx.Ones(1, 1));
        return Mx.QuantizedMatMul(_one, weight, scales, biases, false, packed.GroupSize, packed.Bits, packed.Mode);
    }

    /// <summary>Normalizes float32 rows on the CPU, where MLX's own function needs more operations for the same result.</summary>
    /// <param name="norm">The norm.</param>
    /// <param name="x">The rows, of shape (rows, features).</param>
    internal MlxArray Normalize(Norm norm, MlxArray x)
    {
        if (!_norms.TryGetValue(norm, out (MlxArray Scale, MlxArray Eps) prepared))
        {
            _norms[norm] = prepared = Prepare(norm);
        }
        using MlxArray squares = Mx.Square(x);
        using MlxArray sum = Mx.Sum(squares, axis: -1, keepdims: true);
        using MlxArray positive = Mx.Add(sum, prepared.Eps);
        using MlxArray factor = Mx.Rsqrt(positive);
        using MlxArray normalized = Mx.Multiply(x, factor);
        return Mx.Multiply(normalized, prepared.Scale);
    }

    public void Dispose()
    {
        foreach (MlxArray array in (IEnumerable<MlxArray>)[.. _transposed.Values, .. _biases.Values])
        {
            array.Dispose();
        }
        foreach ((MlxArray scale, MlxArray eps) in _norms.Values)
        {
            scale.Dispose();
            eps.Dispose();
        }
        _one?.Dispose();
        _one = null;
        _transposed.Clear();
        _biases.Clear();
        _norms.Clear();
    }

    /// <summary>
    /// The scale times √n and n · eps, because the sum of n squares is n times their mean. Both have two axes, so MLX needn't broadcast
    /// them.
    /// </summary>
    private static (MlxArray Scale, MlxArray Eps) Prepare(Norm norm)
    {
        int count = norm.Weight.Shape[0];
        using MlxArray factors = norm.Factors();
        using MlxArray scale = Mx.Multiply(factors, (float)Math.Sqrt(count));
        return (Lasting(Mx.Reshape(scale, 1, count)), Lasting(Mx.Full([1, 1], (float)(count * norm.Eps))));
    }

    private MlxArray Of(Module layer, MlxArray weight)
    {
        if (!_transposed.TryGetValue(layer, out MlxArray? transposed))
        {
            _transposed[layer] = transposed = Lasting(Mx.Transpose(weight));
        }
        return transposed;
    }

    // MLX broadcasts a bias with one axis in every call.
    private MlxArray BiasOf(Module layer, MlxArray bias)
    {
        if (!_biases.TryGetValue(layer, out MlxArray? row))
        {
            _biases[layer] = row = Lasting(Mx.Reshape(bias, 1, -1));
        }
        return row;
    }

    private static MlxArray Lasting(MlxArray array)
    {
        MlxScope.Detach(array);
        return array;
    }
}
